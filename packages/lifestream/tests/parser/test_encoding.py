"""The decoding of a document, and the complaint about a wrongly declared encoding."""

from __future__ import annotations

import codecs
import tracemalloc

import pytest

from lifestream.parser.encoding import Decoded, decode, with_windows_characters

TEXT = "<feed>ü€</feed>"


@pytest.mark.parametrize(
    ("mark", "encoding", "broken"),
    [
        (codecs.BOM_UTF8, "utf-8", b"\xff"),
        (codecs.BOM_UTF16_LE, "utf-16-le", b"\x00\xd8"),
        (codecs.BOM_UTF16_BE, "utf-16-be", b"\xd8\x00"),
        (codecs.BOM_UTF32_LE, "utf-32-le", b"\xff\xff\xff\xff"),
        (codecs.BOM_UTF32_BE, "utf-32-be", b"\xff\xff\xff\xff"),
    ],
)
class TestAByteOrderMark:
    def test_takes_precedence_over_all_declarations(self, mark: bytes, encoding: str, broken: bytes) -> None:
        text = f'<?xml version="1.0" encoding="koi8-r"?>{TEXT}'
        body = mark + text.encode(encoding)
        assert decode(body, "text/xml; charset=iso-8859-1") == Decoded(text, encoding)

    def test_decides_even_if_some_bytes_are_broken_and_those_are_replaced_and_reported(
        self, mark: bytes, encoding: str, broken: bytes
    ) -> None:
        body = mark + TEXT.encode(encoding) + broken + TEXT.encode(encoding)
        assert decode(body) == Decoded(f"{TEXT}\ufffd{TEXT}", encoding, f"not all of it is {encoding}")

    def test_is_used_for_a_document_of_any_length(self, mark: bytes, encoding: str, broken: bytes) -> None:
        """Bytes at the end that are no whole unit of the encoding, as a newline in ASCII, are not part of the text."""
        unit = len("a".encode(encoding))
        for length in range(unit):
            assert decode(mark + TEXT.encode(encoding) + b"\n" * length) == Decoded(TEXT, encoding)


@pytest.mark.reading(2)
@pytest.mark.parametrize("marks", [1, 2])
def test_the_mark_of_utf_8_that_a_program_has_printed_does_not_decide(marks: int) -> None:
    """Some editors begin the source of a program in PHP with a mark, and PHP prints it before each document."""
    text = '<?xml version="1.0" encoding="windows-1251"?><rss>\u041f\u0440\u0438\u0432\u0435\u0442</rss>'
    found = decode(codecs.BOM_UTF8 * marks + text.encode("windows-1251"))
    assert (found.text.endswith(text), found.encoding) == (True, "windows-1251")


@pytest.mark.reading(2)
@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        ("f\xfcr K\xe4se", "", "windows-1252"),
        ("f\xfcr K\xe4se", "text/xml; charset=utf-8", "windows-1252"),
        ("f\xfcr K\xe4se", "text/xml; charset=iso-8859-1", "windows-1252"),
        ("It\xe2\x80\x99s \x93a\x94, \x93b\x94", "", "utf-8"),
        ("It\xe2\x80\x99s \x93a\x94, \x93b\x94", "text/xml; charset=utf-8", "utf-8"),
        ("It\xe2\x80\x99s \x93a\x94, \x93b\x94", "text/xml; charset=no-charset", "utf-8"),
        ("It\xe2\x80\x99s \x93a\x94, \x93b\x94", "text/xml; charset=iso-8859-1", "windows-1252"),
        ("It\xe2\x80\x99s \x93a", "text/xml; charset=iso-8859-1", "utf-8"),
        ("It", "text/xml; charset=iso-8859-1", "utf-8"),
    ],
)
def test_the_mark_of_utf_8_decides_if_some_of_the_document_is_valid_and_none_else_is_declared(
    body: str, content_type: str, encoding: str
) -> None:
    """One quotation in windows-1252 spoils no stored item whose text is in UTF-8."""
    assert decode(codecs.BOM_UTF8 + body.encode("latin-1"), content_type).encoding == encoding


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_document_in_another_encoding_takes_little_memory(mark: bytes) -> None:
    size = 100_000
    body = mark + b"\xff" * size
    tracemalloc.start()
    try:
        decode(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size * 20


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml; charset=iso-8859-15",
        'text/xml;charset="iso-8859-15"',
        "text/xml; CharSet = iso-8859-15; q=1",
        "text/xml; charset='iso-8859-15'",
    ],
)
def test_the_content_type_takes_precedence_over_the_declaration(content_type: str) -> None:
    text = f'<?xml version="1.0" encoding="koi8-r"?>{TEXT}'
    assert decode(text.encode("iso-8859-15"), content_type) == Decoded(text, "iso-8859-15")


