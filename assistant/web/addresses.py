"""Where a document, a page and a quote are found on this server.

Relative to the folder the chat stands in, so that the whole can move under a prefix.
"""

from urllib.parse import quote, urlsplit, urlunsplit

from assistant import language
from assistant.types import Citation

CHAT = "./"
SHELF = "documents"
QUOTE_ID = "quote"
CONVERSATION = "conversation"


def page(document_id: str, number: int, start: int | None = None, end: int | None = None) -> str:
    """Give the address of a page; with start and end (characters of the document) of a quote on it."""
    address = f"{SHELF}/{quote(document_id, safe='')}/pages/{number}"
    if start is None or end is None:
        return address
    return f"{address}?start={start}&end={end}#{QUOTE_ID}"


def citation(cited: Citation) -> str:
    """Give the address of the sentence a citation quotes."""
    return page(cited.document_id, cited.page, cited.start, cited.end)


def only(document_id: str) -> str:
    """Give the address of the chat that asks one document."""
    return f"{CHAT}?document={quote(document_id, safe='')}"


def memo(answer_id: str, kind: str) -> str:
    """Give the address of an answer as a file to take away."""
    return f"answers/{answer_id}/memo.{kind}"


def mark(answer_id: str) -> str:
    """Give the address of the marks of an answer, on the page that it stands on."""
    return f"#mark-{answer_id}"


def original(document_id: str) -> str:
    """Give the address of the file itself."""
    return f"{SHELF}/{quote(document_id, safe='')}/file"


def conversation(conversation_id: str) -> str:
    """Give the address that opens a conversation."""
    return f"{CHAT}?{CONVERSATION}={quote(conversation_id, safe='')}"


def carried(address: str) -> str:
    """Give an address of ours the language that the reader chose, so that it lasts."""
    spoken = language.current()
    parts = urlsplit(address)
    if not spoken.chosen or parts.scheme or parts.netloc or f"{language.PARAMETER}=" in parts.query:
        return address
    query = "&".join(filter(None, (parts.query, f"{language.PARAMETER}={spoken.code}")))
    return urlunsplit(parts._replace(query=query))
