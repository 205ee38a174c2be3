"""Files of fixtures that tests write."""

from __future__ import annotations

from pathlib import Path

from feedserver.fixtures.loader import sidecar_of


def write(folder: Path, name: str, data: bytes = b"", beside: bytes | None = None) -> Path:
    """Write a file called *name*, and its directives into the file *beside* it; return the path of the first."""
    path = folder / name
    path.write_bytes(data)
    if beside is not None:
        sidecar_of(path).write_bytes(beside)
    return path
