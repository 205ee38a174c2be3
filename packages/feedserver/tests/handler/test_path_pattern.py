"""Patterns of paths: what they match, and what is no pattern."""

from __future__ import annotations

import time

import pytest

from feedserver import Pattern


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("/feeds/<name>.xml", "/feeds/news.xml", {"name": "news"}),
        ("/feeds/<name>.xml", "/feeds/a.b.xml?page=2", {"name": "a.b"}),
        ("/feeds/<name>.xml", "/feeds/.xml", None),
        ("/feeds/<name>.xml", "/feeds/a/b.xml", None),
        ("/feeds/<name>.xml", "/feeds/newsxxml", None),
        ("/feeds/<name>.xml", "/feeds/a%2Fb.xml", {"name": "a/b"}),
        ("/feeds/<name>.xml", "/feeds/caf%C3%A9%25.xml", {"name": "café%"}),
        ("/feeds/<name>.xml", "/feeds/news.xml\n", None),
        ("/<path:rest>", "/a/b/c", {"rest": "a/b/c"}),
        ("/<user>/<path:rest>.xml", "/ada/x/y.xml", {"user": "ada", "rest": "x/y"}),
        ("/c%20d/<n>", "/c d/1", {"n": "1"}),
        ("/c d/<n>", "/c%20d/1", {"n": "1"}),
        ("/a%2fb/<n>", "/a%2Fb/1", {"n": "1"}),
        ("/a%2Fb/<n>", "/a/b/1", None),
        ("/(x)+<n>", "/(x)+1", {"n": "1"}),
        ("/<n>", "http://blog.example/1", {"n": "1"}),
        ("/<a>-<b>.xml", "/x-y-z.xml", {"a": "x-y", "b": "z"}),
        ("/<a>-<b>.xml", "/--.xml", None),
        ("/<a>x<path:b>y", "/1x2/x3y", {"a": "1", "b": "2/x3"}),
        ("/<path:a>x<b>y", "/1x2/3y", None),
        ("/<a>aa<b>", "/1aaaa", {"a": "1a", "b": "a"}),
        ("/<path:a>/<path:b>/<c>", "/1/2/3/4", {"a": "1/2", "b": "3", "c": "4"}),
    ],
)
def test_a_placeholder_matches_a_part_of_the_path(pattern: str, path: str, found: dict[str, str] | None) -> None:
    assert Pattern(pattern).match(path) == found
    assert str(Pattern(pattern)) == pattern


@pytest.mark.parametrize(
    ("pattern", "repeated"),
    [("/<a>-<b>-<c>-<d>x", "-"), ("/<path:a>/<path:b>/<path:c>x", "/"), ("/<path:a>-/-<b>-/<c>x", "-/")],
)
def test_a_long_path_takes_linear_time(pattern: str, repeated: str) -> None:
    # The time of a regular expression grew with the cube of the length: a second for 1,000 characters.
    path = f"/{repeated * 30_000}x"

    before = time.process_time()
    Pattern(pattern).match(path)
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feeds/<name>", "the pattern 'feeds/<name>' does not begin with a slash; give '/feeds/<name>'"),
        ("http://host/<x>", "the pattern 'http://host/<x>' has a host, and a pattern is for paths of the server "
         "itself; give '/<x>', or add() each whole URL of the other host"),
        ("HTTPS://<host>:8080/a/<path:x>.xml", "the pattern 'HTTPS://<host>:8080/a/<path:x>.xml' has a host, and a "
         "pattern is for paths of the server itself; give '/a/<path:x>.xml', or add() each whole URL of the other "
         "host"),
        ("\x1b[31m/<x>", r"the pattern '\x1b[31m/<x>' does not begin with a slash; give '/\x1b[31m/<x>'"),
        ("/<a>?q=1", "the pattern '/<a>?q=1' has a query string; give query=… beside it"),
        ("/<a><b>", "the pattern '/<a><b>' has two placeholders side by side; put text between them"),
        ("/<a>/<a>", "the pattern '/<a>/<a>' has the placeholder 'a' twice; give each a name of its own"),
        ("/plain", "the pattern '/plain' has no placeholder; give the path as text, or add one, such as <name>"),
        ("/<int:id>", "the pattern '/<int:id>' has <int:id>, which is no placeholder; write <id>, or <path:id> to "
         "allow slashes"),
        ("/<a>/<str:b>", "the pattern '/<a>/<str:b>' has <str:b>, which is no placeholder; write <b>, or <path:b> to "
         "allow slashes"),
        ("/<name", "the pattern '/<name' has a bracket that belongs to no placeholder; write %3C and %3E for plain "
         "ones"),
        ("/<a>/b>", "the pattern '/<a>/b>' has a bracket that belongs to no placeholder; write %3C and %3E for plain "
         "ones"),
        ("/<a>/<1>", "the pattern '/<a>/<1>' has a bracket that belongs to no placeholder; write %3C and %3E for plain "
         "ones"),
        ("", "a Pattern is ''; give text, such as '/feeds/<name>.xml'"),
    ],
)  # fmt: skip
def test_an_invalid_pattern_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Pattern(text)
    assert str(refused.value) == message
