"""`import_opml`: subscribe a lifestream to all feeds of a list."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.conf import raise_file_limit, settings
from lifestream.content.plaintext import scrub
from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream
from lifestream.management.output import counting_bar, progress_bar, table_of, tell_shortages
from lifestream.refresh import opml, planet_ini
from lifestream.refresh.given_files import read_file
from lifestream.refresh.pipeline import refresh
from lifestream.terminal import visible
from lifestream.wording import worded


class Command(BaseCommand):
    help = gettext_lazy(
        "Subscribes a lifestream to all feeds of an OPML file, as other feed readers export it, or of the "
        "configuration of a planet (config.ini of Planet Venus, planet.ini of Pluto), and imports them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help=gettext("the OPML or INI file; - for standard input"))
        parser.add_argument(
            "--lifestream",
            metavar="SLUG",
            help=gettext("which lifestream; needed if there are several and none is main"),
        )
        parser.add_argument(
            "--no-update", action="store_false", dest="update", help=gettext("leave the fetching to update_feeds")
        )

    def handle(self, *, file: str, lifestream: str | None, update: bool, **_options: Any) -> None:
        try:
            document = _read(file)
            if planet_ini.is_planet(document):
                found = opml.OpmlList(planet_ini.read(document))
            else:
                found = opml.read_list(document)
        except OSError as error:
            text = gettext("{file} can't be read: {reason}")
            raise CommandError(text.format(file=file, reason=error.strerror)) from error
        except opml.NotOpml as error:
            raise CommandError(f"{file}: {worded(str(error))}") from error
        chosen = chosen_lifestream(lifestream)
        with counting_bar(len(found.outlines)) as progress:
            result = opml.subscribe_to(chosen, found.outlines, progress)
        self._tell_flaw(file, found)
        for refusal in result.refused:
            text = gettext("Left out: {reason}.").format(reason=scrub(worded(refusal)))
            self.stderr.write(visible(text, lines=False))
        for note in result.notes:
            text = gettext("Has no counterpart: {note}.").format(note=scrub(note))
            self.stderr.write(visible(text, lines=False))
        added = len(result.made)
        text = ngettext(
            "{count} feed added to '{slug}', {known} known before, {refused} left out.",
            "{count} feeds added to '{slug}', {known} known before, {refused} left out.",
            added,
        )
        self.stdout.write(text.format(count=added, slug=chosen.slug, known=result.known, refused=len(result.refused)))
        if update and result.made:
            feeds = [subscription.feed_id for subscription in result.made]
            raise_file_limit()
            with progress_bar(len(feeds)) as row_done:
                report = refresh(feeds, progress=row_done)
            self.stdout.write(table_of(report, sys.stdout, timezone.now()))
            self.stdout.write(f"{report}.")
            tell_shortages(report, self)
            if report.shortages:
                sys.exit(1)
        if found.is_cut_off:
            sys.exit(1)

    def _tell_flaw(self, file: str, found: opml.OpmlList) -> None:
        """Say where the list is ill-formed, and whether anything was lost by that."""
        if found.flaw is None:
            return
        if found.is_cut_off:
            text = gettext(
                "{file} is cut off: it ends at line {line}. The feeds before were taken; export the list again and "
                "import it, which adds those that are missing."
            )
        else:
            text = gettext(
                "{file} is not well-formed at line {line}, column {column} ({reason}). All feeds that are named in it "
                "were taken."
            )
        flaw = found.flaw
        told = text.format(file=file, line=flaw.line, column=flaw.column, reason=flaw.message)
        self.stderr.write(visible(told, lines=False))


def _read(file: str) -> bytes:
    """Return the content of the file; of one that is too large, just enough for its reader to notice that."""
    if file == "-":
        return sys.stdin.buffer.read(settings.max_opml + 1)
    return read_file(file, settings.max_opml + 1, settings.timeout)
