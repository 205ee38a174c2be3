"""The tokens of HTML as its author meant it: nothing of a fragment is lost."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifestream.content.author_tokens import author_tokens
from lifestream.content.html_tokenizer import Token


def kinds(source: str) -> list[tuple[str, str]]:
    return [(token.kind, token.name or token.source) for token in author_tokens(source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a<b>c", [("text", "a"), ("start", "b"), ("text", "c")]),
        ("a<m$ b", [("text", "a"), ("text", "&lt;"), ("text", "m$ b")]),
        ("<T>x</T></U>", [("text", "&lt;"), ("text", "T>x"), ("text", "&lt;"), ("text", "/T>"), ("end", "u")]),
        ("<script/>a", [("start", "script"), ("end", "script"), ("text", "a")]),
        ("<script/>a</script>", [("start", "script"), ("hidden", "script"), ("end", "script")]),
        ("<video/>a</video>", [("start", "video"), ("text", "a"), ("end", "video")]),
        ("<title>a<b></title>", [("start", "title"), ("hidden", "title"), ("end", "title")]),
        ("<noscript><b></noscript>", [("start", "noscript"), ("start", "b"), ("end", "noscript")]),
        ("<!--<m>-->", [("hidden", "<!--<m>-->")]),
        ("<xmp\xa0><b>", [("start", "xmp\xa0"), ("start", "b")]),
        ("<", [("text", "&lt;")]),
        ("</", [("text", "&lt;"), ("text", "/")]),
    ],
)
def test_a_fragment_has_these_tokens(source: str, found: list[tuple[str, str]]) -> None:
    assert kinds(source) == found


@given(
    st.lists(
        st.sampled_from(["<", ">", "/", "m", "b", "<b>", "<script/>", "</script>", "&", " ", '"', "<!--", "<![CDATA["])
    )
)
@example(["<", "b", "/", ">"])
def test_nothing_of_a_fragment_is_lost(pieces: list[str]) -> None:
    left = "".join(pieces)
    before = None
    for token in author_tokens(left):
        piece = token.source
        if piece == "&lt;" and left.startswith("<"):
            piece = "<"
        if not left.startswith(piece):  # only the end of an empty element is added, right after its start
            assert before is not None and before.source.endswith("/>")
            assert token == Token("end", before.name, f"</{before.name}>")
        else:
            left = left.removeprefix(piece)
        before = token
    assert left == ""
