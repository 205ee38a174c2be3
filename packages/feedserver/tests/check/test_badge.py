"""The report as an SVG badge: what it counts, and its colour."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from feedserver.check import Report
from feedserver.check.badge import as_badge
from feedserver.check.report import RULES_VERSION
from feedserver.check.verdicts import Judgement, Level, Verdict


def test_the_badge_counts_the_must_rules(report: Report) -> None:
    lower = replace(report["V1"], scenario=replace(report["V1"].scenario, level=Level.SHOULD))
    root = ET.fromstring(as_badge(replace(report, results=[*report.results, lower])))

    assert root.get("aria-label") == f"feedserver check: must 1/2 · rules v{RULES_VERSION}"


@pytest.mark.parametrize(
    ("verdict", "colour"), [(Verdict.FAIL, "#a3261d"), (Verdict.NOT_SEEN, "#8a5a00"), (Verdict.PASS, "#256b2c")]
)
def test_the_colour_of_a_badge_shows_whether_a_rule_is_broken_or_was_not_judged(
    report: Report, verdict: Verdict, colour: str
) -> None:
    shown = as_badge(replace(report, results=[replace(report["V1"], judgement=Judgement(verdict))]))
    assert f'fill="{colour}"' in shown


def test_the_name_of_the_reader_is_not_in_the_badge(report: Report) -> None:
    shown = as_badge(replace(report, reader="<zebra>", version="<okapi>"))
    assert "zebra" not in shown and "okapi" not in shown
