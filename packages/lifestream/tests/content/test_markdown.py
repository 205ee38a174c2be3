"""Markdown becomes HTML, which is cleaned like all other HTML."""

from __future__ import annotations

import re
import time

import pytest

from costs import assert_linear
from lifestream.content.markdown import MOST_LOOKS, MOST_OF_ADDRESSES, html_of_markdown
from lifestream.content.sanitizer import Sanitizer


def clean(text: str) -> str:
    return Sanitizer().html(html_of_markdown(text), "https://planet.example/main/pages/about/")


def test_headings_lists_links_and_tables_become_html() -> None:
    html = clean("## Us\n\nWe *read*:\n\n- [all](/main/)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    for piece in ("<h2>Us</h2>", "<em>read</em>", "<li>", 'href="https://planet.example/main/"', "<td>1</td>"):
        assert piece in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](javascript:alert(1))",
        '<a href="x" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        '<iframe src="https://evil.example/"></iframe>',
        "<svg/onload=alert(1)>",
        "`<script>`\n\n<img src=x onerror=alert(1)>",
        "[x]: data:text/html,<script>alert(1)</script>\n\n[x]",
    ],
)
def test_no_script_in_markdown_runs(text: str) -> None:
    tags = "".join(re.findall(r"<[^>]*>", clean(text).lower()))
    for piece in ("<script", "javascript:", "onclick=", "onerror=", "onload=", "<style", "<iframe", "<svg", "data:"):
        assert piece not in tags, tags


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["> ", "- ", "[", "*", "`", "(", "<a ", "![", "_a*", "|"])
def test_rendering_takes_linear_time(piece: str) -> None:
    assert_linear(html_of_markdown.__wrapped__, lambda length: piece * (length // len(piece)), 2_000)


@pytest.mark.costly
@pytest.mark.parametrize("piece", ["> ---\nb\n", "> # a\nb|c\n-|-\n", "a|b\n-|-\n> ---\n"])
def test_lines_after_many_quotes_are_not_examined_again_for_each_quote(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    html_of_markdown.cache_clear()
    began = time.thread_time()
    html = html_of_markdown(text)
    assert time.thread_time() - began < 15  # without the limit, it takes 40 s to 100 s
    assert html.startswith(("<p>&gt; ", "<p>a|b<br>")) and html.count("<br>") > 10_000


@pytest.mark.slow
def test_a_text_of_many_short_lines_stays_markdown() -> None:
    for text in ("- *a*\n  - b\n" * 4_000, "> *a*\n" * 7_000, "*a*\n" * 12_000, "1. *a*\n\n   b\n\n" * 3_000):
        assert "<em>a</em>" in html_of_markdown(text)


@pytest.mark.slow
def test_a_text_that_is_too_costly_is_shown_as_it_was_written() -> None:
    text = "> ---\nb\n" * 2_000 + "<b>"
    assert html_of_markdown(text).endswith("<br>b<br>&lt;b&gt;</p>")
    assert len(text.splitlines()) < MOST_LOOKS // 20, "the text has too many lines even without quotes"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("definition", "use"),
    [
        (f"[a]: /{'x' * 7_900}", "[a]"),
        (f"[a]: /{'x' * 7_900}", "![a]"),
        (f'[a]: /x "{"y" * 7_900}"', "[a]"),
        ("[a]: /" + "\N{GRINNING FACE}" * 2_000, "[a]"),
    ],
    ids=["address", "picture", "title", "address that is percent-encoded"],
)
def test_the_output_for_a_repeated_address_is_bounded(definition: str, use: str) -> None:
    text = f"{definition}\n\n{use * ((50_000 - len(definition) - 2) // len(use))}"
    html = html_of_markdown(text)
    assert len(html) < MOST_OF_ADDRESSES + 10 * len(text)
    assert html.count("/x" if "/x" in definition else "/%F0") > 20


def test_addresses_that_a_text_writes_out_are_all_kept() -> None:
    link = "[a](/" + "\N{GRINNING FACE}" * 95 + ")"
    assert html_of_markdown(link * 490).count('href="/%F0') == 490


@pytest.mark.slow
def test_a_table_with_very_many_cells_is_plain_text() -> None:
    text = "|" + "a|" * 400 + "\n|" + "-|" * 400 + "\n" + "|\n" * 24_000
    assert html_of_markdown(text).startswith("<p>|a|a|")
    assert "<table>" in html_of_markdown("|" + "a|" * 40 + "\n|" + "-|" * 40 + "\n" + "|b|\n" * 400)
