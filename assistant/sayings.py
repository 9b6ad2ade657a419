"""The assistant's own sentences: notes, refusals, errors, and the labels of a memo, in one place.

As in `web.texts`, English is the source, `languages/` holds the same names in other languages, and
a name is given in the language that is spoken at the moment; a text with a `{name}` is filled by
`str.format`. Covers: what readers see, in the chat and in files they take away. Does not cover:
what only the command line and the evaluation's reports say.
"""

import sys

from assistant.language import Texts

sys.modules[__name__].__class__ = Texts  # a name here is given in the language of the moment

# Answers
NOTHING_SAID = "The papers do not say."
NOT_COVERED = "Not covered by the documents: {missing}"
SOME_PART = "a part of the question"
MISSING_FROM_PAPERS = "None of the papers mentions {phrases}."
MISSING_FROM_PASSAGES = "The nearest passages do not speak of {phrases}."

# Notes
CONTRADICTED = "The question says {ours}; the papers found say {theirs}."
DIFFERENCE = "The papers differ by date: {newer}, {older}."
VALUE_IN = "“{value}” in {paper}"
SUPERSEDED = "{older} is superseded by {newer}."
PAPER_OF = "{title} ({date})"
NO_DATE = "undated"
STANDS_FOR = "“{words}” in {numbers}: {name}."
OFFICE_SPEAKS = "{office}; the speaker is {speaker}"
NOTE_OF_SIDE = "{side}: {note}"

# How things are named and listed
QUOTED = "“{text}”"
COMMA = ", "
OR = "{others} or {last}"
AND_MORE = "{listed} and {count} more"
PAGE = "page {page}"
PAGE_PRINTED = "page {page} (printed as {label})"
PAGE_NAMED = "page {page}, “{label}”"
UNDATED = "no date given"

# Questions that cannot be searched for, and what goes wrong
QUESTION_EMPTY = "The question is empty. Please type what you would like to know."
QUESTION_TOO_LONG = "The question has {count} characters; at most {most} can be read. Please shorten it."
OUT_OF_SCOPE = (
    "This page asks only some of the documents, and none of those you chose. Please choose others."
)
QUESTION_WITHOUT_WORDS = "The question holds no words. Please say in words what you would like to know."
WENT_WRONG = (
    "Something went wrong while answering. Please try again, or tell the people who run this service."
)
INDEX_AWAY = "The document index is not available right now. Please tell the people who run this service."
MODEL_AWAY = "The language model does not answer right now. Please try again in a moment."
RECORDS_AWAY = (
    "Conversations and marks cannot be saved or opened right now; questions are still answered. "
    "Please tell the people who run this service."
)
CONVERSATION_GONE = "This conversation is not here any more. It may have been deleted in another window."

# Old answers that are not shown
ANSWER_WITHHELD = (
    "This answer is not shown: it rests on documents that you may not read any more, "
    "or that are no longer in the collection. Ask the question again."
)
ANSWER_UNREADABLE = "This answer was kept in a form that cannot be read any more. Ask the question again."

# A memo. A day is a `{count}`, for languages that write the first of a month in another form.
MEMO_TITLE = "Answers from the papers"
MEMO_DATE = "{count} {month} {year}"
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
MEMO_NOTES = "Notes"
MEMO_SOURCES = "Sources"
MEMO_PARTIAL = "Part of the question is not covered."
MEMO_UNSUPPORTED = "A language model wrote an answer that no passage supports, so it is not shown."
MEMO_MISSING = "Not found there: {words}."
MEMO_EXTRACTED = "The cited sentences are taken word for word from the papers; no language model wrote them."
MEMO_FALLBACK = (
    "The language model did not answer; the cited sentences are taken word for word from the papers."
)
MEMO_MODEL = "Written by the language model {model}; each sentence was checked against the passage it cites."
MEMO_REMARK = "The assistant notes: {note}"
MEMO_ONE_NOTE = "note {numbers}"
MEMO_MANY_NOTES = "notes {numbers}"
SCRIPT_ARABIC = "Arabic"
SCRIPT_CHINESE = "Chinese"
SCRIPT_DEVANAGARI = "Devanagari"
SCRIPT_HEBREW = "Hebrew"
SCRIPT_JAPANESE = "Japanese"
SCRIPT_KOREAN = "Korean"
SCRIPT_THAI = "Thai"
MEMO_UNSHOWN = (
    "This file cannot show {what}; it says so in brackets where that stood. The Word file shows it."
)

# Who may ask, and how much
ANOTHER_ANSWER = (
    "Your question before this one is still being answered. Please wait for it, or stop it, and ask again."
)
QUEUE_FULL = "Very many questions are being asked right now. Please ask again in a few seconds."
TOO_MANY_QUESTIONS = (
    "You have asked many questions within a minute. Please wait {count} seconds and ask again."
)
NOT_SIGNED_ON = "You are not signed on, or not any more. Please open the page anew."
SIGN_ON_AWAY = (
    "The sign-on service does not answer right now, so nobody can be let in. Please try again in a minute."
)
