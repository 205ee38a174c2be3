"""A WebSub hub on feedserver: it takes requests, asks for proof of them over HTTP, and pushes what it signs."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl, urlencode

import httpx

from feedserver import FeedServer, Request, Response
from programs import PATIENCE

CHALLENGE = "a challenge / <b>that</b> \N{SNOWMAN} is hard to guess"


class Hub:
    """A hub at *path* of *server*. It answers requests with *answers*, one after the other, or with 202."""

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
        """Where it was told to call last."""
        return self.asked[-1]["hub.callback"]

    def verify(self, **said: str) -> httpx.Response:
        """Ask the subscriber of the last request whether it was it, in the words of that request or as *said*."""
        asked = self.asked[-1]
        words = {"mode": asked["hub.mode"], "topic": asked["hub.topic"], "challenge": CHALLENGE} | said
        if words["mode"] == "subscribe":
            words.setdefault("lease_seconds", asked.get("hub.lease_seconds", ""))
        return self.call(**words)

    def call(self, **words: str) -> httpx.Response:
        """Return a GET of the callback with *words* in the query, each after "hub."."""
        query = urlencode({f"hub.{name}": value for name, value in words.items()})
        return httpx.get(f"{self.callback}?{query}", trust_env=False, timeout=PATIENCE)

    def push(self, body: bytes | str, method: str = "sha256", **headers: str) -> httpx.Response:
        """Send *body*, signed by *method*; *headers* go along, or instead, with hyphens for underscores."""
        data = body.encode() if isinstance(body, str) else body
        sent = {"X-Hub-Signature": self.sign(data, method), "Content-Type": "application/rss+xml"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.callback, content=data, headers=sent, trust_env=False, timeout=PATIENCE)

    def sign(self, body: bytes, method: str = "sha256", secret: str | None = None) -> str:
        """Return the X-Hub-Signature of *body*."""
        told = next(asked["hub.secret"] for asked in reversed(self.asked) if "hub.secret" in asked)
        key = (told if secret is None else secret).encode()
        return f"{method}={hmac.new(key, body, getattr(hashlib, method)).hexdigest()}"
