"""System checks of the settings. Each message has an id and a hint.

Errors, which keep most commands from running: E001 HTML that may be kept; E002 numbers; E003 networks; E004 plugins;
E005 intervals; E006 database; E007 time zones; E008 scope of a pause; E009 address for hubs; E010 lines of text; E011
the look; E012 switches; E013 proxy; E014 addresses of the weekly mail; E015 folder for pictures; E020 several
databases.

Warnings: W001 SQLite's transactions; W002 requests to one host; W003 pushes without TLS; W004 a host that Django
refuses; W005 variables of the environment that are no settings; W006 what the guard can't check behind a proxy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.http.request import validate_host
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from lifestream.conf import settings
from lifestream.fetcher.request_options import without_password
from lifestream.wording import worded

_NUMBERS = (
    "default_pagination", "max_body", "timeout", "parse_timeout", "parser_memory", "parsers", "concurrency", "per_host",
    "per_host_rate", "min_interval", "max_interval", "slow_interval", "max_pause", "jitter", "move_after", "lease",
    "push_min_interval", "push_poll_interval", "check_every", "keep_days", "keep_items", "keep_idle_days",
    "keep_fetches", "keep_tombstone_days", "max_opml", "max_opml_feeds", "max_page", "picture_cache", "threads",
)  # fmt: skip


SETTINGS_TAG: Final = "lifestream_settings"
"""The tag of the checks that only read settings: a command that finds nothing to do runs no others."""


def register() -> None:
    """Register all checks with Django. Called once, when the app is ready."""
    for check in (
        check_html, check_numbers, check_networks, check_database, check_time_zone, check_pause_scope, check_pushes,
        check_lines, check_report, check_environment, check_look, check_switches, check_routing, check_proxy,
        check_pictures,
    ):  # fmt: skip
        checks.register(check, "lifestream", SETTINGS_TAG)
    checks.register(check_plugins, "lifestream")  # slow: it imports the plugins, and searches all installed packages


def check_html(**_: Any) -> list[checks.CheckMessage]:
    """Check that LIFESTREAM_VALID_TAGS and LIFESTREAM_VALID_STYLES are valid and safe (E001)."""
    if not settings.chooses_html or check_switches():
        return []
    return _errors(
        "E001",
        [lambda: settings.sanitizer_rules],
        gettext(
            "Give a dict of tags and their attributes, as {{'a': ['href'], 'p': []}}, and a list of CSS properties; "
            "scripts, styles, frames and event handlers can't be allowed."
        ).format(),
    )


def check_numbers(**_: Any) -> list[checks.CheckMessage]:
    """Check that numbers are valid (E002), and that the intervals (E005) and the limits of requests (W002) fit each
    other.
    """
    found = _errors(
        "E002",
        [lambda name=name: getattr(settings, name) for name in _NUMBERS],  # type: ignore[misc]
        gettext("Durations are in seconds, sizes in bytes."),
    )
    if found:
        return found
    if settings.min_interval > settings.max_interval:
        message = gettext("LIFESTREAM_MIN_INTERVAL is longer than LIFESTREAM_MAX_INTERVAL.")
        least = math.ceil(settings.min_interval)
        hint = gettext("Set LIFESTREAM_MAX_INTERVAL to at least {seconds} seconds.").format(seconds=least)
        found.append(checks.Error(message, hint=hint, id="lifestream.E005"))
    if settings.per_host > settings.concurrency:
        message = gettext("LIFESTREAM_PER_HOST is more than LIFESTREAM_CONCURRENCY.")
        hint = gettext("One host can't have more requests open than there are; two to a host are polite.")
        found.append(checks.Warning(message, hint=hint, id="lifestream.W002"))
    return found


def check_networks(**_: Any) -> list[checks.CheckMessage]:
    """Check that LIFESTREAM_ALLOWED_NETWORKS and LIFESTREAM_METRICS_FROM are lists of networks (E003)."""
    allowed = gettext("Only private networks need to be named: the public internet is open without it.")
    readers = gettext("Name the networks from which /metrics may be read. This machine may always read it.")
    return [
        *_errors("E003", [lambda: settings.allowed_networks], allowed),
        *_errors("E003", [lambda: settings.metrics_from], readers),
    ]


def check_plugins(**_: Any) -> list[checks.CheckMessage]:
    """Check that every plugin of LIFESTREAM_PLUGINS and of the installed packages can be used (E004)."""
    from lifestream.plugins.registry import PluginError, Registry

    def load() -> None:
        try:
            Registry(settings.plugins)
        except PluginError as error:
            raise ImproperlyConfigured(f"LIFESTREAM_PLUGINS: {worded(str(error))}.") from error

    hint = gettext("Give the dotted paths of subclasses of lifestream.plugins.FeedPlugin.")
    return _errors("E004", [load], hint)


def check_database(**_: Any) -> list[checks.CheckMessage]:
    """Check that search and claims work on the database (E006), and that SQLite's writers wait for each other
    (W001).
    """
    from lifestream.models import Item

    alias = router.db_for_write(Item)
    connection = connections[alias]
    if connection.vendor not in ("sqlite", "postgresql"):
        text = gettext("The database '{alias}' is {kind}, on which search and claims do not work.")
        message = text.format(alias=alias, kind=connection.display_name)
        return [checks.Error(message, hint=gettext("Use SQLite or PostgreSQL."), id="lifestream.E006")]
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and str(options.get("transaction_mode", "")).upper() == "DEFERRED":
        options = {}
    if connection.vendor == "sqlite" and not options.get("transaction_mode"):
        message = gettext(
            "Transactions on the SQLite database '{alias}' are deferred: two writers can fail instead of waiting."
        ).format(alias=alias)
        value = (
            '{"transaction_mode": "IMMEDIATE", "timeout": 20, '
            '"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"}'
        )
        hint = gettext("Set {setting} to {value}.").format(setting=f'DATABASES["{alias}"]["OPTIONS"]', value=value)
        return [checks.Warning(message, hint=hint, id="lifestream.W001")]
    return []


def check_routing(**_: Any) -> list[checks.CheckMessage]:
    """Check that all of lifestream's tables are in one database, with those that they refer to (E020)."""
    from django.apps import apps

    models = [*apps.get_app_config("lifestream").get_models(), apps.get_model(django_settings.AUTH_USER_MODEL)]
    homes: dict[str, str] = {router.db_for_write(model): model._meta.label for model in models}
    if len(homes) == 1:
        return []
    listed = ", ".join(f"{label} → '{alias}'" for alias, label in sorted(homes.items()))
    message = gettext("Tables that refer to each other are written to several databases: {models}.")
    hint = gettext("Let the database router send all models of lifestream, and the users, to one database.")
    return [checks.Error(message.format(models=listed), hint=hint, id="lifestream.E020")]


