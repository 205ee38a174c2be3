"""The settings whose names begin with `LIFESTREAM_`, typed and with their defaults. Only this module and the package
`site` read them from Django's settings.

    from lifestream.conf import settings
    settings.default_pagination

Each property reads Django's settings whenever it is used, mostly with `setting_values`, so tests may override them.
Durations are in seconds, sizes in bytes. `checks` reports wrong values; a property raises `ImproperlyConfigured` for a
value that cannot be used.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_str
from django.utils.translation import gettext

from lifestream.fetcher import open_files
from lifestream.fetcher.request_options import DIRECT, OptionRefused, checked_proxy, without_password
from lifestream.message import in_language
from lifestream.setting_values import Network, SettingValues
from lifestream.terminal import quoted
from lifestream.wording import ACTIVE

if TYPE_CHECKING:
    from lifestream.content.sanitizer_rules import SanitizerRules

THEMES = ("standard", "list", "magazine")

_CONNECTIONS = 128  # with TLS, each request costs 80 KB on uvloop, and 320 KB on asyncio's own loop
_HTML_SETTINGS = ("VALID_TAGS", "VALID_STYLES", "STRIP_TRACKING")
_MOST_DAYS: Final = 36_500.0
_MOST_BYTES: Final = 1e12
_MOST_THREADS: Final = 1000.0
_MOST_IN_MEMORY: Final = 1024.0**3
"""A list of feeds or a web page is held in memory as a whole, several times over."""


class Settings(SettingValues):
    """The settings whose names begin with `LIFESTREAM_`; see each property."""

    @property
    def sanitizer_rules(self) -> SanitizerRules:
        """Which parts of a feed's HTML are kept: `LIFESTREAM_VALID_TAGS`, a dict of tags and their attributes ("*" is
        every tag), `LIFESTREAM_VALID_STYLES`, a list of CSS properties, and `LIFESTREAM_STRIP_TRACKING`.
        """
        from lifestream.content.sanitizer_rules import DEFAULT_STYLES, DEFAULT_TAGS, SanitizerRules

        tags, styles = self.get("VALID_TAGS", DEFAULT_TAGS), self.get("VALID_STYLES", DEFAULT_STYLES)
        if not isinstance(tags, Mapping):
            text = gettext("{setting} is a {type}; give a dict of tags and their attributes.")
            raise ImproperlyConfigured(text.format(setting="LIFESTREAM_VALID_TAGS", type=type(tags).__name__))
        listed = isinstance(styles, Iterable) and not isinstance(styles, str)
        if not listed or not all(isinstance(name, str) for name in styles):
            text = gettext("{setting} is {value}; give a list of CSS properties, as {example}.")
            problem = text.format(setting="LIFESTREAM_VALID_STYLES", value=quoted(styles), example=["text-align"])
            raise ImproperlyConfigured(problem)
        try:
            return SanitizerRules.of(tags, styles, strip_tracking=self.strips_tracking)
        except ValueError as error:
            problem = in_language(error.args[0], ACTIVE)
            raise ImproperlyConfigured(f"LIFESTREAM_VALID_TAGS: {problem}.") from error

    @property
    def chooses_html(self) -> bool:
        """Whether LIFESTREAM_VALID_TAGS, LIFESTREAM_VALID_STYLES or LIFESTREAM_STRIP_TRACKING is set; otherwise the
        shipped rules apply.
        """
        return any(hasattr(django_settings, f"LIFESTREAM_{name}") for name in _HTML_SETTINGS)

    @property
    def strips_tracking(self) -> bool:
        """`LIFESTREAM_STRIP_TRACKING`: whether links lose the parameters that are known to track readers."""
        return self.truth("STRIP_TRACKING")

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Django's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`: the first is for new secrets, all are for existing ones."""
        return tuple(map(force_str, (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS)))

    @property
    def default_pagination(self) -> int:
        """`LIFESTREAM_DEFAULT_PAGINATION`: items on a page."""
        return int(self.number("DEFAULT_PAGINATION", 20, least=1))

    @property
    def title(self) -> str:
        """`LIFESTREAM_TITLE`: the name of the site, above its list of lifestreams; "" for "Lifestream"."""
        return self.line("TITLE")

    @property
    def theme(self) -> str:
        """`LIFESTREAM_THEME`: the theme of lifestreams that choose none: "standard", "list" or "magazine"."""
        value = self.get("THEME", "standard")
        if value not in THEMES:
            text = gettext("{setting} is {value}; give one of {choices}.")
            choices = ", ".join(f'"{theme}"' for theme in THEMES)
            raise ImproperlyConfigured(text.format(setting="LIFESTREAM_THEME", value=quoted(value), choices=choices))
        return str(value)

    @property
    def logo(self) -> str:
        """`LIFESTREAM_LOGO`: the path of a static file that is shown in place of the title; "" for none."""
        return self.line("LOGO")

    @property
    def styles(self) -> tuple[str, ...]:
        """`LIFESTREAM_STYLES`: paths of static files, style sheets that pages load after the shipped one."""
        return self.texts("STYLES", example="custom.css")

    @property
    def plugins(self) -> tuple[str, ...]:
        """`LIFESTREAM_PLUGINS`: dotted paths of plugin classes, beside those of entry points."""
        return self.texts("PLUGINS", example="mysite.plugins.Weather")

    @property
    def user_agent(self) -> str:
        """`LIFESTREAM_USER_AGENT`: name, version and contact; "" for the default, which consists of this package's name
        and version, a contact (see `refresh.factories`) and the number of subscribers.
        """
        return self.line("USER_AGENT")

    @property
    def contact(self) -> str:
        """`LIFESTREAM_CONTACT`: a URL or mail address in the User-Agent, for operators of the servers that are fetched
        from; "" for the URL of the site, or, without `LIFESTREAM_PUBLIC_URL`, that of the manual.
        """
        return self.line("CONTACT")

    @property
    def allowed_networks(self) -> tuple[Network, ...]:
        """`LIFESTREAM_ALLOWED_NETWORKS`: private networks to which connections are allowed; a list or text."""
        return self.networks("ALLOWED_NETWORKS")

    @property
    def proxy(self) -> str:
        """`LIFESTREAM_PROXY`: the URL of the HTTP or SOCKS proxy through which all feeds are fetched; "" for none."""
        value = self.line("PROXY")
        try:
            return "" if value == DIRECT else checked_proxy(value)
        except OptionRefused as error:
            raise ImproperlyConfigured(f"LIFESTREAM_PROXY: {in_language(str(error), ACTIVE)}.") from error

    @property
    def max_body(self) -> int:
        """`LIFESTREAM_MAX_BODY`: the size of the largest body that is read, after decompression."""
        return int(self.number("MAX_BODY", 10 * 1024 * 1024, least=1, most=_MOST_BYTES))

    @property
    def timeout(self) -> float:
        """`LIFESTREAM_TIMEOUT`: the deadline of a whole request, redirects and body included."""
        return self.number("TIMEOUT", 30.0, least=0.001)

    @property
    def parse_timeout(self) -> float:
        """`LIFESTREAM_PARSE_TIMEOUT`: how long reading one document, a feed or a web page, may take."""
        return self.number("PARSE_TIMEOUT", 10.0, least=0.001)

    @property
    def parsers(self) -> int:
        """`LIFESTREAM_PARSERS`: how many processes parse; by default as many as there are processors."""
        return int(self.number("PARSERS", os.cpu_count() or 1, least=1))

    @property
    def parser_memory(self) -> int:
        """`LIFESTREAM_PARSER_MEMORY`: the address space of a process that parses, on systems that can limit it."""
        return int(self.number("PARSER_MEMORY", 2 * 1024**3, least=256 * 1024**2, most=_MOST_BYTES))

    @property
    def max_page(self) -> int:
        """`LIFESTREAM_MAX_PAGE`: how many characters of a web page are read for its feeds and its icon."""
        return int(self.number("MAX_PAGE", 1_000_000, least=1000, most=_MOST_IN_MEMORY))

    @property
    def max_opml(self) -> int:
        """`LIFESTREAM_MAX_OPML`: the size of the largest list of feeds that is imported."""
        return int(self.number("MAX_OPML", 10 * 1024 * 1024, least=1, most=_MOST_IN_MEMORY))

    @property
    def max_opml_feeds(self) -> int:
        """`LIFESTREAM_MAX_OPML_FEEDS`: how many feeds such a list may name."""
        return int(self.number("MAX_OPML_FEEDS", 10_000, least=1))

    @property
    def concurrency(self) -> int:
        """`LIFESTREAM_CONCURRENCY`: how many requests a worker has open at once. By default 128, but at most a quarter
        of the files that its process may open.
        """
        return int(self.number("CONCURRENCY", _most_connections(), least=1))

    @property
    def threads(self) -> int:
        """`LIFESTREAM_THREADS`: how many requests `serve` answers at once."""
        return int(self.number("THREADS", 8, least=1, most=_MOST_THREADS))

    @property
    def per_host(self) -> int:
        """`LIFESTREAM_PER_HOST`: how many of the requests that a worker has open at once may go to one host."""
        return int(self.number("PER_HOST", 2, least=1))

    @property
    def per_host_rate(self) -> float:
        """`LIFESTREAM_PER_HOST_RATE`: how many feeds of one host are requested in a second, where a redirect counts as
        one more; 0 for no limit.
        """
        return self.number("PER_HOST_RATE", 5.0)

    @property
    def pauses_hosts(self) -> bool:
        """`LIFESTREAM_PAUSE_SCOPE`: whether a pause that a server asks for is for all feeds of its "host", or only for
        the "feed" that it refused.
        """
        value = self.get("PAUSE_SCOPE", "host")
        if value not in ("host", "feed"):
            text = gettext('{setting} is {value}; give "host" or "feed".')
            raise ImproperlyConfigured(text.format(setting="LIFESTREAM_PAUSE_SCOPE", value=quoted(value)))
        return bool(value == "host")

    @property
    def min_interval(self) -> float:
        """`LIFESTREAM_MIN_INTERVAL`: the shortest time between two requests of a feed, unless its hub pushes, or
        somebody wants it to be updated.
        """
        return self.number("MIN_INTERVAL", 3600.0)

    @property
    def max_interval(self) -> float:
        """`LIFESTREAM_MAX_INTERVAL`: the longest time between two requests of a feed, whatever its max-age or ttl.
        Only Retry-After, skipHours and skipDays may exceed it, and the jitter.
        """
        return self.number("MAX_INTERVAL", 7 * 86400.0)

    @property
    def max_pause(self) -> float:
        """`LIFESTREAM_MAX_PAUSE`: the longest pause that a server may ask for by Retry-After."""
        return self.number("MAX_PAUSE", 30 * 86400.0, least=1)

    @property
    def slow_interval(self) -> float:
        """`LIFESTREAM_SLOW_INTERVAL`: the longest interval that lifestream itself chooses for a feed after a
        success, however seldom the feed publishes, unless LIFESTREAM_MIN_INTERVAL is longer.
        """
        return self.number("SLOW_INTERVAL", 86400.0)

    @property
    def public_url(self) -> str:
        """`LIFESTREAM_PUBLIC_URL`: the URL of this site, as "https://planet.example.org" or, below a path,
        "https://example.org/planet"; "" for none, and then hubs can't push.

        A slash at the end of the setting is dropped. Raises `ImproperlyConfigured` for a URL that hubs cannot use: one
        without https (http is allowed on loopback, with LIFESTREAM_PUSH_OVER_HTTP), or with a login, query or fragment.
        """
        url = str(self.get("PUBLIC_URL", "") or "").rstrip("/")
        if url and (problem := _no_public_url(url, over_http=self.push_over_http)):
            text = gettext("{setting} is {value}: {problem}.")
            value = quoted(without_password(url))
            raise ImproperlyConfigured(text.format(setting="LIFESTREAM_PUBLIC_URL", value=value, problem=problem))
        return url

    def absolute(self, path: str) -> str:
        """Return the public URL of *path*, which begins with a slash.

        LIFESTREAM_PUBLIC_URL may end with a path, such as "/planet", and *path* may begin with the same one, as Django
        gives it if FORCE_SCRIPT_NAME is set. The result has it only once.
        """
        below = urlsplit(self.public_url).path
        return self.public_url + (path.removeprefix(below) if path.startswith(f"{below}/") else path)

    @property
    def push_over_http(self) -> bool:
        """`LIFESTREAM_PUSH_OVER_HTTP`: whether this site and its hubs may communicate without TLS on loopback. For
        tests only.
        """
        return bool(self.get("PUSH_OVER_HTTP", False))

    @property
    def push_min_interval(self) -> float:
        """`LIFESTREAM_PUSH_MIN_INTERVAL`: the shortest time between two requests of a feed, however often its hub
        pushes.
        """
        return self.number("PUSH_MIN_INTERVAL", 300.0, least=1)

    @property
    def push_poll_interval(self) -> float:
        """`LIFESTREAM_PUSH_POLL_INTERVAL`: how often a feed is requested in addition to its hub's pushes."""
        return self.number("PUSH_POLL_INTERVAL", 6 * 3600.0, least=1)

    @property
    def jitter(self) -> float:
        """`LIFESTREAM_JITTER`: a fetch is delayed by up to this part of the interval that lifestream chooses, but
        by half an hour at most, so that feeds are not all due at once.
        """
        return self.number("JITTER", 0.1)

    @property
    def move_after(self) -> int:
        """`LIFESTREAM_MOVE_AFTER`: after this many permanent redirects in a row, a feed's URL is changed."""
        return int(self.number("MOVE_AFTER", 3, least=1))

    @property
    def check_every(self) -> float:
        """`LIFESTREAM_CHECK_EVERY`: how often a server or Celery beat looks for feeds that are due."""
        return self.number("CHECK_EVERY", 60.0, least=0.1)

    @property
    def keep_days(self) -> float:
        """`LIFESTREAM_KEEP_DAYS`: items older than this many days are deleted, unless an owner keeps or pins them; 0 to
        keep all items however old they are.
        """
        return self.number("KEEP_DAYS", 0.0, most=_MOST_DAYS)

    @property
    def keep_items(self) -> int:
        """`LIFESTREAM_KEEP_ITEMS`: how many items of a feed are kept: the latest ones; 0 for all. Items that an owner
        keeps or pins stay, too.
        """
        return int(self.number("KEEP_ITEMS", 10_000))

    @property
    def keep_idle_days(self) -> float:
        """`LIFESTREAM_KEEP_IDLE_DAYS`: a feed without subscribers is deleted after this many days; 0 for never."""
        return self.number("KEEP_IDLE_DAYS", 30.0, most=_MOST_DAYS)

    @property
    def keep_fetches(self) -> int:
        """`LIFESTREAM_KEEP_FETCHES`: how many lines of a feed's log of fetches are kept: the latest ones."""
        return int(self.number("KEEP_FETCHES", 50, least=1))

    @property
    def keep_tombstone_days(self) -> float:
        """`LIFESTREAM_KEEP_TOMBSTONE_DAYS`: for how many days a deleted item is remembered, so that it does not come
        back while its feed still lists it; 0 for ever.
        """
        return self.number("KEEP_TOMBSTONE_DAYS", 365.0, most=_MOST_DAYS)

    @property
    def report_to(self) -> tuple[str, ...] | None:
        """`LIFESTREAM_REPORT_TO`: the addresses that the weekly mail about feeds in trouble goes to; None if
        the setting is absent.
        """
        value = self.get("REPORT_TO", None)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and "@" in each for each in value):
            text = gettext("{setting} is {value}: give a list of mail addresses.")
            raise ImproperlyConfigured(text.format(setting="LIFESTREAM_REPORT_TO", value=quoted(value)))
        return tuple(value)

    @property
    def metrics_from(self) -> tuple[Network, ...]:
        """`LIFESTREAM_METRICS_FROM`: networks beside this machine itself that may ask for `/metrics` and for the
        details of `/readyz`.
        """
        return self.networks("METRICS_FROM")

    @property
    def serves_pictures(self) -> bool:
        """`LIFESTREAM_SERVE_PICTURES`: whether the pictures of feeds are shown through this site, so that the servers
        of feeds don't learn who reads them.
        """
        return self.truth("SERVE_PICTURES")

    @property
    def picture_folder(self) -> str:
        """`LIFESTREAM_PICTURE_FOLDER`: the folder in which the pictures of feeds are stored; it is required if
        LIFESTREAM_SERVE_PICTURES is True.
        """
        value = self.get("PICTURE_FOLDER", "")
        is_path = isinstance(value, str | Path) and str(value).isprintable() and Path(value).is_absolute()
        if not is_path and (value != "" or self.serves_pictures):
            text = gettext("{setting} is {value}; give the absolute path of a folder that nobody else can write to.")
            raise ImproperlyConfigured(text.format(setting="LIFESTREAM_PICTURE_FOLDER", value=quoted(value)))
        return str(value)

    @property
    def picture_cache(self) -> int:
        """`LIFESTREAM_PICTURE_CACHE`: how many bytes the pictures of feeds may take on disk."""
        return int(self.number("PICTURE_CACHE", 500 * 1024 * 1024, least=1024 * 1024, most=_MOST_BYTES))

    @property
    def lease(self) -> float:
        """`LIFESTREAM_LEASE`: how long a worker may hold a feed before another one may claim it."""
        return self.number("LEASE", 900.0, least=1)


