"""`read`: show what lifestream reads in documents, without a database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.fetcher.shortage import ShortOf
from lifestream.management.base import BaseCommand
from lifestream.plugins.registry import PluginError
from lifestream.refresh.documents import read_documents
from lifestream.terminal import visible
from lifestream.wording import worded


class Command(BaseCommand):
    help = gettext_lazy(
        "Shows what lifestream makes of documents: the format, the encoding and why, whether they are well-formed, "
        "the feed, and each item as it would be stored. It uses no database and stores nothing."
    )
    requires_system_checks: list[str] = []  # the checks need a database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "documents", metavar="FILE|URL", nargs="+", help=gettext("a file, a URL, or - for standard input")
        )
        parser.add_argument(
            "--url",
            metavar="BASE",
            default="",
            help=gettext("the address that the files came from"),
        )
        parser.add_argument(
            "--header",
            metavar="'NAME: VALUE'",
            action="append",
            default=[],
            help=gettext(
                "a header of the answer that the files came with (Content-Type, Content-Language); may be given again"
            ),
        )
        parser.add_argument(
            "--json", action="store_true", help=gettext("print one JSON object a line for each document")
        )

    def handle(self, *, documents: list[str], url: str, header: list[str], **options: Any) -> None:
        headers = dict(map(_parted, header))
        try:
            unread = self._printed(documents, url, headers, as_json=options["json"])
        except (PluginError, ImproperlyConfigured, ShortOf) as error:
            raise CommandError(worded(str(error))) from error
        if not self.stdout.has_reader:
            return
        if len(documents) == 1 and unread:
            raise CommandError(unread[0])
        if unread:
            text = ngettext(
                "{unread} of {count} document could not be read",
                "{unread} of {count} documents could not be read",
                len(documents),
            )
            raise CommandError(text.format(unread=len(unread), count=len(documents)))

    def _printed(self, documents: list[str], url: str, headers: dict[str, str], *, as_json: bool) -> list[str]:
        """Print the result for each document. Return the reasons why documents could not be read."""
        from lifestream.management.readings import json_of, text_of

        unread: list[str] = []
        for reading in read_documents(documents, url=url, headers=headers, noted=not as_json):
            if reading.prepared is None:
                unread.append(visible(f"{reading.name}: {worded(reading.error)}", lines=False))
            if as_json:
                self.stdout.write(json_of(reading))
            elif reading.prepared is not None:
                self.stdout.write(text_of(reading, sys.stdout))
                self.stdout.write("")
            elif len(documents) > 1:
                self.stderr.write(unread[-1])
            if not self.stdout.has_reader:
                break
        return unread


def _parted(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon or not name.strip():
        text = gettext("--header {header} is no header: write 'Name: value'")
        raise CommandError(text.format(header=repr(header)))
    return name.strip().lower(), value.strip()
