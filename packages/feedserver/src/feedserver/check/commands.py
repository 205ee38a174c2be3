"""`CommandAdapter`: drives a reader by its commands.

Placeholders in commands are replaced literally: `{url}` (the feed), `{urls}` (all feeds), `{opml}` (a file that lists
them), `{n}` (the number of the feed), `{home}` (the reader's HOME), `{networks}` (the networks of all feeds, for a
guard against private addresses; environment variables may contain it, too). `{url}` and `{n}` are replaced only where a
command runs once for each feed. The set-up, which has no feeds yet, may contain `{home}` and `{networks}` only, *state*
`{home}` only, and the command that prints the version none of them.
Addresses consist of characters that no shell treats specially, so they need no quotes. Other braces, such as those of
awk and jq, are left as they are.
"""

from __future__ import annotations

import re
import shlex
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from feedserver.check.adapters import Adapter, Session, Subscription, read_rows
from feedserver.check.addresses import NETWORKS
from feedserver.check.evidence import Poll, Row
from feedserver.check.isolation import LARGEST_LIST, MEMORY_CAP, Home, Ran
from feedserver.check.moved_clock import ClockShim, LoadedShim, MovedClock
from feedserver.check.opml import opml_of
from feedserver.check.reader_files import ReaderFiles, TooMuch, remove_tree
from feedserver.check.stage import TOKEN
from feedserver.check.verdicts import Kind, ListFailed

PATIENCE = 75.0
"""Seconds that each command may take, by default."""

_ADDRESSES = ("{url}", "{urls}", "{opml}")


class SetupError(Exception):
    """The reader could not be set up, so that there is no score; the text says why, with a failed command's output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The commands of a reader, with the placeholders of this module; "" if the reader has no such command.

    *setup* runs once, in a HOME of which each session gets a copy. *add* subscribes to one feed, or to all of them with
    `{urls}` or `{opml}`. *poll* requests every feed; with `{url}` it runs once for each. *list* prints the items: JSON
    in lines, or a title in each line. *state* is the folder or file in which items are looked for where there is no
    list; "" is the HOME. *version* prints the reader's version. *environment* are the variables to add. *patience* is
    the limit for each command in seconds, *memory* the limit for the data of each process in bytes.
    """

    poll: str
    add: str = ""
    setup: str = ""
    list: str = ""
    state: str = ""
    version: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = PATIENCE
    memory: int = MEMORY_CAP

    def by_name(self) -> dict[str, str]:
        """Return the commands that the reader has, by the name of their option."""
        names = ("setup", "add", "poll", "list", "state", "version")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class CommandAdapter(Adapter):
    """Drives a reader by *commands*. `close` removes its folders."""

    def __init__(self, commands: Commands, *, name: str = "", kind: Kind = Kind.STORE, reproduce: str = "") -> None:
        if not commands.add and not any(word in commands.poll for word in _ADDRESSES):
            raise ValueError(
                "there is no --add, so --poll must have {url}, and then runs once for each feed, or {urls} or {opml}"
            )
        if commands.add and not any(word in commands.add for word in _ADDRESSES):
            raise ValueError(f"--add {commands.add!r} has neither {{url}} nor {{urls}} nor {{opml}}: give one of them")
        self._commands = commands
        self.kind = kind
        self._reproduce = reproduce
        # Before the folder is made: this takes a while, and a signal in this time must leave no folder behind.
        self._bundle = _bundle()
        self._root = Path(tempfile.mkdtemp(prefix="feedserver-check-"))
        self.name = name or _name_of(commands.add or commands.poll)
        self._setup_home: Home | None = None
        self._homes: list[Home] = []
        self._shim = ClockShim(self._root)

    @property
    def commands(self) -> Mapping[str, str]:
        """The commands, by the name of their option."""
        return self._commands.by_name()

    @property
    def prints_items(self) -> bool:
        """Whether the poll itself prints the items."""
        return self.kind is Kind.PARSER and not self._commands.list

    @property
    def can_list(self) -> bool:
        """Whether a command lists the items."""
        return bool(self._commands.list) or self.prints_items

    @property
    def can_show_items(self) -> bool:
        """Whether items can be seen: in the list, or in the reader's files."""
        return self.can_list or self.kind is not Kind.FETCHER

    @property
    def has_guard(self) -> bool:
        """Whether a command or a variable has `{networks}`."""
        return any("{networks}" in text for text in (*self.commands.values(), *self._commands.environment.values()))

    def reproduce(self, scenario: str) -> str:
        """Return the command that runs one scenario alone."""
        if self._reproduce:
            return f"feedserver check {self._reproduce} --only {scenario}"
        given = self._commands
        options = [*self.commands.items(), *(("env", f"{name}={value}") for name, value in given.environment.items())]
        if self.kind is not Kind.STORE:
            options.append(("kind", str(self.kind)))
        if given.patience != PATIENCE:
            options.append(("patience", f"{given.patience:g}s"))
        if given.memory != MEMORY_CAP:
            options.append(("memory", f"{given.memory >> 20}M"))
        arguments = " ".join(f"--{name} {shlex.quote(value)}" for name, value in options)
        return f"feedserver check {arguments} --only {scenario}"

    def set_up(self) -> None:
        """Run the set-up, and ask for the version. Raises SetupError where either fails."""
        self._shim.build()
        self._setup_home = self._home("setup")
        if self._commands.setup:
            ran = self._setup_home.run(
                _with_networks(self._commands.setup).replace("{home}", str(self._setup_home.home))
            )
            if ran.status != 0:
                raise SetupError(f"--setup {ran.how()}: {_indented(ran.output)}")
        if self._commands.version:
            ran = self._setup_home.run(self._commands.version)
            if ran.status != 0:
                raise SetupError(f"--version {ran.how()}: {_indented(ran.output)}")
            self.version = (ran.output.strip().splitlines() or [""])[0][:120]

    def _home(self, lane: str) -> Home:
        try:
            home = Home(
                self._root / lane,
                patience=self._commands.patience,
                memory=self._commands.memory,
                extra={name: _with_networks(value) for name, value in self._commands.environment.items()},
                bundle=self._bundle,
                copy_of=self._setup_home,
            )
        except OSError as error:  # the reader's own set-up may have left what cannot be copied
            raise SetupError(f"no HOME can be made for it: {error}") from error
        self._homes.append(home)
        return home

    def interrupt(self) -> None:
        """End every command that runs."""
        for home in self._homes:
            home.interrupt()

    def open(self, lane: str) -> Session:
        """Open a session in a copy of the HOME that was set up."""
        if self._setup_home is None:
            self.set_up()
        home = self._home(lane)
        shim = self._shim.load(home.folder)
        if shim is not None:
            home.environment |= shim.environment
        clock = shim.clock if shim is not None else MovedClock(problem=self._shim.problem)
        return _CommandSession(self._commands, home, shim, clock, prints_items=self.prints_items)

    def close(self) -> None:
        """End what the set-up has left running, and remove every folder."""
        if self._setup_home is not None:
            self._setup_home.close()
        remove_tree(self._root)


