"""How many files, sockets among them, this process may have open, and how that limit is raised.

Nothing happens on import: the commands and tasks that update feeds raise the limit before they fetch.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

PER_CONNECTION: Final = 4
"""Files for each concurrent request: its own connection, one that is kept for the next feed of its host, and two for
other uses.
"""


def soft_limit() -> int | None:
    """Return how many files this process may have open; None if nothing limits them."""
    if sys.platform == "win32":  # Windows has no such limits
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def raise_soft_limit(connections: int) -> None:
    """Raise the soft limit to what this many concurrent *connections* need, as far as the hard limit allows."""
    if sys.platform == "win32":
        return
    import resource

    before, wanted = soft_limit(), PER_CONNECTION * connections
    if before is None or before >= wanted:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS has further limits besides the hard one.
    with suppress(ValueError, OSError):
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )
