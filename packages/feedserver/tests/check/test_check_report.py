"""The scorecard of a run: what it counts, what its JSON contains, and which part is published."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from importlib.resources import files

import pytest

from feedserver.check import Report, check
from feedserver.check.report import RULES_VERSION, SCHEMA
from feedserver.check.verdicts import Kind, Level, Verdict
from right_reader import RightReader


def test_the_report_of_the_fixture_has_three_verdicts(report: Report) -> None:
    assert {result.scenario.id: str(result.verdict) for result in report} == {
        "V1": "fail",
        "V4": "pass",
        "V10": "not for this kind",
    }


def test_json_has_all_that_its_schema_requires(report: Report) -> None:
    schema = json.loads((files("feedserver.check") / "schema.json").read_text("utf-8"))
    read = json.loads(report.to_json())
    scenario = schema["$defs"]["scenario"]

    assert read["schema"] == SCHEMA == schema["$id"]
    assert read["rules_version"] == RULES_VERSION
    assert list(read) == schema["required"]
    assert all(list(each) == scenario["required"] for each in read["scenarios"])
    assert scenario["properties"]["verdict"]["enum"] == [str(verdict) for verdict in Verdict]
    assert scenario["properties"]["level"]["enum"] == [str(level) for level in Level]
    assert schema["properties"]["kind"]["enum"] == [str(kind) for kind in Kind]
    assert read["summary"]["levels"]["must"] == {"passed": 1, "judged": 2, "all": 3}


def test_json_has_no_lone_surrogate(report: Report) -> None:
    named = replace(report, reader="a \udcff \U0001f600 \x1b")
    assert json.loads(named.to_json())["reader"]["name"] == "a \ufffd \U0001f600 \x1b"


def test_json_has_no_long_row_of_marks(report: Report) -> None:
    named = replace(report, version="a" + "\u0301" * 40)
    assert "\u0301" * 9 not in named.to_json()
    assert json.loads(named.to_json())["reader"]["version"] == named.version


@pytest.mark.parametrize("broken", ["H2", ""])
def test_a_published_report_contains_no_rule_that_is_withheld(broken: str) -> None:
    published = check(partial(RightReader, broken), only=["H2"]).published()

    assert [result.scenario.id for result in published] == ["R1"]
    assert (published.count().all, published.count(group="H").all, published.of(Verdict.FAIL)) == (1, 0, [])
    assert "H2" not in published.to_json()


def test_a_failure_of_a_higher_level_counts_for_a_lower_one(report: Report) -> None:
    assert report["V1"].scenario.level is Level.MUST
    assert [report.fails_under(level) for level in (None, Level.MUST, Level.NICE)] == [False, True, True]


def test_a_failure_of_a_lower_level_does_not_count_for_a_higher_one(report: Report) -> None:
    failed = replace(report["V1"], scenario=replace(report["V1"].scenario, level=Level.SHOULD))
    lower = replace(report, results=[failed])
    assert [lower.fails_under(level) for level in Level] == [False, True, True]


def test_the_error_for_a_missing_scenario_names_those_of_the_report(report: Report) -> None:
    with pytest.raises(KeyError, match="the report has no scenario 'V2'; it has V1, V4, V10"):
        report["V2"]