class _CommandSession(Session):
    def __init__(
        self, commands: Commands, home: Home, shim: LoadedShim | None, clock: MovedClock, *, prints_items: bool
    ) -> None:
        self._commands = commands
        self._home = home
        self._prints_items = prints_items
        self._feeds: list[Subscription] = []
        self._printed: list[bytes] = []
        self._tokens: dict[Path, tuple[tuple[int, int], frozenset[tuple[str, int]]]] = {}
        self._shim = shim
        self.clock = clock
        self._times_moved_at = time.time()

    def add(self, feeds: Sequence[Subscription]) -> Mapping[int, str]:
        self._feeds = list(feeds)
        if not self._commands.add:
            return {}
        if "{url}" not in self._commands.add:
            ran = self._home.run(self._filled(self._commands.add, feeds))
            return dict.fromkeys((feed.number for feed in feeds), f"--add {ran.describe()}") if ran.status != 0 else {}
        problems = {}
        for feed in feeds:
            ran = self._home.run(self._filled(self._commands.add, feeds, feed))
            if ran.status != 0:
                problems[feed.number] = f"--add {ran.describe()}"
        return problems

    def poll(self) -> Poll:
        self._printed.clear()
        if "{url}" not in self._commands.poll:
            return self._polled(self._home.run(self._filled(self._commands.poll, self._feeds)))
        polls = [
            self._polled(self._home.run(self._filled(self._commands.poll, self._feeds, feed))) for feed in self._feeds
        ]
        return Poll(
            is_good=all(poll.is_good for poll in polls),
            detail="; ".join(dict.fromkeys(poll.detail for poll in polls if poll.detail)),
            seconds=sum(poll.seconds for poll in polls),
            peak_memory=max((poll.peak_memory for poll in polls), default=0),
        )

    def _polled(self, ran: Ran) -> Poll:
        self._printed.append(ran.printed)
        is_good = ran.status is not None and not ran.crashed
        detail = "" if ran.status == 0 else f"the command {ran.describe()}"
        return Poll(is_good=is_good, detail=detail, seconds=ran.seconds, peak_memory=ran.peak_memory)

    def _filled(self, command: str, feeds: Sequence[Subscription], feed: Subscription | None = None) -> str:
        filled = _with_networks(command).replace("{home}", str(self._home.home))
        if "{opml}" in filled:
            opml = self._home.write("feeds.opml", opml_of(feeds).encode("utf-8"))
            filled = filled.replace("{opml}", str(opml))
        filled = filled.replace("{urls}", " ".join(each.url for each in feeds))
        if feed is not None:
            filled = filled.replace("{url}", feed.url).replace("{n}", str(feed.number))
        return filled

    def rows(self) -> Sequence[Row] | None:
        if self._commands.list:
            ran = self._home.run(self._filled(self._commands.list, self._feeds))
            self._move_times()
            if ran.status != 0:
                raise ListFailed(f"--list {ran.describe()}")
            return _rows_of("--list", [ran.printed])
        if self._prints_items:
            return _rows_of("--poll", self._printed)
        return None

    def present(self) -> frozenset[tuple[str, int]] | None:
        self._move_times()  # now, since a reader that goes on in the background has become quiet
        if self._commands.list or self._prints_items:
            return None  # the rows show which items are present
        state = Path(self._home.home, self._commands.state.replace("{home}", str(self._home.home)))
        found: set[tuple[str, int]] = set()
        try:
            files = ReaderFiles(state, self._home.home)
            for path in files.paths():
                found |= self._tokens_in(files, path)
        except TooMuch as error:
            raise ListFailed(f"the reader's files were not looked at: {error}") from error
        return frozenset(found)

    def _move_times(self) -> None:
        """Let the files that the reader has written since the last call be as old by its clock as by the true one."""
        since, self._times_moved_at = self._times_moved_at, time.time()
        if self.clock.offset and self.proves_clock():
            for folder in self._home.folders:
                with suppress(TooMuch):  # files beyond the limit keep their times
                    ReaderFiles(folder, folder).move_times(since, self.clock.offset)

    def _tokens_in(self, files: ReaderFiles, path: Path) -> frozenset[tuple[str, int]]:
        """Return the items whose tokens are in the file *path*. A file that has not changed is not read again."""
        try:
            status = path.lstat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._tokens.get(path)
            if known is None or known[0] != stamp:
                tokens = {(f"{m[1].decode().upper()}{int(m[2])}", int(m[3])) for m in TOKEN.finditer(files.read(path))}
                known = self._tokens[path] = (stamp, frozenset(tokens))
        except OSError:  # the reader removed it meanwhile, or put something else in its place
            return frozenset()
        return known[1]

    def proves_clock(self) -> bool:
        return self._shim is not None and self._shim.proofs > 0

    def is_going_on(self) -> bool:
        return bool(self._home.survivors())

    def close(self) -> None:
        if self._shim is not None:
            self._shim.close()
        self._home.close()


