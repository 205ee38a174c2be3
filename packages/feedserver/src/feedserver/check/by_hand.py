"""A reader that a person drives: `feedserver check --serve`, for graphical readers and those of hosted services.

The person imports an OPML document, lets the reader refresh, ticks the items that it shows, and goes on to the next
round, on the page of `hand_page`. The clock is the true one. What was seen in each round is written into a session
file, if there is one, so that a run can be stopped and continued; addresses stay the same.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from feedserver.check import addresses
from feedserver.check.adapters import Adapter, Session, Subscription, Watched
from feedserver.check.addresses import FeedPlace
from feedserver.check.evidence import Poll, Row
from feedserver.check.hand_page import HandPage, Shown
from feedserver.check.look import Look
from feedserver.check.moved_clock import MovedClock
from feedserver.check.scenario import Scenario
from feedserver.check.site import LARGEST_BODY, MOST_REQUESTS, NOT_BROKEN
from feedserver.check.verdicts import Kind
from feedserver.server import FeedServer

_CHOICE = "choice of schema 1"
"""The key of the choice in a session file. It names the form of the file: a file in another form
lacks it, and is refused.
"""
_PREFIX = re.compile(r"/[A-Za-z0-9_-]{22,64}")


class SessionError(Exception):
    """A session file cannot be used; the text names it and says why."""


@dataclass(slots=True)
class SessionFile:
    """What is needed to continue a run: the secret prefixes of its URL paths, its ports, and what was seen in each
    round (*looks*).

    *ports* has the port of each scenario's server by the scenario's id, that of the page by "page", and that of a
    server that all scenarios share by "". *path* is None if no file is kept. *choice* says with which options the
    scenarios were chosen; a file is for one choice only.
    """

    path: Path | None
    choice: str
    prefix: str = field(default_factory=lambda: "/" + secrets.token_urlsafe(16))
    page_prefix: str = field(default_factory=lambda: "/" + secrets.token_urlsafe(16))
    ports: dict[str, int] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path | None, choice: str) -> SessionFile:
        """Read the file, or begin a session if there is none. Raises SessionError if the file is no session
        of this *choice*, or could not be written later.
        """
        if path is None:
            return cls(path, choice)
        _try_to_write(path)
        if not path.exists():
            return cls(path, choice)
        if not path.is_file():  # a pipe would be waited for
            raise SessionError(f"{path} cannot be read (it is no file); name another file")
        try:
            read = json.loads(path.read_text("utf-8"))
            kept = cls(
                path,
                str(read[_CHOICE]),
                _secret(read["prefix"]),
                _secret(read["page_prefix"]),
                {str(name): _port(port) for name, port in dict(read["ports"]).items()},
                [Look.from_json(look) for look in read["looks"]],
            )
        except OSError as error:
            raise SessionError(f"{path} cannot be read ({error.strerror}); name another file") from error
        except KeyError as error:
            raise SessionError(
                f"{path} is no session of this version of feedserver check, since it lacks {error}; name another file"
            ) from error
        except (TypeError, ValueError, RecursionError) as error:
            raise SessionError(f"{path} is no session of feedserver check ({error}); name another file") from error
        if kept.choice != choice:
            raise SessionError(
                f"{path} was begun with other options, or with another version of the rules ({kept.choice}, not "
                f"{choice}); give the same options to the same version, or name another file"
            )
        kept.save()  # a file that can be read may be one that cannot be replaced, such as somebody else's in /tmp
        return kept

    def save(self) -> None:
        """Write the file, readable by its owner only. Raises SessionError where that fails, as on a full disk."""
        if self.path is None:
            return
        text = json.dumps(
            {
                _CHOICE: self.choice,
                "prefix": self.prefix,
                "page_prefix": self.page_prefix,
                "ports": self.ports,
                "looks": [look.as_json() for look in self.looks],
            }
        )
        # Write a new file, of mode 0600: in a folder that all users may write to, *path* may be somebody else's link.
        try:
            descriptor, temporary = _new_beside(self.path)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                temporary.replace(self.path)
            finally:
                temporary.unlink(missing_ok=True)  # otherwise each try on a full disk would leave a file behind
        except OSError as error:
            raise _cannot_be_written(self.path, error) from error


def _new_beside(path: Path) -> tuple[int, Path]:
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    return descriptor, Path(name)


def _try_to_write(path: Path) -> None:
    """Make a file beside *path*, and remove it. Raises SessionError where that fails."""
    try:
        if not path.parent.is_dir():
            raise SessionError(f"{path}: there is no folder {path.parent}; make it first")
        descriptor, temporary = _new_beside(path)
        os.close(descriptor)
        temporary.unlink()
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def _cannot_be_written(path: Path, error: OSError) -> SessionError:
    return SessionError(f"{path} cannot be written ({error.strerror}); name another file")


def _secret(prefix: object) -> str:
    """Return *prefix* if it has the form that `SessionFile` gives it. Raises ValueError if not: another prefix
    could be guessed.
    """
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise ValueError("a prefix in it was not made by feedserver")
    return prefix


def _port(port: object) -> int:
    """Return *port*. Raises ValueError if it is not the number of a port."""
    if type(port) is not int or not 0 <= port <= 65535:
        raise ValueError("a port in it does not exist")
    return port


class HandAdapter(Adapter):
    """Lets a person drive the reader. *file* keeps the session; *port* is that of the page. A port of 0 is the one that
    the session used before; in a new session, a free one.

    With *url*, the base URL by which a hosted reader reaches this machine, all feeds are served at *host* and
    *feed_port*, to which a tunnel or a proxy leads.
    """

    has_one_session = True
    kind_of_poll = "a person's"

    def __init__(
        self,
        file: SessionFile,
        *,
        name: str = "",
        version: str = "",
        kind: Kind = Kind.STORE,
        port: int = 0,
        url: str = "",
        host: str = "127.0.0.1",
        feed_port: int = 0,
    ) -> None:
        self.name = name or "reader"
        self.version = version
        self._file = file
        self._kind = kind
        self._url = url.rstrip("/")
        self._host = host
        self._shared: FeedServer | None = None
        if self._url:
            wanted = feed_port or file.ports.get("", 0)
            self._shared = FeedServer(
                host=host,
                port=wanted,
                strict=False,
                callable_timeout=30.0,
                max_body=LARGEST_BODY,
                journal_limit=MOST_REQUESTS,
            )
            self._shared.allow(NOT_BROKEN)
            file.ports[""] = self._shared.start().port
        self.page = HandPage(file.page_prefix, port or file.ports.get("page", 0))
        file.ports["page"] = self.page.port

    @property
    def feed_port(self) -> int:
        """The port at which all feeds are served, 0 where each scenario has its own."""
        return self._shared.port if self._shared is not None else 0

    @property
    def commands(self) -> Mapping[str, str]:
        """How the reader is driven, for the report."""
        return {"serve": "a person imported the feeds, refreshed, and ticked the items"}

    @property
    def can_list(self) -> bool:
        """Whether the reader's items can be listed: never."""
        return False

    @property
    def can_show_items(self) -> bool:
        """Whether items can be seen: a person ticks them."""
        return True

    def refuses(self, scenario: Scenario) -> str:
        """Return why *scenario* cannot be shown to this reader."""
        if scenario.tls:
            return "a reader that is driven by hand does not trust the authority of this run"
        if self._url and scenario.elsewhere is not None:
            return "it needs a second address, which a hosted reader cannot reach"
        return ""

    def reproduce(self, scenario: str) -> str:
        """Return the command that runs one scenario alone."""
        options = []
        if self._url:
            options += [f"--url {self._url}", f"--feed-host {self._host}", f"--feed-port {self.feed_port}"]
        if self._kind is not Kind.STORE:
            options.append(f"--kind {self._kind}")
        return " ".join(["feedserver check --serve", *options, f"--only {scenario}"])

    def interrupt(self) -> None:
        """Wake the run that waits for the person."""
        self.page.stop_waiting()

    def open(self, lane: str) -> Session:  # noqa: ARG002 - there is one lane only
        """Return the session."""
        return _HandSession(self._file, self.page, self._shared, self._url)

    def close(self) -> None:
        """Stop the page and the shared server."""
        self.page.close()
        if self._shared is not None:
            self._shared.stop()


