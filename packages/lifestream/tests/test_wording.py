"""A message that is stored as a code is worded in the language of the reader."""

from __future__ import annotations

from django.utils.translation import override

from lifestream.message import Duration, Gap, say
from lifestream.wording import in_words, worded


def test_a_reason_is_reported_in_the_active_language() -> None:
    reason = say("feed-publishes", often=Gap(302400.0), wait=Duration(5400))
    with override("de"):
        assert worded(reason) == "der Feed veröffentlicht zweimal in der Woche: 1 Stunde 30 Minuten"
    with override("en"):
        assert worded(reason) == "the feed publishes twice a week: 1 hour 30 minutes"


def test_old_rows_keep_their_text() -> None:
    with override("de"):
        assert worded("our own interval of 1 hour") == "our own interval of 1 hour"


def test_a_length_of_time_is_worded_in_the_active_language() -> None:
    with override("de"):
        assert [in_words(60), in_words(7 * 86400)] == ["60 Sekunden", "7 Tage"]
