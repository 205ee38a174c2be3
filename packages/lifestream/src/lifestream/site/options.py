"""What can be set for the bundled site: each name, the kind of its value, and its default.

Each name is that of an environment variable and of a key in `lifestream.toml`. `configuration` reads both. A test
compares this list with the settings of `lifestream.conf`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import unquote, urlsplit


def _(text: str) -> str:
    """Mark *text* for translation, and return it: `configuration` translates it in its message about a wrong value."""
    return text


class ValueKind(Enum):
    """What the value of an option is: how it is written in the environment, and the message for a wrong one."""

    TEXT = _("give text.")
    NUMBER = _("give a number, as 60 or 0.5.")
    WHOLE = _("give a whole number, as 20.")
    BOOLEAN = _("give true or false; in the environment, 1 or 0.")
    LIST = _("give a list, as ['one', 'two']; in the environment, with commas.")
    TABLE = _("give a table, as {p = [], a = ['href']}; it can be set in lifestream.toml only.")
    SOURCES = _(
        "give a table, as {'img-src' = ['https://cdn.example']}; in the environment, img-src https://cdn.example."
    )


@dataclass(frozen=True)
class Option:
    """An option of the bundled site.

    *default* is None if the app has a default of its own (`lifestream.conf`, or Django). The value of a *secret*
    option is never shown; *masks* removes secrets from a value before it is shown. An option with *choices* takes no
    other value. One with *bounds* takes numbers from the first to the second of them. The app's own settings have none
    here: `lifestream.conf` has their bounds.
    """

    name: str
    kind: ValueKind = ValueKind.TEXT
    default: Any = None
    secret: bool = False
    masks: Callable[[str], str] | None = None
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None

    def from_text(self, text: str) -> Any:
        """Return the value that *text*, from the environment, means. Raises ValueError or KeyError if it is of another
        kind.
        """
        match self.kind:
            case ValueKind.TEXT:
                return text
            case ValueKind.NUMBER:
                return self._checked(float(text) if "." in text or "e" in text.lower() else int(text))
            case ValueKind.WHOLE:
                return self._checked(int(text))
            case ValueKind.BOOLEAN:
                return _TRUTHS[text.strip().lower()]
            case ValueKind.LIST:
                return [part.strip() for part in text.split(",") if part.strip()]
            case ValueKind.SOURCES:
                return dict(_sources(text))
            case ValueKind.TABLE:
                raise ValueError(text)

    def accepts(self, value: object) -> bool:
        """Return whether *value*, from the file, is of the kind of this option."""
        match self.kind:
            case ValueKind.TEXT:
                return isinstance(value, str)
            case ValueKind.NUMBER:
                return isinstance(value, int | float) and _is_number(value)
            case ValueKind.WHOLE:
                return isinstance(value, int) and _is_number(value)
            case ValueKind.BOOLEAN:
                return isinstance(value, bool)
            case ValueKind.LIST:
                return _is_list(value)
            case ValueKind.TABLE | ValueKind.SOURCES:
                return isinstance(value, dict) and all(_is_list(each) for each in value.values())

    def _checked(self, number: float) -> float:
        """Return *number*. Raises ValueError if no setting may have it."""
        if not _is_number(number):
            raise ValueError(number)
        return number

    def shown(self, value: object) -> str:
        """Return *value* as people may see it: without secrets, and written as in the file."""
        if self.secret:
            return _HIDDEN if value else '""'
        if self.masks is not None:
            value = self.masks(str(value))
        return written(value)


def written(value: object) -> str:
    """Return *value* as it is written in TOML (toml.io/en/v1.0.0); a number that is far too large, in hexadecimal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, int) and abs(value) > _MOST:
        return hex(value)
    if isinstance(value, float) and not (value.is_integer() and abs(value) <= _MOST):
        return repr(value)
    return str(int(value)) if isinstance(value, float) else str(value)


def without_password(url: str) -> str:
    """Return *url* with three asterisks in place of its password. Celery takes several URLs with semicolons between
    them; databases and brokers also read passwords from the query. A URL in which a password cannot be told from the
    rest is replaced by "(hidden)".
    """
    return ";".join(map(_without_password, _NEXT_URL.split(url)))


