"""`export_opml`: write a lifestream's subscriptions, for another reader."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext, gettext_lazy

from lifestream.management.base import BaseCommand
from lifestream.management.file_output import write_file
from lifestream.management.lookup import chosen_lifestream
from lifestream.refresh import opml
from lifestream.terminal import Visible


class Command(BaseCommand):
    help = gettext_lazy(
        "Writes the subscriptions of a lifestream as OPML, without feeds that have a login or headers of their own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", nargs="?", default="-", help=gettext("the file to write (default: standard output)")
        )
        parser.add_argument(
            "--lifestream",
            metavar="SLUG",
            help=gettext("which lifestream; needed if there are several and none is main"),
        )

    def handle(self, *, file: str, lifestream: str | None, **_options: Any) -> None:
        parts = opml.write(chosen_lifestream(lifestream))
        if file == "-":
            with self.stdout.in_utf_8():
                for part in parts:
                    text = part.decode("utf-8")
                    # Another program gets the document unchanged; on a terminal, `write` escapes it.
                    self.stdout.write(text if self.stdout.isatty() else Visible(text), ending="")
                    if not self.stdout.has_reader:
                        break
                self.stdout.write("")
            return
        try:
            write_file(file, parts)
        except OSError as error:
            text = gettext("{file} can't be written: {reason}")
            raise CommandError(text.format(file=file, reason=error.strerror)) from error
