"""Messages are English text with a code and values, and remain messages in exceptions, pickles and databases."""

from __future__ import annotations

import pickle

import pytest

from lifestream.message import Duration, Gap, Message, Number, edited, from_stored, in_language, joined, say, stored

NESTED = say("not-to-be-had", url="https://example.org/", reason=say("no-host", url="x"))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (say("gone"), "410 Gone: it is not fetched again"),
        (say("own-interval", wait=Duration(5400)), "our own interval of 1 hour 30 minutes"),
        (say("feed-publishes", often=Gap(302400), wait=Duration(43200)), "the feed publishes twice a week: 12 hours"),
        (say("errors-in-a-row", count=1, wait=Duration(60)), "1 error in a row, 60 seconds apart"),
        (say("errors-in-a-row", count=3, wait=Duration(60)), "3 errors in a row, 60 seconds apart"),
        (
            say("cap-entries", limit=Number(10_000)),
            "entries of a document: at most 10,000 entries, the latest ones are kept",
        ),
        (NESTED, "https://example.org/ can't be fetched: x names no host"),
        (say("no-host", url="{curly} %(percent)s"), "{curly} %(percent)s names no host"),
    ],
)
def test_a_message_is_its_english_sentence_and_is_read_again_as_it_was_stored(message: Message, text: str) -> None:
    assert message == text
    again = from_stored(stored(message))
    assert isinstance(again, Message)
    assert (again, again.code, again.values) == (text, message.code, message.values)


def test_a_message_that_most_feeds_get_is_worded_once() -> None:
    one, other = (say("own-interval", wait=Duration(float(seconds))) for seconds in (60, 60))
    assert one is other and stored(one) is stored(other)
    assert say("own-interval", wait=Duration(61.0)) != one


def test_a_message_and_its_text_in_another_message_are_stored_differently() -> None:
    messages = [say("not-to-be-had", url="u", reason=why) for why in (say("no-host", url="x"), "x names no host")]
    assert messages[0] == messages[1]
    assert [stored(each).count('"say"') for each in messages] == [2, 1]


def test_a_message_stays_one_in_an_exception_and_in_a_pickle() -> None:
    assert str(ValueError(NESTED)) is NESTED
    again = pickle.loads(pickle.dumps(NESTED))
    assert (again.code, again.values) == (NESTED.code, NESTED.values)


def test_other_text_passes_unchanged() -> None:
    assert stored("a server's words") == from_stored("a server's words") == "a server's words"
    assert stored(say("result-unstored", error="zu groß")) == '{"say": "result-unstored", "error": "zu groß"}'
    assert in_language("a server's words", _InCapitals()) == "a server's words"


@pytest.mark.parametrize(
    "column",
    [
        '{"say":"no such code"}',
        '{"say":"own-interval"}',
        '{"say":"own-interval","wait":{"weeks":1}}',
        '{"say":"own-interval","wait":null}',
        '{"say":"gone"',
        '{"say":["gone"]}',
        '{"say":"not-to-be-had","url":"","reason":' * 20 + '""' + "}" * 20,
        '{"say":' * 100_000,
    ],
)
def test_a_column_that_is_no_message_of_this_version_is_text(column: str) -> None:
    assert from_stored(column) == column
    assert not isinstance(from_stored(column), Message)


class _InCapitals:
    """A language in which every text of lifestream is in capitals."""

    def gettext(self, text: str, /) -> str:
        return (
            text.upper()
            .replace("{URL}", "{url}")
            .replace("{REASON}", "{reason}")
            .replace("{PARTS}", "{parts}")
            .replace("{LIMIT}", "{limit}")
        )

    def ngettext(self, one: str, many: str, count: int, /) -> str:
        return f"<{many}>"

    def number(self, value: int, /) -> str:
        return f"#{value}"


def test_a_message_is_reported_in_another_language_with_the_messages_in_it() -> None:
    assert in_language(NESTED, _InCapitals()) == "https://example.org/ CAN'T BE FETCHED: x NAMES NO HOST"
    assert "AT MOST #10000" in in_language(say("cap-tags", limit=Number(10_000)), _InCapitals())


def test_the_texts_in_a_message_can_be_edited() -> None:
    changed = edited(NESTED, str.title)
    assert changed == "Https://Example.Org/ can't be fetched: X names no host"
    assert edited("plain", str.title) == "Plain"


def test_several_messages_are_joined() -> None:
    assert joined(["", "one", ""]) == "one"
    assert joined(["one", "two"]) == "one; two"
    together = joined(["one", say("no-host", url="x")])
    assert together == "one; x names no host"
    assert in_language(from_stored(stored(together)), _InCapitals()) == "one; x NAMES NO HOST"
    assert joined([]) == ""
