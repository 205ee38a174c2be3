"""The report as JUnit XML, which CI systems show: a test suite a group, a test case a scenario."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from feedserver.check.report import Report, Result
from feedserver.check.scenario import GROUPS
from feedserver.check.verdicts import Verdict

_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report) -> str:
    """Return the report as JUnit XML. What was not judged is skipped, with the reason; a misfire is an error."""
    root = ET.Element("testsuites", {"name": f"feedserver check: {report.reader}"})
    for letter, title in GROUPS.items():
        results = [result for result in report if result.scenario.group == letter]
        if not results:
            continue
        misfires = [result for result in results if result.misfire]
        failures = [result for result in results if result.verdict is Verdict.FAIL]
        skipped = [result for result in results if _is_skipped(result)]
        suite = ET.SubElement(root, "testsuite", {"name": title, "tests": str(len(results))})
        for name, counted in (("failures", failures), ("errors", misfires), ("skipped", skipped)):
            suite.set(name, str(len(counted)))
        for result in results:
            _add(suite, result)
    ET.indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(root, encoding="unicode") + "\n"


def _is_skipped(result: Result) -> bool:
    return not result.misfire and result.verdict in (Verdict.NOT_SEEN, Verdict.NOT_FOR_THIS_KIND)


def _add(suite: ET.Element, result: Result) -> None:
    scenario, judgement = result.scenario, result.judgement
    case = ET.SubElement(suite, "testcase", {"name": f"{scenario.id} {scenario.title}", "classname": scenario.level})
    if result.misfire:
        ET.SubElement(case, "error", {"message": _legal(result.misfire)})
    elif result.verdict is Verdict.FAIL:
        failure = ET.SubElement(case, "failure", {"message": _legal(f"expected {judgement.expected}")})
        told = [f"observed: {judgement.observed}", f"why: {scenario.why}", f"to mend: {scenario.advice}"]
        failure.text = _legal("\n".join([*told, f"again: {result.reproduce}", *result.exchanges]))
    elif _is_skipped(result):
        ET.SubElement(case, "skipped", {"message": _legal(f"{result.verdict}: {judgement.reason}")})
    else:
        ET.SubElement(case, "system-out").text = _legal("\n".join([judgement.observed, *result.exchanges]))


def _legal(text: str) -> str:
    """Return *text* without characters that XML cannot hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
