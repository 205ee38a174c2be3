"""The proxies whose headers are trusted: LIFESTREAM_TRUSTED_PROXIES."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from lifestream.setting_values import Network


def trusted(listed: Iterable[str]) -> list[Network | str]:
    """Return the networks of LIFESTREAM_TRUSTED_PROXIES, and "unix" as it is. Raises ValueError for anything else."""
    return [text if text == "unix" else ipaddress.ip_network(text) for text in map(str.strip, listed)]
