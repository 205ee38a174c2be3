"""The base class of all commands of this app. Their output escapes control characters, since most of the text comes
from feeds.
"""

from __future__ import annotations

import errno
import os
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
    """An output stream on which no text from a feed can change how the other text looks.

    Where its reader has gone, as `head` does when it has enough, what is written is lost, and the command goes on: a
    refresh must not end halfway. One that only writes may ask `has_reader`, and end.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._stream = stream
        self.has_reader = True

    def write(  # type: ignore[override]  # Django's own signature, which is no TextIO's either
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        """Write *msg*, with control characters escaped, in the style that Django chooses for it."""
        try:
            super().write(visible(msg), style_func, ending)
        except OSError as error:
            self._lose(error)

    def flush(self) -> None:
        """Write what is buffered."""
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Send the rest to nowhere if *error* says that the reader has gone, and raise it otherwise.

        Python flushes standard output once more at its end, and would complain.
        """
        if not isinstance(error, BrokenPipeError) and not (os.name == "nt" and error.errno == errno.EINVAL):
            raise error
        self.has_reader = False
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class BaseCommand(base.BaseCommand):
    """A command of this app. Its output and the message of a CommandError have control characters escaped."""

    help: Any = ""  # a lazy translation, which Django's stubs do not expect
    stdout: VisibleOutput
    stderr: VisibleOutput

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
        finally:
            self.stdout.flush()