class _HandSession(Session):
    keeps_what_was_stopped = False

    def __init__(self, file: SessionFile, page: HandPage, shared: FeedServer | None, url: str) -> None:
        self.clock = MovedClock()
        self._file = file
        self._page = page
        self._shared = shared
        self._url = url

    def place(self, scenario: str, index: int) -> FeedPlace:
        if self._shared is not None:
            return FeedPlace(self._shared.host, prefix=self._file.prefix, server=self._shared, base=self._url)
        return FeedPlace(addresses.host(index), self._file.ports.get(scenario, 0), self._file.prefix)

    def listens(self, scenario: str, port: int) -> None:
        if self._shared is None:
            self._file.ports[scenario] = port

    def watch(self, number: int, count: int, feeds: Sequence[Subscription], watched: Sequence[Watched]) -> None:
        self._file.save()
        ticked = self._file.looks[-1].present if self._file.looks else frozenset()
        self._page.show(Shown(number, count, tuple(feeds), tuple(watched), ticked))

    def add(self, feeds: Sequence[Subscription]) -> Mapping[int, str]:  # noqa: ARG002 - `watch` has shown them
        self._page.wait()
        return {}

    def poll(self) -> Poll:
        self._page.wait()
        return Poll()

    def present(self) -> frozenset[tuple[str, int]] | None:
        return self._page.ticked

    def rows(self) -> Sequence[Row] | None:
        return None

    def recorded(self, number: int) -> Look | None:
        return self._file.looks[number] if number < len(self._file.looks) else None

    def record(self, number: int, look: Look) -> None:
        del self._file.looks[number:]
        self._file.looks.append(look)
        self._file.save()