def _most_connections() -> int:
    """Return how many requests may be open at once without using up the files that this process may open."""
    files = open_files.soft_limit()
    return _CONNECTIONS if files is None else max(1, min(_CONNECTIONS, files // open_files.PER_CONNECTION))


def raise_file_limit() -> None:
    """Raise the limit of open files to what LIFESTREAM_CONCURRENCY needs, as far as allowed: for commands and workers.

    If that setting is absent, the limit is raised to what 128 requests need.
    """
    open_files.raise_soft_limit(int(settings.number("CONCURRENCY", _CONNECTIONS, least=1)))


def _no_public_url(url: str, *, over_http: bool) -> str:
    """Return why *url* can't be the URL of a public site, in words; "" if it can."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises ValueError if it is no number
    except ValueError as error:
        reason = str(error).partition(" as ")[0]  # without the text that was taken for a port: it may be a password
        if "@" not in url and "'" not in reason:  # else the reason may quote a password
            return gettext("it is no URL ({reason})").format(reason=reason)
        parts = urlsplit("")
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        return gettext("give a scheme and a host, and the path if the site is below one, as https://planet.example.org")
    if parts.scheme == "https" or (parts.scheme == "http" and over_http and is_loopback(parts.hostname)):
        return ""
    return gettext("hubs are let in by https only")


def is_loopback(host: str) -> bool:
    """Return whether *host*, of a URL, is this machine itself, by its name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Defaults(Settings):
    """Settings whose properties have their defaults, if they read their value with `get`."""

    def get(self, name: str, default: Any) -> Any:  # noqa: ARG002  the signature of the base class
        """Return *default*."""
        return default


settings = Settings()
defaults: Final[Settings] = _Defaults()
"""The default of each setting that is a number, a duration, a size or a text."""
