"""The links in the header field Link."""

from __future__ import annotations

import pytest

from lifestream.fetcher.link_header import links_in


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ("", []),
        ("<https://a.example/>; rel=self", [("https://a.example/", {"rel": "self"})]),
        (
            '< /a >; REL="x y" ;title="a, <b>; \\"c\\"", </b>',
            [("/a", {"rel": "x y", "title": 'a, <b>; \\"c\\"'}), ("/b", {})],
        ),
        ("</a>; rel=one; rel=two", [("/a", {"rel": "one"})]),
        ("no link, </a>;rel", [("/a", {"rel": ""})]),
    ],
)
def test_the_links_of_a_field_are_found(header: str, links: list[tuple[str, dict[str, str]]]) -> None:
    assert list(links_in(header)) == links


def test_only_the_beginning_of_a_long_field_is_read() -> None:
    link = "</a>; rel=x, "
    assert len(list(links_in(link * 10_000))) == 16 * 1024 // len(link) + 1
