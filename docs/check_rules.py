"""Writes a page of the manual for each rule of `feedserver check`, and the page that lists them.

    python docs/check_rules.py            writes the pages again
    python docs/check_rules.py --check    prints which pages would change; the exit status is 1 if any would

`docs/test_check_rules.py` fails if a page is not what this program writes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from feedserver.check.report import RULES_VERSION
from feedserver.check.scenario import GROUPS, Scenario
from feedserver.check.scenarios import SCENARIOS
from feedserver.check.verdicts import Kind, LaneKind, Need

FOLDER = Path(__file__).parent / "feedserver" / "rules"

_NEEDS = {
    Need.ITEMS: "to see which items were imported: by the option `--list`, in the reader's files, in what a parser "
    "prints, or by a person who ticks them on a page in the browser",
    Need.LIST: "`--list`, since items are counted or compared",
    Need.DETAILS: "`--list` in JSON lines, since other fields than the title are judged",
    Need.CLOCK: "a clock that can be moved",
    Need.TLS: "the extra `feedserver[tls]`",
    Need.MEMORY: "to see how much memory the reader uses",
    Need.GUARD: "a reader that refuses private addresses, and a command that allows the addresses in `{networks}`",
}


def page_of(scenario: Scenario) -> str:
    """Return the page of a rule."""
    lines = [
        f"# {scenario.id}: {scenario.title}",
        "",
        f"**{scenario.level}** · {GROUPS[scenario.group]} · source: {scenario.source}",
        "",
        "## What a correct reader does",
        "",
        scenario.rule,
        "",
        "## Why it matters",
        "",
        scenario.why,
        "",
        "## How to mend it",
        "",
        scenario.advice,
        "",
        "## How it is tested",
        "",
        *_trial(scenario),
        "",
        "```sh",
        f'feedserver check --add "…" --poll "…" {_list_option(scenario)}--only {scenario.id}',
        "```",
        "",
        "You can link to this page: the id of a rule never changes, and no other rule gets it. If the rule is wrong,",
        "or misjudges your reader, see [Disputing a rule](../check.md#disputing-a-rule).",
        "",
    ]
    return "\n".join(lines)


def _list_option(scenario: Scenario) -> str:
    """Return the option that shows the items, if the scenario or one that it depends on cannot be judged without."""
    concerned = [scenario, *(each for each in SCENARIOS if each.id in scenario.depends_on)]
    return '--list "…" ' if any(each.needs & {Need.LIST, Need.DETAILS} for each in concerned) else ""


def _trial(scenario: Scenario) -> list[str]:
    first = "In the first step, the reader subscribes to a good feed, and polls it twice."
    if not isinstance(scenario.tls, bool):
        first = "The certificate is wrong from the first step on, so that the reader should not even subscribe."
    others = {1: "", 2: " The second step makes the situation that the rule describes."}.get(
        len(scenario.steps), " The other steps make the situation that the rule describes."
    )
    count = "1 step" if len(scenario.steps) == 1 else f"{len(scenario.steps)} steps"
    lines = [f"- The test takes {count}. {first}{others}"]
    if scenario.lane is not LaneKind.SHARED:
        lines.append("- The reader is run for this rule alone, with separate files.")
    # Whoever gives `--list` shows the items, too.
    needs = scenario.needs - ({Need.ITEMS} if scenario.needs & {Need.LIST, Need.DETAILS} else set())
    lines += [
        f"- The test needs {_NEEDS[need]}. Without that, the rule can't be judged, and its verdict is *not seen*."
        for need in Need
        if need in needs
    ]
    if scenario.lane is LaneKind.SLOW:
        lines.append("- The test takes a minute, and runs at the same time as the others.")
    if scenario.withheld:
        lines.append(
            "- The published tables leave this rule out: breaking it harms people, so a reader's author is told first."
        )
    if scenario.depends_on:
        links = [f"[{name}]({name.lower()}.md)" for name in scenario.depends_on]
        condition = f"{links[0]} was not passed" if len(links) == 1 else f"neither {' nor '.join(links)} was passed"
        lines.append(f"- If {condition}, this rule is *not seen*: there is nothing to judge.")
    kinds = [kind for kind in Kind if scenario.is_for(kind)]
    if len(kinds) < len(Kind):
        lines.append(
            f"- The rule is only for these [kinds](../check.md#the-first-score) of readers: {', '.join(kinds)}."
        )
    return lines


def index() -> str:
    """Return the page that lists all rules."""
    lines = [
        "# The rules of feedserver check",
        "",
        f"These are the {len(SCENARIOS)} rules of version {RULES_VERSION}, by which [`feedserver check`](../check.md)",
        "scores a feed reader. Each rule has a page that says why the rule matters, how to mend a reader, and how the",
        "rule is tested. A reader that breaks a rule of the level *must* harms servers or people, or loses entries.",
        "",
    ]
    for letter, title in GROUPS.items():
        chosen = [scenario for scenario in SCENARIOS if scenario.group == letter]
        if chosen:
            lines += [f"## {title}", "", "| rule | level | what it says |", "|---|---|---|"]
            lines += [
                f"| [{each.id}]({each.id.lower()}.md) {each.title} | {each.level} | {each.rule} |" for each in chosen
            ]
            lines.append("")
    lines += ["```{toctree}", ":hidden:", "", *(scenario.id.lower() for scenario in SCENARIOS), "```", ""]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Return every page, by its file."""
    made = {FOLDER / f"{scenario.id.lower()}.md": page_of(scenario) for scenario in SCENARIOS}
    return {FOLDER / "index.md": index()} | made


def main() -> int:
    """Write the pages, or check them. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; say which pages would change")
    options = parser.parse_args()
    wanted = pages()
    found = set(FOLDER.glob("*.md")) if FOLDER.is_dir() else set()
    wrong = [path for path, text in wanted.items() if path not in found or path.read_text("utf-8") != text]
    wrong += sorted(found - wanted.keys())
    if options.check:
        for path in wrong:
            print(f"{path} is not what docs/check_rules.py writes; run it")
        return 1 if wrong else 0
    FOLDER.mkdir(exist_ok=True)
    for path in wrong:
        if path in wanted:
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
