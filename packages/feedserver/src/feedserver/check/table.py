"""The report as text for a terminal. Control characters that a reader has sent or printed are shown as visible text."""

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
_WIDTH = 100  # columns of a failure's details
_NARROWEST = 40
_BEFORE_TITLE = 16
_BEFORE_DETAIL = 14


def as_table(report: Report, *, colours: bool = False, width: int | None = None) -> str:
    """Return the report as text: a line for each scenario, the failures in detail, and the counts.

    *width* is that of the terminal in columns: a longer text is wrapped, with its other lines indented. With None, as
    for a file, a scenario always has one line.
    """
    lines = [_head(report), ""]
    for letter, title in GROUPS.items():
        results = [result for result in report if result.scenario.group == letter]
        if results:
            lines += [
                f"{letter}  {title}: {report.count(group=letter)}",
                *(line for result in results for line in _lines(result, colours, width)),
                "",
            ]
    for result in report:
        if result.misfire or result.verdict is Verdict.FAIL:
            lines += [*details(result, width), ""]
    lines += [f"{level:<7} {report.count(level)}, {report.count(level).all} in all" for level in Level]
    if report.is_partial:
        lines.append("The run was stopped: this is the report so far.")
    return "\n".join(lines) + "\n"


def _head(report: Report) -> str:
    clock = report.clock_method if report.clock_proved else "the true one"
    names_itself = report.version.casefold().startswith(report.reader.casefold())
    who = visible(report.version if names_itself else f"{report.reader} {report.version}".rstrip())
    return f"{who}, a {report.kind}; rules v{RULES_VERSION}; clock: {clock}; {report.seconds:.0f} s"


def _lines(result: Result, colours: bool, width: int | None) -> list[str]:
    mark, colour = _MARKS[result.verdict]
    shown = f"\033[{colour}m{mark}\033[0m" if colours else mark
    tail = ""
    if result.verdict not in (Verdict.PASS, Verdict.FAIL):
        tail = f"  [{result.verdict}: {result.judgement.reason}]"
    text = visible(f"{result.scenario.title}{tail}")
    first, *others = _wrapped(text, width, _BEFORE_TITLE) if width else [text]
    start = f"  {shown} {result.scenario.id:<4} {result.scenario.level:<6} "
    return [start + first, *(" " * _BEFORE_TITLE + other for other in others)]


def _wrapped(text: str, width: int, before: int) -> list[str]:
    """Return *text* in lines that fit into *width* columns, or into _NARROWEST if that is more, with *before* columns
    before each. A word that is longer stays whole.
    """
    columns = max(_NARROWEST, width) - before
    return wrap(text, columns, break_on_hyphens=False, break_long_words=False) or [""]


def details(result: Result, width: int | None = None) -> list[str]:
    """Return the evidence of a failure in lines, with why it matters and how to mend it; one line if
    feedserver itself failed. *width* is that of the terminal in columns.
    """
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
        first, *others = _wrapped(text, min(width or _WIDTH, _WIDTH), _BEFORE_DETAIL)
        lines += [f"    {name:<9} {first}", *(" " * _BEFORE_DETAIL + other for other in others)]
    lines.append(f"    {'again':<9} {result.reproduce}")  # in one line, so that it can be copied
    lines += [f"    {'wire' if not number else '':<9} {line}" for number, line in enumerate(result.exchanges)]
    return list(map(visible, lines))
