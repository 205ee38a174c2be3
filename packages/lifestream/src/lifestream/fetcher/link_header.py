"""The Link header field (RFC 8288 §3), in which servers name feeds and hubs. Pure, and linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_LONGEST: Final = 16 * 1024
_LINK: Final = re.compile(
    r'<([^<>]*+)>((?>(?>\s*+;\s*+(?>[\w!#$%&+.^`|~*\'-]++)(?>(?>\s*+=\s*+(?>"(?>(?>[^"\\]|\\.)*)"|[^\s",;]++))?))*))'
)
_PARAMETER: Final = re.compile(r';\s*+([^\s=;",]++)(?>(?>\s*+=\s*+(?>"((?>(?>[^"\\]|\\.)*))"|([^\s",;]++)))?)')


def links_in(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the target of each link in the beginning of *header*, and its parameters, by names in lower case.

    If a parameter comes twice, the first one counts, as RFC 8288 §3.3 says of `rel`.
    """
    for target, parameters in _LINK.findall(header[:_LONGEST]):
        named: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(parameters):
            named.setdefault(name.lower(), quoted or bare)
        yield target.strip(), named
