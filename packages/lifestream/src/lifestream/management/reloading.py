"""`serve --reload`: templates are read again for each request, and the server is started again when settings change.

The first process only watches: it runs the same command in a second process, which serves, with RELOADED in its
environment. When a file with settings has changed, it ends the second process and starts another one. A server that
ended with an error, such as a mistake in `lifestream.toml`, is started again after the next change, which may have
corrected the mistake.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.template.autoreload import reset_loaders

RELOADED: Final = "LIFESTREAM_RELOADED"
"""Set in the environment of the process that serves."""
_PAUSE: Final = 0.5  # seconds between two checks for changes
_ENDS_WITHIN: Final = 40.0  # seconds; a refresh that is under way is given up after half a minute

_MOST_STATIC: Final = 1000
"""How many files of the folder `static` are checked twice a second. Only a few names have a meaning."""

State = Mapping[str, tuple[int, int]]


def is_served_here() -> bool:
    """Return whether this is the process that serves, and not the one that watches."""
    return bool(os.environ.get(RELOADED))


def serve_again(command: Sequence[str] | None = None, pause: float = _PAUSE) -> None:
    """Run *command*, by default that of this process, until it ends without an error, and again after each change."""
    line = list(command) if command is not None else [sys.executable, *sys.orig_argv[1:]]
    environment = {**os.environ, RELOADED: "1"}
    while True:
        seen = state_of(files_of_settings())
        process = subprocess.Popen(line, env=environment)  # noqa: S603  the command of this very process
        try:
            while state_of(files_of_settings()) == seen:
                try:
                    if process.wait(pause) == 0:
                        return
                except subprocess.TimeoutExpired:
                    continue
                # The server ended with an error, which the next change may correct.
                _wait_for_change(seen, pause)
        finally:
            process.terminate()
            try:
                process.wait(_ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for_change(seen: State, pause: float) -> None:
    import time

    while state_of(files_of_settings()) == seen:
        time.sleep(pause)


def files_of_settings() -> Iterator[Path]:
    """Yield the files that contain settings: `lifestream.toml`, the folder of static files with the files in it, whose
    names are significant, and the settings module.
    """
    home = getattr(settings, "HOME", None)
    if isinstance(home, Path):
        yield home / "lifestream.toml"
        yield home / "static"
        with contextlib.suppress(OSError):  # the folder was deleted meanwhile
            yield from sorted(islice((home / "static").iterdir(), _MOST_STATIC))
    module = sys.modules.get(os.environ.get("DJANGO_SETTINGS_MODULE", ""))
    if module is not None and module.__file__:
        yield Path(module.__file__)


def state_of(files: Iterable[Path]) -> State:
    """Return when each of *files* that exists was changed, and its size. For static files, whose new content is served
    without a restart, both are 0.
    """
    found: dict[str, tuple[int, int]] = {}
    for path in files:
        try:
            known = path.stat()
        except OSError:
            continue
        is_served = path.parent.name == "static" or path.name == "static"
        found[str(path)] = (0, 0) if is_served else (known.st_mtime_ns, known.st_size)
    return found


def reading_templates_anew(application: Callable[..., Any]) -> Callable[..., Any]:
    """Return a WSGI application that calls *application* and reads each template again for each request."""

    def fresh(environ: dict[str, Any], start_response: Any) -> Any:
        reset_loaders()
        return application(environ, start_response)

    return fresh
