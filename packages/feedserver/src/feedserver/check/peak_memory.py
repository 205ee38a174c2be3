"""The peak of the memory of this process since it was last reset; known on Linux only.

Source: proc(5), `clear_refs` and `VmHWM`.
"""

from __future__ import annotations

import re
from pathlib import Path

_SELF = Path("/proc/self")
_RESET = "5"  # the value of clear_refs that sets the peak to what is used now


def reset() -> bool:
    """Reset the peak to what is used now. Return False on systems that don't record it."""
    try:
        (_SELF / "clear_refs").write_text(_RESET)
    except OSError:
        return False
    return True


def read() -> int:
    """Return the most memory that was resident since `reset`, in bytes."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", (_SELF / "status").read_text(), re.MULTILINE)
    return int(found[1]) << 10 if found is not None else 0