@pytest.mark.parametrize("content_type", ["", "text/xml", "text/xml; charset=", "text/xml; charset=''"])
def test_text_xml_without_a_charset_declares_no_encoding(content_type: str) -> None:
    """RFC 7303, section 3: the default is no longer US-ASCII."""
    assert decode(TEXT.encode(), content_type) == Decoded(TEXT, "utf-8")


@pytest.mark.parametrize(
    ("declaration", "text", "codec", "encoding"),
    [
        ('<?xml version="1.0" encoding="iso-8859-15"?>', "ü€", "iso8859-15", "iso-8859-15"),
        ("\n <?xml version='1.0' encoding = 'windows-1252' ?>", "ü€", "cp1252", "windows-1252"),
        ('<?xml version="1.0" encoding="gb2312"?>', "中", "gb18030", "gb18030"),
        ('<?xml version="1.0" encoding="euc-kr"?>', "가", "cp949", "euc-kr"),
    ],
)
def test_the_declaration_is_used(declaration: str, text: str, codec: str, encoding: str) -> None:
    text = f"{declaration}<feed>{text}</feed>"
    assert decode(text.encode(codec)) == Decoded(text, encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_the_first_bytes_reveal_encodings_that_are_not_based_on_ascii(encoding: str) -> None:
    for text in (
        TEXT,
        f'<?xml version="1.0" encoding="utf-8"?>{TEXT}',
        f'<?xml version="1.0" encoding="cp037"?>{TEXT}',
    ):
        assert decode(text.encode(encoding)) == Decoded(text, encoding)


def test_the_declaration_of_ebcdic_names_the_code_page() -> None:
    text = '<?xml version="1.0" encoding="cp500"?><feed>[ü]</feed>'
    assert decode(text.encode("cp500")) == Decoded(text, "cp500")
    text = "<?xml version='1.0'?><feed>[ü]</feed>"
    assert decode(text.encode("cp037")) == Decoded(text, "cp037")


def test_the_declaration_of_ebcdic_is_looked_for_only_at_the_beginning() -> None:
    for bytes_before, encoding in ((0, "cp500"), (1, "cp037")):
        end = 'encoding="cp500"'
        spaces = " " * (1024 - len("<?xml ") - len(end) + bytes_before)
        assert decode(f"<?xml {spaces}{end}?><a/>".encode("cp500")).encoding == encoding


def test_a_declaration_is_looked_for_only_at_the_beginning() -> None:
    """Only the first 1024 bytes are searched, not the whole of a long document."""
    for bytes_before, encoding in ((0, "iso-8859-15"), (1, "utf-8")):
        end = 'encoding="iso-8859-15"'
        spaces = " " * (1024 - len("<?xml ") - len(end) + bytes_before)
        assert decode(f"<?xml {spaces}{end}?><a/>".encode()).encoding == encoding


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "before", ["<br />\n<b>Warning</b>: a note in <b>/feed.php</b>\n", "<!-- from the cache -->", "\0\0", " " * 2000]
)
def test_a_declaration_is_found_after_what_a_program_has_printed(before: str) -> None:
    text = f'{before}<?xml version="1.0" encoding="windows-1251"?><rss>Жар</rss>'
    assert decode(text.encode("cp1251")).encoding == "windows-1251"


