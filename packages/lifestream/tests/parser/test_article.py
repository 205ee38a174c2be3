"""The article of a web page is found by trafilatura, and is as safe as the content of a feed."""

from __future__ import annotations

import logging

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


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("more", "https://a.example/2026/more"),
        ("?page=2", "https://a.example/2026/post?page=2"),
        ("#note", "https://a.example/2026/post#note"),
        ("/more", "https://a.example/more"),
    ],
)
def test_the_links_of_an_article_are_relative_to_its_page(written: str, address: str) -> None:
    assert f'<a href="{address}"' in read(page(f'<p>A <a href="{written}">link</a></p>')).content


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ("", "https://a.example/2026/"),
        ("<base target=_top><base href=/>", "https://a.example/"),
        ("<base href='javascript:'>", "https://a.example/2026/"),
    ],
)
def test_the_addresses_of_an_article_are_relative_to_the_base_of_its_page(head: str, base: str) -> None:
    html = page("<p>A <a href=more>link</a></p><p><img src=1.png></p><p><img src=//b.example/2.png></p>")
    content = read(html.replace(b"<title>", head.encode() + b"<title>")).content
    assert f'<a href="{base}more"' in content
    assert f'src="{base}1.png"' in content
    assert 'src="https://b.example/2.png"' in content


def test_a_link_to_a_note_leads_to_the_page_whatever_is_in_its_address() -> None:
    html = page('<p>A note <a href="#1">1</a></p>')
    found = read_article(html, {}, 'https://a.example/\\1?a="b"#top', Sanitizer())
    assert 'href="https://a.example/\\1?a=&quot;b&quot;#1"' in found.content


def test_emphasis_is_kept_and_comments_of_readers_are_no_part_of_a_short_article() -> None:
    comments = f'<div class="post-comments"><p>{"I have to say something about this. " * 9}</p></div>'
    html = f"<html><body><article><p>A <b>short</b> post.</p></article>{comments}</body></html>"
    assert read(html.encode()).content.replace("\n", "").strip() == "<p>A <strong>short</strong> post.</p>"


def test_an_article_is_cleaned_as_the_content_of_feeds_is() -> None:
    found = read(page('<p onclick="alert(1)">x<script>alert(2)</script><a href="javascript:alert(3)">y</a></p>'))
    assert "alert" not in found.content
    assert "<script" not in found.content


def test_a_page_is_read_in_its_charset() -> None:
    html = page("<p>Привет из Кёльна</p>").decode().encode("koi8-r")
    assert "Привет из Кёльна" in read(html, {"content-type": "text/html; charset=koi8-r"}).text


@pytest.mark.slow
@pytest.mark.parametrize("html", [b"", b"<html><body></body></html>", b"\x00\xff", b"<html>" + b"<div>" * 500])
def test_a_page_without_an_article_is_an_error(html: bytes) -> None:
    with pytest.raises(NoArticle, match=r"^no article was found on https://a\.example/2026/post$"):
        read(html)


def test_a_page_without_an_article_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "trafilatura"), pytest.raises(NoArticle):
        read(b"")
    assert not caplog.records


def test_without_the_extra_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_supported()
    monkeypatch.setattr(article, "is_supported", lambda: False)
    with pytest.raises(NoArticle, match="install django-lifestream with the extra fulltext"):
        read(page(""))


@pytest.mark.slow
def test_a_parser_process_finds_the_article_or_reports_why_there_is_none() -> None:
    with ParserPool(1, 20.0, registry=Registry(use_entry_points=False)) as pool:
        found = pool.read_article(page(""), {}, URL).result()
        assert "Heading" in found.text
        with pytest.raises(ParserDied, match="no article was found"):
            pool.read_article(b"<html>", {}, URL).result()
