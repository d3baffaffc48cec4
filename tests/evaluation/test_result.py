import pytest

from isthmus.evaluation.diagnosis import Verdict
from isthmus.evaluation.result import Evaluation, Provenance, format_value
from isthmus.evaluation.table import Section


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ((155.5744, 0.5313, "nats"), "155.57 ± 0.53 nats"),
        ((0.06215, 0.00024), "0.06215 ± 0.00024"),
        ((12.0, None, "of 16"), "12 of 16"),
        ((0.0514, None), "0.0514"),
        ((0.0, None), "0"),
        ((None,), "none"),
        ((1234.5, 15.0), "1234 ± 15"),
    ],
)
def test_metrics_have_the_digits_that_are_certain(metric, text):
    assert format_value(*metric) == text


def test_parts_are_taken_apart_and_joined():
    sections = tuple(Section(key, key, ()) for key in ("a", "b"))
    provenance = {part: Provenance("", "", {"of": part}) for part in ("a", "b", "diagnosis")}
    verdict = Verdict("good", "Better.")
    whole = Evaluation("run", "tiny", "bars", "all", 3, sections, (), "nothing", {}, provenance, verdict)
    assert whole.parts == ("a", "b", "diagnosis")
    assert whole.only(["a"]).parts == tuple(whole.only(["a"]).provenance) == ("a",)
    again = whole.only(["b", "diagnosis"]).joined(whole.only(["a"]))
    assert sorted(again.parts) == ["a", "b", "diagnosis"]
    assert (again.findings, again.verdict, again.not_tested) == ((), verdict, "nothing")
    assert again.provenance == provenance
    assert whole.only(["a"]).verdict is None
    assert Evaluation.from_json(whole.to_json()) == whole


@pytest.mark.parametrize(
    ("stored", "wanted", "answers"),
    [
        ({}, {}, True),
        ({"importance_samples": 5}, {"importance_samples": 6}, False),
        ({"thorough": True, "trust": False}, {"thorough": False, "trust": False}, True),
        ({"thorough": False, "trust": False}, {"thorough": True, "trust": False}, False),
        ({"thorough": True, "trust": False}, {"thorough": True, "trust": True}, False),
    ],
)
def test_a_part_answers_its_own_options_and_a_thorough_one_a_quick_one(stored, wanted, answers):
    assert Provenance("", "", stored).answers(wanted) is answers