@pytest.mark.parametrize("before", ["<rss>", "<!DOCTYPE html>", "<a:feed>", '{"items": ["', " ["])
def test_a_declaration_inside_a_document_is_not_that_of_the_document(before: str) -> None:
    text = f"{before}<?xml version='1.0' encoding='windows-1251'?>Ü"
    assert decode(text.encode("cp1252")).encoding == "windows-1252"


@pytest.mark.parametrize(
    "before", ["<!-- <?xml version='1.0' encoding='windows-1251'?> -->", "Warning: <?xml encoding=gbk?> "]
)
def test_a_declaration_after_something_is_not_believed_if_the_document_is_valid_without_it(before: str) -> None:
    decoded = decode(f"{before}<rss>\u00e9</rss>".encode())
    assert (decoded.encoding, decoded.complaint) == ("utf-8", "")


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("encoding", "text"), [("iso-2022-jp", "\u65e5\u672c"), ("hz-gb-2312", "\u4f60\u597d"), ("iso-2022-kr", "\ud55c")]
)
def test_the_declaration_of_a_document_in_ascii_bytes_is_believed_after_what_a_program_has_printed(
    encoding: str, text: str
) -> None:
    codec = encoding.removesuffix("-gb-2312")
    body = f"<b>Note</b><?xml version='1.0' encoding='{encoding}'?><rss>{text}</rss>".encode(codec)
    assert f"<rss>{text}</rss>" in decode(body).text


@pytest.mark.reading(8)
@pytest.mark.parametrize("written", ["windows-1251", '"windows-1251', "'windows-1251"])
def test_the_quotes_of_a_declaration_may_be_missing(written: str) -> None:
    text = f"<?xml version='1.0' encoding={written}?><rss>Жар</rss>"
    assert decode(text.encode("cp1251")).encoding == "windows-1251"


@pytest.mark.parametrize(
    "label", ["klingon", "utf-7", "idna", "rot13", "base64", "undefined", "a\0b", "unicode_escape"]
)
def test_a_label_that_is_no_charset_is_skipped_and_reported(label: str) -> None:
    body = f'<?xml version="1.0" encoding="iso-8859-15"?>{TEXT}'.encode("iso-8859-15")
    text, encoding, complaint = decode(body, f'text/xml; charset="{label}"')
    assert (TEXT in text, encoding, complaint) == (True, "iso-8859-15", f"declared as {label}, but it is iso-8859-15")


@pytest.mark.parametrize("label", ["ascii", "iso-8859-2", "euc-kr"])
def test_utf_8_under_another_label_is_reported(label: str) -> None:
    for text in (f'<?xml version="1.0" encoding="{label}"?>{TEXT}', TEXT):
        complaint = f"declared as {label}, but it is utf-8"
        assert decode(text.encode(), f"text/xml; charset={label}") == Decoded(text, "utf-8", complaint)


def test_the_charset_of_ascii_text_is_the_one_that_its_label_names() -> None:
    assert decode(b"<feed/>", "text/xml; charset=koi8-r") == Decoded("<feed/>", "koi8-r")


def test_a_label_that_does_not_fit_is_reported_and_the_next_one_that_fits_is_used() -> None:
    text = '<?xml version="1.0" encoding="windows-1252"?><feed>café</feed>'
    complaint = "declared as euc-kr, but it is windows-1252"
    assert decode(text.encode("cp1252"), "text/xml; charset=euc-kr") == Decoded(text, "windows-1252", complaint)


