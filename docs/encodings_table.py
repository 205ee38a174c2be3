"""Writes the tables of feedserver/encodings.md: the rules, and what readers make of each case of the charset matrix.

    python docs/encodings_table.py            writes the page again
    python docs/encodings_table.py --check    prints whether that would change it; the exit status is 1 if it would

Every case is served by a feedserver, and every reader fetches it from there, in the way that its manual shows.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

import fastfeedparser
import feedparser
import requests
from lxml import etree  # type: ignore[import-untyped]

from feedserver import FeedServer, encodings
from feedserver.encodings import MEDIA_TYPES, RULES, TEXT, Case, Verdict

PAGE = Path(__file__).parent / "feedserver" / "encodings.md"
BEGIN, END = "<!-- written by docs/encodings_table.py -->\n", "<!-- end -->\n"
XML_TYPES = MEDIA_TYPES[:4]
ATOM_TITLE, RSS_TITLE = "{http://www.w3.org/2005/Atom}title", "channel/title"


def by_feedparser(url: str) -> str | None:
    """Have feedparser fetch and parse the document."""
    title: str | None = feedparser.parse(url).feed.get("title")
    return title


def by_fastfeedparser(url: str) -> str | None:
    """Have fastfeedparser fetch and parse the document."""
    title: str | None = fastfeedparser.parse(url).feed.get("title")
    return title


def by_lxml(url: str) -> str | None:
    """Have lxml parse the bytes of the document: it does not see the header."""
    root = etree.fromstring(requests.get(url, timeout=10).content)
    title: str | None = root.findtext(ATOM_TITLE) or root.findtext(RSS_TITLE)
    return title


def by_requests(url: str) -> str | None:
    """Have requests decode the document, and give the text to the standard library's parser."""
    root = ET.fromstring(requests.get(url, timeout=10).text)  # noqa: S314 - these are our own documents
    return root.findtext(ATOM_TITLE) or root.findtext(RSS_TITLE)


READERS: Mapping[str, Callable[[str], str | None]] = {
    "feedparser": by_feedparser,
    "fastfeedparser": by_fastfeedparser,
    "lxml": by_lxml,
    "requests": by_requests,
}


def measure(cases: Sequence[Case]) -> dict[Case, dict[str, tuple[Verdict, bool]]]:
    """Return the verdict on each reader for each case, and whether the rules accept what the reader found."""
    with FeedServer() as server:
        for case in cases:
            server.add(case.path, case.response)
        return {case: {name: _judge(case, server, read) for name, read in READERS.items()} for case in cases}


def _judge(case: Case, server: FeedServer, read: Callable[[str], str | None]) -> tuple[Verdict, bool]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # readers warn of documents that are hard to read
        try:
            title = read(server.url(case.path)) or None
        except Exception:  # noqa: BLE001 - each reader has errors of its own; each of them means "refused"
            title = None
    verdict: Verdict = "refused" if title is None else ("read" if title == TEXT else "garbled")
    return verdict, case.accepts(title)


def written(measured: Mapping[Case, Mapping[str, tuple[Verdict, bool]]]) -> str:
    """Return all tables of the page."""
    lines = [*_rules(), "", *_summary(measured)]
    for title, types in (("XML types", XML_TYPES), ("text/html", MEDIA_TYPES[4:])):
        lines += ["", f"## {title}"]
        documents = dict.fromkeys((case.true_encoding, case.bom) for case in measured)
        for encoding, bom in documents:
            cases = [case for case in measured if (case.true_encoding, case.bom) == (encoding, bom)]
            lines += ["", f"### {title}: {encoding.upper()}{', after a byte order mark' if bom else ''}", ""]
            lines += _table([case for case in cases if case.media_type in types], measured, types)
    return "\n".join(lines) + "\n"


def _rules() -> Iterator[str]:
    yield from _header("rule", "what it says", "where")
    for rule in RULES:
        yield f"| {rule.name} | {rule.says} | {rule.sections} |"


def _summary(measured: Mapping[Case, Mapping[str, tuple[Verdict, bool]]]) -> Iterator[str]:
    yield from _header(
        "reader", "types", "by the standards", "garbled, though it can be read", "refused, though it can be read"
    )
    for name in READERS:
        for title, types in (("XML", XML_TYPES), ("text/html", MEDIA_TYPES[4:])):
            cases = [case for case in measured if case.media_type in types]
            right = sum(measured[case][name][1] for case in cases)
            readable = [measured[case][name][0] for case in cases if case.outcome.verdict == "read"]
            missed = [f"{readable.count(verdict)} of {len(readable)}" for verdict in ("garbled", "refused")]
            yield f"| {name} {version(name)} | {title} | {right} of {len(cases)} | {missed[0]} | {missed[1]} |"


def _table(
    cases: Sequence[Case], measured: Mapping[Case, Mapping[str, tuple[Verdict, bool]]], types: Sequence[str]
) -> Iterator[str]:
    yield from _header("charset", "declaration", "by the standards", "rule", *READERS)
    for charset, declaration in dict.fromkeys((case.charset, case.declaration) for case in cases):
        alike = [case for case in cases if (case.charset, case.declaration) == (charset, declaration)]
        by_type = {case.media_type: measured[case] for case in alike}
        outcome = alike[0].outcome
        rules = ", ".join(rule.name for rule in outcome.rules)
        found = [_cell({kind: by_type[kind][name] for kind in types}) for name in READERS]
        yield f"| {' | '.join([charset or '-', declaration or '-', outcome.verdict, rules, *found])} |"


def _cell(by_type: Mapping[str, tuple[Verdict, bool]]) -> str:
    """Return a cell: a reader's verdict for the last of several media types, then each other verdict with its type."""
    common = list(by_type.values())[-1]
    others = [f"{_word(found)} ({kind})" for kind, found in by_type.items() if found != common]
    return "; ".join([_word(common), *others])


def _word(found: tuple[Verdict, bool]) -> str:
    verdict, right = found
    return verdict if right else f"**{verdict}**"


def _header(*names: str) -> Iterable[str]:
    return (f"| {' | '.join(names)} |", "|---" * len(names) + "|")


def replaced(page: str, tables: str) -> str:
    """Return *page* with *tables* in place of those that it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description="Writes the tables of docs/feedserver/encodings.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; print whether the page would change")
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    anew = replaced(page, written(measure(encodings.matrix())))
    if arguments.check:
        sys.stdout.write(f"{PAGE.name} {'is up to date' if page == anew else 'would change'}\n")
        return int(page != anew)
    PAGE.write_text(anew, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
