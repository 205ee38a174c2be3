"""The report as text for a terminal, in which what a reader has sent and printed is visible and moves nothing."""

from __future__ import annotations

from textwrap import wrap

from feedserver.check.report import RULES_VERSION, Report, Result
from feedserver.check.scenario import GROUPS
from feedserver.check.verdicts import Level, Verdict
from feedserver.messages.terminal_text import visible

_MARKS = {
    Verdict.PASS: ("✓", "32"),
    Verdict.NON_STRICT: ("≈", "33"),
    Verdict.FAIL: ("✗", "31"),
    Verdict.NOT_SEEN: ("?", "36"),
    Verdict.NOT_FOR_THIS_KIND: ("–", "2"),
}
_WIDTH = 100


def as_table(report: Report, *, colours: bool = False) -> str:
    """Return the report as text: a line for each scenario, the failures in detail, and the counts."""
    lines = [_head(report), ""]
    for letter, title in GROUPS.items():
        results = [result for result in report if result.scenario.group == letter]
        if results:
            lines += [
                f"{letter}  {title}: {report.count(group=letter)}",
                *(_line(result, colours) for result in results),
                "",
            ]
    for result in report:
        if result.misfire or result.verdict is Verdict.FAIL:
            lines += [*details(result), ""]
    lines += [f"{level:<7} {report.count(level)}, {report.count(level).all} in all" for level in Level]
    if report.is_partial:
        lines.append("The run was stopped: this is the report so far.")
    return "\n".join(lines) + "\n"


def _head(report: Report) -> str:
    clock = report.clock_method if report.clock_proved else "the true one"
    names_itself = report.version.casefold().startswith(report.reader.casefold())
    who = visible(report.version if names_itself else f"{report.reader} {report.version}".rstrip())
    return f"{who}, a {report.kind}; rules v{RULES_VERSION}; clock: {clock}; {report.seconds:.0f} s"


def _line(result: Result, colours: bool) -> str:
    mark, colour = _MARKS[result.verdict]
    shown = f"\033[{colour}m{mark}\033[0m" if colours else mark
    tail = ""
    if result.verdict not in (Verdict.PASS, Verdict.FAIL):
        tail = f"  [{result.verdict}: {result.judgement.reason}]"
    return f"  {shown} {result.scenario.id:<4} {result.scenario.level:<6} {visible(f'{result.scenario.title}{tail}')}"


def details(result: Result) -> list[str]:
    """Return the evidence of a failure in lines, with why it matters and how to mend it."""
    scenario, judgement = result.scenario, result.judgement
    if result.misfire:
        return [visible(f"{scenario.id}  an error of feedserver, and no verdict: {result.misfire}")]
    rows = [
        ("rule", scenario.rule),
        ("expected", judgement.expected),
        ("observed", judgement.observed),
        ("why", scenario.why),
        ("to mend", scenario.advice),
        ("source", scenario.source),
    ]
    lines = [f"{scenario.id}  {scenario.title} ({scenario.level})"]
    for name, text in rows:
        first, *others = wrap(text, _WIDTH - 14, break_on_hyphens=False, break_long_words=False) or [""]
        lines += [f"    {name:<9} {first}", *(f"{'':14}{other}" for other in others)]
    lines.append(f"    {'again':<9} {result.reproduce}")  # in one line, so that it can be copied
    lines += [f"    {'wire' if not number else '':<9} {line}" for number, line in enumerate(result.exchanges)]
    return list(map(visible, lines))