def check_time_zone(**_: Any) -> list[checks.CheckMessage]:
    """Check that Django uses time zones (E007)."""
    if django_settings.USE_TZ:
        return []
    message = gettext("USE_TZ is False: the times of feeds come from all over the world.")
    return [checks.Error(message, hint=gettext("Set USE_TZ to True, Django's default."), id="lifestream.E007")]


def check_pause_scope(**_: Any) -> list[checks.CheckMessage]:
    """Check that LIFESTREAM_PAUSE_SCOPE is a scope (E008)."""
    hint = gettext('With "host", all feeds of a server wait when it asks one to; that is the default, and polite.')
    return _errors("E008", [lambda: settings.pauses_hosts], hint)


def check_pushes(**_: Any) -> list[checks.CheckMessage]:
    """Check that the address for hubs is valid and has the pages of lifestream (E009), that hubs have to use TLS
    (W003), and that Django accepts the host (W004).
    """
    hint = gettext(
        "Give the address of this site, as https://planet.example.org, or leave it out: then nothing is pushed."
    )
    if found := _errors("E009", [lambda: settings.public_url], hint):
        return found
    host = urlsplit(settings.public_url).hostname
    if host is None:
        return []
    try:
        reverse("lifestream:push", args=["k" * 43])
    except NoReverseMatch:
        message = gettext("LIFESTREAM_PUBLIC_URL is set, but the pages of lifestream are not in the URLconf.")
        return [checks.Error(message, hint=gettext('Include "lifestream.urls" in it.'), id="lifestream.E009")]
    if settings.push_over_http:
        message = gettext("LIFESTREAM_PUSH_OVER_HTTP lets hubs speak without TLS on this machine.")
        found.append(checks.Warning(message, hint=gettext("It is for tests: leave it out."), id="lifestream.W003"))
    if not validate_host(host, django_settings.ALLOWED_HOSTS):
        text = gettext("Hubs reach this site as '{host}', the host in LIFESTREAM_PUBLIC_URL, and Django refuses that.")
        message = text.format(host=host)
        hint = gettext("Add '{host}' to ALLOWED_HOSTS.").format(host=host)
        found.append(checks.Warning(message, hint=hint, id="lifestream.W004"))
    return found


