"""`lifestream demo`: sample feeds of every format, like those that people follow, and a site that exists only while the
command runs.

In: nothing. Out: the files of the feeds, and the environment of that site. This package never imports another one of
lifestream.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from types import FrameType

FEEDS = Path(__file__).parent / "feeds"
_KINDS = frozenset({".xml", ".atom", ".rss", ".rdf", ".json"})


def use_home() -> Path:
    """Set the environment of this process: a new folder for the database, and loopback as the only private network to
    which connections are allowed; no other database, and no broker. Returns the folder.

    Call it before Django's settings are read. The folder is removed when the process ends, also by SIGTERM, which from
    now on ends the process with status 0.
    """
    if threading.current_thread() is threading.main_thread():  # no other thread may set how signals are handled
        signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="lifestream-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    os.environ["LIFESTREAM_HOME"] = str(folder)
    os.environ["LIFESTREAM_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    os.environ["LIFESTREAM_DEMO"] = "1"
    return folder


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def names() -> list[str]:
    """Return the file names of the sample feeds."""
    return sorted(path.name for path in FEEDS.iterdir() if path.suffix in _KINDS)
