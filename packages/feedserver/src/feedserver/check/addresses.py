"""The loopback addresses of a run: one for each scenario, the networks that a reader's guard is told to let in, and
whether this system can listen at an address.

Linux and Windows answer for the whole of 127.0.0.0/8. macOS and the BSDs have 127.0.0.1 alone, unless more are
configured.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from functools import cache
from typing import Final

from feedserver.server import FeedServer

_HAS_MANY: Final = sys.platform.startswith(("linux", "win"))

NETWORKS = ("127.77.0.0/16" if _HAS_MANY else "127.0.0.1/32", "::1/128")
"""The networks of all feeds, which a reader with a guard against private addresses is told to let in."""


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """Where the feeds of a scenario are: at *host* and *port* (0: a free one), below the path *prefix*.

    If scenarios share a server, *server* is that server, and *base* the base URL by which a reader reaches it.
    """

    host: str
    port: int = 0
    prefix: str = ""
    server: FeedServer | None = None
    base: str = ""


def host(index: int) -> str:
    """Return the address of the scenario with this *index* among those that share a reader (`verdicts.LaneKind`).

    Each of these scenarios gets an address of its own, or 127.0.0.1 on a system that has no other.
    """
    return f"127.77.{1 + index // 200}.{1 + index % 200}" if _HAS_MANY else "127.0.0.1"


@cache
def is_available(address: str) -> bool:
    """Return whether this system can listen at *address*."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
