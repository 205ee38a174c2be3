"""The base class of all commands of this app. Their output escapes control characters, since most of the text comes
from feeds.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from django.core.management import base
from django.core.management.base import CommandError, CommandParser, SystemCheckError
from django.core.management.color import no_style
from django.utils.translation import gettext

from lifestream.fetcher.shortage import shortage_of
from lifestream.models.changed_fields import RowGone
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.terminal import print_exception, visible
from lifestream.wording import worded


class VisibleOutput(base.OutputWrapper):
    """An output stream on which no text from a feed can change how the other text looks. Characters that its encoding
    lacks are written as escapes, as emoji are in a file on Windows.

    If the program that reads the output has ended, as `head` does when it has read enough, or if the output can't be
    written, as on a full disk, all further output is discarded, and the command continues: a refresh must not end
    halfway. A command that does nothing but write can check `has_reader`, and end.

    *error* is the reason why the output can't be written, None if it can, or if nobody reads it any more.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._stream = stream
        self.has_reader = True
        self.error: OSError | None = None
        self._reconfigure(errors="backslashreplace")

    def write(  # type: ignore[override]  # Django's signature, which differs from that of TextIO
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        """Write *msg*, with control characters escaped, in the style that Django chooses for it."""
        try:
            super().write(visible(msg), style_func, ending)
        except OSError as error:
            self._lose(error)

    @contextmanager
    def in_utf_8(self) -> Iterator[None]:
        """Write a document for another program in UTF-8 meanwhile, whatever the encoding is; but not on a terminal."""
        if not isinstance(self._stream, io.TextIOWrapper) or self._stream.isatty():
            yield
            return
        encoding = self._stream.encoding
        self._reconfigure(encoding="utf-8")
        try:
            yield
        finally:
            self._reconfigure(encoding=encoding, errors="backslashreplace")

    def _reconfigure(self, *, encoding: str | None = None, errors: str | None = None) -> None:
        if isinstance(self._stream, io.TextIOWrapper):
            self.flush()  # so that an error of the stream is kept, before `reconfigure` would raise it
            self._stream.reconfigure(encoding=encoding, errors=errors)

    def flush(self) -> None:
        """Write what is buffered."""
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Drop all further output, and keep *error* unless it says that the reader has ended.

        The stream goes to the null device, since Python flushes standard output once more when it ends, and would print
        an error.
        """
        if not isinstance(error, BrokenPipeError) and not (os.name == "nt" and error.errno == errno.EINVAL):
            self.error = error
        self.has_reader = False
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def _shown(message: str) -> str:
    """Return *message* in one line, with escapes for control characters, and without the login of an argument."""
    from lifestream.fetcher.feed_urls import logins_hidden  # imported here, since few commands need it

    return visible(logins_hidden(message), lines=False)


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
        """Return the parser of the arguments. The help becomes text, since argparse takes no lazy translations."""
        self.help = str(self.help)
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        report = parser.error
        # An argument may be the name of a file that somebody else has chosen, as in `import_opml *`.
        setattr(parser, "error", lambda message: report(_shown(message)))  # noqa: B010  no type has it
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command for a terminal. A traceback, as `--traceback` shows it, has control characters escaped, too,
        unless the site prints or reports tracebacks in a way of its own.
        """
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = print_exception
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command. Its output goes to the streams "stdout" and "stderr" of *options*, if there are any. Raises
        CommandError, in one line, if the database fails, if what the command changes is deleted meanwhile, if this
        machine lacks resources, or if something that was entered is not in UTF-8; and at the end, if the output could
        not be written.
        """
        for name in ("stdout", "stderr"):
            if stream := options.pop(name, None):
                setattr(self, name, VisibleOutput(stream))
        try:
            result = super().execute(*args, **options)
        except CommandError as error:
            # It may name a file that somebody else has chosen, and a name may have several lines.
            if not isinstance(error, SystemCheckError):
                error.args = (_shown(str(error)),)
            raise
        except RowGone as error:
            raise CommandError(gettext("What this command was to change was deleted meanwhile.")) from error
        except FAILURES as error:
            # A refresh says "then update again". A command says "run this command again" instead: an update would not
            # add the other feeds of a list, say.
            failure = failure_of(error)
            text = gettext("The database failed ({said}); {remedy}, then run this command again.")
            raise CommandError(text.format(said=failure.said, remedy=worded(failure.kind.value))) from error
        except UnicodeEncodeError as error:
            # Python decodes bytes that are no UTF-8 as lone surrogates (PEP 383). The text may be a password, so the
            # message does not show it.
            if not all("\udc80" <= character <= "\udcff" for character in error.object[error.start : error.end]):
                raise
            text = gettext("Something that was entered (a name, an address or a password) is not in UTF-8.")
            raise CommandError(text) from error
        except Exception as error:
            if (shortage := shortage_of(error)) is None:
                raise
            text = gettext("The command can't go on: {shortage}.")
            raise CommandError(text.format(shortage=worded(shortage.value))) from error
        else:
            self._check_output()
            return result
        finally:
            self.stdout.flush()

    def check(self, *args: Any, **options: Any) -> Any:
        """Check the site, and report what is wrong without colours, whose escape sequences the outputs would show."""
        styled, self.style = self.style, no_style()
        try:
            return super().check(*args, **options)
        finally:
            self.style = styled

    def _check_output(self) -> None:
        """Raise CommandError if a part of the output could not be written."""
        for stream in (self.stdout, self.stderr):
            stream.flush()
            if (error := stream.error) is not None:
                shortage = shortage_of(error)
                reason = worded(shortage.value) if shortage is not None else error.strerror
                text = gettext("The output can't be written: {reason}")
                raise CommandError(text.format(reason=reason)) from error
