"""Secrets with quotes, brackets or semicolons in them or in their names, in URLs whose end is known."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from feedserver.record.whole_urls import clean_whole_urls

REPLACED = [
    ("http://h/?pwd=it's&x=o'c#a'b", "http://h/?pwd=removed&x=o'c#a'b", ["it's"]),
    ("/a?pwd='b\"c<d>;e'#f", "/a?pwd=removed#f", ["'b\"c<d>;e'"]),
    ("?code=b'c&state=d", "?code=removed&state=d", ["b'c"]),  # the search of a whole text finds the other
    ("a.php?x=/a?pwd=b'c&x=d'e", "a.php?x=/a?pwd=removed&x=d'e", ["b'c"]),
    ("/?x=%2Fa%3Fpwd%3Db'c&x=d'e", "/?x=%2Fa%3Fpwd%3Dremoved&x=d'e", ["b'c"]),
    ("/a&pwd%3Db'c,d", "/a&removed", ["pwd%3Db'c,d"]),  # without a question mark
    ("/a&pwd=b?c'd", "/a&pwd=removed", ["b?c'd"]),
    ("/a&b/c;pwd=d'e/f&pwd=g/h'i", "/a&b/c;pwd=removed/f&pwd=removed", ["d'e", "g/h'i"]),
    ("/a&amp;pwd=b/c'd", "/a&amp;pwd=removed", ["b/c'd"]),
    ("/?x=a/b%2F%3Fpwd%3Dc'd", "/?x=a/b%2F%3Fpwd%3Dremoved", ["c'd"]),
    ("/a;pwd=b'c/d?x=e'f#pwd=g'h", "/a;pwd=removed/d?x=e'f#pwd=removed", ["b'c", "g'h"]),
    ("/?x=a&amp;pwd=b/c'd&amp;y=e", "/?x=a&amp;pwd=removed&amp;y=e", ["b/c'd"]),  # escaped as HTML
    ("</a?x=b&#038;pwd=c?d;e>; rel=x", "</a?x=b&#038;pwd=removed>; rel=x", ["c?d;e"]),
    ("/?pwd=b c&x=d e", "/?pwd=removed&x=d e", ["b c"]),
    ("/?z=pwd = b&x=d e", "/?z=removed&x=d e", ["pwd = b"]),
    ("</?z=pwd = b>; rel=x", "</?z=removed>; rel=x", ["pwd = b"]),
    ("/?pwd%20eq%20b&a=c", "/?removed&a=c", ["pwd%20eq%20b"]),
    ("/?'b'=pwd&u['auth_type']=c", "/?removed&u['auth_type']=c", ["'b'=pwd"]),
    ("/?pwd ne 'b' or x='c'", "/?removed", ["pwd ne 'b' or x='c'"]),
    ("/?pwd<=b&pass word=c#token/value=d", "/?pwd<=removed&pass word=removed#token/value=removed", ["b", "c", "d"]),
    ("/l?next=/a?pwd=b%26c", "/l?next=/a?pwd=removed", ["b%26c"]),  # once decoded, c would be another parameter
    ("0; URL=/a?pwd=b'c", "0; URL=/a?pwd=removed", ["b'c"]),
    ("0 url = '/a?pwd=b;c&x=d'", "0 url = '/a?pwd=removed&x=d'", ["b;c"]),
    ('5; "/a?pwd=b;c" d', '5; "/a?pwd=removed" d', ["b;c"]),
    ("~a,b/(c)?pwd=b;c", "~a,b/(c)?pwd=removed", ["b;c"]),
    ("a%20b?pwd=b;c", "a%20b?pwd=removed", ["b;c"]),
    ("\xc3\xa0?pwd=b;c", "\xc3\xa0?pwd=removed", ["b;c"]),  # the UTF-8 of `à`, read as ISO 8859-1
    ("mailto:a@b.example?pwd=b c", "mailto:a@b.example?pwd=removed", ["b c"]),
    ("</a?pwd=b'c>; rel=x, </?pwd=d;e>; pwd", "</a?pwd=removed>; rel=x, </?pwd=removed>; pwd", ["b'c", "d;e"]),
]


def clean(text: str, *keep: str, levels: int = 6) -> tuple[str, list[str]]:
    secrets: list[str] = []
    return clean_whole_urls(text, frozenset(keep), lambda _, secret, mentioned: secrets.append(secret), levels), secrets


@pytest.mark.parametrize(("text", "cleaned", "secrets"), REPLACED, ids=[text for text, _, _ in REPLACED])
def test_a_secret_with_special_characters_is_replaced_whole(text: str, cleaned: str, secrets: list[str]) -> None:
    assert clean(text) == (cleaned, secrets)


def test_other_texts_and_kept_parameters_stay() -> None:
    for text in ("say pwd=it's and go", "/?pwd=plain", "/?name=it's", "/?pwd<=null"):
        assert clean(text) == (text, [])
    assert clean("/?pwd=it's&pin=4'5", "pwd") == ("/?pwd=it's&pin=removed", ["4'5"])


def test_urls_are_searched_down_to_the_given_level() -> None:
    text = "/?pwd=it's"
    for _ in range(2):
        text = f"/?next={quote(text, safe=chr(39))}"
    assert clean(text, levels=2)[1] == ["it's"]
    assert clean(text, levels=1)[0] == "/?next=%2F%3Fnext%3Dremoved"
    assert clean("/?pwd=it's", levels=-1) == ("/?pwd=it's", [])
