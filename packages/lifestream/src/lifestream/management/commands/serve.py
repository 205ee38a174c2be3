"""`serve`: the whole site in one process: it creates tables, serves the pages, and keeps feeds up to date."""

from __future__ import annotations

import ipaddress
import logging
import re
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urljoin

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from lifestream.conf import raise_file_limit
from lifestream.conf import settings as lifestream_settings
from lifestream.management import reloading
from lifestream.management.base import BaseCommand
from lifestream.owner import first_run
from lifestream.refresh.updater import Updater
from lifestream.web.wsgi_server import MOST_BODY, ending_on_sigterm, serve

_REFUSAL_PAGES: Final = "lifestream.site.refusal_pages.RefusalMiddleware"


class Command(BaseCommand):
    help = gettext_lazy(
        "Brings the database up to date, serves the pages with a production server, and updates feeds in the "
        "background, until Ctrl-C or SIGTERM. With CELERY_BROKER_URL, Celery's workers do the updating."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "address", nargs="?", default="127.0.0.1:8000", help=gettext("HOST:PORT, HOST or PORT (127.0.0.1:8000)")
        )
        parser.add_argument(
            "--no-update", action="store_false", dest="update", help=gettext("serve only, and fetch nothing")
        )

        parser.add_argument(
            "--reload",
            action="store_true",
            help=gettext("show changes to templates, static files and settings at once, while you work on them"),
        )

    def handle(self, *, address: str, update: bool, reload: bool, **_options: Any) -> None:
        host, port = split_address(address)
        if reload and not reloading.is_served_here():
            with ending_on_sigterm():
                reloading.serve_again()
            return
        if reload:
            settings.WHITENOISE_AUTOREFRESH = True
        raise_file_limit()
        configuration = getattr(settings, "CONFIGURATION", None)  # other Django sites have their own LOGGING
        if configuration and not configuration["LIFESTREAM_LOG_LEVEL"]:
            logging.getLogger("lifestream").setLevel(logging.INFO)
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()
        by_celery = bool(getattr(settings, "CELERY_BROKER_URL", ""))
        updater = Updater(lifestream_settings.check_every, _daily_work) if update and not by_celery else None

        def ready(url: str) -> None:
            if updater is not None:
                text = gettext("Lifestream is at {url} (feeds are updated in the background). Ctrl-C ends it.")
            else:
                text = gettext("Lifestream is at {url} (feeds are not updated by this process). Ctrl-C ends it.")
            self.stdout.write(text.format(url=url))
            self._print_first_run(url, host)
            self.stdout.flush()
            if updater is not None:
                updater.start()

        try:
            application: Callable[..., Any] = get_internal_wsgi_application()
            if reload:
                application = reloading.reading_templates_anew(application)
            serve(
                application,
                host,
                port,
                ready,
                threads=lifestream_settings.threads,
                most_body=most_body(),
                answers_refusals=_REFUSAL_PAGES in settings.MIDDLEWARE,
            )
        except OSError as error:
            text = gettext("{address} can't be served: {reason}")
            raise CommandError(text.format(address=address, reason=error.strerror or error)) from error
        finally:
            if updater is not None and updater.is_alive() and not updater.stop():
                self.stderr.write(
                    gettext("A refresh did not end in time; its feeds are due again when their lease is over.")
                )

    def _print_first_run(self, url: str, host: str) -> None:
        """Print the address at which the owner creates an account, as long as there is no account."""
        if not first_run.is_open():
            first_run.forget()
            return
        try:
            token = first_run.make_token()
        except OSError as error:
            text = gettext(
                "The address for the first account can't be made: {reason}. Make the account with: "
                "lifestream createsuperuser"
            )
            self.stderr.write(text.format(reason=error.strerror or error))
            return
        if not token:
            return
        public = lifestream_settings.public_url
        address = f"{urljoin(public or url, reverse('lifestream_owner:setup'))}?token={token}"
        self.stdout.write(gettext("Nobody has an account yet. Make yours, within an hour:"))
        self.stdout.write(f"  {address}")
        if not (public or "").startswith("https://") and not _is_loopback(host):
            self.stderr.write(
                gettext(
                    "Warning: over a network this is not encrypted, and others on the way could read your password. "
                    "Set LIFESTREAM_PUBLIC_URL behind a proxy with TLS, or make the account with: "
                    "lifestream createsuperuser"
                )
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _daily_work(stopping: threading.Event) -> object:
    """Delete what the settings do not keep, look for the new addresses of lost feeds, and send the weekly report if it
    is time. Ends early once *stopping* is set. Returns what was deleted.
    """
    from lifestream.operations.replacements import look_for_replacements
    from lifestream.operations.retention import cleanup
    from lifestream.operations.weekly_report import send_report

    done = cleanup(timezone.now(), stopping=stopping)
    if not stopping.is_set():
        look_for_replacements(timezone.now(), stopping)
    if not stopping.is_set():
        send_report(timezone.now())
    return done


def split_address(address: str) -> tuple[str, int]:
    """Return the host and the port of "host:port", "host", "[::1]:8000", ":8000" or "8000". Raises CommandError for
    text of another form, or if the port is no port. Whether the host exists is not checked.
    """
    host, separator, port = address.rpartition(":")
    if not separator or address.endswith("]"):
        host, port = ("", address) if address.isdigit() else (address, "8000")
    # Not an IPv6 address without brackets, since "::1:8000" may end with a port, and no URL such as "http://host:80".
    is_host = re.fullmatch(r"[^][/:\s]*|\[[^][/\s]+\]", host) is not None
    if not address or not is_host or not _is_port(port):
        text = gettext("'{address}' is no address; write it like {example}")
        raise CommandError(text.format(address=address, example="127.0.0.1:8000"))
    return host.strip("[]") or "127.0.0.1", int(port)


def most_body() -> int:
    """Return how many bytes a request may have: enough for an OPML file with the rest of its form, or for a feed that a
    hub delivers.
    """
    return max(lifestream_settings.max_opml, lifestream_settings.max_body, MOST_BODY) + MOST_BODY // 10


def _is_port(text: str) -> bool:
    """Return whether *text* is the number of a port. `isdigit` alone also accepts ² and 5,000 digits, which `int`
    refuses.
    """
    return text.isascii() and text.isdigit() and len(text) <= 18 and int(text) <= 65535