_HIDDEN: Final = "(hidden)"
_NEXT_URL: Final = re.compile(r";(?=[a-z][a-z0-9+.-]{0,30}://)", re.IGNORECASE)
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]{0,30}://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PARAMETER: Final = re.compile(r"(?<![^?&;=#])([^?&;=#]+)=[^&;#]*")
_SECRET_WORDS: Final = ("pass", "pwd", "secret", "token", "key", "auth", "credential")


def _without_password(url: str) -> str:
    if url.lower().startswith("sqlite:"):
        return url  # the name of a file, which may contain any character
    found = _URL.fullmatch(url)
    if found is None:
        return _HIDDEN if "@" in url else url
    scheme, authority, rest = found.groups()
    login, at, host = authority.rpartition("@")
    try:
        _port = None if at else urlsplit(url).port
    except ValueError:
        return _HIDDEN  # if the "@" and the host are missing, a password may be in the place of the port
    # If a password is not encoded, a "/", "?" or "#" in it ends the part of the URL in which it should be.
    if authority and "@" in rest:
        return _HIDDEN
    user, colon, _password = login.partition(":")
    return f"{scheme}{user}{':***' if colon else ''}{at}{host}{_PARAMETER.sub(_masked, rest)}"


def _masked(parameter: re.Match[str]) -> str:
    name = unquote(parameter[1]).lower()
    return f"{parameter[1]}=***" if any(word in name for word in _SECRET_WORDS) else parameter[0]


_TRUTHS: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


_MOST: Final = 10**15
"""A greater number is wrong for every setting. `lifestream.conf` has the bounds of each of its own settings."""


def _is_number(value: float) -> bool:
    """Return whether *value* is a number, but neither a bool nor NaN nor beyond `_MOST`: Python refuses even to write
    an int of more than 4,300 digits.
    """
    return not isinstance(value, bool) and -_MOST <= value <= _MOST


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_DIRECTIVE: Final = re.compile(r"[a-z]+(?:-[a-z]+)*-src(?:-elem|-attr)?")
_SOURCE: Final = re.compile(r"[!-+\-.0-:<-~/]+")
"""A source of CSP: printable ASCII without white space, comma and semicolon, which end it (CSP3, section 2.3)."""


def is_policy(value: dict[str, list[str]]) -> bool:
    """Return whether *value* maps names of directives to sources, and no source can add a directive or a header."""
    return all(
        _DIRECTIVE.fullmatch(name) and sources and all(map(_SOURCE.fullmatch, sources))
        for name, sources in value.items()
    )


def _sources(text: str) -> Iterable[tuple[str, list[str]]]:
    """Yield the directives of *text*, which is written as in the header (CSP3 §2.2.1). Raises ValueError for other
    text.
    """
    for directive in filter(None, (part.split() for part in text.split(";"))):
        name, *sources = directive
        if not is_policy({name: sources}):
            raise ValueError(text)
        yield name, sources


