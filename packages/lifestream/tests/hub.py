"""A WebSub hub on feedserver: it accepts requests, verifies them over HTTP, and pushes signed content."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import httpx

from feedserver import FeedServer, Request, Response
from programs import PATIENCE

CHALLENGE = "a challenge / <b>that</b> \N{SNOWMAN} is hard to guess"
PLAIN: Final[dict[str, Any]] = {"trust_env": False, "verify": False}
"""Options of a request to this machine: it needs no proxy and no certificates, which take a while to load."""


class Hub:
    """A hub at *path* of *server*. It answers requests with *answers*, one after the other, and then with 202.

    `requests` are those that it has received, and `asked` the parameters of each.
    """

    def __init__(self, server: FeedServer, path: str = "/hub", *answers: Response) -> None:
        self.url = server.url(path)
        self.asked: list[dict[str, str]] = []
        self.requests: list[Request] = []
        self._answers = list(answers)
        server.add(path, self._take, method="POST")

    def _take(self, request: Request) -> Response:
        self.requests.append(request)
        self.asked.append(dict(parse_qsl(request.text, keep_blank_values=True, strict_parsing=True)))
        return self._answers.pop(0) if self._answers else Response(status=202)

    @property
    def callback(self) -> str:
        """The callback URL of the last request."""
        return self.asked[-1]["hub.callback"]

    def verify(self, **replaced: str) -> httpx.Response:
        """Verify the last request by a call of its callback, and return the answer. *replaced* are parameters of this
        call, named as in `call`, that replace the usual ones.
        """
        asked = self.asked[-1]
        parameters = {"mode": asked["hub.mode"], "topic": asked["hub.topic"], "challenge": CHALLENGE} | replaced
        if parameters["mode"] == "subscribe":
            parameters.setdefault("lease_seconds", asked.get("hub.lease_seconds", ""))
        return self.call(**parameters)

    def call(self, **parameters: str) -> httpx.Response:
        """Return the answer to a GET of the callback with *parameters* in the query, each name prefixed with "hub."."""
        query = urlencode({f"hub.{name}": value for name, value in parameters.items()})
        return httpx.get(f"{self.callback}?{query}", timeout=PATIENCE, **PLAIN)

    def push(self, body: bytes | str, method: str = "sha256", **headers: str) -> httpx.Response:
        """Push *body*, signed with *method*. *headers* are added, or replace those of the hub; `_` stands for `-`."""
        data = body.encode() if isinstance(body, str) else body
        sent = {"X-Hub-Signature": self.sign(data, method), "Content-Type": "application/rss+xml"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.callback, content=data, headers=sent, timeout=PATIENCE, **PLAIN)

    def sign(self, body: bytes, method: str = "sha256", secret: str | None = None) -> str:
        """Return the X-Hub-Signature of *body*."""
        agreed = next(asked["hub.secret"] for asked in reversed(self.asked) if "hub.secret" in asked)
        key = (agreed if secret is None else secret).encode()
        return f"{method}={hmac.new(key, body, getattr(hashlib, method)).hexdigest()}"
