"""The cursor where a page ends, written into an address and read again, and the posts before and after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifestream.models import Post
from lifestream.web.keyset import Cursor, newer_than, older_than
from shown import NOON, make_post, make_site


def test_a_cursor_survives_being_written_and_read() -> None:
    for moment in (NOON, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(2, 1, 1, tzinfo=UTC)):
        assert Cursor.parse(str(Cursor(moment, 7))) == Cursor(moment, 7)


@pytest.mark.parametrize(
    "text",
    [
        *("1", "1-", "-1", "a-1", "1-1-1", "١-١", "9" * 18 + "-1", "1 -1", "1-1\n", "\0", "\ud800", "1-" + "9" * 19),
        *("9" * 1_000_000, "-" * 1_000_000, str(Cursor(datetime(1, 6, 1, tzinfo=UTC), 1))),
        str(Cursor(datetime(9999, 6, 1, tzinfo=UTC), 1)),
    ],
)
def test_an_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is (no cursor|a cursor beyond all dates)"):
        Cursor.parse(text)


@pytest.mark.django_db
def test_posts_of_one_moment_are_distinguished_by_their_items() -> None:
    site = make_site()
    posts = [make_post(site, f"post {number}", date=NOON) for number in range(3)]
    late = make_post(site, "late", date=NOON + timedelta(hours=1))
    here = Cursor(NOON, posts[1].item_id)

    assert list(Post.objects.filter(older_than(here))) == [posts[0]]
    assert set(Post.objects.filter(newer_than(here))) == {posts[2], late}
