"""The report as a page: well-formed, complete in itself, and safe with whatever a reader sends."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from feedserver.check import Report
from feedserver.check.html_report import as_html
from feedserver.check.report import Result
from feedserver.check.verdicts import Judgement, Verdict


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


def test_output_of_a_reader_cannot_become_markup(report: Report) -> None:
    hostile = "<script>alert(1)</script>"
    result = replace(report["V1"], exchanges=[hostile], judgement=Judgement(Verdict.FAIL, hostile, hostile))
    shown = as_html(replace(report, results=[result], reader=hostile, version=hostile))

    assert "<script" not in shown
    assert hostile not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


def test_output_of_a_reader_begins_no_line_of_the_page(report: Report) -> None:
    """CI systems obey lines such as `::error::` in what a command prints, and the page may be printed."""
    hostile = "::error::a\n::error::b\r\u2028::error::c"
    exchanges = [f"step 0: {hostile}", f"step 1: {hostile}"]
    failed = replace(report["V1"], exchanges=exchanges, judgement=Judgement(Verdict.FAIL, hostile, hostile))
    not_seen = replace(report["V4"], judgement=Judgement(Verdict.NOT_SEEN, reason=hostile))
    shown = as_html(replace(report, results=[failed, not_seen], reader=hostile, version=hostile))

    assert [line for line in shown.splitlines() if line.lstrip().startswith("::")] == []
    assert r"::error::a\n::error::b\r\u2028::error::c" in shown


def test_an_error_of_feedserver_is_reported_as_one(report: Report) -> None:
    ours = replace(report, results=[Result(report["V1"].scenario, Judgement(Verdict.NOT_SEEN), misfire="\0 broke")])
    shown = as_html(ours)
    assert '<span class="verdict">error of feedserver</span>' in shown
    assert r"<dt>Reason</dt><dd>\x00 broke</dd>" in shown


def test_how_the_reader_was_driven_is_shown_as_an_option_only_if_it_was_one(report: Report) -> None:
    shown = as_html(replace(report, commands={"poll": "r2e run", "python": "my.Reader", "serve": "a person did"}))
    assert "<dt>--poll</dt>" in shown and "--python" not in shown and "--serve" not in shown
    assert '<dt>Python object</dt><dd><pre tabindex="0">my.Reader</pre>' in shown
    assert "<dt>By hand</dt>" in shown
