"""The live page of `feedserver check --serve`: what the run waits for, the feeds to import, and boxes to tick.

It is served on the loopback address of this machine, below a prefix that nobody can guess, and not by the server of the
feeds: a hosted reader knows the addresses of the feeds only.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from urllib.parse import parse_qsl

from feedserver.check.adapters import Subscription, Watched
from feedserver.check.opml import opml_of
from feedserver.check.stage import token
from feedserver.check.verdicts import Need
from feedserver.messages.request import Request
from feedserver.messages.response import Response
from feedserver.server import FeedServer

_CLOSE_TIMEOUT = 2.0
"""The most seconds that `close` waits for the browser to load the page once more. It then waits at most as long for the
requests that are still open.
"""

_STYLES = ("report.css", "hand_page.css")


@dataclass(frozen=True, slots=True)
class Shown:
    """The round that the page shows: its *number* from 0, of *count*, all *feeds*, the scenarios under way (*watched*),
    and the items that were *ticked* in the round before, None if the person does not tick items.
    """

    number: int
    count: int
    feeds: Sequence[Subscription]
    watched: Sequence[Watched]
    ticked: frozenset[tuple[str, int]] | None

    @property
    def not_requested(self) -> list[Watched]:
        """The scenarios whose feeds were not requested in this round."""
        return [each for each in self.watched if not each.arrivals()]


class HandPage:
    """The page, at *url*. `show` shows a round, `wait` waits until the person goes on; `ticked` then has the items."""

    def __init__(self, prefix: str, port: int = 0) -> None:
        self._prefix = prefix
        self._changed = threading.Condition()
        self._shown: Shown | None = None
        self._is_over = False
        self._is_stopped = False
        self._was_seen_over = threading.Event()
        self.ticked: frozenset[tuple[str, int]] | None = None
        """The items that the person has ticked as shown by the reader, None if the person does not tick items."""
        self._server = FeedServer(port=port, strict=False, callable_timeout=30.0, bind_timeout=5.0)
        self._server.add(f"{prefix}/", self._page)
        self._server.add(f"{prefix}/state.json", self._state)
        self._server.add(f"{prefix}/feeds.opml", self._opml)
        self._server.add(f"{prefix}/go", self._go_on, method="POST")
        self._server.start()

    @property
    def port(self) -> int:
        """The port of the page."""
        return self._server.port

    @property
    def url(self) -> str:
        """The address of the page."""
        return self._server.url(f"{self._prefix}/")

    def show(self, shown: Shown) -> None:
        """Show a round."""
        with self._changed:
            self._shown, self._is_over = shown, False
            self._was_seen_over.clear()

    def wait(self) -> None:
        """Wait until the person goes on, or `stop_waiting` was called."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._is_stopped)

    def stop_waiting(self) -> None:
        """End every wait: the run is stopped."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the server, once the browser has followed the redirect of the last round."""
        if self._is_over:
            self._was_seen_over.wait(_CLOSE_TIMEOUT)
            journal = self._server.journal
            journal.wait_until(lambda: all(exchange.is_over for exchange in journal.exchanges), _CLOSE_TIMEOUT)
        self._server.stop()

    # Answers

    def _state(self, _: Request) -> Response:
        shown = self._shown
        waiting = shown.not_requested if shown is not None else []
        value = {
            "round": shown.number if shown is not None else -1,
            "all": len(shown.watched) if shown is not None else 0,
            "waiting": [each.scenario.id for each in waiting],
            "is_over": self._is_over,
        }
        return _answer(json.dumps(value), "application/json")

    def _opml(self, _: Request) -> Response:
        shown = self._shown
        return _answer(opml_of(shown.feeds if shown is not None else []), "text/x-opml; charset=utf-8")

    def _go_on(self, request: Request) -> Response:
        fields = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        given = dict(fields)
        with self._changed:
            shown = self._shown
            if shown is not None and given.get("round") == str(shown.number) and not self._is_over:
                self.ticked = _ticks(fields, shown) if given.get("sees") == "yes" else None
                self._is_over = True
                self._changed.notify_all()
        return Response(status=303, headers={"Location": f"{self._prefix}/", "Cache-Control": "no-store"})

    def _page(self, _: Request) -> Response:
        shown, is_over = self._shown, self._is_over
        if is_over:
            self._was_seen_over.set()
        body = _waiting() if shown is None or is_over else _round(shown, self._prefix)
        style = "".join((files("feedserver.check") / name).read_text("utf-8") for name in _STYLES)
        script = (files("feedserver.check") / "hand_page.js").read_text("utf-8")
        return _answer(
            f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>feedserver check</title>
<style>
{style}</style>
</head>
<body data-round="{shown.number if shown is not None and not is_over else -1}">
<header>
<p class="kicker">feedserver check</p>
<h1>{"Getting ready" if shown is None or is_over else f"Round {shown.number + 1} of {shown.count}"}</h1>
</header>
<main>
{body}
</main>
<script>
{script}</script>
</body>
</html>
""",
            "text/html; charset=utf-8",
        )


def _answer(text: str, content_type: str) -> Response:
    return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _ticks(fields: Sequence[tuple[str, str]], shown: Shown) -> frozenset[tuple[str, int]]:
    """Return the items that were ticked, of those that were shown."""
    items = {f"{each.scenario.id}:{item}": (each.scenario.id, item) for each in shown.watched for item in each.items}
    return frozenset(items[value] for name, value in fields if name == "item" and value in items)


def _waiting() -> str:
    return '<p role="status">The next round, or the report, is being made ready. This page goes on by itself.</p>'


def _round(shown: Shown, prefix: str) -> str:
    waiting = shown.not_requested
    asked = len(shown.watched) - len(waiting)
    ids = ", ".join(each.scenario.id for each in waiting)
    goal = " to the next round" if shown.number + 1 < shown.count else " to the report"
    return f"""{_task(shown, prefix)}
<section aria-labelledby="requests">
<h2 id="requests">Requests in this round</h2>
<p role="status"><span id="asked">{asked}</span> of {len(shown.watched)} feeds were requested.</p>
<progress id="progress" aria-labelledby="requests" max="{len(shown.watched)}" value="{asked}"></progress>
<details class="waiting"><summary>Feeds that were not requested yet</summary><p id="waiting">{ids}</p></details>
<p>A reader may leave a feed alone for good reasons, so go on once it has refreshed.</p>
</section>
<form method="post" action="{prefix}/go">
<input type="hidden" name="round" value="{shown.number}">
{_boxes(shown)}
<p class="go"><button type="submit">Go on{goal}</button></p>
</form>"""


def _task(shown: Shown, prefix: str) -> str:
    if shown.number:
        return """<section aria-labelledby="task">
<h2 id="task">What to do</h2>
<ol>
<li>Let the reader refresh all its feeds.</li>
<li>Tick the items that it shows.</li>
<li>Go on.</li>
</ol>
</section>"""
    addresses = "\n".join(escape(feed.url) for feed in shown.feeds)
    return f"""<section aria-labelledby="task">
<h2 id="task">What to do</h2>
<ol>
<li>Import <a href="{prefix}/feeds.opml" download="feeds.opml">this list of {len(shown.feeds)} feeds</a> (OPML) into the
reader.</li>
<li>Let the reader load them.</li>
<li>Tick the items that it shows.</li>
<li>Go on.</li>
</ol>
<details><summary>The addresses, if the reader imports no OPML</summary><pre tabindex="0">{addresses}</pre></details>
</section>"""


def _boxes(shown: Shown) -> str:
    scenarios = [each for each in shown.watched if Need.ITEMS in each.scenario.needs and each.items]
    if not scenarios:
        return ""
    groups = "\n".join(_box_group(each, shown.ticked or frozenset()) for each in scenarios)
    yes, no = ("", " checked") if shown.ticked is None else (" checked", "")
    return f"""<section aria-labelledby="items">
<h2 id="items">What the reader shows</h2>
<fieldset class="choice"><legend>Which items are there?</legend>
<label><input type="radio" name="sees" value="yes"{yes}> I tick them below</label>
<label><input type="radio" name="sees" value="no"{no}> I don't: scenarios that need them are <em>not seen</em></label>
</fieldset>
<p class="tools" hidden><button type="button" id="tick-all">Tick all</button>
<button type="button" id="tick-none">Tick none</button></p>
<div class="boxes">
{groups}
</div>
</section>"""


def _box_group(each: Watched, ticked: frozenset[tuple[str, int]]) -> str:
    name = each.scenario.id
    boxes = "\n".join(
        f'<label><input type="checkbox" name="item" value="{name}:{item}"'
        f"{' checked' if (name, item) in ticked else ''}> Item {item} "
        f'<span class="token">{token(name, item)}</span></label>'
        for item in sorted(each.items, reverse=True)
    )
    return f"<fieldset><legend>Scenario {name}</legend>\n{boxes}\n</fieldset>"
