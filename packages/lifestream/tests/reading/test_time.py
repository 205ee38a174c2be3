"""reading.md rules 19 and 20: the meaning of dates, and texts that are no dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.parser import parse
from lifestream.parser.dates import LONGEST, Calendar

URL = "https://feeds.example/feed"


def at(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[misc, arg-type]


def read(text: str) -> datetime | None:
    return Calendar().read(text)


DAY = at(2020, 5, 25)
MORNING = at(2020, 5, 25, 10, 30)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Mon, 25 May 2020 10:30:00 GMT", MORNING),
        ("Mon, 25 May 20 10:30 GMT", MORNING),
        ("25 May 49 00:00 GMT", at(2049, 5, 25)),
        ("25 May 99 00:00 GMT", at(1999, 5, 25)),
        ("25 May 103 00:00 GMT", at(2003, 5, 25)),
        ("Monday, 25-May-20 10:30:00 GMT", MORNING),
        ("Mon May 25 10:30:00 2020", MORNING),
        ("Mon May 25 03:30:00 PDT 2020", MORNING),
        ("Mon, 25 May 2020 12:30:00 +0200 (Central European Summer Time)", MORNING),
        ("Mon May 25 2020 12:30:00 GMT+0200 (CEST)", MORNING),
        ("Mon, 25 May 2020 05:30:00 -0500 EST", MORNING),
        ("May 25, 2020 10:30 AM", MORNING),
        ("May 25, 2020, 10:30 p.m.", at(2020, 5, 25, 22, 30)),
        ("May 25, 2020 12:05 am", at(2020, 5, 25, 0, 5)),
        ("25th May 2020", DAY),
        ("  Mon,\n 25 May   2020 10:30:00 GMT ", MORNING),
        ("Mon, 25 May 2020 23:59:60 GMT", at(2020, 5, 26)),
        ("Mon, 25 May 2020 24:00:00 GMT", at(2020, 5, 26)),
        ("Mon, 25 May 2020 10:30:00 \u22120000", MORNING),
    ],
)
def test_rfc_822_and_its_variants_are_read(written: str, moment: datetime) -> None:
    assert read(written) == moment


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("12 Dez 2022", at(2022, 12, 12)),
        ("Mo, 02 März 2020", at(2020, 3, 2)),
        ("Mi, 4. Mrz. 2020", at(2020, 3, 4)),
        ("04 févr. 2025", at(2025, 2, 4)),
        ("mar., 4 févr. 2025", at(2025, 2, 4)),
        ("mardi 1er août 2023", at(2023, 8, 1)),
        ("05 juil. 2023", at(2023, 7, 5)),
        ("25 de mayo de 2020", DAY),
        ("lun, 07 ene 2019", at(2019, 1, 7)),
        ("segunda-feira, 25 de maio de 2020", DAY),
        ("10 out 2020", at(2020, 10, 10)),
        ("mer, 08 gen 2020", at(2020, 1, 8)),
        ("3 maggio 2020", at(2020, 5, 3)),
        ("ma 25 mei 2020", DAY),
        ("1 mrt. 2020", at(2020, 3, 1)),
        ("25 мая 2020 г.", DAY),
        ("Пн, 07 сент. 2020", at(2020, 9, 7)),
        ("pon., 25 maj 2020", DAY),
        ("1 października 2020", at(2020, 10, 1)),
        ("25 Mayıs 2020", DAY),
        ("3 Ağu 2020", at(2020, 8, 3)),
        ("25. kesäkuuta 2020", at(2020, 6, 25)),
        ("2020. május 25.", DAY),
        ("31 Μαρ 2010", at(2010, 3, 31)),
        ("7 грудня 2020", at(2020, 12, 7)),
        ("25 مايو 2020", DAY),
        ("２５ May ２０２０", DAY),
    ],
)
def test_months_in_the_languages_of_feeds_are_read(written: str, day: datetime) -> None:
    assert read(written) == day


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("Z", 0), ("UT", 0), ("UTC", 0), ("GMT", 0), ("WET", 0), ("WEST", 1), ("CET", 1), ("CEST", 2), ("MESZ", 2),
        ("EET", 2), ("EEST", 3), ("MSK", 3), ("SAST", 2), ("PKT", 5), ("NPT", 5.75), ("WIB", 7), ("HKT", 8), ("SGT", 8),
        ("JST", 9), ("KST", 9), ("ACST", 9.5), ("AEST", 10), ("AEDT", 11), ("NZST", 12), ("NZDT", 13), ("BRT", -3),
        ("NST", -3.5), ("ADT", -3), ("AST", -4), ("EDT", -4), ("EST", -5), ("CDT", -5), ("MDT", -6), ("MST", -7),
        ("PDT", -7), ("PST", -8), ("AKST", -9), ("HST", -10), ("UTC+2", 2), ("UTC +2", 2), ("GMT-0330", -3.5),
        ("UTC+05:30", 5.5), ("+2", 2), ("+0545", 5.75), ("-11:00", -11), ("+14:00", 14), ("QQQ", 0), ("", 0),
    ],
)  # fmt: skip
def test_zones_are_read_by_name_or_offset_and_are_utc_if_unknown_or_missing(zone: str, hours: float) -> None:
    moment = MORNING.timestamp() - hours * 3600
    for written in (f"Mon, 25 May 2020 10:30:00 {zone}", f"2020-05-25 10:30:00 {zone}", f"25.05.2020 10:30 {zone}"):
        found = read(written)
        assert found is not None and found.timestamp() == moment


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2020-05-25T10:30:00Z", MORNING),
        ("2020-05-25T12:30:00.123+02:00", MORNING),
        ("2020-05-25t12:30:00,5+0200", MORNING),
        ("2020-05-25T12:30+02", MORNING),
        ("2020-05-25 10:30", MORNING),
        ("2020-05-25T10Z", at(2020, 5, 25, 10)),
        ("2020-5-5", at(2020, 5, 5)),
        ("2020/05/25", DAY),
        ("2020.05.25 10:30", MORNING),
        ("2020-05", at(2020, 5, 1)),
        ("2020", at(2020, 1, 1)),
        ("2020-W22", DAY),
        ("2020-W22-1", DAY),
        ("2020W221T103000Z", MORNING),
        ("2009-W01-1", at(2008, 12, 29)),
        ("2020-146", DAY),
        ("2020146T1030Z", MORNING),
        ("20200525T103000Z", MORNING),
        ("20200525T123000+0200", MORNING),
        ("20200525103000", MORNING),
        ("202005251030", MORNING),
    ],
)
def test_iso_8601_is_read_with_weeks_ordinals_and_in_basic_form(written: str, moment: datetime) -> None:
    assert read(written) == moment


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2020年5月25日", DAY),
        ("2020年05月25日 10:30", MORNING),
        ("2020年5月25日(月) 10時30分", MORNING),
        ("2020年5月25日 星期一 上午10:30:00", MORNING),
        ("2020年5月25日 下午3点05分", at(2020, 5, 25, 15, 5)),
        ("2020年5月25日 10:30 +0900", at(2020, 5, 25, 1, 30)),
        ("2020년 5월 25일 오후 7:30", MORNING),
        ("2020-05-25 오후 07:30:00", MORNING),
    ],
)
def test_chinese_japanese_and_korean_dates_are_read(written: str, moment: datetime) -> None:
    assert read(written) == moment


@pytest.mark.reading(19)
@pytest.mark.parametrize("written", ["1590402600", "1590402600000", "1590402600.25", "1590402600000000"])
def test_seconds_milliseconds_and_microseconds_since_1970_are_read(written: str) -> None:
    assert read(written) == MORNING


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    "written",
    [
        "", "yesterday", "yesterday at noon", "12", "may", "5 May", "May 2020 or so", "12:30", "10:30:00 GMT", "Monday",
        "Mon, 32 Jan 2026 10:30:00 GMT", "30 Feb 2020", "2020-02-30", "2020-13-01", "2020-W54-1", "2020-366-1",
        "2020-05-25T25:00:00Z", "2020-05-25T10:61:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-14:00",
        "2020-05-25T10:30:00+99:00", "1 2 3", "1 Foo 2020", "2021-366", "5 sometime May 2020", "99999999",
        "12345678901234567890", "1" * 50_000, "Mon, " * 1000, "25 May 2020 " + "x" * LONGEST,
    ],
    ids=lambda written: written[:30],
)  # fmt: skip
def test_a_text_that_is_not_understood_is_no_date(written: str) -> None:
    assert read(written) is None


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    ("numbers", "month"),
    [
        (["25/04/2020", "04/03/2020"], 3),
        (["04/25/2020", "03/04/2020"], 3),
        (["13-04-2020 10:00", "04-03-2020"], 3),
        (["04/03/2020"], None),
        (["25/04/2020", "04/25/2020", "04/03/2020"], None),
    ],
)
def test_ambiguous_numbers_are_decided_by_the_other_dates_of_the_document(
    numbers: list[str], month: int | None
) -> None:
    items = "".join(f"<item><title>x</title><pubDate>{number}</pubDate></item>" for number in numbers)
    published = parse(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), {}, URL).entries[-1].published

    assert (published and published.month) == month


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    ("written", "moment"),
    [("05/05/2020", at(2020, 5, 5)), ("25/05/2020", DAY), ("05/25/2020", DAY), ("03.04.2020", at(2020, 4, 3))],
)
def test_numbers_that_can_mean_only_one_day_need_no_other_dates(written: str, moment: datetime) -> None:
    assert read(written) == moment


@pytest.mark.reading(20)
@pytest.mark.parametrize(("zone", "hours"), [("CST", -6), ("IST", 5.5), ("BST", 1)])
def test_an_ambiguous_name_of_a_zone_has_its_most_common_meaning(zone: str, hours: float) -> None:
    found = read(f"Mon, 25 May 2020 10:30:00 {zone}")
    assert found is not None and found.timestamp() == MORNING.timestamp() - hours * 3600


@pytest.mark.reading(20)
@pytest.mark.parametrize(("written", "moment"), [("20200525", DAY), ("25052020", None), ("12102020", None)])
def test_eight_digits_are_a_year_first(written: str, moment: datetime | None) -> None:
    assert read(written) == moment


@pytest.mark.reading(20)
def test_an_entry_whose_date_is_not_understood_has_none() -> None:
    items = "<item><title>a</title><pubDate>soon</pubDate></item><item><title>b</title><pubDate>12</pubDate></item>"
    feed = parse(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), {}, URL)

    assert [(entry.published, entry.updated) for entry in feed.entries] == [(None, None)] * 2


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    "written",
    [
        "23 בינואר 2024",
        "יום ג׳, 23 ינו׳ 2024",
        "23 ژانویه 2024",
        "سه\u200cشنبه 23 ژانویه 2024",
        "23 جنوری 2024",
        "23 كانون الثاني 2024",
        "23 جانفي 2024",
        "٢٣ يناير ٢٠٢٤",
        "23 जनवरी 2024",
        "23 जन॰ 2024",
        "২৩ জানুয়ারি ২০২৪",
        "23 ஜன. 2024",
        "23 มกราคม 2567",
        "วันอังคารที่ 23 มกราคม พ.ศ. 2567",
        "23 ม.ค. 67",
        "23 ม.ค. 2024",
        "Thứ Ba, 23 tháng 1, 2024",
        "Thứ 3, 23 thg 1 2024",
        "ngày 23 tháng 1 năm 2024",
        "23 Tháng Một 2024",
        "Thứ Ba, 23/01/2024",
        "火, 23 1月 2024",
        "화, 23 1월 2024",
        "星期二, 23 一月 2024",
        "令和6年1月23日",
        "平成36年1月23日",
        "民國113年1月23日",
        "23 януари 2024 г.",
        "23.01.2024 г.",
        "уторак, 23. јануар 2024.",
        "utorak, 23. siječnja 2024.",
        "23. 1. 2024.",
        "23. januára 2024",
        "2024 m. sausio 23 d., antradienis",
        "23. januarja 2024",
        "23. januara 2024",
        "23. јануара 2024.",
        "23 Ionawr 2024",
        "23 ta’ Jannar 2024",
        "23-a de januaro 2024",
        "otrdiena, 2024. gada 23. janvāris",
        "2024. január 23., kedd",
        "23 Ocak 2024 Salı",
        "dimarts, 23 de gener del 2024",
        "23 Ιανουάριος 2024",
        "23 січень 2024",
        "quarta-feira, 23/01/2024",
    ],
)
def test_a_day_in_the_languages_of_feeds_is_read(written: str) -> None:
    assert read(written) == at(2024, 1, 23)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    "written",
    [
        "23.01.2024 um 14:05 Uhr",
        "23/01/2024 à 14h05",
        "23/01/2024 alle ore 14:05",
        "23.01.2024 kl. 14:05",
        "23/01/2024 às 14:05",
        "23.01.2024 в 14:05",
        "23. 1. 2024. u 14:05",
        "23 มกราคม 2567 เวลา 14:05 น.",
        "金, 23 1月 2024 14:05:00 +0000",
        "23 de gener de 2024, 14:05",
        "23.1.2024 klo 14.05",
        "23.01.2024 kl. 14.05",
        "23.01.2024 um 14.05 Uhr",
        "23.01.2024, 14.05 Uhr",
        "/Date(1706018700000)/",
        "/Date(1706018700000+0100)/",
        "\\/Date(1706018700000)\\/",
        "2024-01-23 14:05:00.123456789 +0000 UTC m=+0.0001",
    ],
)
def test_a_day_and_a_time_with_words_or_dots_or_as_programs_print_them_are_read(written: str) -> None:
    assert read(written) == at(2024, 1, 23, 14, 5)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("23 de enero de 2024", ["a las", "a la", "las"]),
        ("23 de gener de 2024", ["a les"]),
        ("23 de xaneiro de 2024", ["ás"]),
        ("23 de janeiro de 2024", ["às", "as"]),
        ("23 janvier 2024", ["à"]),
        ("23 gennaio 2024", ["alle", "alle ore", "ore"]),
        ("23. Januar 2024", ["um", "gegen", "-"]),
        ("23 januari 2024", ["om", "kl.", "klockan", "pukul", "jam"]),
        ("23. januar 2024", ["kl.", "klokken"]),
        ("23. tammikuuta 2024", ["klo", "kello"]),
        ("23 stycznia 2024", ["o", "o godz.", "godz.", "o godzinie"]),
        ("23. ledna 2024", ["v", "ve"]),
        ("23. januára 2024", ["o"]),
        ("23. januarja 2024", ["ob"]),
        ("23 ianuarie 2024", ["la", "la ora", "ora"]),
        ("23 Ocak 2024", ["saat", "saat:"]),
        ("23 января 2024", ["в", "г. в", "года в"]),
        ("23 січня 2024", ["о", "об", "р. о"]),
        ("23 януари 2024", ["в", "г. в"]),
        ("23 Ιανουαρίου 2024", ["στις", "στη", "ώρα"]),
        ("23. siječnja 2024.", ["u"]),
    ],
)
def test_the_words_of_a_language_may_stand_between_a_day_and_its_time(day: str, words: list[str]) -> None:
    for at_time in words:
        expected = at(2024, 1, 23, 14, 5)
        assert (read(f"{day} {at_time} 14:05"), read(f"{day}, {at_time} 14:05")) == (expected, expected), at_time
        if " " not in at_time or at_time.split()[0] not in ("г.", "года", "р."):
            assert read(f"23.01.2024 {at_time} 14:05") == read(f"23/01/2024, {at_time} 14:05") == expected, at_time


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    "written", ["23 13月 2024", "23 tháng 13 2024", "۲۳ دی ۱۴۰۲", "令和6年13月1日", "เดือน 23 2567"]
)
def test_a_month_or_a_calendar_that_is_not_known_is_no_date(written: str) -> None:
    assert read(written) is None
