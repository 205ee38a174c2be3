"""Untrusted HTML, rewritten so that nh3 cleans it in linear time, whatever it contains.

nh3 takes quadratic time for some constructs. They are rewritten or left out before it sees them:

- `&`, and characters from U+0080 to U+00BF such as a no-break space or `«`, in one text or value of an attribute: at
  each of them, nh3's serializer scans to the end of the text. Long texts are split by empty comments, which nh3
  removes. Attributes with a name and value over `MAX_VALUE` characters are removed.
- The attributes of one tag: those after the first `MAX_ATTRIBUTES` are removed.
- The attributes of `<html>` tags, which are all added to one element. These tags mean nothing in a fragment, so they
  are removed.
- Elements that are nested, reopened or moved too often (see `OpenElements`): such HTML is refused.

`html_tokenizer` and nh3 must agree about what is text and what is a tag. So everything that changes how tags are read
is removed as well: CDATA sections and the tags of CHANGES_READING, such as SVG, `select` and `template`, none of which
the sanitizer ever allows. MathML must have been written by `mathml`: elements, properly nested, and text. This module
makes nothing safe: nh3 does that afterwards.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from lifestream.content.html_names import CHANGES_READING
from lifestream.content.html_tokenizer import tokens
from lifestream.content.late_pattern import late
from lifestream.content.open_elements import MAX_DEPTH, OpenElements

MAX_ATTRIBUTES: Final = 100
MAX_VALUE: Final = 8192
"""The maximum length of an attribute's name and value together, in characters."""

MAX_TEXT: Final = 4096
"""The maximum length of a text that is not split, in characters."""

_SMALL: Final = 32_768

_COMMENT: Final = "<!---->"
_CDATA: Final = "<![CDATA["
# It is searched in lower-case text, which takes a third of the time of a search that ignores case.
_CHANGES_READING = late(rf"</?(?:{'|'.join(sorted(CHANGES_READING))})(?=[\s/>])", re.ASCII)
_ATTRIBUTE = late(
    r"""[\s/]*+((?>=[^\s/>=]*+|[^\s/>=]++)(?>(?>\s*+=\s*+(?>"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+|))?))""", re.ASCII
)
_TAG_NAME = re.compile(r"</?[a-zA-Z][^\s/>]*+", re.ASCII)
_SHORT_TAG: Final = 2 * MAX_ATTRIBUTES
_LONGEST_REFERENCE: Final = 40


def bounded(source: str, *, usual: bool = False) -> str | None:
    """Return *source* rewritten so that nh3 cleans it in linear time, or None if its tree would cost too much. *usual*
    says that no tag in it is one of CHANGES_READING.
    """
    if _is_harmless(source, usual=usual):
        return source
    # Outside SVG and MathML a CDATA section is a comment up to the next ">", and so is the lower-case spelling.
    source = source.replace(_CDATA, _CDATA.lower())
    pieces: list[str] = []
    opened = OpenElements(len(source))
    for kind, name, text in tokens(source):
        if kind == "text":
            if not text.isspace():
                opened.text()
            pieces += _parted(text) if len(text) > MAX_TEXT else (text,)
        elif kind == "hidden":
            pieces += _raw(name, text.replace(_CDATA.lower(), _CDATA))
        elif name in CHANGES_READING or (name == "plaintext" and kind == "start"):
            pieces.append(_COMMENT)  # rather than nothing: "<" and "p>" beside it must not become a tag
        elif kind == "start":
            opened.start(name, len(text))
            tag = text.replace(_CDATA.lower(), _CDATA)
            pieces.append(_trimmed(tag) if len(tag) > _SHORT_TAG else tag)
        else:
            opened.end(name)
            # An end tag's attributes mean nothing.
            pieces.append(f"</{name}>" if len(text) > _SHORT_TAG else text)
        if opened.too_costly:
            return None
    return "".join(pieces)


def _is_harmless(source: str, *, usual: bool) -> bool:
    """Return whether *source* is so small that it costs little, and has no tag of CHANGES_READING. Nearly all entries
    are so, and need no rewriting.
    """
    return (
        len(source) <= _SMALL
        and source.count("<") <= MAX_DEPTH
        and not has_long_text(source)
        and (usual or not _CHANGES_READING.search(source.lower()))
    )


def has_long_text(source: str) -> bool:
    """Return whether *source* may contain a text over `MAX_TEXT` characters."""
    start = 0
    while len(source) - start > MAX_TEXT:
        last = source.rfind("<", start, start + MAX_TEXT + 1)
        if last < 0:
            return True
        start = last + 1
    return False


def _chunks(text: str) -> Iterator[str]:
    """Yield *text* in pieces of at most `MAX_TEXT` characters, none of which ends inside a character reference of up to
    `_LONGEST_REFERENCE` characters.
    """
    position = 0
    while len(text) - position > MAX_TEXT:
        end = position + MAX_TEXT
        reference = text.rfind("&", end - _LONGEST_REFERENCE, end)
        end = reference if reference > position else end
        yield text[position:end]
        position = end
    yield text[position:]


def _parted(text: str) -> Iterator[str]:
    for number, chunk in enumerate(_chunks(text)):
        if number:
            yield _COMMENT
        yield chunk


def _raw(name: str, text: str) -> Iterator[str]:
    """Yield *text*, the content of an element *name*, in which nothing is read as a tag. A long text is split over
    several elements of that name. For `plaintext`, yield escaped text; for `script` and `style`, yield nothing. If
    *name* is "", *text* is a comment: yield an empty one.
    """
    if name == "plaintext":  # no end tag ends it; its start tag is removed
        yield from _parted(html.escape(text, quote=False))
    elif name == "":
        yield _COMMENT  # nh3 removes it; without it, "<" before it and "x" after it would become a tag
    elif name in {"script", "style"}:
        return  # nh3 removes both
    else:
        for number, chunk in enumerate(_chunks(text)):
            if number:
                yield f"</{name}><{name}>"
            yield chunk


def _trimmed(tag: str) -> str:
    """Return a start tag with its first `MAX_ATTRIBUTES` attributes, without those over `MAX_VALUE` characters."""
    if not tag.endswith(">"):
        return ""  # the fragment ends inside it, so it is no tag
    start = _TAG_NAME.match(tag)
    if start is None:
        return ""
    kept = [start[0][:MAX_VALUE]]
    position = start.end()
    for _ in range(MAX_ATTRIBUTES):
        found = _ATTRIBUTE.match(tag, position)
        if found is None:
            break
        position = found.end()
        if len(found[1]) <= MAX_VALUE:
            kept.append(found[1])
    return f"{' '.join(kept)}>"
