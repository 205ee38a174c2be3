"""The report as one HTML page that needs no other file, for light and dark screens, telephones and paper."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Final

from feedserver.check.report import RULES_VERSION, Report, Result
from feedserver.check.scenario import GROUPS
from feedserver.check.verdicts import Level, Verdict
from feedserver.messages.terminal_text import visible

MARKS = {
    Verdict.PASS: "✓",
    Verdict.NON_STRICT: "≈",
    Verdict.FAIL: "✗",
    Verdict.NOT_SEEN: "?",
    Verdict.NOT_FOR_THIS_KIND: "–",
}
"""The sign of each verdict; the word is shown beside it."""


def as_html(report: Report) -> str:
    """Return the report as an HTML page."""
    title = _shown(f"{report.reader}: feedserver check")
    style = (files("feedserver.check") / "report.css").read_text("utf-8")
    groups = "\n".join(_group(report, letter) for letter in GROUPS if report.count(group=letter).all)
    version = f"<p>{_shown(report.version)}</p>" if report.version else ""
    partial = '<p class="note">The run was stopped: this is the report so far.</p>' if report.is_partial else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="kicker">feedserver check, rules v{RULES_VERSION}</p>
<h1>{_shown(report.reader)}</h1>
{version}
</header>
<main>
{partial}
{_summary(report)}
{groups}
{_circumstances(report)}
</main>
</body>
</html>
"""


def _summary(report: Report) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{level}</th><td>{count.passed}</td><td>{count.judged}</td><td>{count.all}</td>'
        f"<td>{_bar(count.passed, count.judged, count.all)}</td></tr>"
        for level in Level
        for count in [report.count(level)]
    )
    return f"""<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<table class="summary">
<thead><tr><th scope="col">Level</th><th scope="col">Passed</th><th scope="col">Judged</th><th scope="col">In all</th>
<th scope="col">Share</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p>A rule of level <em>must</em> protects servers and people from harm, and entries from being lost. Some rules
are not judged: they do not concern this kind of reader, or the run gave no evidence. Each has its reason.</p>
</section>"""


def _bar(passed: int, judged: int, all_of_them: int) -> str:
    """Return a bar: passed, failed, and not judged."""
    parts = (("good", passed), ("bad", judged - passed), ("open", all_of_them - judged))
    pieces = "".join(f'<span class="{name}" style="flex-grow:{count}"></span>' for name, count in parts if count)
    label = f"{passed} passed, {judged - passed} failed, {all_of_them - judged} not judged"
    return f'<span class="bar" role="img" aria-label="{label}">{pieces}</span>'


def _group(report: Report, letter: str) -> str:
    results = [result for result in report if result.scenario.group == letter]
    items = "\n".join(_item(result) for result in results)
    return f"""<section aria-labelledby="group-{letter}">
<h2 id="group-{letter}">{letter}. {GROUPS[letter]} <span class="count">{report.count(group=letter)}</span></h2>
{items}
</section>"""


def _item(result: Result) -> str:
    scenario, judgement = result.scenario, result.judgement
    css_class = "misfire" if result.misfire else result.verdict.replace(" ", "-")
    word = "error of feedserver" if result.misfire else str(result.verdict)
    is_open = " open" if result.verdict is Verdict.FAIL or result.misfire else ""
    rows = [
        ("Rule", scenario.rule),
        ("Source", scenario.source),
        ("Expected", judgement.expected),
        ("Observed", judgement.observed),
        ("Reason", result.misfire or judgement.reason),
    ]
    if result.verdict in (Verdict.FAIL, Verdict.NON_STRICT):
        rows += [("Why it matters", scenario.why), ("How to mend it", scenario.advice)]
    details = "\n".join(f"<dt>{name}</dt><dd>{_shown(text)}</dd>" for name, text in rows if text)
    wire = "\n".join(map(_shown, result.exchanges))
    exchanges = f'<dt>On the wire</dt><dd><pre tabindex="0">{wire}</pre></dd>' if wire else ""
    again = (
        f'<dt>Run it again</dt><dd><pre tabindex="0">{escape(result.reproduce)}</pre></dd>' if result.reproduce else ""
    )
    return f"""<details class="{css_class}" id="{scenario.id}"{is_open}>
<summary><span class="mark" aria-hidden="true">{MARKS[result.verdict]}</span> <span class="id">{scenario.id}</span>
<span class="title">{escape(scenario.title)}</span> <span class="level">{scenario.level}</span>
<span class="verdict">{word}</span></summary>
<dl>
{details}
{exchanges}
{again}
</dl>
</details>"""


_NOT_OPTIONS: Final = {"python": "Python object", "serve": "By hand"}
"""The headings for the names in `Report.commands` that are not options with a command: `python` is no option, and
`--serve` takes no command.
"""


def _circumstances(report: Report) -> str:
    clock = f"moved by {report.clock_method}" if report.clock_proved else "not moved for this reader"
    rows = [
        ("Kind", str(report.kind)),
        ("Clock", clock),
        ("Poll judged", report.poll),
        ("Time", f"{report.seconds:.0f} s"),
    ]
    details = "\n".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    commands = "\n".join(
        f'<dt>{_NOT_OPTIONS.get(name) or escape(f"--{name}")}</dt><dd><pre tabindex="0">{escape(text)}</pre></dd>'
        for name, text in report.commands.items()
    )
    return f"""<section aria-labelledby="circumstances">
<h2 id="circumstances">How it was run</h2>
<dl>
{details}
{commands}
</dl>
</section>"""


def _shown(text: str) -> str:
    """Return *text* as HTML. A reader may have printed it, so its line breaks are shown as escapes: otherwise the
    reader could forge lines of the report.
    """
    return escape(visible(text))
