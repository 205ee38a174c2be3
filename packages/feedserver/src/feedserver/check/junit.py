"""The report as JUnit XML, which CI systems show: one test suite for each group, one test case for each scenario."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from feedserver.check.report import Report, Result
from feedserver.check.scenario import GROUPS
from feedserver.check.verdicts import Level, Verdict
from feedserver.messages.terminal_text import visible

_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, fail_under: Level | None) -> str:
    """Return the report as JUnit XML. A scenario that was not judged is skipped, with the reason.

    A broken rule is a failure if the exit status counts it: if its level is *fail_under* or a higher one; None counts
    no rule. A misfire, in which feedserver itself failed, is an error. CI systems fail a build for either. A broken
    rule that is not counted is skipped, with what was observed.
    """
    root = ET.Element("testsuites", {"name": _legal(f"feedserver check: {report.reader}")})
    for letter, title in GROUPS.items():
        results = [result for result in report if result.scenario.group == letter]
        if not results:
            continue
        misfires = [result for result in results if result.misfire]
        failures = [result for result in results if result.fails_under(fail_under)]
        skipped = [result for result in results if _is_skipped(result, fail_under)]
        suite = ET.SubElement(root, "testsuite", {"name": title, "tests": str(len(results))})
        for name, counted in (("failures", failures), ("errors", misfires), ("skipped", skipped)):
            suite.set(name, str(len(counted)))
        for result in results:
            _add(suite, result, fail_under)
    ET.indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(root, encoding="unicode") + "\n"


def _is_skipped(result: Result, fail_under: Level | None) -> bool:
    is_tolerated = result.verdict is Verdict.FAIL and not result.fails_under(fail_under)
    return not result.misfire and (is_tolerated or result.verdict in (Verdict.NOT_SEEN, Verdict.NOT_FOR_THIS_KIND))


def _add(suite: ET.Element, result: Result, fail_under: Level | None) -> None:
    scenario, judgement = result.scenario, result.judgement
    case = ET.SubElement(suite, "testcase", {"name": f"{scenario.id} {scenario.title}", "classname": scenario.level})
    if result.misfire:
        ET.SubElement(case, "error", {"message": _legal(result.misfire)})
    elif result.fails_under(fail_under):
        failure = ET.SubElement(case, "failure", {"message": _legal(f"expected {judgement.expected}")})
        failure.text = _legal(*_findings_of(result))
    elif result.verdict is Verdict.FAIL:
        why = f"fail, which --fail-under {fail_under or 'never'} lets pass: expected {judgement.expected}"
        ET.SubElement(case, "skipped", {"message": _legal(why)})
        ET.SubElement(case, "system-out").text = _legal(*_findings_of(result))
    elif _is_skipped(result, fail_under):
        ET.SubElement(case, "skipped", {"message": _legal(f"{result.verdict}: {judgement.reason}")})
    else:
        ET.SubElement(case, "system-out").text = _legal(judgement.observed, *result.exchanges)


def _findings_of(result: Result) -> list[str]:
    scenario, judgement = result.scenario, result.judgement
    findings = [f"observed: {judgement.observed}", f"why: {scenario.why}", f"to mend: {scenario.advice}"]
    return [*findings, *f"again: {result.reproduce}".split("\n"), *result.exchanges]


def _legal(*lines: str) -> str:
    """Return *lines* without characters that XML cannot contain, each in one line: what a reader has printed must not
    begin a line of its own.
    """
    return "\n".join(visible(_ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", line)) for line in lines)
