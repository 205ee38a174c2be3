"""The base class of all commands of this app. Their output escapes control characters, since most of the text comes
from feeds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TextIO

from django.core.management import base
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext

from lifestream.storage.db_errors import FAILURES, trouble_of
from lifestream.terminal import visible
from lifestream.wording import worded


class VisibleOutput(base.OutputWrapper):
    """An output stream on which no text from a feed can change how the other text looks."""

    def write(  # type: ignore[override]  # Django's own signature, which is no TextIO's either
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        """Write *msg*, with control characters escaped, in the style that Django chooses for it."""
        super().write(visible(msg), style_func, ending)


class BaseCommand(base.BaseCommand):
    """A command of this app. Its output and the message of a CommandError have control characters escaped."""

    help: Any = ""  # a lazy translation, which Django's stubs do not expect

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None, **options: Any) -> None:
        super().__init__(stdout, stderr, **options)
        styled = self.stderr.style_func
        self.stdout = VisibleOutput(stdout or sys.stdout)
        self.stderr = VisibleOutput(stderr or sys.stderr)
        self.stderr.style_func = styled

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return the parser of the arguments. Its help is text: argparse takes no lazy translations."""
        self.help = str(self.help)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, on the output streams that *options* may name. Raises CommandError with the remedy if the
        database fails, or if something that was entered is no text.
        """
        for name in ("stdout", "stderr"):
            if stream := options.pop(name, None):
                setattr(self, name, VisibleOutput(stream))
        try:
            return super().execute(*args, **options)
        except FAILURES as error:
            raise CommandError(worded(str(trouble_of(error)))) from error
        except UnicodeEncodeError as error:
            # Python reads bytes that are no UTF-8 as lone surrogates (PEP 383). It may be a password: it is not shown.
            if not all("\udc80" <= character <= "\udcff" for character in error.object[error.start : error.end]):
                raise
            text = gettext("Something that was entered (a name, an address or a password) is not in UTF-8.")
            raise CommandError(text) from error