def check_lines(**_: Any) -> list[checks.CheckMessage]:
    """Check that values for a header or an attribute are one line of text (E010)."""
    hint = gettext("It is sent in a header, or in an attribute of each page, and both have one line.")
    names = ("contact", "user_agent", "title", "logo")
    return _errors("E010", [lambda name=name: getattr(settings, name) for name in names], hint)  # type: ignore[misc]


def check_report(**_: Any) -> list[checks.CheckMessage]:
    """Check that LIFESTREAM_REPORT_TO is a list of addresses (E014)."""
    hint = gettext("The weekly mail about feeds in trouble goes there; an empty list stops it.")
    return _errors("E014", [lambda: settings.report_to], hint)


def check_look(**_: Any) -> list[checks.CheckMessage]:
    """Check that the theme is known, and that the style sheets are a list (E011)."""
    hint = gettext("Style sheets are static files, as custom.css in the folder static/ of LIFESTREAM_HOME.")
    return _errors("E011", [lambda: settings.theme, lambda: settings.styles], hint)


def check_switches(**_: Any) -> list[checks.CheckMessage]:
    """Check that LIFESTREAM_STRIP_TRACKING and LIFESTREAM_SERVE_PICTURES are True or False (E012)."""
    tracking = gettext("With True, links lose utm_source, fbclid and other parameters that only tell who clicked them.")
    pictures = gettext("With True, pictures of feeds are shown through this site.")
    return [
        *_errors("E012", [lambda: settings.strips_tracking], tracking),
        *_errors("E012", [lambda: settings.serves_pictures], pictures),
    ]


def check_pictures(**_: Any) -> list[checks.CheckMessage]:
    """Check that the folder for pictures, if it is given, is an absolute path, and that it is given if the pictures of
    feeds are shown through this site (E015).
    """
    if any(check.id == "lifestream.E012" for check in check_switches()):
        return []
    hint = gettext("Pictures of feeds are kept there for a week, so that their servers are asked seldom.")
    return _errors("E015", [lambda: settings.picture_folder], hint)


def check_proxy(**_: Any) -> list[checks.CheckMessage]:
    """Check that LIFESTREAM_PROXY is a proxy (E013), and warn that the proxy has to refuse private addresses, since
    lifestream can't (W006).
    """
    hint = gettext("Give the URL of an HTTP or SOCKS proxy, as http://proxy.example:3128 or socks5://127.0.0.1:9050.")
    if found := _errors("E013", [lambda: settings.proxy], hint):
        return found
    if not settings.proxy:
        return []
    message = gettext("All feeds are fetched by the proxy {proxy}, which looks up the addresses of their hosts.")
    hint = gettext(
        "Let the proxy refuse private addresses: lifestream checks only hosts that are written as an address, and "
        "names of this machine. If it does, silence this warning with SILENCED_SYSTEM_CHECKS."
    )
    shown = message.format(proxy=without_password(settings.proxy))
    return [checks.Warning(shown, hint=hint, id="lifestream.W006")]


def check_environment(**_: Any) -> list[checks.CheckMessage]:
    """Check that the bundled site knows each variable of the environment that looks like one of its settings (W005)."""
    configuration = getattr(django_settings, "CONFIGURATION", None)
    hint = gettext("It has no effect. Take it out, or write its name as `lifestream config` does.")
    unknown = getattr(configuration, "unknown", ())
    return [checks.Warning(sentence, hint=hint, id="lifestream.W005") for sentence in unknown]


def _errors(number: str, uses: Iterable[Callable[[], object]], hint: str) -> list[checks.CheckMessage]:
    """Call each of *uses*, and return an error with the id `lifestream.<number>` for each that raises
    ImproperlyConfigured.
    """
    found: list[checks.CheckMessage] = []
    for use in uses:
        try:
            use()
        except ImproperlyConfigured as error:
            found.append(checks.Error(str(error), hint=hint, id=f"lifestream.{number}"))
    return found
