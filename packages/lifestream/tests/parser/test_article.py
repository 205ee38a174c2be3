"""The article of a web page is found by trafilatura, and is as safe as the content of a feed."""

from __future__ import annotations

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.parser import article
from lifestream.parser.article import NoArticle, is_supported, read_article
from lifestream.parser.errors import ParserDied
from lifestream.parser.pool import ParserPool
from lifestream.plugins.registry import Registry

URL = "https://a.example/2026/post"
WORDS = "This paragraph is long enough to be taken for a part of an article by whoever looks for one. " * 3


def page(body: str) -> bytes:
    return (
        "<html><head><title>T</title></head><body><nav><a href=/>Home</a> <a href=/x>Other</a></nav>"
        f"<article><h1>Heading</h1><p>{WORDS}</p>{body}<p>{WORDS}</p></article><footer>Imprint</footer></body></html>"
    ).encode()


def read(html: bytes, headers: dict[str, str] | None = None) -> article.ExtractedArticle:
    return read_article(html, headers or {}, URL, Sanitizer())


def test_the_article_is_found_without_the_text_around_it() -> None:
    found = read(page('<p>A <a href="/more">link</a> and a picture: <img src="/i.png"></p>'))
    assert 'href="https://a.example/more"' in found.content
    assert "https://a.example/i.png" in found.content
    assert "Heading" in found.text
    assert "Imprint" not in found.text
    assert "Other" not in found.text
    assert found.summary


def test_an_article_is_cleaned_as_the_content_of_feeds_is() -> None:
    found = read(page('<p onclick="alert(1)">x<script>alert(2)</script><a href="javascript:alert(3)">y</a></p>'))
    assert "alert" not in found.content
    assert "<script" not in found.content


def test_a_page_is_read_in_its_charset() -> None:
    html = page("<p>Привет из Кёльна</p>").decode().encode("koi8-r")
    assert "Привет из Кёльна" in read(html, {"content-type": "text/html; charset=koi8-r"}).text


@pytest.mark.parametrize("html", [b"", b"<html><body></body></html>", b"\x00\xff", b"<html>" + b"<div>" * 500])
def test_a_page_without_an_article_is_an_error(html: bytes) -> None:
    with pytest.raises(NoArticle, match=r"^no article was found on https://a\.example/2026/post$"):
        read(html)


def test_without_the_extra_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_supported()
    monkeypatch.setattr(article, "is_supported", lambda: False)
    with pytest.raises(NoArticle, match="install django-lifestream with the extra fulltext"):
        read(page(""))


def test_a_parser_process_finds_the_article_or_reports_why_there_is_none() -> None:
    with ParserPool(1, 20.0, registry=Registry(use_entry_points=False)) as pool:
        found = pool.read_article(page(""), {}, URL).result()
        assert "Heading" in found.text
        with pytest.raises(ParserDied, match="no article was found"):
            pool.read_article(b"<html>", {}, URL).result()
