CREATE TABLE conversations (
	owner TEXT NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	title_words TEXT NOT NULL, 
	begun VARCHAR(32) NOT NULL, 
	changed VARCHAR(32) NOT NULL, 
	CONSTRAINT conversations_key PRIMARY KEY (owner, id)
);
INSERT INTO "conversations" VALUES('me','c1','Who pays?','who pays?','2026-11-22T10:34:11.297972+00:00','2026-11-22T10:34:11.609336+00:00');
CREATE TABLE exchanges (
	owner TEXT NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	conversation_id VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	asked VARCHAR(32) NOT NULL, 
	question TEXT NOT NULL, 
	search_text TEXT NOT NULL, 
	filters TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	hits TEXT NOT NULL, 
	documents TEXT NOT NULL, 
	words TEXT NOT NULL, 
	CONSTRAINT exchanges_key PRIMARY KEY (owner, id), 
	CONSTRAINT exchanges_in_order UNIQUE (owner, conversation_id, position), 
	CONSTRAINT exchanges_of_a_conversation FOREIGN KEY(owner, conversation_id) REFERENCES conversations (owner, id) ON DELETE CASCADE
);
INSERT INTO "exchanges" VALUES('me','e1','c1',0,'2026-11-22T10:34:11.140111+00:00','Who pays?','','{}','{"text": "Norway pays for it. [1]", "status": "answered", "citations": [{"number": 1, "document_id": "harbour", "path": "harbour.md", "title": "Harbour", "date": "2021", "page": 1, "page_label": "", "quote": "Norway pays for it.", "start": 3, "end": 22, "url": ""}], "trace": {"search_text": "who pays", "index_build": "build-1", "confidence": 0.8, "selected": ["harbour:p1.1"], "model": "", "prompt_hash": "", "seconds": {"search": 0.1}, "markers_removed": 0, "sentences_removed": 0, "fallback": "", "tokens": {}}, "notes": [], "emphasis": [], "missing": []}','[]','{"harbour": {"sha256": "aaaa", "groups": ["all"]}}','who pays?
norway pays for it. [1]');
INSERT INTO "exchanges" VALUES('me','e2','c1',1,'2026-11-22T10:34:11.564587+00:00','Et pour l’école?','','{"kind": ["note"]}','{"text": "Norway pays for it. [1]", "status": "answered", "citations": [{"number": 1, "document_id": "harbour", "path": "harbour.md", "title": "Harbour", "date": "2021", "page": 1, "page_label": "", "quote": "Norway pays for it.", "start": 3, "end": 22, "url": ""}], "trace": {"search_text": "who pays", "index_build": "build-1", "confidence": 0.8, "selected": ["harbour:p1.1"], "model": "", "prompt_hash": "", "seconds": {"search": 0.1}, "markers_removed": 0, "sentences_removed": 0, "fallback": "", "tokens": {}}, "notes": [], "emphasis": [], "missing": []}','[]','{"harbour": {"sha256": "aaaa", "groups": ["all"]}}','et pour l’ecole?
norway pays for it. [1]');
CREATE TABLE marks (
	owner TEXT NOT NULL, 
	exchange_id VARCHAR(64) NOT NULL, 
	given VARCHAR(32) NOT NULL, 
	mark VARCHAR(32) NOT NULL, 
	comment TEXT NOT NULL, 
	about TEXT NOT NULL, 
	CONSTRAINT marks_key PRIMARY KEY (owner, exchange_id)
);
INSERT INTO "marks" VALUES('me','e1','2026-11-22T10:34:11.775858+00:00','helpful','Ægir','{"question": "Who pays?", "history": [], "answer": "Norway pays for it. [1]", "status": "answered", "citations": [{"number": 1, "document_id": "harbour", "path": "harbour.md", "title": "Harbour", "date": "2021", "page": 1, "page_label": "", "quote": "Norway pays for it.", "start": 3, "end": 22, "url": ""}], "index_build": "build-1", "model": ""}');
INSERT INTO "marks" VALUES('me','before','2026-11-22T10:34:11.800160+00:00','not_helpful','','{"question": "Who pays?", "history": [], "answer": "Norway pays for it. [1]", "status": "answered", "citations": [{"number": 1, "document_id": "harbour", "path": "harbour.md", "title": "Harbour", "date": "2021", "page": 1, "page_label": "", "quote": "Norway pays for it.", "start": 3, "end": 22, "url": ""}], "index_build": "build-1", "model": ""}');
CREATE TABLE records_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT records_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "records_version" VALUES('0001');
CREATE INDEX conversations_by_age ON conversations (owner, changed)
