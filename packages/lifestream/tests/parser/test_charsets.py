"""The charset of a document, and the text of bytes that do not fit it."""

from __future__ import annotations

import codecs

import pytest

from lifestream.parser import parse
from lifestream.parser.charsets import _handlers, charset_of, ebcdic_of
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
def test_the_byte_order_mark_decides_then_http_then_the_declaration(
    content_type: str, head: str, codec: str, bom: bytes, title: str
) -> None:
    body = bom + rss(f"<item><title>{title}</title></item>", head=head).decode().encode(codec)

    assert only_entry(body, content_type).title == title


def test_a_charset_that_does_not_fit_is_a_complaint() -> None:
    body = rss(f"<item><title>{SNOWMAN}</title></item>")

    assert parse(body, {"content-type": "text/xml; charset=ascii"}, URL).complaint == (
        "declared as ascii, but it is utf-8"
    )
    assert parse(body, {"content-type": "text/xml"}, URL).complaint == ""


def test_invalid_bytes_are_replaced_and_the_rest_is_kept() -> None:
    body = rss(f"<item><title>{SNOWMAN} {SNOWMAN} !</title></item>").replace(b"!", b"\xff")

    assert only_entry(body).title == f"{SNOWMAN} {SNOWMAN} \ufffd"


@pytest.mark.parametrize(
    ("label", "letters", "others"),
    [
        ("windows-1252", "\u00a0éÿž", "’™ƒаα"),
        ("iso-8859-15", "\u00a0éŽž", "\u009f€"),
        ("windows-1251", "ЁЂџҐґ", "\u00a0№’é"),
        ("koi8-r", "Ёя", "é°"),
        ("windows-1253", "\u0384Άώ", "\u00a0’a"),
        ("windows-1255", "את", "’₪"),
        ("windows-1256", "،ےي", "’é"),
        ("gb18030", "", "你é"),
    ],
)
@pytest.mark.reading(3)
def test_the_letters_that_confirm_a_label_are_those_of_its_script(label: str, letters: str, others: str) -> None:
    charset = charset_of(label)
    assert charset is not None
    assert [letter for letter in letters if not charset.is_written_with(letter)] == []
    assert [letter for letter in others if charset.is_written_with(letter)] == []


@pytest.mark.reading(1)
@pytest.mark.parametrize(
    ("label", "name", "codec"),
    [
        (" 'Latin-1' ", "windows-1252", "windows-1252"),
        ("latin1", "windows-1252", "windows-1252"),
        ("latin_1", "windows-1252", "windows-1252"),
        ("8859", "windows-1252", "windows-1252"),
        ("646", "windows-1252", "windows-1252"),
        ("iso8859_15", "iso-8859-15", "iso-8859-15"),
        ("sjis_2004", "shift_jis_2004", "shift_jis_2004"),
        ("u8", "utf-8", "utf-8"),
        ("GBK", "gb18030", "gb18030"),
        ("big5", "big5", "big5hkscs"),
        ("hz-gb-2312", "hz", "hz"),
        ("x-user-defined", None, None),
        ("utf-16", None, None),
        ("cp037", None, None),
        ("utf-7", None, None),
        ("rot13", None, None),
        ("no such label", None, None),
        ("", None, None),
        ("a\0b", None, None),
    ],
)
def test_a_label_has_its_meaning_in_the_encoding_standard_or_else_in_python(
    label: str, name: str | None, codec: str | None
) -> None:
    charset = charset_of(label)
    assert (charset and charset.name, charset and charset.codec) == (name, codec)


def test_charsets_of_several_bytes_are_known_as_such() -> None:
    for label, multi_byte in (("big5", True), ("hz", True), ("shift_jis", True), ("utf-8", False), ("koi8-r", False)):
        charset = charset_of(label)
        assert charset is not None and charset.multi_byte is multi_byte


def test_the_error_handlers_for_decoding_replace_nothing_when_a_text_is_encoded() -> None:
    with pytest.raises(UnicodeEncodeError):
        "€".encode("ascii", _handlers()["windows-1252"])


@pytest.mark.parametrize("label", ["cp037", "cp1140", "unknown"])
def test_charsets_of_ebcdic_take_one_byte_a_character_and_confirm_no_label(label: str) -> None:
    charset = ebcdic_of(label)
    assert (charset.multi_byte, charset.script) == (False, ())


def test_a_document_in_ebcdic_is_in_the_code_page_that_it_names_or_in_the_usual_one() -> None:
    assert [ebcdic_of(label).codec for label in ("cp500", "utf-8", "cp1026", "nonsense")] == [
        "cp500", "cp037", "cp1026", "cp037",
    ]  # fmt: skip


@pytest.mark.reading(1)
@pytest.mark.parametrize(
    ("label", "body", "text", "errors"),
    [
        ("windows-1252", b"a\x81\x9d", "a\x81\x9d", 0),
        ("windows-1253", b"\xaa\xe1", "\ufffdα", 1),
        ("gbk", b"\x80\xff\xc4\xe3", "€\ufffd你", 1),
        ("big5", b"\xa3\xe1a", "€a", 0),
        ("big5", b"\xff\xa4\xa4", "\ufffd中", 1),
        ("euc-jp", b"\xad\xa1\xad\xc0", "①㍉", 0),
        ("euc-jp", b"\xf9\xa1\xfc\xee", "纊黑", 0),
        ("euc-jp", b"\xf9\xdf\xf9\xe0\xf9\xfe\xfa\xa1", b"\xed\x7e\xed\x80\xed\x9e\xed\x9f".decode("cp932"), 0),
        ("euc-jp", b"\xfa\xa0", "\ufffd\ufffd", 2),
        ("iso-2022-jp", b"\x1b(I1\xa0\x1b(B", "ｱ\ufffd", 1),
        ("euc-jp", b"\xff\xa4\xa2", "\ufffdあ", 1),
        ("euc-jp", b"\xad", "\ufffd", 1),
        ("iso-2022-jp", b'\x1b$B$"\x1b(Ba~\x7f', "あa~\x7f", 0),
        ("iso-2022-jp", b"\x1b$@-!\x1b(J\\ \x1b(I1!\x1b(B!", "①\\ ｱ｡!", 0),
        ("utf-8", b"a\xff\xef\xbf\xbdb", "a\ufffd\ufffdb", 1),
        ("koi8-r", b"\xff", "Ъ", 0),
        ("windows-1253", b"\xd2A\x9f\x81", "\ufffdA\x9f\x81", 1),
        ("gb18030", b"a\x84\x37\x81", "a\ufffd", 1),
        ("iso-2022-jp", b"\x1b$B\x22\x7e\x1b(B", "◯", 0),
        ("iso-2022-jp", b"\x1b$B\x30\x21 \x30\x21\x7f\x1b(B", "亜 亜\x7f", 0),
    ],
)
def test_bytes_that_pythons_codecs_lack_are_decoded_as_in_the_standard(
    label: str, body: bytes, text: str, errors: int
) -> None:
    _handlers.cache_clear()  # registered again, as in a new process
    charset = charset_of(label)
    assert charset is not None
    assert charset.read(body) == (text, errors)
