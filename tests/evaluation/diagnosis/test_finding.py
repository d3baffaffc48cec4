import shlex

from isthmus.evaluation.diagnosis import Finding
from isthmus.recipes import named_recipe, parse_assignments, with_fields


def test_a_finding_survives_json():
    finding = Finding("k", "fault", "t", "e", "r", {"training.epochs": 4}, resume=True)
    assert finding.to_json()["flags"] == "--resume --set training.epochs=4"
    assert Finding.from_json(finding.to_json()) == finding


def test_one_of_an_earlier_version_is_read():
    stored = {"key": "k", "severity": "fault", "title": "t", "evidence": "e", "remedy": "r", "try_fields": {}}
    assert Finding.from_json({**stored, "flags": ""}) == Finding("k", "fault", "t", "e", "r")


def test_fields_are_written_as_the_command_line_reads_them():
    finding = Finding("k", "fault", "t", "e", "r", {"network.filters": [64, 128]})
    assert finding.flags == "--set 'network.filters=[64, 128]'"
    (option,) = shlex.split(finding.flags)[1:]
    assert with_fields(named_recipe("conv-vae"), parse_assignments([option])).network.filters == (64, 128)


def test_only_what_a_command_tries_is_a_remedy():
    assert not Finding("k", "fault", "t", "e").has_remedy
    assert Finding("k", "remark", "t", "e", "r", resume=True).has_remedy
