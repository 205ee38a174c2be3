"""The most memory that this process has used since a moment; known on Linux only.

Source: proc(5), `clear_refs` and `VmHWM`.
"""

from __future__ import annotations

import re
from pathlib import Path

_SELF = Path("/proc/self")
_FORGET = "5"  # the value of clear_refs that sets the peak to what is used now


def forget() -> bool:
    """Begin anew, and return whether the peak can be known."""
    try:
        (_SELF / "clear_refs").write_text(_FORGET)
    except OSError:
        return False
    return True


def read() -> int:
    """Return the most memory that was resident since `forget`, in bytes."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", (_SELF / "status").read_text(), re.MULTILINE)
    return int(found[1]) << 10 if found is not None else 0