OPTIONS: Final = (
    # The site and its visitors.
    Option("LIFESTREAM_HOSTS", ValueKind.LIST, []),
    Option("LIFESTREAM_PUBLIC_URL", masks=without_password),
    Option("LIFESTREAM_TRUSTED_PROXIES", ValueKind.LIST, []),
    Option("LIFESTREAM_CSP_SOURCES", ValueKind.SOURCES, {}),
    Option("SECURE_HSTS_SECONDS", ValueKind.WHOLE, 30 * 86400, bounds=(0, 10**9)),
    Option("LANGUAGE_CODE", default="en"),
    Option("TIME_ZONE", default="UTC"),
    Option("LIFESTREAM_TITLE"),
    Option("LIFESTREAM_THEME"),
    Option("LIFESTREAM_LOGO"),
    Option("LIFESTREAM_STYLES", ValueKind.LIST),
    Option("LIFESTREAM_DEFAULT_PAGINATION", ValueKind.WHOLE),
    Option("LIFESTREAM_THREADS", ValueKind.WHOLE),
    Option("LIFESTREAM_SERVE_PICTURES", ValueKind.BOOLEAN),
    Option("LIFESTREAM_PICTURE_FOLDER"),
    Option("LIFESTREAM_PICTURE_CACHE", ValueKind.WHOLE),
    # Storage and queues.
    Option("DATABASE_URL", masks=without_password),
    Option("CELERY_BROKER_URL", default="", masks=without_password),
    # Fetching.
    Option("LIFESTREAM_CONTACT"),
    Option("LIFESTREAM_USER_AGENT"),
    Option("LIFESTREAM_ALLOWED_NETWORKS", ValueKind.LIST),
    Option("LIFESTREAM_PROXY", masks=without_password),
    Option("LIFESTREAM_CHECK_EVERY", ValueKind.NUMBER),
    Option("LIFESTREAM_CONCURRENCY", ValueKind.WHOLE),
    Option("LIFESTREAM_PER_HOST", ValueKind.WHOLE),
    Option("LIFESTREAM_PER_HOST_RATE", ValueKind.NUMBER),
    Option("LIFESTREAM_PAUSE_SCOPE", default="host"),
    Option("LIFESTREAM_TIMEOUT", ValueKind.NUMBER),
    Option("LIFESTREAM_MAX_BODY", ValueKind.WHOLE),
    Option("LIFESTREAM_MIN_INTERVAL", ValueKind.NUMBER),
    Option("LIFESTREAM_MAX_INTERVAL", ValueKind.NUMBER),
    Option("LIFESTREAM_SLOW_INTERVAL", ValueKind.NUMBER),
    Option("LIFESTREAM_MAX_PAUSE", ValueKind.NUMBER),
    Option("LIFESTREAM_JITTER", ValueKind.NUMBER),
    Option("LIFESTREAM_MOVE_AFTER", ValueKind.WHOLE),
    Option("LIFESTREAM_LEASE", ValueKind.NUMBER),
    Option("LIFESTREAM_PUSH_MIN_INTERVAL", ValueKind.NUMBER),
    Option("LIFESTREAM_PUSH_POLL_INTERVAL", ValueKind.NUMBER),
    Option("LIFESTREAM_PUSH_OVER_HTTP", ValueKind.BOOLEAN),
    # Retention, reports and logs.
    Option("LIFESTREAM_KEEP_DAYS", ValueKind.NUMBER),
    Option("LIFESTREAM_KEEP_ITEMS", ValueKind.WHOLE),
    Option("LIFESTREAM_KEEP_IDLE_DAYS", ValueKind.NUMBER),
    Option("LIFESTREAM_KEEP_FETCHES", ValueKind.WHOLE),
    Option("LIFESTREAM_KEEP_TOMBSTONE_DAYS", ValueKind.NUMBER),
    Option("LIFESTREAM_METRICS_FROM", ValueKind.LIST),
    Option("LIFESTREAM_REPORT_TO", ValueKind.LIST),
    Option("LIFESTREAM_LOG_LEVEL", choices=("DEBUG", "INFO", "WARNING", "ERROR")),
    Option("LIFESTREAM_LOG_FORMAT", default="line", choices=("line", "json")),
    # Parsing and cleaning.
    Option("LIFESTREAM_PLUGINS", ValueKind.LIST),
    Option("LIFESTREAM_PARSERS", ValueKind.WHOLE),
    Option("LIFESTREAM_PARSE_TIMEOUT", ValueKind.NUMBER),
    Option("LIFESTREAM_PARSER_MEMORY", ValueKind.WHOLE),
    Option("LIFESTREAM_MAX_PAGE", ValueKind.WHOLE),
    Option("LIFESTREAM_MAX_OPML", ValueKind.WHOLE),
    Option("LIFESTREAM_MAX_OPML_FEEDS", ValueKind.WHOLE),
    Option("LIFESTREAM_STRIP_TRACKING", ValueKind.BOOLEAN),
    Option("LIFESTREAM_VALID_TAGS", ValueKind.TABLE),
    Option("LIFESTREAM_VALID_STYLES", ValueKind.LIST),
    # Mail.
    Option("EMAIL_HOST", default=""),
    Option("EMAIL_PORT", ValueKind.WHOLE, 25, bounds=(1, 65535)),
    Option("EMAIL_HOST_USER", default=""),
    Option("EMAIL_HOST_PASSWORD", default="", secret=True),
    Option("EMAIL_USE_TLS", ValueKind.BOOLEAN, False),
    Option("EMAIL_USE_SSL", ValueKind.BOOLEAN, False),
    Option("DEFAULT_FROM_EMAIL"),
)
"""All options, in the order in which `lifestream config` shows them."""
