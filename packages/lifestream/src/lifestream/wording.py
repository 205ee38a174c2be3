"""Messages and times, in the language of whoever reads them now. A message is stored as its code and values."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone, translation
from django.utils.formats import number_format
from django.utils.translation import gettext

from lifestream import time_words
from lifestream.content.text_direction import isolated
from lifestream.message import edited, in_language


class Active:
    """The language that Django has activated, for a request or a command."""

    @staticmethod
    def gettext(text: str, /) -> str:
        """Return the translation of *text*."""
        return translation.gettext(text)

    @staticmethod
    def ngettext(one: str, many: str, count: int, /) -> str:
        """Return the translation of *one* or *many*, whichever the language uses for *count*."""
        return translation.ngettext(one, many, count)

    @staticmethod
    def number(value: int, /) -> str:
        """Return *value* with its thousands apart."""
        return number_format(value, force_grouping=True)


ACTIVE = Active()


def worded(text: str) -> str:
    """Return *text*, which may be a message, in the active language. The texts in it come from servers and documents,
    so they are isolated: they can't reverse the words after them.
    """
    return in_language(edited(text, isolated), ACTIVE)


def in_words(seconds: float) -> str:
    """Return a length of time in the active language: "1 hour 30 minutes"."""
    return time_words.in_words(seconds, ACTIVE)


def relative(at: datetime) -> str:
    """Return *at* as seen from now, in the active language: "3 hours ago", "in 5 minutes"."""
    return time_words.relative((at - timezone.now()).total_seconds(), ACTIVE)


def when(at: datetime | None, now: datetime) -> str:
    """Return a future time for people: "14:05 (in 1 hour)", with its date if it is another day; "never" for None.

    A time that has come is "14:05 (now)".
    """
    if at is None:
        return gettext("never")
    seconds = (at - now).total_seconds()
    if seconds <= 0:
        return gettext("{time} (now)").format(time=clock(at, now))
    return gettext("{time} (in {duration})").format(time=clock(at, now), duration=in_words(seconds))


def clock(at: datetime, now: datetime) -> str:
    """Return a time as a clock shows it: "14:05", with its date if it is another day than *now*."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def ago(at: datetime, now: datetime) -> str:
    """Return a past time for people: "14:05 (1 hour ago)", with its date if it is another day."""
    lasted = in_words((now - at).total_seconds())
    return gettext("{time} ({duration} ago)").format(time=clock(at, now), duration=lasted)
