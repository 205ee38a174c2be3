"""A link to a web page is marked if it contains its address as plain text, and nothing else: printed pages give the
address of all other links after their text.
"""

from __future__ import annotations

import pytest

from costs import assert_linear
from lifestream.content.plain_links import MARK, with_plain_marked


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://site.example/a?b=1&amp;c">https://site.example/a?b=1&amp;c</a>',
        '<a href="https://site.example/">https://site.example</a>',
        '<a href="http://site.example/a" rel="nofollow">site.example/a</a>',
        '<a class="u" href="https://site.example/a" title="a &gt; b"> HTTPS://site.example/a\n</a>',
    ],
)
def test_a_link_whose_text_is_its_address_is_marked(link: str) -> None:
    assert with_plain_marked(f"<p>At {link}.</p>") == f"<p>At {link.replace('<a', f'<a {MARK}')}.</p>"


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://site.example/a">site.example</a>',
        '<a href="https://site.example/a">a page</a>',
        '<a href="https://site.example/a"><b>https://site.example/a</b></a>',
        '<a href="mailto:a@site.example">a@site.example</a>',
        '<a id="https://site.example/a">https://site.example/a</a>',
        "https://site.example/a",
    ],
)
def test_other_links_are_not_marked(link: str) -> None:
    assert with_plain_marked(link) == link


@pytest.mark.parametrize("unit", ["<a", '<a href="https://a">', '<a href="https://a">a</a>', "<a href=https://", '"'])
def test_marking_takes_linear_time(unit: str) -> None:
    assert_linear(with_plain_marked, lambda count: "://" + unit * count, 20_000)
