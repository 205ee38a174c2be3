"""Answers as http.client reads them, without the interim ones that come before."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.client import HTTPResponse


@cache
def final_response() -> type[HTTPResponse]:
    """Return a response class of http.client that skips all interim answers (RFC 9110 §15.2) but 101.

    http.client skips status 100 alone, so that 103, Early Hints, would be the answer. After 101, Switching Protocols,
    no HTTP answer follows. Importing http.client takes longer than a server's start, so it is imported here.
    """
    from http.client import HTTPResponse

    class FinalResponse(HTTPResponse):
        def begin(self) -> None:
            super().begin()
            while 102 <= self.status < 200:
                self.headers = None  # type: ignore[assignment] # else `begin` returns at once
                super().begin()

    return FinalResponse