@pytest.mark.parametrize(
    ("body", "text", "encoding", "complaint"),
    [
        pytest.param("üü".encode() + b"\xff", "üü\ufffd", "utf-8", "but not all of it is", id="more whole than broken"),
        pytest.param("ü".encode() + b"\xff", "ü\ufffd", "utf-8", "but not all of it is", id="as much"),
        pytest.param("ü".encode() + b"\x80\x99", "Ã¼€™", "windows-1252", "but it is windows-1252", id="more broken"),
        pytest.param(b"caf\xe9 \x93", "café “", "windows-1252", "but it is windows-1252", id="nothing whole"),
        pytest.param(b"\x7f\xe9", "\x7fé", "windows-1252", "but it is windows-1252", id="DEL is ASCII"),
    ],
)
def test_the_encoding_of_bytes_that_fit_no_label_is_guessed(
    body: bytes, text: str, encoding: str, complaint: str
) -> None:
    assert decode(body) == Decoded(text, encoding, f"declared as utf-8, {complaint}")
    complaint = f"declared as klingon, but it is {encoding}"
    assert decode(body, "text/xml; charset=klingon") == Decoded(text, encoding, complaint)


def test_of_candidates_with_errors_the_one_with_the_fewest_is_used_and_of_equals_the_first() -> None:
    korean = "가나다".encode("cp949") + b"\xff"
    found = decode(korean, "text/xml; charset=euc-kr")
    assert found == Decoded("가나다\ufffd", "euc-kr", "declared as euc-kr, but not all of it is")
    found = decode("가나다".encode() + b"\xff", "text/xml; charset=euc-kr")
    assert found == Decoded("가나다\ufffd", "utf-8", "declared as euc-kr, but it is utf-8")
    assert decode("é".encode() + b"\xff", "text/xml; charset=shift_jis").encoding == "shift_jis"


def test_the_guessed_encoding_is_reported_beside_the_first_label() -> None:
    body = b'<?xml version="1.0" encoding="us-ascii"?><a>\xe9</a>'
    assert decode(body, "text/xml; charset=klingon").complaint == "declared as klingon, but it is windows-1252"


def test_a_label_reverses_no_words_of_the_complaint() -> None:
    complaint = decode(b"<a/>", "text/xml; charset=\u202ex").complaint
    assert complaint == "declared as \u2068\u202ex\u202c\u2069, but it is utf-8"


@pytest.mark.reading(2)
@pytest.mark.parametrize("content_type", ["text/xml; charset=utf-8", "text/xml"])
def test_japanese_in_seven_bits_is_no_utf_8_though_all_its_bytes_are_ascii(content_type: str) -> None:
    text = "<?xml version='1.0' encoding='ISO-2022-JP'?><feed>日本</feed>"
    found = decode(text.encode("iso2022_jp"), content_type)
    assert (found.text, found.encoding) == (text, "iso-2022-jp")


def test_an_escape_without_a_label_of_japanese_is_left_as_it_is() -> None:
    assert decode(b"<feed>\x1b$B</feed>", "text/xml; charset=utf-8") == Decoded("<feed>\x1b$B</feed>", "utf-8")


@pytest.mark.parametrize(
    ("letters", "encoding"), [("éü", "windows-1251"), ("éüß", "utf-8"), ("\u07ff\u07fe", "windows-1251")]
)
def test_utf_8_with_three_different_letters_is_not_valid_by_chance(letters: str, encoding: str) -> None:
    """Cyrillic text is not written with these letters, and their bytes are letters of windows-1251."""
    body = " ".join(letters * 2).encode()
    assert decode(body, "text/xml; charset=windows-1251").encoding == encoding


def test_utf_8_with_a_letter_of_three_bytes_is_not_valid_by_chance() -> None:
    assert decode("\u0800".encode(), "text/xml; charset=windows-1251").encoding == "utf-8"


@pytest.mark.parametrize(("valid", "encoding"), [(48, "windows-1251"), (49, "utf-8")])
def test_one_run_of_bytes_in_fifty_may_be_no_utf_8(valid: int, encoding: str) -> None:
    body = b"\xe9 " + " ".join("éüß"[place % 3] for place in range(valid)).encode()
    assert decode(body, "text/xml; charset=windows-1251").encoding == encoding


