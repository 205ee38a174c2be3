"""What all our commands are: their output is made visible, since most of it was said by others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TextIO

from django.core.management import base
from django.core.management.base import CommandError

from lifestream.storage.db_errors import FAILURES, trouble_of
from lifestream.terminal import visible


class VisibleOutput(base.OutputWrapper):
    """An output on which nothing that others wrote can change how the rest of it looks."""

    def write(  # type: ignore[override]  # Django's own signature, which is no TextIO's either
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        """Write *msg*, made visible, in the style that Django has for it."""
        super().write(visible(msg), style_func, ending)


class BaseCommand(base.BaseCommand):
    """A command of ours. What it writes, and the message of a CommandError, is made visible."""

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None, **options: Any) -> None:
        super().__init__(stdout, stderr, **options)
        styled = self.stderr.style_func
        self.stdout = VisibleOutput(stdout or sys.stdout)
        self.stderr = VisibleOutput(stderr or sys.stderr)
        self.stderr.style_func = styled

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, on the outputs that *options* may name. A database that fails is told with the remedy."""
        for name in ("stdout", "stderr"):
            if stream := options.pop(name, None):
                setattr(self, name, VisibleOutput(stream))
        try:
            return super().execute(*args, **options)
        except FAILURES as error:
            raise CommandError(str(trouble_of(error))) from error
