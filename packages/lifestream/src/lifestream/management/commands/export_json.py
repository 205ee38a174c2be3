"""`export_json`: write a lifestream as JSON, for another program."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext, gettext_lazy

from lifestream.management.base import BaseCommand
from lifestream.management.file_output import write_file
from lifestream.management.lookup import chosen_lifestream
from lifestream.refresh import json_export
from lifestream.terminal import Visible, visible_json


class Command(BaseCommand):
    help = gettext_lazy("Writes the subscriptions of a lifestream with their rules, and all of its items, as JSON.")

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
        # Left unfinished, the generator would close its query late, perhaps after the database was closed.
        with closing(json_export.pieces(chosen_lifestream(lifestream))) as pieces:
            self._write(file, pieces)

    def _write(self, file: str, pieces: Iterable[str]) -> None:
        if file == "-":
            with self.stdout.in_utf_8():
                for piece in pieces:
                    # The document goes out unchanged, for another program.
                    self.stdout.write(visible_json(piece) if self.stdout.isatty() else Visible(piece), ending="")
                    if not self.stdout.has_reader:
                        break
            return
        try:
            write_file(file, (piece.encode() for piece in pieces), visible_json)
        except OSError as error:
            text = gettext("{file} can't be written: {reason}")
            raise CommandError(text.format(file=file, reason=error.strerror)) from error
