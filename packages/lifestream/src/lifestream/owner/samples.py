"""Feeds that a newcomer may choose from: well kept, of several kinds, and published for years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Sample:
    """A feed to choose: its *name*, its *url*, and what it is *about*."""

    name: str
    url: str
    about: str | Promise


SAMPLES: Final = (
    Sample("Astronomy Picture of the Day", "https://apod.nasa.gov/apod.rss", _("a picture a day")),
    Sample("Debian News", "https://www.debian.org/News/news", _("announcements")),
    Sample("Django Weblog", "https://www.djangoproject.com/rss/weblog/", _("a weblog")),
    Sample("Global Voices", "https://globalvoices.org/feed/", _("news from everywhere")),
    Sample("LWN.net", "https://lwn.net/headlines/rss", _("free software")),
    Sample("Planet Python", "https://planetpython.org/rss20.xml", _("a planet of many weblogs")),
    Sample("Tagesschau", "https://www.tagesschau.de/index~atom.xml", _("news in German")),
    Sample("xkcd", "https://xkcd.com/atom.xml", _("a comic")),
)
