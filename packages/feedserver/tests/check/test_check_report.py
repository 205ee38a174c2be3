"""A report is shown in several forms, and all of them say the same."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from feedserver.check import Report, check
from feedserver.check.badge import as_badge
from feedserver.check.command import FORMATS, text_of
from feedserver.check.html_report import as_html
from feedserver.check.junit import as_junit
from feedserver.check.report import RULES_VERSION, SCHEMA, Result
from feedserver.check.table import as_table
from feedserver.check.verdicts import Judgement, Kind, Level, Verdict
from right_reader import RightReader


@pytest.fixture(scope="module")
def report() -> Report:
    """A report with a failure, a pass, and one that is not for a fetcher."""
    return check(partial(RightReader, "V1"), only=["V1", "V4", "V10"], kind="fetcher")


def test_the_verdicts_of_the_fixture(report: Report) -> None:
    assert {result.scenario.id: str(result.verdict) for result in report} == {
        "V1": "fail",
        "V4": "pass",
        "V10": "not for this kind",
    }


def test_json_has_what_its_schema_requires(report: Report) -> None:
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


def test_what_is_published_has_no_rule_that_is_withheld() -> None:
    published = check(partial(RightReader, "H2"), only=["H2"]).published()

    assert [result.scenario.id for result in published] == ["R1"]
    assert (published.count().all, published.count(group="H").all, published.of(Verdict.FAIL)) == (1, 0, [])
    assert "H2" not in published.to_json()


def test_junit_has_a_case_for_each_scenario(report: Report) -> None:
    root = ET.fromstring(as_junit(report))
    [suite] = root

    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("Validators", "3", "1")
    assert {case.get("name"): [child.tag for child in case] for case in suite} == {
        "V1 The ETag comes back": ["failure"],
        "V4 No validator is invented": ["system-out"],
        "V10 The same date with a new ETag": ["skipped"],
    }


def test_an_error_of_ours_is_no_failure_of_the_reader(report: Report) -> None:
    ours = replace(report, results=[Result(report["V1"].scenario, Judgement(Verdict.NOT_SEEN), misfire="\0 broke")])

    [[case]] = ET.fromstring(as_junit(ours))
    assert [child.tag for child in case] == ["error"]
    assert "V1  an error of feedserver, and no verdict" in as_table(ours)
    assert "error of feedserver" in as_html(ours)


def test_the_page_is_well_formed_and_needs_nothing_else(report: Report) -> None:
    open_tags: list[str] = []
    addresses: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            addresses.extend(value or "" for name, value in attrs if name in ("src", "href"))
            if tag not in ("meta", "link"):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    page = as_html(report)
    Parser().feed(page)

    assert open_tags == []
    assert addresses == []
    assert '<details class="fail" id="V1" open>' in page
    assert "url(" not in page


def test_what_a_reader_sends_cannot_become_markup(report: Report) -> None:
    hostile = "<script>alert(1)</script>"
    result = replace(report["V1"], exchanges=[hostile], judgement=Judgement(Verdict.FAIL, hostile, hostile))
    shown = as_html(replace(report, results=[result], reader=hostile, version=hostile))

    assert "<script" not in shown
    assert hostile not in as_badge(report)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_a_reader_prints_moves_nothing_on_a_terminal(
    report: Report, form: str, is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    hostile = "\x1b]0;title\x07\x9b2J\u202egnp\r\udcff\x00\n\U000e0041"
    judged = Judgement(Verdict.FAIL, hostile, hostile), Judgement(Verdict.NOT_SEEN, reason=hostile)
    results = [
        replace(report["V1"], exchanges=[hostile], judgement=judged[0], reproduce=hostile),
        replace(report["V4"], judgement=judged[1]),
        replace(report["V10"], misfire=hostile),
    ]
    hostile_report = replace(report, results=results, reader=hostile, version=hostile, commands={"poll": hostile})
    shown = text_of(hostile_report, form, None)

    coloured = re.sub(r"\x1b\[[0-9]*m", "", shown) if form == "table" else shown
    assert coloured.replace("\n", "").isprintable()
    assert shown.encode()
    if form == "json":
        assert json.loads(shown) == hostile_report.as_json()
    elif form in ("junit", "badge"):
        ET.fromstring(shown)


def test_the_badge_counts_what_must_be(report: Report) -> None:
    root = ET.fromstring(as_badge(report))

    assert root.get("aria-label") == f"feedserver check: must 1/2 · rules v{RULES_VERSION}"


def test_the_table_says_how_to_mend_a_failure(report: Report) -> None:
    table = as_table(report)

    assert "✗ V1   must   The ETag comes back" in table
    assert "    to mend   Store the ETag field of each 200 as it came" in table
    assert "must    1 of 2 judged, 3 in all" in table
