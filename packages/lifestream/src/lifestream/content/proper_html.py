"""HTML that its author wrote as nh3 would: properly nested, and of elements that the rules allow.

Most entries of feeds are such HTML. nh3 takes apart each of their tags and writes it again, though a feed repeats most
of them. Here the source is cut into tags and texts, and nh3 is given each tag once. So the result has only tags that
nh3 has written and `clean_html` has checked, and texts without `<` and `>`: it is safe, whatever the source is.

The result is also what nh3 would make of the source as a whole, since only sources of the form of `settled_html` are
taken, which are read just as they are written. Sources of any other form are left to the sanitizer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lifestream.content.clean_html import (
    LONGEST_KNOWN,
    CleanHtml,
    CleanTag,
    KnownTags,
    NotClean,
    Tags,
    columns,
    joined,
    strip_end,
    strip_start,
)
from lifestream.content.html_repair import needs_repair, repaired
from lifestream.content.html_tokenizer import unescape
from lifestream.content.late_pattern import late
from lifestream.content.settled_html import OTHER, VOID, is_settled, letter_of, missing_ends

_MOST_ATTRIBUTES: Final = 100
_IGNORED: Final = VOID - {"br"}
"""The elements whose end tags mean nothing (HTML, 13.2.6.4.7)."""

_WHOLE: Final = ("<table", "<script", "<iframe", "<svg", "<math", "<style", "<object")
"""The beginnings of the commonest tags that make HTML improper: a source with one of them is read as a whole."""

_TAG = re.compile(r"(/?)([A-Za-z][A-Za-z0-9]*+)((?:[\s/][^<>]*+)?)", re.ASCII)
_COMMENT = re.compile(r"!--(?!-)(?>(?>[^<>-]++|-(?!-))*)(?<!-)--")
# A reference that Python might read in another way than nh3: of a control character, or without a semicolon.
_ODD_REFERENCE = late(
    r"&(?!(?!Tab;|NewLine;)[A-Za-z][A-Za-z0-9]{0,30}+;|#(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6]|1[6-9]\d|[2-9]\d\d|[1-9]\d{3});"
    r"|[^A-Za-z0-9#]|\Z)"
)
_NOT_WRITTEN = re.compile(r"&(?!(?:amp|lt|gt|nbsp);)")  # a reference that nh3 does not write
_FIRST_LINE = re.compile(r"<pre(?:[\s/][^<>]*+)?>\n", re.IGNORECASE | re.ASCII)


class NotProper(ValueError):
    """This HTML has to be read as a whole."""


class SourceTags(KnownTags):
    """The cleaned tags of sources, by what is between the angle brackets in the source.

    A tag that is looked up for the first time is cleaned by *clean*, which calls nh3, and checked by *tags*. The
    look-up raises `NotProper` for a tag that proper HTML does not have.
    """

    def __init__(self, clean: Callable[[str], str], tags: Tags) -> None:
        super().__init__()
        self._clean = clean
        self._tags = tags

    def relative_to(self, base_url: str) -> None:
        """Begin a fragment whose addresses are relative to *base_url*."""
        super().relative_to(base_url)
        self._tags.relative_to(base_url)

    def __missing__(self, source: str) -> CleanTag:
        """Return what the tag, or the comment, *source* becomes."""
        if len(source) > LONGEST_KNOWN:
            raise NotProper(source[:100])
        if _COMMENT.fullmatch(source):
            return self.keep(source, CleanTag("", "", "", ""))
        found = _TAG.fullmatch(source)
        name = found[2].lower() if found else ""
        if found is None or letter_of(name) == OTHER:
            raise NotProper(source)
        if found[1] and name in _IGNORED:
            return self.keep(source, CleanTag("", "", "", ""))
        mended = source
        if needs_repair(f"<{source}>"):
            if name != "img":
                raise NotProper(source)
            mended = repaired(f"<{source}>")[1:-1]
            if not mended:  # a tracking pixel
                return self.keep(source, CleanTag("", "", "", ""))
        tag = self._tags[self._written(mended, name, is_end=bool(found[1]), attributes=found[3])]
        if tag.letter == OTHER:
            # The tag has a style, which nh3 may change once more when it reads what it has written.
            if self._written(tag.html[1:-1], name, is_end=False, attributes=found[3]) != tag.html[1:-1]:
                raise NotProper(source)
            tag = tag._replace(letter=letter_of(name))
        return self.keep(source, tag)

    def _written(self, source: str, name: str, *, is_end: bool, attributes: str) -> str:
        """Return the tag *source* of an element *name*, with these *attributes*, as nh3 writes it."""
        if is_end:
            if attributes.strip() or name in VOID:
                raise NotProper(source)
            return f"/{name}"
        if len(attributes.split()) > _MOST_ATTRIBUTES:
            raise NotProper(source)
        end = "" if name in VOID else f"</{name}>"
        clean = self._clean(f"<{source}>{end}")
        written = clean[1 : -1 - len(end)]
        # `clean` is empty if the rules do not allow the element, or if a value in quotes has no end.
        if clean != f"<{written}>{end}" or not _is_one_tag(written, name):
            raise NotProper(source)
        return written


def _is_one_tag(written: str, name: str) -> bool:
    return written.partition(" ")[0] == name and "<" not in written and ">" not in written


def proper_html(source: str, tags: SourceTags) -> CleanHtml | None:
    """Return *source*, HTML without control characters, cleaned; None if it has to be read as a whole."""
    if any(map(source.__contains__, _WHOLE)):
        return None
    parts = source.replace("<", ">").split(">")
    texts = parts[::2]
    # A line feed at the beginning of preformatted text means nothing.
    if len(parts) % 2 == 0 or "\ufeff" in source or ("<pre" in source and _FIRST_LINE.search(source)):
        return None
    try:
        found = [*map(tags.__getitem__, parts[1::2])]
        if not _are_in_turn(source, len(found)):
            return None
        html, marks, letters = columns(found)
        if (missing := missing_ends("".join(letters))) is None:
            return None
        # What is open at the end is closed there (HTML, 13.2.6.4.7). A content that was cut has such elements.
        for name in missing:
            html.append(tags[name].html)
            marks.append(tags[name].mark)
            letters.append(tags[name].letter)
            texts.append("")
        sequence = "".join(letters)
        if not is_settled(sequence):
            return None
        if "&" in source or "\xa0" in source:
            texts = [*map(_as_written, texts)]
    except (NotProper, NotClean):
        return None
    strip_start(texts, html)
    strip_end(texts, html)
    return joined(texts, html, marks, sequence, settled=True)


def _are_in_turn(source: str, count: int) -> bool:
    """Return whether the `<` and `>` in *source* are *count* pairs, one after the other."""
    return source.encode().translate(None, _NO_BRACKETS) == b"<>" * count


_NO_BRACKETS: Final = bytes({*range(256)} - {*b"<>"})


def _as_written(text: str) -> str:
    """Return *text* between two tags as nh3 writes it (HTML, 13.3)."""
    if "&" in text and _NOT_WRITTEN.search(text):
        if _ODD_REFERENCE.search(text):
            raise NotProper(text)
        text = unescape(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\xa0", "&nbsp;")
