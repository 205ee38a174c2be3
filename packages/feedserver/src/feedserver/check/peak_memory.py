"""The peak of the memory of this process since it was last reset; known on Linux only.

Source: proc(5), `clear_refs` and `VmHWM`; malloc_trim(3).
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

_SELF = Path("/proc/self")
_RESET = "5"  # the value of clear_refs that sets the peak to what is used now


def reset() -> bool:
    """Reset the peak to what is used now. Return False on systems that don't record it.

    The C library keeps memory that was freed, and this memory stays resident. So it is first returned to the system:
    otherwise, a reader that takes as much again would not raise the peak.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if _SELF.exists() else None  # glibc alone has it
    if trim is not None:
        trim(ctypes.c_size_t(0))
    try:
        (_SELF / "clear_refs").write_text(_RESET)
    except OSError:
        return False
    return True


def read() -> int:
    """Return the most memory that was resident since `reset`, in bytes; 0 if Linux does not report it.

    Raise OSError on other systems, where `reset` has returned False.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB", (_SELF / "status").read_text(), re.MULTILINE)
    return int(found[1]) << 10 if found is not None else 0
