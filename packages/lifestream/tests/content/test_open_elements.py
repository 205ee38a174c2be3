"""The estimated cost of a tree, from its tags: a costly tree is recognised, and no real document is taken for one."""

from __future__ import annotations

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifestream.content.html_tokenizer import name_set, tokens
from lifestream.content.open_elements import MAX_DEPTH, VOID, OpenElements

DEEP = 20_000
KINDS = name_set(
    "p br b i a td tr table th caption tbody col colgroup pre ul li ol dl dd dt h1 h2 option optgroup ruby rt rp "
    "button object form div span font nobr details em x-y q section input hr img marquee applet center fieldset label"
)
TAG = st.builds("{}{}>".format, st.sampled_from(["<", "<", "</"]), st.sampled_from(sorted(KINDS)))
TAGS = st.lists(st.one_of(TAG, TAG, TAG, st.just("x")), min_size=1, max_size=7).map("".join)
EVERYTHING = nh3.Cleaner(tags=set(KINDS), attributes={})


def opened_by(source: str) -> OpenElements:
    """Return the `OpenElements` after all tags of *source*, or up to where they are too costly."""
    opened = OpenElements(len(source))
    for kind, name, text in tokens(source):
        if kind == "start":
            opened.start(name, len(text))
        elif kind == "end":
            opened.end(name)
        elif kind == "text" and not text.isspace():
            opened.text()
        if opened.too_costly:
            break
    return opened


def depth(html: str) -> int:
    """Return how deeply the elements of *html*, whose tags are balanced, are nested."""
    deepest = now = 0
    for kind, name, _ in tokens(html):
        now += (kind == "start" and name not in VOID) - (kind == "end")
        deepest = max(deepest, now)
    return deepest


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * DEEP,
        "<div></x>" * DEEP,
        "<div><!--</div>-->" * DEEP,
        "<div><style></div></style>" * DEEP,
        "<div><textarea></div></textarea>" * DEEP,
        "<div><script><!--<script></script></div>--></script>" * DEEP,
        "<script><!--</script>" + "<div>" * DEEP + "</script>",
        '<div a="</div>">' * DEEP,
        "<div a='</div>'>" * DEEP,
        "<div></div x='>'" * DEEP + "<div>" * DEEP,
        "<div><table><td></div>" * DEEP,
        ("<div>" * 250 + "<table><td>" + "</div>" * 250) * 200,
        ("<span>" * 250 + "<div>" + "</span>" * 250) * 500,
        ("<span>" * 100 + "<li>" + "</span>" * 100 + "<ul>") * 500,
        "<table><td></caption>" * DEEP,
        "<div>" * 100 + "<table><table></table>" + ("<div>" * 100 + "<td>") * 500,
        "<li><dd>" * DEEP,
        "<ul><li>" * DEEP,
        "<p><object>" * DEEP,
        "<nobr><h1>" * DEEP,
        "<ruby><dt>x<rp>" * DEEP,
        "<b><span></b><x-y></span>" * DEEP,
        "<p><div></p>" * DEEP,
        "<option><optgroup></option>" * DEEP,
        "<p>" + "".join(f"<b a={n}>" for n in range(500)) + "<p>x" * DEEP,
        "<p><b title='" + "x" * 10_000 + "'>" + "<p>x" * DEEP,
        ("<div>" * 100 + "<b title='" + "x" * 1000 + "'>" + "</div>x" * 100 + "</b>") * 20,
        ("<div>" * 100 + "<b title='" + "x" * 1000 + "'>" + "</div></br>" * 100 + "</b>") * 20,
        "<br>" * DEEP + "<table>" + "x<br>" * DEEP,
        "<table>a</table>" * DEEP,
        "<table><td></td>" + "x<br>" * DEEP,
    ],
    ids=lambda source: source[:30],
)
def test_a_tree_that_would_cost_too_much_is_reported(source: str) -> None:
    assert opened_by(source).too_costly


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "<p>x" * DEEP,
        "<p>x</p>" * DEEP,
        "<p><span>x</p>" * DEEP,
        "<p><font>x</font></p>" * DEEP,
        "x<br>" * DEEP,
        "<img src=a>" * DEEP,
        "<ul>" + "<li>x" * DEEP,
        "<dl>" + "<dt>x<dd>y" * DEEP,
        "<ruby>" + "x<rt>y" * DEEP,
        "<option>x" * DEEP,
        "<h1>x<h2>y" * DEEP,
        "<button>x" * DEEP,
        "<a>x" * DEEP,
        "<table>" + "<tr><td>x" * DEEP,
        "<table>" + "<tr><td><div><span>x</td>" * DEEP,
        "<table><tr><td>x<br>y</td></tr></table>" * DEEP,
        "<table>x</table>" * 500 + "<p>x" * DEEP,
        "<b>x</b><i>y</i>" * DEEP,
        "<b>" * MAX_DEPTH,
        "<b>" * MAX_DEPTH + "x" + "</b>" * MAX_DEPTH,
        "<font color=red size=2>" + "<p>a few words of a paragraph</p>" * DEEP,
        "<div>" * MAX_DEPTH + "</div>" * MAX_DEPTH + "<p>x</p>" * 2000,
        "<!--" + "<b>" * DEEP + "-->",
        "<script>" + "if (a<b) {}" * DEEP + "</script>",
        "< " * DEEP,
    ],
    ids=lambda source: source[:30],
)
def test_a_long_flat_tree_and_a_tree_of_the_largest_depth_cost_little(source: str) -> None:
    assert not opened_by(source).too_costly


@pytest.mark.slow
@given(TAGS, TAGS)
@example("<nobr>", "<nobr><h1>")
@example("", "<ruby><dt></rt>x</details><th><rp>")
@example("<hr>", "<ruby><nobr></th><h1><colgroup><nobr><a>")
@example("<fieldset><img><ruby>", "</section><q></tbody></option></button><option><rb>")
def test_deeply_nested_elements_are_never_taken_for_flat(before: str, again: str) -> None:
    source = before + again * 60
    opened = OpenElements(len(source))
    deepest = 0
    for kind, name, text in tokens(source):
        if kind == "start":
            opened.start(name, len(text))
        elif kind == "end":
            opened.end(name)
        deepest = max(deepest, opened.depth)

    assert depth(EVERYTHING.clean(source)) <= max(30, 4 * deepest)
