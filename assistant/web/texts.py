"""Every sentence and label a reader of the web pages sees, in one place.

Written in English; `languages/` holds the same names in other languages, and a reader's own is
what a name gives. A text with a `{name}` is filled by `str.format` and escaped afterwards, in
`render`, like any other text; nothing here holds HTML, a straight double quote or a backslash.
A text about many of a `{count}` is for 2 and more here; other languages have forms of their own.
"""

import sys

from assistant.language import Texts

sys.modules[__name__].__class__ = Texts  # a name here is given in the language of the request

TITLE = "Ask the documents"
LANGUAGE_LABEL = "Language"
INTRODUCTION = (
    "Answers come only from the documents held here. Every sentence carries a number: "
    "follow it to the page it was taken from."
)

# The chat
CHAT_LABEL = "Conversation"
QUESTION_LABEL = "Your question"
QUESTION_PLACEHOLDER = "Write your question"
START = "What would you like to know?"
START_HINT = "Ask in your own words, or begin with one of these."
SEND = "Ask"
NEW_CONVERSATION = "New conversation"
ANSWER_HAS_COME = "The answer has come."
SEARCHING = "Searching {documents}…"
IN_LINE = "Many questions are being asked just now. Yours is number {place} in line…"
ONE_DOCUMENT = "1 document"
MANY_DOCUMENTS = "{count} documents"
EXAMPLE_SECTION = "What does “{title}” say about “{heading}”?"
NEXT_ABOUT = "What is said about “{heading}” in “{title}”?"
NEXT_QUESTIONS = "The documents also answer"
EXAMPLE_TITLE = "What is “{title}” about?"

# States of an answer
STATE_FALLBACK = (
    "The language model did not answer. These sentences are taken word for word from the documents."
)
STATE_PARTIAL = "The documents cover only part of this question."
STATE_NOT_IN_DOCUMENTS = "The documents do not say"
SEARCHED_IN = "Searched {documents} for “{text}”."
NOT_IN_DOCUMENTS_HINT = (
    "The passages that came closest are listed under “Nearest passages”. If you expected an answer, "
    "try other words, or name the programme, the place or the document."
)
SEARCHED_FOR = "Searched for: {text}"
STATE_UNSUPPORTED = "Not supported by the documents"
UNSUPPORTED_HINT = (
    "A draft was written, but no passage supports it. Please do not rely on it; "
    "try naming the programme, the system or the document you have in mind."
)

# The search behind an answer
CHANGE_SEARCH = "Change what was searched for"
SEARCH_LABEL = "Search text"
SEARCH_HINT = (
    "This text was searched for. Change it and search again: the same question is then answered anew. "
    "Leave it empty to search for the question itself."
)
SEARCH_AGAIN = "Search again"
NOTHING_TO_SEARCH_AGAIN = "There is no question here to search for again. Please write one first."

# Asking the last question again, stopping
ASK_AGAIN = "Ask again"
EDIT_QUESTION = "Edit the question"
EDIT_LABEL = "Your last question"
EDIT_HINT = "The edited question and its answer take the place of these."
STOP = "Stop"
STOPPED = "Stopped. Nothing of this answer was kept; your question is in the box below."
STOPPED_AGAIN = "Stopped. The answer stays as it was."
CONVERSATION_WENT_ON = (
    "This conversation went on in another window, so the last question was not asked again. "
    "It is shown now as it stands."
)

