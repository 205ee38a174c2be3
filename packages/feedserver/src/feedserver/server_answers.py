"""What a server answers: routes, live feeds and fixtures, and the state and the clock that answers depend on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from feedserver.handler.conditions import Conditions
from feedserver.handler.handler import Site
from feedserver.messages.argument_types import check_is, check_name
from feedserver.messages.clock import Clock
from feedserver.messages.gate import Gate
from feedserver.messages.lasting import Lasting
from feedserver.messages.response import Answer, Response
from feedserver.server_location import ServerLocation

if TYPE_CHECKING:
    from typing import Unpack

    from feedserver.feeds import Feed, FormatName, LiveFeed, RenderOptions
    from feedserver.handler.conditions import ConditionsInput
    from feedserver.handler.path_pattern import Pattern


class ServerAnswers(ServerLocation):
    """The part of a `FeedServer` that a test gives its answers to."""

    site: Site

    def add(
        self,
        path: str | Pattern,
        *answers: Answer | Lasting,
        method: str | None = None,
        state: Mapping[str, object] | None = None,
        then: Mapping[str, object] | None = None,
        **conditions: Unpack[ConditionsInput],
    ) -> None:
        """Answer *path* with *answers*, one after the other; the last one stays.

        *path* may have a query string, which then must be equal, in any spelling. It may be an absolute URL, for a
        client that uses this server as its proxy. An answer is a `Response`, or a callable that gets the `Request` and
        returns a `Response`; the callable runs on a thread of its own, and may be async. `lasting(answer, "2h")` gives
        *answer* to all requests of two hours. Without *method*, every method is answered but CONNECT and an obeyed
        QUIT.

        With *state*, the route answers only while `state` has these values (None: a name that is not set). Each request
        that gets an answer changes `state` to the values of *then*; one that is passed to a callable does so at once.
        HEAD changes no state and uses no answer up, nor does a request that gets the 401 of a `Response` with *auth*,
        unless a callable returned that `Response`.

        *path* may be a `Pattern` for many paths. More conditions are *query*, *headers*, *body*, *form*, *json* and
        *matching*, see `ConditionsInput`. The most specific route answers: one with a path before one with a pattern.
        Between two of a kind, these decide in turn: the most text beside the placeholders of a pattern, the narrowest
        query, the most other conditions (*state* is one), and the request's own method. Of equal routes, the one that
        was added last answers. A route for the same requests replaces the earlier one.
        """
        if self.site.quits and isinstance(method, str) and method.upper() == "QUIT":
            raise ValueError(
                f"the method that add() was given is {method!r}, which the server obeys; leave quit=True out"
            )
        asked = Conditions.of(conditions, "method", "state", "then")
        self.site.routes.add(path, answers, method, state, then, asked)

    def unused_routes(self) -> list[str]:
        """Return the added routes that have answered no request, in words: `assert server.unused_routes() == []`."""
        return [str(route) for route in self.site.routes.unused]

    @property
    def state(self) -> dict[str, object]:
        """The state that routes share, by name: empty at first, changed by `add(…, then=…)` and by tests.

        A test may change it at any time. It outlives `stop`, as the routes do.
        """
        return self.site.routes.state

    @property
    def clock(self) -> Clock:
        """The server's clock, which a test can move: `Date`, `{date+2h}` and `Exchange.time` follow it."""
        return self.site.clock

    def gate(self) -> Gate:
        """Return a new gate: code that makes an answer waits at it until the test lets it pass.

        A callable, or a body that is made in parts, calls the gate's `wait`; the test calls `release` or `open`.
        """
        return Gate()

    def mount(
        self,
        path: str,
        feed: Feed,
        format: FormatName = "rss",  # noqa: A002 - the same name as in `Feed.render`
        **options: Unpack[RenderOptions],
    ) -> LiveFeed:
        """Serve *feed* at *path* in a *format* of `Feed.render`.

        Returns an object that changes the feed by publish, edit, move and more. The options are those of `Feed.render`;
        ETag and Last-Modified are sent unless `validators=False`.
        """
        from feedserver.feeds import LiveFeed  # most servers serve no live feed

        check_name("path", path, "/feed")
        live = LiveFeed(feed, format, clock=self.clock.now, **options)
        live.mount(self, path)
        return live

    def fixture(self, name: str | os.PathLike[str]) -> Response:
        """Return the response that a file of the root describes, for `add` or `dataclasses.replace`.

        Raises FixtureError if the file has a mistake, FileNotFoundError if there is no such file.
        """
        check_is("the name of a fixture", name, (str, os.PathLike), "give a path below the root, such as 'feed.xml'")
        from pathlib import Path

        from feedserver.fixtures import loader
        from feedserver.fixtures.document_root import why_not_served

        folder = self.site.routes.folder
        if folder is None:
            raise FileNotFoundError(
                f"there is no fixture {name}: this server has no root; FeedServer('a/folder') has one"
            )
        wanted = Path(name).as_posix()
        path = folder.locate(wanted)
        if path is None or path.is_dir():
            why = why_not_served(wanted)
            raise FileNotFoundError(
                f"there is no fixture {name} in {folder.root}" + (f": {why}; give the file another name" if why else "")
            )
        return loader.load(path, beneath=folder.beneath)
