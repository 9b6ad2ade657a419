"""Each person's conversations and marks, in a database, kept until they are deleted for good.

`Database` is the door to SQLite or PostgreSQL, `Conversations` the history behind the chat,
`FeedbackBook` the readers' marks. Nothing is opened before the first use. Importing this package
loads SQLAlchemy, so nothing on the path of a question does.
"""

from assistant.records.conversations import Conversation, Conversations, Found, Opened
from assistant.records.database import Database
from assistant.records.drafts import drafts, export
from assistant.records.exchanges import Exchange, Seen, exchange_of, new_id
from assistant.records.feedback import FeedbackBook
from assistant.records.keeper import Keeper
from assistant.records.marks import COMMENT_CHARS, MARKS, Feedback, Mark, feedback
from assistant.records.rights import Reader, reader_of, redacted, redacted_all
from assistant.records.standing import Standing, standing

__all__ = [
    "COMMENT_CHARS",
    "MARKS",
    "Conversation",
    "Conversations",
    "Database",
    "Exchange",
    "Feedback",
    "FeedbackBook",
    "Found",
    "Keeper",
    "Mark",
    "Opened",
    "Reader",
    "Seen",
    "Standing",
    "drafts",
    "exchange_of",
    "export",
    "feedback",
    "new_id",
    "reader_of",
    "redacted",
    "redacted_all",
    "standing",
]
