"""Rules 1 to 6: the validators of an answer go back to its server unchanged, and to nobody else."""

from __future__ import annotations

import pytest

from feedserver import Response, moved
from lifestream.models import Item
from rules.ruled import RuleTestCase
from served import feed, rss

MODIFIED = "Sun, 01 Mar 2026 12:00:00 GMT"


class Validators(RuleTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(1)
    def test_a_validator_goes_back_byte_for_byte(self) -> None:
        etags = [b'"v1"', b'W/"weak"', b"unquoted", b'"with ""quotes, and a comma"', '"größe"'.encode(), b'""']
        dates = [MODIFIED.encode(), b"sun, 1 mar 2026 12:00:00 +0000", b"2026-03-01T12:00:00Z", b"0"]
        for number, (name, back, value) in enumerate(
            [(b"ETag", b"if-none-match", etag) for etag in etags]
            + [(b"Last-Modified", b"if-modified-since", date) for date in dates]
        ):
            with self.subTest(value=value):
                answer = Response(rss("one"), headers=[(name.decode(), value)], conditional="off")
                made = self.subscribe(f"/{number}", answer)
                self.refresh([made.pk])
                self.refresh_next(made)
                [first, second] = self.asked(f"/{number}")
                assert second.headers.get_raw(back) == value
                assert first.headers.get_raw(back) is None

    @pytest.mark.slow
    @pytest.mark.rule(2)
    def test_both_validators_go_back_and_none_is_invented(self) -> None:
        both = self.subscribe("/both", feed(ETag='"v1"', Last_Modified=MODIFIED))
        none = self.subscribe(
            "/none",
            Response(rss("one", head="<lastBuildDate>Sun, 01 Mar 2026 11:00:00 GMT</lastBuildDate>")),
        )
        self.refresh()
        self.refresh_next(both)
        self.refresh_next(none)
        [_, asked] = self.asked("/both")
        assert (asked.headers["If-None-Match"], asked.headers["If-Modified-Since"]) == ('"v1"', MODIFIED)
        [_, asked] = self.asked("/none")
        assert not {"If-None-Match", "If-Modified-Since"} & set(asked.headers)

    @pytest.mark.slow
    @pytest.mark.rule(3)
    def test_a_validator_that_a_200_changes_or_drops_is_never_sent_again(self) -> None:
        made = self.subscribe(
            "/feed",
            feed(("one",), ETag='"v1"', Last_Modified=MODIFIED),
            feed(("two",), ETag='"v2"'),
            feed(("three",)),
            feed(("four",)),
        )
        sent = []
        for _ in range(4):
            self.refresh_next(made)
            sent.append((self.last().headers.get("If-None-Match"), self.last().headers.get("If-Modified-Since")))
        assert sent == [(None, None), ('"v1"', MODIFIED), ('"v2"', None), (None, None)]

    @pytest.mark.slow
    @pytest.mark.rule(3)
    def test_a_validator_is_not_sent_to_another_url(self) -> None:
        made = self.subscribe("/old", feed(ETag='"of old"'), moved("/new"))
        self.feedserver.add("/new", feed(ETag='"of new"'))
        for _ in range(6):
            self.refresh_next(made)
        made.refresh_from_db()
        assert made.url == self.get_url("/new")
        assert {request.headers.get("If-None-Match") for request in self.asked("/new")} == {None, '"of new"'}
        assert {request.headers.get("If-None-Match") for request in self.asked("/old")} == {None, '"of old"'}

    @pytest.mark.rule(4)
    def test_a_new_validator_and_a_new_max_age_of_a_304_are_taken_over(self) -> None:
        fresher = {"ETag": '"v2"', "Cache-Control": "max-age=10800"}
        made = self.subscribe("/feed", feed(ETag='"v1"'), Response(status=304, headers=fresher), feed())
        self.refresh()
        assert self.refresh_next(made).outcome == "not modified"
        self.assert_waits(10800)
        assert self.last().headers["If-None-Match"] == '"v2"'

    @pytest.mark.rule(5)
    def test_a_200_with_the_same_body_writes_no_item(self) -> None:
        made = self.subscribe("/feed", feed(ETag='"v1"'), feed(ETag='"v2"'))
        self.refresh()
        before = self.rows()
        row = self.refresh_next(made)
        assert (row.outcome, row.new, row.changed) == ("unchanged", 0, 0)
        assert self.rows() == before
        assert len(before) == 2

    @pytest.mark.rule(5)
    def test_a_200_in_which_no_entry_differs_writes_no_item(self) -> None:
        built = [rss("one", "two", head=f"<lastBuildDate>{minute} past</lastBuildDate>") for minute in range(2)]
        made = self.subscribe("/feed", *map(Response, built))
        self.refresh()
        before = self.rows()
        assert self.refresh_next(made).outcome == "unchanged"
        assert self.rows() == before

    @pytest.mark.slow
    @pytest.mark.rule(6)
    def test_the_validators_of_a_200_that_cannot_be_parsed_are_not_kept(self) -> None:
        broken = Response("<html><title>Maintenance</title>", headers={"ETag": '"v2"', "Last-Modified": MODIFIED})
        made = self.subscribe("/feed", feed(("one",), ETag='"v1"'), broken, feed(("one", "two"), ETag='"v2"'))
        self.refresh()
        assert self.refresh_next(made).failed
        row = self.refresh_next(made)
        assert self.last().headers.get("If-None-Match") in (None, '"v1"')
        assert "If-Modified-Since" not in self.last().headers
        assert (row.outcome, Item.objects.count()) == ("new", 2)
