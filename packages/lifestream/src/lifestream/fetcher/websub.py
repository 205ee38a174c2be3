"""WebSub as values (W3C Recommendation of 23 January 2018): which hub tells of a feed, what it is asked, what proves
that it speaks. Pure.

    a feed's answer ── links_of ──▶ Links(hub, topic) ── request_form ──▶ the hub ──▶ a challenge, and then pushes
                                                                                       lease_of     Signature

Two things are stricter than the recommendation. A hub is asked over https, also where a feed writes http, since it is
told a secret; and a push without a good signature is none, since everything else in it can be made up.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import urljoin, urlsplit, urlunsplit

Mode: TypeAlias = Literal["subscribe", "unsubscribe"]

LEASE: Final = 10 * 86400
"""The lease that a hub is asked for, in seconds."""
MAX_LEASE: Final = 30 * 86400
"""However long the lease that a hub gives, it is taken for this long at most, and then renewed."""
SIGNATURE_METHODS: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""The algorithms of X-Hub-Signature. An HMAC with SHA-1 is still one, and what most hubs send."""

_LONGEST_HEADER = 16 * 1024
_LONGEST_URL = 2048
_LINK = re.compile(
    r'<([^<>]*+)>((?>(?>\s*+;\s*+(?>[\w!#$%&+.^`|~*\'-]++)(?>(?>\s*+=\s*+(?>"(?>(?>[^"\\]|\\.)*)"|[^\s",;]++))?))*))'
)
_PARAMETER = re.compile(r';\s*+([^\s=;",]++)(?>(?>\s*+=\s*+(?>"((?>(?>[^"\\]|\\.)*))"|([^\s",;]++)))?)')


@dataclass(frozen=True, slots=True)
class Links:
    """Where a feed says that pushes come from: its *hub*, and the *topic*, which is what it calls itself there.

    Both are "" where there is no hub.
    """

    hub: str = ""
    topic: str = ""


def links_of(headers: Mapping[str, str], url: str, *, hub: str = "", topic: str = "") -> Links:
    """Return the links of a feed that came from *url*. *hub* and *topic* are those that the document itself names.

    Header fields count before the document ("Discovery"). A feed that names a hub and not itself is known there by
    its *url*.
    """
    header = headers.get("link", "")[:_LONGEST_HEADER]
    related = _related(header, url) if "hub" in header.lower() else {}
    if "hub" in related:
        hub, topic = related["hub"], related.get("self", topic)
    hub, topic = _of_the_web(hub), _of_the_web(topic) or _of_the_web(url)
    return Links(hub, topic) if hub and topic else Links()


def _related(header: str, url: str) -> dict[str, str]:
    """Return the first target of each relation in a Link header field (RFC 8288 §3), as absolute addresses."""
    related: dict[str, str] = {}
    for target, parameters in _LINK.findall(header):
        try:
            address = urljoin(url, target.strip())
        except ValueError:
            continue
        said = (quoted or bare for name, quoted, bare in _PARAMETER.findall(parameters) if name.lower() == "rel")
        # Only the first one counts (RFC 8288 §3.3).
        for relation in next(said, "").lower().split():
            related.setdefault(relation, address)
    return related


def _of_the_web(url: str) -> str:
    """Return *url*, without a fragment, if it is one of http or https that names a host and isn't absurdly long; else
    "".
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises ValueError where it is no number
    except ValueError:
        return ""
    fit = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and len(url) <= _LONGEST_URL
    return urlunsplit(parts._replace(fragment="")) if fit else ""


def over_tls(hub: str) -> str:
    """Return *hub*, asked over https. Many feeds name theirs with http, from the time before it had a certificate."""
    parts = urlsplit(hub)
    if parts.scheme == "https":
        return hub
    return urlunsplit(parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80")))


def request_form(mode: Mode, topic: str, callback: str, secret: str) -> dict[str, str]:
    """Return what a hub is sent ("Subscriber Sends Subscription Request"). *secret* has fewer than 200 bytes."""
    form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
    if mode == "subscribe":
        form |= {"hub.secret": secret, "hub.lease_seconds": str(LEASE)}
    return form


def lease_of(text: str) -> float:
    """Return the seconds of a `hub.lease_seconds`: what was asked for where it says nothing, and MAX_LEASE at most."""
    if not re.fullmatch(r"[0-9]{1,15}", text):
        return float(LEASE)
    return float(min(int(text), MAX_LEASE))


def renewal(lease: float) -> float:
    """Return when a lease is to be renewed, in seconds from its beginning: so long before its end that a few tries may
    fail.

    Never within an hour, however short the lease is: then there is no push for a while, and polling goes on.
    """
    return max(3600.0, lease - min(lease / 4, 86400.0))


class Signature:
    """The check of an X-Hub-Signature *header* against a body that comes in pieces, which needs no memory for it.

    *secrets* are those that a hub may have been told, the newest first.
    """

    def __init__(self, header: str, secrets: Iterable[str]) -> None:
        method, _, told = header.strip().partition("=")
        method = method.strip().lower()
        self._told = told.strip().lower().encode("utf-8", "replace")
        known = secrets if method in SIGNATURE_METHODS else ()
        self._digests = [hmac.new(secret.encode(), digestmod=method) for secret in known]

    def update(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        for digest in self._digests:
            digest.update(piece)

    def holds(self) -> bool:
        """Return whether the body so far is what was signed. It takes the same time whatever is wrong."""
        # A list, so that none is left out once one fits.
        return any([hmac.compare_digest(digest.hexdigest().encode(), self._told) for digest in self._digests])  # noqa: C419
