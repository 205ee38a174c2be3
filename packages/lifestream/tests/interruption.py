"""Ctrl-C for a server that runs in the main thread of a test."""

from __future__ import annotations

import signal
import threading


def interrupt_main_thread() -> None:
    """Send SIGINT to the main thread. Its wait for sockets ends at once; after `raise_signal` in another thread, the
    main thread would notice the signal only when its wait is over.
    """
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
