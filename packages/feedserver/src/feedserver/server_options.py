"""The options of a `FeedServer`: checked where they are given, with the remedy in the message."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from feedserver.messages.argument_types import check_choice, check_is, check_name, named

if TYPE_CHECKING:
    from feedserver.fixtures.document_root import Folder
    from feedserver.net.tls import ClientCertificates, Tls, TlsFault


def folder_of(root: str | os.PathLike[str], *, follow_links: bool) -> Folder:
    """Return the folder that is served. Raises NotADirectoryError if *root* is no folder."""
    from pathlib import Path

    from feedserver.fixtures.document_root import Folder  # imported late: many servers serve no folder

    return Folder(Path(root), follow_links=follow_links)


def texts(argument: str, texts: object, kind: str, example: str) -> tuple[str, ...]:
    """Return *texts* as a tuple. Raises TypeError if *texts* is one text, whose letters would count as items, or if
    an item is no text; ValueError if an item is empty.
    """
    if texts == ():
        return ()  # the default, as in most servers
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        plural = {"an address": "addresses", "a host": "host names"}[kind]
        raise TypeError(f"{argument} is {named(texts)}; give a list of {plural}, such as ['{example}']")
    given = tuple(texts)
    for text in given:
        check_name(f"{kind} in {argument}", text, example)
    return given


def tls_of(
    wanted: bool | TlsFault | Tls,
    addresses: Iterable[str],
    names: tuple[str, ...],
    clients: ClientCertificates | None,
) -> Tls | None:
    """Return how a server for *addresses* and *names* speaks TLS; None if it speaks none.

    Raises ValueError for *names* or *clients* of a server that speaks no TLS, and for *clients* if *wanted* is a `Tls`,
    which says that itself.
    """
    if clients is not None:
        check_choice("client_certificates", clients, ("optional", "required", None))
    if wanted is False:
        if names:
            raise ValueError(f"names is {list(names)}, and a server without TLS has no certificate; give tls=True, too")
        if clients is not None:
            raise ValueError(f"client_certificates is {clients!r}, and the server speaks no TLS; give tls=True, too")
        return None
    from feedserver.net.tls import Tls

    if not isinstance(wanted, Tls):
        check_is("tls", wanted, (bool, str), "give True or False, or a fault of TLS, such as 'expired'")
        wanted = Tls(None if wanted is True else wanted, clients=clients)
    elif clients is not None:
        raise ValueError(
            f"client_certificates is {clients!r}, which a Tls has itself; give tls=Tls(clients={clients!r})"
        )
    return wanted.naming((*addresses, *names))