# Conversations
HISTORY = "Conversations"
HISTORY_LABEL = "Your conversations"
FIND = "Search your conversations"
NO_CONVERSATIONS = "Your conversations will be listed here."
NOTHING_FOUND = "No conversation holds all of these words."
MORE_CONVERSATIONS = "Older ones are found by searching."
THIS_CONVERSATION = "This conversation"
RENAME = "Rename"
RENAME_LABEL = "New name of this conversation"
RENAME_DONE = "Save"
DELETE = "Delete"
DELETE_SURE = "“{title}” is deleted for good, with your marks on its answers. It cannot be brought back."
DELETE_NOW = "Delete for good"
DELETE_NOT = "Keep"
DELETE_ALL = "Delete all conversations"
DELETE_ALL_SURE = (
    "All your conversations are deleted for good, with your marks on their answers. "
    "They cannot be brought back."
)
DELETE_ALL_NOW = "Delete all for good"
DELETED = "The conversation is deleted for good."
DELETED_ALL = "All your conversations are deleted for good."
UNTITLED = "Conversation without a name"
HISTORY_AWAY = "Your conversations cannot be shown just now. You can ask all the same."
NOT_DONE = "This could not be done just now. Please try again in a moment."
NOT_KEPT_YET = (
    "This answer could not be saved to your conversations just now. It will be saved as soon as that is "
    "possible again; until then do not count on finding it there."
)
CONVERSATION_ABSENT = "There is no such conversation here, or it is not yours to open."
CONVERSATION_WENT = (
    "The conversation that stood here is no longer kept: it was deleted, or could not be saved. "
    "A new one begins with your question."
)
SOURCE_GONE = "“{title}” [{number}] is no longer here."
CHANGED_THERE = (
    "“{title}” changed since this answer. The sentence of [{number}] is still in it, on page {page}."
)
CHANGED_LOST = "“{title}” changed since this answer. The sentence of [{number}] is no longer in it."
MARKED_BEFORE = "You marked this answer: {mark}"
# Which documents are asked
ASKING_ONE = "Asking the one document held here"
ASKING_ALL = "Asking all {count} documents: narrow down or compare"
ASKING_PART = "Asking {count} of {of} documents: {chosen}"
COMPARING_PART = "Comparing {one} with {other} in {count} of {of} documents"
ASKED_PART = "Asked {count} of {of} documents: {chosen}"
CLEAR_SCOPE = "Ask all"
SCOPE_FIXED = "This page asks only:"
SCOPE_UNKNOWN = "Something this address names is not here, or is not open to you; it was left out."
SCOPE_EMPTY = "No document fits what you chose, so there is nothing to search. Please choose fewer limits."
FIELD_KIND = "Kind"
FIELD_PUBLISHER = "Publisher"
FIELD_YEAR = "Year"
FIELD_REGION = "Region"
FIELD_PROGRAMME = "Programme"
FIELD_LANGUAGE = "Language"
FIELD_DOCUMENT = "Document"
COMPARE = "Compare"
COMPARE_HINT = "Two of a kind are chosen: each can be asked for itself, and answered beside the other."
COMPARE_NOT = "One answer from both"
COMPARE_TWO = "{one} beside {other}"
ONLY_THIS_DOCUMENT = "Ask only this document"
ONLY_THIS = "Ask only this"

# An answer to take away
COPY_MARKDOWN = "Copy as Markdown"
MARKDOWN_COPIED = "The answer is copied."
AS_WORD = "Save as Word"
AS_PDF = "Save as PDF"
ONLY_ASKED = "Only these documents were asked: {chosen}."
TOO_LONG_TO_TAKE = "This answer is too long for a file. Please copy what you need from the page."

# Marks on an answer
MARKS_LABEL = "Was this answer right?"
MARKS_LABEL_OF = "Was the earlier answer to “{question}” right?"
MARK_THIS = "Mark this answer"
MARK_HELPFUL = "Helpful"
MARK_NOT_HELPFUL = "Not helpful"
MARK_WRONG_EVIDENCE = "Wrong evidence"
MARK_CHOSEN = "✓ {mark}"
COMMENT_LABEL = "Comment on this answer (optional)"
COMMENT_PLACEHOLDER = "Comment (optional)"
MARK_KEPT = "Thank you, this is noted."
MARK_KEPT_WITH_COMMENT = "Thank you, this is noted with your comment."
MARK_MISSING = "Please choose one of the three marks; your comment goes with it."
COMMENT_TOO_LONG = "This comment has {count} characters and at most {most} can be kept. Please shorten it."
MARK_NOT_KEPT = (
    "Your mark could not be saved just now. Your comment is still here: please try again, "
    "and tell the people who run this service if it happens twice."
)
MARK_TOO_OLD = (
    "This answer can no longer be marked. Please ask the question again; "
    "if you wrote a comment, copy it first."
)

# How sure an answer is, and who wrote it
CONFIDENCE_CLEAR = "The papers say so clearly"
CONFIDENCE_LIKELY = "The papers likely say so"
CONFIDENCE_WEAK = "Weak evidence: please check the pages"
EXTRACTED = "Sentences taken word for word from the papers"
WRITTEN = "Written by a language model ({model}) from the papers"

# What goes wrong
EMPTY_QUESTION = "Please write a question first."
NO_DOCUMENTS = "There are no documents here that you can read, so there is nothing to search."
UNEXPECTED = (
    "Something went wrong on our side and your question was not answered. It is still in the box: "
    "please try again, and tell the people who run this service if it happens twice."
)

# Beside the chat
SOURCES = "Sources"
SOURCES_HINT = "The sentences this answer rests on, each in its place on the page."
NEAREST = "Nearest passages"
NEAREST_HINT = "These came closest. They do not answer the question."
HELD = "Documents held here"
HELD_MORE = "See all {count} documents"
BROWSE = "Browse the documents"
SUPERSEDED_BY = "Superseded by"
ONE_PAGE = "1 page"
MANY_PAGES = "{count} pages"
NO_SOURCES = "This answer has no sources."
OPEN_PAGE = "Open at page {page}"
MARKER_SOURCE = "Source {number}: {title}, {page}: “{quote}”"

