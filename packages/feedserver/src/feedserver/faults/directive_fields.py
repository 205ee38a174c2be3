"""Header fields in the directive of a fault: `interim 103 Link: </a.css>; rel=preload & X-Part: 1`."""

from __future__ import annotations

from feedserver.messages.headers import HeaderInput, Headers, to_text

FIELDS = "[NAME: VALUE & NAME: VALUE …]"
"""How the manual shows header fields."""

NONE = "without headers"
"""The words for no fields."""

_BETWEEN = " & "


def one_line_fields(fields: HeaderInput) -> Headers:
    """Return *fields* as headers. Raises ValueError for a value that a directive would separate into two fields."""
    headers = Headers(fields)
    for number, (name, value) in enumerate(headers.raw, 1):
        after = " " if number < len(headers.raw) else ""
        if _BETWEEN in f" {to_text(value)}{after}":
            raise ValueError(
                f"the value {to_text(value)!r} of {to_text(name)} would be read as two fields, since {_BETWEEN!r} "
                "separates them in a directive; leave out a blank beside the sign"
            )
    return headers


def fields_in_words(headers: Headers) -> str:
    """Return *headers* as a directive has them. `read_fields` reads the same headers from that text, except for blanks
    at the ends of values, which are lost.
    """
    return _BETWEEN.join(f"{to_text(name)}: {to_text(value)}" for name, value in headers.raw) or NONE


def read_fields(words: str) -> Headers:
    """Return the headers that a directive names. Raises ValueError for what is no field."""
    if words.split() == NONE.split():
        return Headers()
    pairs: list[tuple[str | bytes, str | bytes]] = []
    for field in words.split(_BETWEEN):
        name, colon, value = field.partition(":")
        if not colon:
            raise ValueError(f"{field!r} is no header; write 'Name: value'")
        pairs.append((name.strip(), value.strip()))
    return one_line_fields(pairs)
