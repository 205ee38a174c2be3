"""Which charset a document is in, and what is made of bytes that do not fit it."""

from __future__ import annotations

import codecs

import pytest

from lifestream.parser import parse
from parsed import URL, only_entry, rss

SNOWMAN = "Grüße ☃"
UMLAUTS = "Grüße"


@pytest.mark.parametrize(
    ("content_type", "head", "codec", "bom", "title"),
    [
        ("application/rss+xml", "", "utf-8", b"", SNOWMAN),
        ("text/xml", "", "utf-8", b"", SNOWMAN),
        ("text/xml", '<?xml version="1.0" encoding="iso-8859-1"?>', "iso-8859-1", b"", UMLAUTS),
        ("text/html", '<?xml version="1.0" encoding="windows-1252"?>', "cp1252", b"", "Grüße – €"),
        ("text/xml; charset=iso-8859-1", '<?xml version="1.0" encoding="utf-8"?>', "iso-8859-1", b"", UMLAUTS),
        ('application/xml; charset="koi8-r"', "", "koi8-r", b"", "Привет"),
        ("application/xml;version=1; CHARSET=KOI8-R", "", "koi8-r", b"", "Привет"),
        ("application/xml; charset=windows-1252", "", "utf-8", codecs.BOM_UTF8, SNOWMAN),
        ("application/xml; charset=utf-8", "", "utf-16-le", codecs.BOM_UTF16_LE, SNOWMAN),
        ("", '<?xml version="1.0" encoding="utf-16"?>', "utf-16-be", codecs.BOM_UTF16_BE, SNOWMAN),
        ("", '<?xml version="1.0" encoding="utf-16"?>', "utf-16-le", b"", SNOWMAN),
        ("", '<?xml version="1.0" encoding="utf-16"?>', "utf-16-be", b"", SNOWMAN),
        ("", "", "utf-32-le", codecs.BOM_UTF32_LE, SNOWMAN),
        ("", "", "utf-32-be", b"", SNOWMAN),
        ("", "<?xml version='1.0' encoding='cp037'?>", "cp037", b"", UMLAUTS),
        ("", '<?xml version="1.0" encoding="gb2312"?>', "gb18030", b"", "你好 €"),
        ("", '<?xml version="1.0" encoding="Shift_JIS"?>', "cp932", b"", "こんにちは ①"),
        # Wrong labels: the bytes decide.
        ("text/xml; charset=us-ascii", "", "utf-8", b"", SNOWMAN),
        ("text/xml; charset=nonsense", '<?xml version="1.0" encoding="utf-8"?>', "utf-8", b"", SNOWMAN),
        ("text/xml; charset=utf-8", "", "cp1252", b"", "Grüße – €"),
        ("", '<?xml version="1.0" encoding="rot13"?>', "utf-8", b"", SNOWMAN),
        ("", '<?xml version="1.0" encoding="unicode_escape"?>', "utf-8", b"", r"\x41 ☃"),
    ],
)
def test_the_charset_is_that_of_the_mark_then_http_then_the_declaration(
    content_type: str, head: str, codec: str, bom: bytes, title: str
) -> None:
    body = bom + rss(f"<item><title>{title}</title></item>", head=head).decode().encode(codec)

    assert only_entry(body, content_type).title == title


def test_a_charset_that_does_not_fit_is_noted() -> None:
    body = rss(f"<item><title>{SNOWMAN}</title></item>")

    assert parse(body, {"content-type": "text/xml; charset=ascii"}, URL).complaint == (
        "declared as ascii, but it is utf-8"
    )
    assert parse(body, {"content-type": "text/xml"}, URL).complaint == ""


def test_invalid_bytes_are_replaced_and_the_rest_is_kept() -> None:
    body = rss(f"<item><title>{SNOWMAN} {SNOWMAN} !</title></item>").replace(b"!", b"\xff")

    assert only_entry(body).title == f"{SNOWMAN} {SNOWMAN} \ufffd"
