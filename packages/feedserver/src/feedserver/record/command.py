"""The command `feedserver record`: its options, its exit status, and what it prints."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from feedserver.messages.terminal_text import visible
from feedserver.record.raw_client import RecordingError, checked
from feedserver.record.recording import HEADER, TIMEOUT, record, summary
from feedserver.record.secret_search import without_secrets

_OPTION = re.compile(r"(?P<name>--[a-z]+(?:-[a-z]+)*(?==|\Z)|-[A-Za-z])(?P<value>.*)", re.DOTALL)

_LETTERS = re.compile("[A-Za-z-]+")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `record` to the command's parsers; `run` carries it out."""
    parser = commands.add_parser(
        "record",
        help="fetch a URL once, and write it as a fixture",
        description="Fetches a URL with one GET request and writes the answer: the body to FILE, byte for byte, status "
        "and headers to FILE.response. Redirects are recorded, not followed. Cookies, tokens and other secrets are "
        "removed from headers and URLs, and each removal is printed; the body stays as it is.",
    )
    parser.add_argument("url", metavar="URL", type=_url, help="an address of http or https")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where to write the body")
    parser.add_argument(
        "--header",
        metavar="'NAME: VALUE'",
        type=_header,
        action="append",
        default=[],
        help="send a header, such as 'Accept-Encoding: gzip'; may be given several times",
    )
    parser.add_argument(
        "--keep",
        metavar="NAME",
        action="append",
        default=[],
        help="keep a header or a parameter of that name although it looks like a secret; the name URL keeps the URL in "
        "the first line of FILE.response; may be given several times",
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_timeout,
        default=TIMEOUT,
        help="the limit for the whole answer (default: %(default)g)",
    )


def _url(text: str) -> str:
    if "://" not in text:  # it may be a part of a header that was not in quotes, and so a secret
        raise argparse.ArgumentTypeError(
            "this is no address of http or https, such as https://example.org/feed; write --header 'Name: value', and "
            "quotes around a URL"
        )
    try:
        checked(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _header(text: str) -> tuple[str, str]:
    match = HEADER.fullmatch(text)
    if match is None:
        name, *more = without_secrets(text)[0].split() or [""]  # what follows the name may be a secret
        shown = name if _LETTERS.fullmatch(name) or not name else "…"  # a single word may be a secret, too
        raise argparse.ArgumentTypeError(f"'{shown}{' …' if more else ''}' is no header; write 'Name: value'")
    return match["name"], match["value"]


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no time limit; give a number of seconds, such as 10")
    return seconds


def unrecognized(arguments: Iterable[str]) -> str:
    """Return a message about *arguments* that the command does not know. The message shows only the names of options:
    the rest may be a secret, such as a header that was not in quotes.
    """
    shown: list[str] = []
    for argument in arguments:
        option = _OPTION.fullmatch(argument)
        if option is None:
            shown += ["…"] if shown[-1:] != ["…"] else []
        else:
            sign = "=" if option["value"].startswith("=") else ""
            shown.append(f"{option['name']}{sign}{'…' if option['value'] else ''}")
    return f"unrecognized arguments: {' '.join(shown)}; write --header 'Name: value', and quotes around a URL"


def run(options: argparse.Namespace) -> tuple[int, str]:
    """Record as *options* say. Return the exit status and the text to print.

    The status is 0 if the answer was recorded, 1 if no answer came that can be recorded, 2 for bad usage or if nothing
    can be written. An error is told in one line, with escapes for control characters: it may quote the name of a file
    that somebody else has chosen.
    """
    try:
        recording = record(
            options.url,
            options.output,
            headers=options.header,
            keep=options.keep,
            force=options.force,
            timeout=options.timeout,
        )
    except RecordingError as error:
        return 1, visible(str(error))
    except OSError as error:
        if error.strerror is None:  # a message of ours
            return 2, visible(str(error))
        return 2, visible(f"{error.filename or options.output} cannot be written: {error.strerror}")
    except ValueError as error:
        return 2, visible(str(error))
    return 0, "\n".join(summary(recording))