def _rows_of(option: str, printed: Sequence[bytes]) -> Sequence[Row]:
    """Return the items in what commands *printed*. Raises ListFailed if a command has printed more than is read."""
    if any(len(each) >= LARGEST_LIST for each in printed):
        raise ListFailed(f"{option} printed more than {LARGEST_LIST >> 20} MiB, so its items were not looked for")
    # Not `str.splitlines`: it splits at more characters, some of which (such as U+2028) a text in JSON may have.
    return read_rows(_LINE_END.split(b"\n".join(printed).decode("utf-8", "replace")))


_LINE_END = re.compile(r"\r\n|\r|\n")


def _indented(output: str) -> str:
    """Return the *output* of a command with its further lines indented: none of them must seem to be feedserver's."""
    return output.strip().replace("\n", "\n  ")


def _name_of(command: str) -> str:
    """Return the name of the reader, by its *command*: the program, or the script that an interpreter runs."""
    words = command.split()
    program = Path(words[0]).name
    if re.match(r"(python|node|ruby|perl|php|bash|sh|deno|bun|uv|npx)[0-9.]*(\.exe)?$", program):
        program = next((Path(word).name for word in words[1:] if re.search(r"\w\.\w+$", word)), program)
    return program


def _with_networks(text: str) -> str:
    return text.replace("{networks}", ",".join(NETWORKS))


def _bundle() -> str | None:
    """Return the file with the certificate of the https servers' authority, None if trustme, which makes certificates,
    is not installed.
    """
    from importlib.util import find_spec

    if find_spec("trustme") is None:
        return None
    from feedserver.net.tls import authority

    return str(authority().bundle)
