"""`lifestream demo`: a timeline of sample feeds. It needs no network, and keeps nothing."""

from __future__ import annotations

import os
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream import demo
from lifestream.conf import raise_file_limit, settings
from lifestream.management.base import BaseCommand
from lifestream.management.commands.serve import split_address
from lifestream.management.output import progress_bar, table_of, tell_shortages
from lifestream.models import Lifestream
from lifestream.refresh import opml
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.updater import Updater
from lifestream.web.wsgi_server import serve


class Command(BaseCommand):
    help = gettext_lazy(
        "Imports sample feeds, which a server in this process serves, and shows them as a timeline. It has a database "
        "of its own, which is deleted when the command ends."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "address",
            nargs="?",
            default="127.0.0.1:0",
            help=gettext("HOST:PORT, HOST or PORT to serve at (a free port)"),
        )
        parser.add_argument("--no-serve", action="store_false", dest="serve", help=gettext("end after the table"))

    def handle(self, *, address: str, **options: Any) -> None:
        if not os.environ.get("LIFESTREAM_DEMO"):
            raise CommandError(gettext("the demo needs a database of its own: run it as `lifestream demo`"))
        try:
            from feedserver import FeedServer
        except ModuleNotFoundError as error:
            if error.name != "feedserver":
                raise
            raise CommandError(gettext("the demo needs feedserver: install django-lifestream[demo]")) from error
        host, port = split_address(address)
        call_command("migrate", interactive=False, verbosity=0)
        with FeedServer(demo.FEEDS, strict=False) as server:
            password = secrets.token_urlsafe(9)
            owner = get_user_model()._default_manager.create_superuser("demo", "", password)
            lifestream = Lifestream.objects.create(
                owner=owner, slug="demo", title=gettext("Demo"), tagline=gettext("Feeds of every kind, in one timeline")
            )
            outlines = [opml.Outline(server.url(name)) for name in demo.names()]
            feeds = [subscription.feed_id for subscription in opml.subscribe_to(lifestream, outlines).made]
            text = ngettext(
                "Importing {count} sample feed from {url}", "Importing {count} sample feeds from {url}", len(feeds)
            )
            self.stdout.write(text.format(count=len(feeds), url=server.base_url))
            self.stdout.flush()
            raise_file_limit()
            with progress_bar(len(feeds)) as progress:
                report = refresh(feeds, progress=progress)
            self.stdout.write(table_of(report, sys.stdout, timezone.now()))
            self.stdout.write(f"{report}.")
            self.stdout.flush()
            tell_shortages(report, self)
            if report.all_failed or report.shortages:
                sys.exit(1)
            connections.close_all()
            if options["serve"]:
                self._serve(host, port, password)

    def _serve(self, host: str, port: int, password: str) -> None:
        # Feeds that are added on the owner's pages have to be fetched, as with `serve`.
        updater = Updater(settings.check_every)

        def ready(url: str) -> None:
            self.stdout.write(gettext("The timeline is at {url} Ctrl-C ends it.").format(url=url))
            address = f"{url.rstrip('/')}{reverse('lifestream_owner:login')}"
            text = gettext("Log in at {url} as {name}, with the password {password}")
            self.stdout.write(text.format(url=address, name="demo", password=password))
            self.stdout.flush()
            updater.start()

        try:
            serve(get_wsgi_application(), host, port, ready)
        except OSError as error:
            text = gettext("{address} can't be served: {reason}")
            raise CommandError(text.format(address=f"{host}:{port}", reason=error.strerror or error)) from error
        finally:
            if updater.is_alive():
                updater.stop()
