"""The result of reading a web page reaches the parent process unchanged, and malformed answers are refused."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from lifestream.parser import ipc
from lifestream.parser.article import ExtractedArticle
from lifestream.parser.page_shapes import ARTICLE, PAGE
from lifestream.parser.web_page import read_page


def sent(packed: Any) -> Any:
    """Return *packed* as it arrives: the pipe to the parent carries JSON."""
    return json.loads(json.dumps(packed))


PACKED = sent(PAGE.pack(read_page(b"<title>T</title><link rel=icon href=/i.png>", {}, "https://site.example/")))


def test_a_page_arrives_unchanged() -> None:
    html = (
        b"<title>T</title><link rel=alternate type=application/rss+xml href=/feed title=F><link rel=icon href=/i.png>"
        b"<meta http-equiv=refresh content='0;url=/home'><a href=/rss>RSS</a>"
    )
    page = read_page(html, {}, "https://site.example/")
    assert all(getattr(page, field.name) for field in fields(page))
    assert PAGE.unpack(sent(PAGE.pack(page))) == page


def test_an_article_arrives_unchanged() -> None:
    article = ExtractedArticle(**{field.name: field.name for field in fields(ExtractedArticle)})
    assert ARTICLE.unpack(sent(ARTICLE.pack(article))) == article


@pytest.mark.parametrize("packed", [None, [], {}, [1, 2, 3, 4], ["x"], [*PACKED, ""], PACKED[:-1]])
def test_another_number_of_fields_is_refused(packed: Any) -> None:
    with pytest.raises(ipc.NONSENSE):
        PAGE.unpack(packed)


@pytest.mark.parametrize("place", range(len(PACKED)))
def test_a_field_of_another_type_is_refused(place: int) -> None:
    with pytest.raises(ipc.NONSENSE):
        PAGE.unpack([*PACKED[:place], 1.5, *PACKED[place + 1 :]])
