"""Questions and answers that the tests of memos share."""

from datetime import date

from assistant.types import Answer, Citation, Status, Trace

DAY = date(2026, 3, 9)


def cite(
    number: int, quote: str, *, document: str = "harbour", title: str = "Harbour report", **more: str | int
) -> Citation:
    """A citation; page 3 of an undated paper unless told otherwise."""
    page, label = int(more.get("page", 3)), str(more.get("label", ""))
    told, url = str(more.get("date", "")), str(more.get("url", ""))
    return Citation(number, document, f"{document}.pdf", title, told, page, label, quote, 0, len(quote), url)


def answered(text: str, *citations: Citation, status: Status = "answered", **more: object) -> Answer:
    """An answer; `model`, `fallback`, `notes`, `emphasis` and `missing` as told."""
    trace = Trace("", "b", model=str(more.pop("model", "")), fallback=str(more.pop("fallback", "")))
    return Answer(text, status, citations, (), trace, **more)  # type: ignore[arg-type]


PAPER = {"date": "2021-03-02", "url": "https://example.org/a?b=1&c=2"}
NINE = cite(1, "The Harbour Programme trains officers in nine ports.", **PAPER)
NORWAY = cite(2, "Norway pays 4.2 million euros.", page=5, label="iii", **PAPER)
RUSSIAN = cite(
    3, "Программа обучает таможенников; Ελλάδα ≥ 5.", document="russian", title="Доклад", label="Sheet B"
)
ARABIC = cite(
    4, "يقرر أن على الدول الأعضاء أن تجمع سجلات الركاب (PNR).", document="arabic", title="القرار 2396"
)
TALK = [
    (
        "Who pays for the Harbour Programme?",
        answered(
            "The Harbour Programme trains officers. [1][2]\n\nThe partners:\n- the port of Durrës [1]\n"
            "- Россия [3]\n\nIts stages:\n2. training by **Norway** [2]\n3. an audit [4]",
            NINE,
            NORWAY,
            RUSSIAN,
            ARABIC,
            status="partial",
            notes=("The papers differ on the number of ports.",),
            emphasis=((4, 21),),
            missing=("audits",),
        ),
    ),
    ("How many staff work there?", answered("", status="not_in_documents")),
    (
        "Who takes part?",
        answered("It took 17 airlines [1].", cite(1, "17 airlines.", document="air"), model="openai:x"),
    ),
]
