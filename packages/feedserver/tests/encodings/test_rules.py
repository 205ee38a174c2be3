"""The rule that decides an encoding: what declares an encoding, and what a label means."""

from __future__ import annotations

import pytest

from feedserver import encodings
from feedserver.encodings import decide


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"<?xml version='1.0' encoding='KOI8-R'?><a/>", "koi8-r"),
        (b'<?xml version="1.0" standalone="no" encoding = "koi8-r" ?><a/>', "koi8-r"),
        (b'<?xml version="1.0"?><a encoding="koi8-r"/>', "utf-8"),
        (b'<a/><?xml encoding="koi8-r"?>', "utf-8"),
        (b'<?xml-stylesheet href="a.xsl" encoding="koi8-r"?><a/>', "utf-8"),
        (b'<?xml encoding="koi8-r"?><a/>', "koi8-r"),
        (b"", "utf-8"),
    ],
)
def test_only_the_xml_declaration_declares_an_encoding(data: bytes, encoding: str) -> None:
    assert decide("application/xml", None, data).encoding == encoding


@pytest.mark.parametrize("label", ["x-nobody", "rot13", "base64", "hex", "undefined", "unicode_escape", "a\0b", ""])
def test_a_label_that_no_standard_knows_is_no_encoding(label: str) -> None:
    outcome = encodings.outcome_of("text/xml", label, b"<rss><title>x</title></rss>")
    assert (outcome.verdict, [rule.name for rule in outcome.rules]) == ("refused", ["unknown"])
    assert decide("text/html", label, b"<a/>").rule.name == "HTML: default"


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("UTF-16", "utf-16-le"),
        ("US-ASCII", "windows-1252"),
        ("latin1", "windows-1252"),
        ("ISO-8859-9", "windows-1254"),
        ("ISO-8859-11", "cp874"),
        ("tis-620", "cp874"),
        ("gb2312", "gbk"),
        ("Shift_JIS", "cp932"),
        ("euc-kr", "cp949"),
        ("koi8-r", "koi8-r"),
    ],
)
def test_html_reads_labels_as_the_encoding_standard_does(label: str, encoding: str) -> None:
    assert decide("Text/HTML", label, b"<title>x</title>").encoding == encoding
    assert encodings.outcome_of("Text/HTML", label, b"<title>x</title>").encoding == encoding


@pytest.mark.parametrize("label", ["utf-16", "utf-16le", "UTF-16BE"])
def test_html_reads_a_document_as_utf_8_if_its_declaration_in_ascii_names_utf_16(label: str) -> None:
    data = f'<?xml version="1.0" encoding="{label}"?>'.encode()
    assert decide("text/html", None, data).encoding == "utf-8"
    assert decide("text/xml", None, data).rule.name == "conflict"


def test_an_unknown_encoding_is_refused() -> None:
    decision = decide("application/xml", None, b'<?xml version="1.0" encoding="x-nobody"?><a/>')
    assert (decision.encoding, decision.rule.name) == (None, "unknown")
    assert encodings.outcome_of("application/xml", None, b'<?xml version="1.0" encoding="x-nobody"?><a/>').title is None
