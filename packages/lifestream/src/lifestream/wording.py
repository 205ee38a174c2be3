"""The presenter of messages: what was stored as a code and values, in the language of whoever reads it now."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone, translation

from lifestream import time_words
from lifestream.message import in_language


class _Active:
    """The language that Django has activated, for a request or a command."""

    @staticmethod
    def gettext(text: str, /) -> str:
        return translation.gettext(text)

    @staticmethod
    def ngettext(one: str, many: str, count: int, /) -> str:
        return translation.ngettext(one, many, count)


_ACTIVE = _Active()


def worded(text: str) -> str:
    """Return *text*, which may be a message, in the active language. Other text is returned unchanged."""
    return in_language(text, _ACTIVE)


def in_words(seconds: float) -> str:
    """Return a length of time in the active language: "1 hour 30 minutes"."""
    return time_words.in_words(seconds, _ACTIVE)


def relative(at: datetime) -> str:
    """Return *at* as seen from now, in the active language: "3 hours ago", "in 5 minutes"."""
    return time_words.relative((at - timezone.now()).total_seconds(), _ACTIVE)
