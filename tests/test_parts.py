import pytest

from assistant.parts import question_parts


@pytest.mark.parametrize(
    "question, parts",
    [
        ("Who chairs the group?", ["Who chairs the group?"]),
        ("Which programme helps, and who pays for it?", ["Which programme helps", "who pays for it?"]),
        ("Since when and in what year did it end?", ["Since when", "in what year did it end?"]),
        ("Papers of 2019 and 2024 on X?", ["Papers of 2019 on X?", "Papers of 2024 on X?"]),
        ("Met in June 2018 and in June 2019?", ["Met in June 2018?", "Met in June 2019?"]),
        ("Did S/2017/142 and S/2022/158 end?", ["Did S/2017/142 end?", "Did S/2022/158 end?"]),
        (
            "Did the 1977 Treaty on A and the 2005 Treaty on B begin?",
            ["Did the 1977 Treaty on A?", "Did the 2005 Treaty on B begin?"],
        ),
        ("Who and when?", ["Who and when?"]),
        ("Which States are in Europe and Asia?", ["Which States are in Europe and Asia?"]),
    ],
)
def test_a_compound_question_falls_into_what_it_asks(question: str, parts: list[str]) -> None:
    assert question_parts(question) == parts
