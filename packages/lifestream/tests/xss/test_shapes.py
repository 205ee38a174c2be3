"""Pages have one shape only if they differ in nothing but words."""

from __future__ import annotations

from html import escape

import pytest

from xss.attempts import Attempt, address_attempts, html_attempts, text_attempts
from xss.shapes import one_of_each_shape, shape_of

PAGE = "<!doctype html><title>{0}</title><main><p title='{0}'>{0}</p><a href='{1}'>a</a></main>"
THERE = "127.0.0.1:1"


@pytest.mark.parametrize("attempt", [*html_attempts(), *text_attempts()], ids=str)
def test_text_that_is_escaped_does_not_change_the_shape(attempt: Attempt) -> None:
    text = escape(attempt.armed(THERE))

    assert shape_of(PAGE.format(text, "/a")) == shape_of(PAGE.format("word", "/b"))


@pytest.mark.parametrize("attempt", [each for each in html_attempts() if each.live], ids=str)
def test_markup_that_is_not_escaped_changes_the_shape(attempt: Attempt) -> None:
    html = PAGE.replace("<p title='{0}'>{0}</p>", "<p>{0}</p>")

    assert shape_of(html.format(attempt.armed(THERE), "/a")) != shape_of(html.format("word", "/a"))


@pytest.mark.parametrize("attempt", [each for each in address_attempts() if each.live], ids=str)
def test_an_address_of_another_scheme_changes_the_shape(attempt: Attempt) -> None:
    assert shape_of(PAGE.format("word", escape(attempt.armed(THERE)))) != shape_of(PAGE.format("word", "/a"))
    assert shape_of(PAGE.format("word", escape(attempt.armed(THERE)))) != shape_of(PAGE.format("word", "https://a/"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>a", "<p>a<!-- b -->"),
        ("<p style='a: b'>", "<p style='a: c'>"),
        ("<p onclick='a()'>", "<p onclick='b()'>"),
        ("<script>a</script>", "<script>b</script>"),
        ("<p title='a'>", "<p title='a' lang='a'>"),
        ("<img src='/a'>", "<img src='//a'>"),
        ("<template><p></template>", "<template><b></template>"),
    ],
)
def test_what_a_browser_runs_or_opens_is_part_of_the_shape(one: str, other: str) -> None:
    assert shape_of(one) != shape_of(other)


def test_the_first_page_of_each_shape_is_given() -> None:
    pages = {"/1": "<p>a", "/2": "<p>b", "/3": "<p><i>a</i>", "/4": "<p>c", "/5": "<p><i>b</i>"}

    assert list(one_of_each_shape(pages, pages.__getitem__)) == ["/1", "/3"]