# The viewer
PAGE_OF = "Page {page} of {count}"
PAGE_OF_PRINTED = "Page {page} of {count} (printed as {label})"
PAGE_OF_NAMED = "Page {page} of {count}, “{label}”"
PREVIOUS = "Previous page"
NEXT = "Next page"
TURNING = "Turn the page"
VIEWER_TOOLS = "Page and view"
ZOOM_IN = "Larger"
ZOOM_OUT = "Smaller"
ZOOM_FIT = "Fit width"
AS_TEXT = "As text"
AS_PRINTED = "As printed"
COPY_CITATION = "Copy citation"
CITATION_COPIED = "The citation is copied."
CITATION_NOT_COPIED = "Your browser did not let the citation be copied."
CITATION_OF_PAGE = "{title}, {date}, {page}"
CITATION_OF_QUOTE = "{title}, {date}, {page}: “{quote}”"
PAGE_NOT_DRAWN = "The printed page could not be shown; this is its text."
QUOTE_NOT_DRAWN = "The sentence could not be found in the print; it is marked in the text of the page."
FILE_CHANGED = (
    "This document changed since it was indexed. Below is the text as it was then; "
    "the original may say something else now."
)
FILE_GONE = "The file of this document is no longer there. Below is its text as it was indexed."
ORIGINAL = "Original"
OPEN_ORIGINAL = "Open the original"
DOWNLOAD_ORIGINAL = "Download the original"
PUBLISHED_AT = "Published at {url}"
BACK = "Ask a question"
ALL_DOCUMENTS = "All documents"
SOURCE_BESIDE = "Source page"
CLOSE_SOURCE = "Close"
SOURCE_IN_TAB = "Open in a new tab"
NO_TEXT = "No text could be read on this page. Please open the original."
NOT_FOUND_TITLE = "Page not found"
NOT_FOUND = "There is no such page here, or it is not open to you. Please check the address."

# The documents page
SHELF_SEARCH = "Search titles, publishers and file names"
SHELF_SHOW = "Show"
SHELF_CLEAR = "Show all"
SHELF_EMPTY = "No document fits. Change the words or the filters, or show all."
SHELF_UNREAD_ONE = "1 file could not be read, so no answer can come from it."
SHELF_UNREAD_MANY = "{count} files could not be read, so no answer can come from them."
SHELF_FOUND = "{count} of {held}"
ONE_OTHER_FILE = "1 other file"
MANY_OTHER_FILES = "{count} other files"
SHELF_FOUND_PART = "{first}–{last} of {count}"
SHELF_PAGES = "More documents"
SHELF_PAGE = "Page {page} of {count}"
SHELF_BEFORE = "Previous"
SHELF_AFTER = "Next"
SHELF_ANY_KIND = "Every kind"
SHELF_ANY_PUBLISHER = "Every publisher"
SHELF_ANY_YEAR = "Every year"
SHELF_ANY_HEALTH = "Every state"
SHELF_CHOICE = "{value} ({count})"
COLUMN_TITLE = "Document"
COLUMN_DATE = "Date"
COLUMN_PUBLISHER = "Publisher"
COLUMN_KIND = "Kind"
COLUMN_YEAR = "Year"
COLUMN_PAGES = "Length"
COLUMN_HEALTH = "State"
NOT_KNOWN = "–"
ASK_ONLY_THIS = "Ask only this document"
NAMED_ACTION = "{action}: {title}"
SAME_AS = "Same file as"
HEALTH_INDEXED = "Searchable"
HEALTH_FLAGGED = "Parts may be missing"
HEALTH_SUPERSEDED = "Superseded"
HEALTH_DUPLICATE = "Duplicate"
HEALTH_SCANNED = "Not searchable: scanned"
HEALTH_ENCRYPTED = "Not searchable: password"
HEALTH_EMPTY = "Not searchable: no text"
HEALTH_GARBLED = "Not searchable: unreadable text"
HEALTH_DAMAGED = "Not searchable: damaged"
HEALTH_TOO_LARGE = "Not searchable: too large"
HEALTH_WRONG_TYPE = "Not searchable: wrong file type"
HEALTH_UNSUPPORTED = "Not searchable: file type"

# Signing on and off
SIGN_ON = "Sign on"
SIGN_OFF = "Sign off"
SIGNED_OFF = "You are signed off here."
SIGN_OFF_THERE = "Sign off at the sign-on service as well"
SIGN_OFF_ASKED = "Do you want to sign off?"
SIGN_ON_AGAIN = "Sign on again in a new window"
SIGN_ON_OVER = (
    "You are not signed on any more. Sign on again in a new window: "
    "what you have asked then goes on here, and nothing on this page is lost."
)
SIGN_ON_STALE = "This sign-on was not begun in this browser, or took too long. Please begin again."
SIGN_ON_REFUSED = (
    "The sign-on service did not let you in. Please begin again, or tell the people who run this service."
)

# At the start of the server
PORT_IN_USE = (
    "The address {address} is already in use: another program listens there. "
    "Stop that program, or set ASSISTANT_PORT to a free port."
)
CANNOT_LISTEN = (
    "Cannot listen on {address} ({reason}). "
    "Set ASSISTANT_HOST and ASSISTANT_PORT to an address of this machine."
)
