"""From a feed to the response that serves it: the table of formats, the Content-Type and the validators."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from feedserver.feeds import atom, atom03, jsonfeed, rdf, rss, rss091
from feedserver.feeds.markup import Element, serialize
from feedserver.feeds.model import Feed
from feedserver.messages.argument_types import check_is
from feedserver.messages.field_types import check_fits
from feedserver.messages.headers import HeaderInput, Headers
from feedserver.messages.response import Response

if TYPE_CHECKING:
    from typing import Unpack

FormatName: TypeAlias = Literal["rss", "atom", "rdf", "json", "rss091", "atom03"]
"""The names of the formats, the keys of `FORMATS`."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its *title* for people, the *media_type* of its responses, and the function that builds its XML (None
    for JSON).
    """

    title: str
    media_type: str
    document: Callable[[Feed], Element] | None


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "rss": Format("RSS 2.0", "application/rss+xml", rss.document),
        "atom": Format("Atom 1.0", "application/atom+xml", atom.document),
        "rdf": Format("RSS 1.0", "application/rdf+xml", rdf.document),
        "json": Format("JSON Feed 1.1", "application/feed+json", None),
        "rss091": Format("RSS 0.91", "application/rss+xml", rss091.document),
        "atom03": Format("Atom 0.3", "application/atom+xml", atom03.document),
    }
)
"""Every format that a feed can be written in, by the name that `Feed.render` takes."""


class RenderOptions(TypedDict, total=False):
    """How a document is written and served. Each option may be left out.

    - encoding: the encoding of the document, by default "utf-8". A character that it lacks is written as a reference,
      or in JSON as an escape.
    - bom: whether a byte order mark precedes it; by default only for "utf-16" and "utf-32", which need one, and for
      "utf-8-sig".
    - declaration: whether there is an XML declaration, by default True; a string is the encoding that the
      declaration names in place of the true one.
    - cdata: whether HTML is written in CDATA sections.
    - media_type: the type of the Content-Type in place of the format's own.
    - charset: the `charset` parameter of the Content-Type; by default none is sent.
    - validators: whether to send an ETag, computed from the document, and a Last-Modified, the newest date in the feed;
      by default, only `FeedServer.mount` and `LiveFeed` send them.
    - headers: further headers, sent after the Content-Type and the validators.
    """

    encoding: str
    bom: bool | None
    declaration: bool | str
    cdata: bool
    media_type: str
    charset: str
    validators: bool
    headers: HeaderInput


# The types of the options, without `headers`: that option is checked by `Headers`.
_OPTION_TYPES: Mapping[str, object] = MappingProxyType(
    {
        "encoding": str,
        "bom": bool | None,
        "declaration": bool | str,
        "cdata": bool,
        "media_type": str,
        "charset": str | None,
        "validators": bool,
    }
)


def render(feed: Feed, format: str, **options: Unpack[RenderOptions]) -> Response:  # noqa: A002 - the usual word
    """Return *feed* as a response in a format of `FORMATS`. See `Feed.render`."""
    check_is("the format of a feed", format, str, "give text, such as 'atom'")
    if format not in FORMATS:
        raise ValueError(f"{format!r} is no format of a feed; there are {', '.join(FORMATS)}")
    if (
        unknown := options.keys() - RenderOptions.__annotations__.keys()
    ):  # A misspelled option would be ignored silently.
        known = ", ".join(RenderOptions.__annotations__)
        raise TypeError(f"{', '.join(sorted(unknown))} is no option of a feed's document; there are {known}")
    for name, hint in _OPTION_TYPES.items():
        if name in options:
            check_fits(f"the option {name}", options[name], hint)  # type: ignore[literal-required]
    chosen = FORMATS[format]
    body = _body(feed, chosen, options)
    content_type = options.get("media_type", chosen.media_type)
    if charset := options.get("charset"):
        content_type += f"; charset={charset}"
    headers = Headers({"Content-Type": content_type})
    if options.get("validators"):
        headers = headers.added("ETag", f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        if feed.newest is not None:
            headers = headers.added("Last-Modified", last_modified_value(feed.newest))
    headers = Headers([*headers.raw, *Headers(options.get("headers", ())).raw])
    return Response(body, headers=headers, source=f"the feed {feed.identity} as {chosen.title}")


def _body(feed: Feed, format: Format, options: RenderOptions) -> bytes:  # noqa: A002 - the usual word
    encoding, bom = options.get("encoding", "utf-8"), options.get("bom")
    if format.document is None:
        return jsonfeed.serialize(jsonfeed.document(feed), encoding, bom=bom)
    return serialize(
        format.document(feed),
        encoding,
        bom=bom,
        declaration=options.get("declaration", True),
        cdata=options.get("cdata", False),
    )


def last_modified_value(date: datetime) -> str:
    """Return a moment as HTTP writes it (RFC 9110 §5.6.7): whole seconds, rounded down, in GMT."""
    return format_datetime(date.astimezone(UTC), usegmt=True)
