"""Files of fixtures that tests write."""

from __future__ import annotations

from pathlib import Path

from feedserver.fixtures.loader import sidecar_of


def write(folder: Path, name: str, data: bytes = b"", beside: bytes | None = None) -> Path:
    """Write *data* into a file called *name*, and *beside*, if given, into its sidecar; return the path of the file."""
    path = folder / name
    path.write_bytes(data)
    if beside is not None:
        sidecar_of(path).write_bytes(beside)
    return path
