"""WebSub as values (W3C Recommendation of 23 January 2018): a feed's hub, requests to it, and the proof of a push.

    a feed's answer ── links_of ──▶ Links(hub, topic) ── request_form ──▶ the hub ──▶ a challenge, and then pushes
                                                                                       lease_of     Signature

Two rules are stricter than the recommendation. A hub is asked over https, even if the feed names it with http, since
the request contains a secret (tests may set LIFESTREAM_PUSH_OVER_HTTP, for loopback). And no subscription is without a
secret, which is optional there: each push without a valid signature is ignored, since everything else in it can be
forged.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import urljoin, urlsplit, urlunsplit

from lifestream.content.urls import FETCHED, has_impossible_host, safe_url
from lifestream.fetcher.link_header import links_in

Mode: TypeAlias = Literal["subscribe", "unsubscribe"]

LEASE: Final = 10 * 86400
"""The lease that is requested from a hub, in seconds."""
MAX_LEASE: Final = 30 * 86400
"""The longest lease that counts, in seconds. If a hub grants a longer one, it is treated as a lease of this length."""
SIGNATURE_METHODS: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""The algorithms of X-Hub-Signature. An HMAC with SHA-1 is still secure, and is what most hubs send."""

_LONGEST_URL = 2048


@dataclass(frozen=True, slots=True)
class Links:
    """The *hub* that a feed names, and the *topic*, which is the URL that identifies the feed there.

    Both are "" if there is no hub.
    """

    hub: str = ""
    topic: str = ""


def links_of(headers: Mapping[str, str], url: str, *, hub: str = "", topic: str = "") -> Links:
    """Return the links of a feed that came from *url*. *hub* and *topic* are those that the document itself names.

    Header fields take precedence over the document ("Discovery"). If a feed names a hub but no topic, its *url* is the
    topic.
    """
    header = headers.get("link", "")
    related = _related(header, url) if "hub" in header.lower() else {}
    if "hub" in related:
        hub, topic = related["hub"], related.get("self", topic)
    hub, topic = _checked_url(hub), _checked_url(topic) or _checked_url(url)
    return Links(hub, topic) if hub and topic else Links()


def _related(header: str, url: str) -> dict[str, str]:
    """Return the first target of each relation in a Link header field (RFC 8288 §3), as absolute URLs."""
    related: dict[str, str] = {}
    for target, parameters in links_in(header):
        if has_impossible_host(target):
            continue
        try:
            address = urljoin(url, target)
        except ValueError:
            continue
        for relation in parameters.get("rel", "").lower().split():
            related.setdefault(relation, address)
    return related


def _checked_url(url: str) -> str:
    """Return *url* without its fragment, and safe to show. Return "" if it is neither http nor https, names no host,
    has a login, or is longer than _LONGEST_URL.
    """
    safe = safe_url(url, schemes=FETCHED)
    parts = urlsplit(safe)
    return "" if len(safe) > _LONGEST_URL or "@" in parts.netloc else urlunsplit(parts._replace(fragment=""))


def over_tls(hub: str) -> str:
    """Return *hub* with https. Many feeds name theirs with http, from the time before the hub had a certificate."""
    parts = urlsplit(hub)
    if parts.scheme == "https":
        return hub
    return urlunsplit(parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80")))


def request_form(mode: Mode, topic: str, callback: str, secret: str) -> dict[str, str]:
    """Return the form to send to a hub ("Subscriber Sends Subscription Request"). *secret* has fewer than 200 bytes."""
    form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
    if mode == "subscribe":
        form |= {"hub.secret": secret, "hub.lease_seconds": str(LEASE)}
    return form


def lease_of(text: str) -> float:
    """Return the seconds of a `hub.lease_seconds`, MAX_LEASE at most; LEASE if *text* is no number, or one of more than
    15 digits.
    """
    if not re.fullmatch(r"[0-9]{1,15}", text):
        return float(LEASE)
    return float(min(int(text), MAX_LEASE))


def renewal(lease: float) -> float:
    """Return after how many seconds to renew a lease: early enough that a few attempts may fail before it ends.

    The result is never less than an hour. A lease that ends sooner is renewed late, and the feed is polled meanwhile.
    """
    return max(3600.0, lease - min(lease / 4, 86400.0))


class Signature:
    """Checks an X-Hub-Signature *header* against a body that comes in pieces, without keeping the body in memory.

    *secrets* are those that may have been sent to the hub, the newest first.
    """

    def __init__(self, header: str, secrets: Iterable[str]) -> None:
        method, _, digest = header.strip().partition("=")
        method = method.strip().lower()
        self._sent_digest = digest.strip().lower().encode("utf-8", "replace")
        known = secrets if method in SIGNATURE_METHODS else ()
        self._digests = [hmac.new(secret.encode(), digestmod=method) for secret in known]

    def update(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        for digest in self._digests:
            digest.update(piece)

    def holds(self) -> bool:
        """Return whether the signature is that of the body so far. The check takes the same time, whatever is wrong."""
        # A list rather than a generator, so that each secret is checked even after one fits.
        return any([hmac.compare_digest(digest.hexdigest().encode(), self._sent_digest) for digest in self._digests])  # noqa: C419
