"""Serving the pages with waitress, a production server in pure Python that runs on every system, until a signal comes.

Waitress rather than an ASGI server: the pages are synchronous Django views, short, and read from one database. Threads
serve them without a second process.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.utils.translation import gettext
from waitress.server import MultiSocketServer, create_server
from waitress.wasyncore import close_all

from lifestream.web.request_charset import in_utf8


def serve(
    application: Callable[..., Any], host: str, port: int, ready: Callable[[str], None], *, threads: int = 8
) -> None:
    """Serve *application* until SIGINT or SIGTERM, with so many *threads*. *ready* is called with the address once
    clients can connect.

    Port 0 takes a free one. Raises OSError if the address cannot be bound.
    """
    sockets: dict[int, Any] = {}
    try:
        server = create_server(
            in_utf8(application),
            map=sockets,
            host=host,
            port=port,
            threads=threads,
            ident="lifestream",
            clear_untrusted_proxy_headers=False,  # the application knows which proxies it trusts
        )
    except ValueError as error:  # waitress raises this for a host name without an address.
        raise OSError(gettext("no such address")) from error
    name = f"[{host}]" if ":" in host else host
    try:
        with ending_on_sigterm():
            ready(f"http://{name}:{_port_of(server)}/")
            server.run()  # returns after SystemExit or KeyboardInterrupt, once requests are answered
    finally:
        server.close()
        close_all(sockets)  # of clients that are connected still: the server of one address closes its own socket alone


def _port_of(server: Any) -> int:
    if isinstance(server, MultiSocketServer):
        return int(server.effective_listen[0][1])
    return int(server.effective_port)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does. Outside the main thread this does nothing, since only the main thread
    handles signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
