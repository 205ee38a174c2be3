"""Typed reading of Django's settings whose names begin with `LIFESTREAM_`, within bounds: `conf` has the settings.

Each method reads Django's settings each time. All but `get` raise `ImproperlyConfigured`, with the remedy, for a value
that cannot be used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext

from lifestream.terminal import quoted

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST: Final = 1e9
"""The largest number that a setting may have, unless a call of `number` allows more: thirty years in seconds. Added to
the current time, it stays before the year 9999, Python's last.
"""


class SettingValues:
    """The values of settings, by their names without `LIFESTREAM_`."""

    def get(self, name: str, default: Any) -> Any:
        """Return the setting `LIFESTREAM_<name>` unchanged, or *default* if it is absent."""
        return getattr(django_settings, f"LIFESTREAM_{name}", default)

    def number(self, name: str, default: float, least: float = 0, most: float = MOST) -> float:
        """Return a setting that is a number from *least* to *most*."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
            text = gettext("{setting} is {value}; give a number of at least {least}.")
            raise ImproperlyConfigured(
                text.format(setting=f"LIFESTREAM_{name}", value=quoted(value), least=f"{least:.15g}")
            )
        if value > most:
            text = gettext("{setting} is {value}; give a number of at most {most}.")
            problem = text.format(setting=f"LIFESTREAM_{name}", value=quoted(value), most=f"{most:.0f}")
            raise ImproperlyConfigured(problem)
        return float(value)

    def truth(self, name: str) -> bool:
        """Return a setting that is True or False, by default False."""
        value = self.get(name, False)
        if not isinstance(value, bool):
            text = gettext("{setting} is {value}; give True or False.")
            raise ImproperlyConfigured(text.format(setting=f"LIFESTREAM_{name}", value=quoted(value)))
        return value

    def line(self, name: str) -> str:
        """Return a setting that is one line of text, by default ""."""
        value = self.get(name, "")
        if not isinstance(value, str) or not value.isprintable():
            text = gettext("{setting} is {value}; give one line of text.")
            raise ImproperlyConfigured(text.format(setting=f"LIFESTREAM_{name}", value=quoted(value)))
        return value

    def texts(self, name: str, *, example: str) -> tuple[str, ...]:
        """Return a setting that is a list of text, by default empty. An error gives *example* as one of its texts."""
        value = self.get(name, ())
        listed = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
        if not listed or not all(isinstance(text, str) for text in value):
            text = gettext("{setting} is {value}; give a list of text, as {example}.")
            raise ImproperlyConfigured(
                text.format(setting=f"LIFESTREAM_{name}", value=quoted(value), example=[example])
            )
        return tuple(value)

    def networks(self, name: str) -> tuple[Network, ...]:
        """Return a setting that is a list of networks, or text with commas between them; by default empty."""
        value = self.get(name, ())
        texts = value.split(",") if isinstance(value, str) else value
        if not isinstance(texts, Iterable):
            text = gettext("{setting} is {value}; give a list of networks, as {example}.")
            problem = text.format(setting=f"LIFESTREAM_{name}", value=quoted(value), example=["10.0.0.0/8"])
            raise ImproperlyConfigured(problem)
        try:
            return tuple(ipaddress.ip_network(str(text).strip()) for text in texts if str(text).strip())
        except ValueError as error:
            text = gettext("{setting}: {problem}; give networks as {one} or {other}.")
            problem = text.format(setting=f"LIFESTREAM_{name}", problem=error, one="10.0.0.0/8", other="fd00::/8")
            raise ImproperlyConfigured(problem) from error
