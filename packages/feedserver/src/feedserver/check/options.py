"""The options of `feedserver check`, and what their values may be."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from feedserver.check.commands import PATIENCE
from feedserver.check.isolation import MEMORY_CAP
from feedserver.check.readers import READERS
from feedserver.check.verdicts import Kind, Level
from feedserver.messages.argument_types import is_whole
from feedserver.messages.pacing import parse_duration

WORKERS = min(os.cpu_count() or 1, 4)
"""How many copies of the reader run at the same time by default."""

FORMATS = ("table", "json", "junit", "html", "badge")
"""The formats of a report, the usual one first."""

OF_SERVE: Final[Mapping[str, object]] = {
    "--session": None,
    "--port": 0,
    "--url": "",
    "--feed-host": "127.0.0.1",
    "--feed-port": 0,
}
"""The options that are used with `--serve` only, and their defaults."""

OF_FEEDS_OF_A_HOSTED_READER: Final = {name: OF_SERVE[name] for name in ("--feed-host", "--feed-port")}
"""Those options of `OF_SERVE` that are used with `--url` only."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `feedserver check` to its parser; `command.run_command` carries the command out."""
    reader = parser.add_argument_group(
        "the reader",
        "The shell runs the commands. In all but --version, {home} and {networks} are replaced; in --add and --poll, "
        "also {url} and {n} (such a command is run for each feed), or {urls} and {opml}, as in --list.",
    )
    reader.add_argument(
        "--reader",
        choices=sorted(READERS),
        metavar="NAME",
        help=f"a known reader, whose commands are shipped: {', '.join(sorted(READERS))}",
    )
    reader.add_argument(
        "--add",
        default="",
        metavar="CMD",
        help="the command that subscribes to {url}, or to all {urls} or {opml} at once",
    )
    reader.add_argument("--add-all", default="", metavar="CMD", help="the same as --add, with {urls} or {opml}")
    reader.add_argument(
        "--poll",
        default="",
        metavar="CMD",
        help="the command that requests every feed; with {url}, it is run once for each feed",
    )
    reader.add_argument(
        "--list",
        default="",
        metavar="CMD",
        help="the command that prints the items, one on each line: a title, or JSON (title, link, author, content, "
        "date, enclosure)",
    )
    reader.add_argument(
        "--state",
        default="",
        metavar="DIR",
        help="the folder in which the reader keeps its items (default: its HOME); used without --list",
    )
    reader.add_argument(
        "--setup",
        default="",
        metavar="CMD",
        help="a command that is run once, in the HOME that is copied for each copy of the reader",
    )
    reader.add_argument(
        "--version",
        default="",
        metavar="CMD",
        dest="reader_version",
        help="the command that prints the reader's version",
    )
    reader.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_variable,
        help="an environment variable of the reader; may be repeated",
    )
    reader.add_argument(
        "--kind",
        choices=[str(kind) for kind in Kind],
        help="what the reader does with items (default: that of --reader, or store)",
    )
    reader.add_argument("--name", default="", help="the reader's name in the report")
    served = parser.add_argument_group(
        "a graphical or a hosted reader", "A person operates the reader, as a page says."
    )
    served.add_argument("--serve", action="store_true", help="serve feeds to import, and a page that says what to do")
    served.add_argument(
        "--session",
        type=Path,
        default=OF_SERVE["--session"],
        metavar="FILE",
        help="keep the run in FILE, to continue it if it was stopped",
    )
    served.add_argument(
        "--port",
        type=_port,
        default=OF_SERVE["--port"],
        help="the port of the page (default: that of --session, or a free one)",
    )
    served.add_argument(
        "--url",
        default=OF_SERVE["--url"],
        help="the base URL by which a hosted reader reaches --feed-host and --feed-port",
    )
    served.add_argument(
        "--feed-host",
        default=OF_SERVE["--feed-host"],
        metavar="HOST",
        help="with --url, the address that serves the feeds (default: %(default)s)",
    )
    served.add_argument(
        "--feed-port",
        type=_port,
        default=OF_SERVE["--feed-port"],
        metavar="PORT",
        help="with --url, the port that serves the feeds (default: that of --session, or a free one)",
    )
    parser.add_argument(
        "--only",
        action="extend",
        default=[],
        type=_ids,
        metavar="IDS",
        help="run these scenarios and what they depend on, such as V,T4; may be repeated",
    )
    parser.add_argument(
        "--alone",
        action="extend",
        default=[],
        type=_ids,
        metavar="IDS",
        help="run each of these scenarios with a copy of the reader that no other scenario uses, since the reader "
        "stops in them; may be repeated",
    )
    parser.add_argument(
        "--patience",
        type=_duration,
        metavar="TIME",
        help=f"the limit for each command (default: {PATIENCE:g}s)",
    )
    parser.add_argument(
        "--memory",
        default=0,
        type=_size,
        metavar="SIZE",
        help=f"the limit for the data of each process of a reader (default: that of --reader, or {MEMORY_CAP >> 30}G)",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help=f"how many copies of the reader run at the same time (default: {WORKERS})",
    )
    parser.add_argument(
        "--fail-under",
        default="must",
        choices=[*(str(level) for level in Level), "never"],
        help="exit with status 1 if a rule of at least this level is broken (default: %(default)s)",
    )
    parser.add_argument(
        "--format",
        action="append",
        default=[],
        choices=FORMATS,
        help="the format of the report (default: by the extension of -o: .json, .xml for junit, .html, .svg for badge; "
        "otherwise table); may be repeated, once for each -o",
    )
    parser.add_argument(
        "--published",
        action="store_true",
        help="leave out of the report the rules about security, passed or not: the reader's author should learn of a "
        "failure before the public does",
    )
    parser.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="write the report into a file; may be repeated, for several formats",
    )
    parser.add_argument("--quiet", action="store_true", help="print no progress")


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise argparse.ArgumentTypeError(f"{text!r} is no variable; give NAME=VALUE")
    return name, value


def _ids(text: str) -> list[str]:
    return text.split(",")


def _count(text: str) -> int:
    if not is_whole(text, 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a number from 1 up")
    return int(text)


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})([MG])", text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give one such as 512M or 8G")
    return int(found[1]) << (20 if found[2] == "M" else 30)


def _port(text: str) -> int:
    if not is_whole(text, 0, 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535, or 0 for a free one")
    return int(text)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; give one such as 75s") from error