def test_letters_after_a_run_that_is_no_utf_8_are_counted() -> None:
    """The whole body is valid GBK, too. Under a label of two bytes a letter, fewer than three different letters would
    be enough only if all runs of bytes were valid UTF-8.
    """
    letters = [place % 3 for place in range(49)]
    body = "啊 ".encode("gbk") + " ".join("éüß"[letter] for letter in letters).encode()
    assert decode(body, "text/xml; charset=gbk").encoding == "utf-8"


@pytest.mark.parametrize("label", ["us-ascii", "iso-8859-1", "windows-1251", "gb2312", "shift_jis"])
@pytest.mark.parametrize("text", ["Grüße, Köln", "L’été", "Немного", "没有人读", "שלום", "a café 🌍"])
def test_utf_8_that_is_cut_inside_a_character_is_read_like_the_whole_under_another_label(text: str, label: str) -> None:
    """Many servers have one charset for all files. The entries before the cut are whole."""
    whole = f"<rss><item>{text}</item><item>{text}".encode()
    for end in range(len(whole) - len(text.encode()) + 1, len(whole)):
        decoded = decode(whole[:end], f"text/xml; charset={label}")
        assert (decoded.encoding, f"<item>{text}</item>" in decoded.text) == ("utf-8", True), whole[:end]


@pytest.mark.parametrize("text", ["Grüße", "déjà vu", "Â½ déjà", "Ã", "é"])
def test_a_document_in_a_legacy_encoding_that_ends_with_a_letter_is_read_in_it(text: str) -> None:
    for last in ("", "é", "Ã", "â€", "ï¿", "Ù"):
        written = f"<rss><item>{text}</item><item>{text} {last}"
        assert decode(written.encode("cp1252"), "text/xml; charset=iso-8859-1").text == written


@pytest.mark.parametrize("label", ["euc-jp", "shift_jis", "euc-kr"])
def test_under_a_label_of_two_bytes_a_letter_few_letters_are_utf_8_only_if_all_bytes_are_valid(label: str) -> None:
    few = " ".join("éü" * 25).encode()
    assert decode(few, f"text/xml; charset={label}").encoding == "utf-8"
    assert decode(few + b" \xff", f"text/xml; charset={label}").encoding == label


def test_of_equally_bad_candidates_the_first_is_used_whatever_their_names() -> None:
    for first, second, read in (("gbk", "big5", "啊 \ufffd"), ("big5", "gbk", "陛 \ufffd")):
        body = f"<?xml version='1.0' encoding='{second}'?>".encode() + b"\xb0\xa1 \xff"
        assert decode(body, f"text/xml; charset={first}").text.endswith(read)


@pytest.mark.parametrize("label", ["gbk", "big5", "shift_jis"])
def test_brackets_after_a_whole_character_are_left_as_they_are(label: str) -> None:
    text = "<a><![CDATA[文]]>]></a>文]>"
    assert decode(text.encode(label), f"text/xml; charset={label}").text == text


@pytest.mark.parametrize("label", ["gbk", "big5", "shift_jis"])
def test_a_character_that_ends_in_a_bracket_is_kept_where_no_section_begins(label: str) -> None:
    text = f"<a>{bytes([0x8D, 0x5D] if label == 'shift_jis' else [0xB0, 0x5D]).decode(label)}]></a>"
    assert decode(text.encode(label), f"text/xml; charset={label}").text == text


def test_a_section_is_mended_only_in_charsets_of_two_bytes_a_letter() -> None:
    text = "<![CDATA[é]>"
    assert decode(text.encode("cp1252"), "text/xml; charset=windows-1252").text == text


def test_each_control_character_beyond_ascii_becomes_that_of_windows_1252_or_nothing() -> None:
    controls = "".join(map(chr, range(0x7F, 0xA1)))
    expected = bytes(range(0x7F, 0xA1)).decode("cp1252", "ignore")
    assert with_windows_characters(controls) == expected
    assert with_windows_characters("\x9f") == "Ÿ"
    assert with_windows_characters("\x7fé") == "\x7fé"
