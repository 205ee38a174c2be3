"""Text of a feed → plain text, or HTML: unescaped once, and read as HTML only if it is HTML.

RSS doesn't say whether a title or a description is HTML, so the markup in it decides. A text is HTML if it has an
element that is void, is closed, or has an attribute with a value. `the <b> tag`, `a<b` and `Vec<T>` have none, and stay
as they are. In both cases character references are those of HTML, since publishers escape texts in this way
(reading.md, rules 12 and 13).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from lifestream.content.html_tokenizer import name_set, unescape
from lifestream.content.plaintext import html_of, text_of, without_scripts
from lifestream.plugins.caps import TAGS

_VOID: Final = name_set("area base basefont bgsound br col embed frame hr img input link meta param source track wbr")
ELEMENTS: Final = _VOID | name_set(
    "a abbr acronym address applet article aside audio b bdi bdo big blink blockquote body button canvas caption "
    "center cite code colgroup data datalist dd del details dfn dialog dir div dl dt em fieldset figcaption "
    "figure font footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup html i iframe ins kbd label legend li "
    "listing main map mark marquee math menu meter nav nobr noembed noframes noscript object ol optgroup option "
    "output p picture plaintext pre progress q rp rt ruby s samp script search section select slot small span "
    "strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr tt u "
    "ul var video xmp"
)
"""The elements of HTML: only they make a text HTML."""
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])([^<>]*+)(>?)")
_ATTRIBUTE = re.compile(r"[A-Za-z-]=|[A-Za-z-]\s+=")


def is_html(text: str) -> bool:
    """Return whether *text* contains an element of HTML, and not just the name of one."""
    if "<" not in text:
        return False
    opened: set[str] = set()
    for found in _TAG.finditer(text):
        name = found[2].lower()
        if name not in ELEMENTS or not found[4]:
            continue
        if found[1]:
            if name in opened:
                return True
        elif name in _VOID or _ATTRIBUTE.search(found[3]):
            return True
        else:
            opened.add(name)
    return False


def one_line(text: str) -> str:
    """Return *text* with its white space collapsed."""
    return " ".join(text.split())


def unwrapped(text: str) -> str:
    """Return *text* without the second CDATA section that some publishers wrap around it."""
    return text[9:-3] if text.startswith("<![CDATA[") and text.endswith("]]>") else text


def plain(text: str) -> str:
    """Return *text*, a title, a name or a tag that may be HTML or not, as one line of plain text."""
    text = unwrapped(text.strip())
    if "<" not in text:
        return one_line(unescape(text)) if "&" in text else one_line(text)
    return _of_html(without_scripts(text), text) if is_html(text) else one_line(unescape(text))


def plain_of_html(html: str) -> str:
    """Return the text of *html* in one line. If removing the tags leaves nothing, return *html* with its tags."""
    html = unwrapped(html.strip())
    if "<" not in html and "&" not in html:
        return one_line(html)
    return _of_html(html, html)


def _of_html(html: str, written: str) -> str:
    return one_line(text_of(html)) or one_line(unescape(written))


def html(text: str) -> str:
    """Return *text*, a description or summary that its format calls HTML, as HTML.

    If no element (see `_is_tag`) or comment begins or ends in it, whatever looks like a tag is text: `a<b` is kept.
    """
    text = unwrapped(text)
    if "<" not in text or "<!--" in text or any(map(_is_tag, _TAG.finditer(text))):
        return text
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _is_tag(found: re.Match[str]) -> bool:
    """Return whether what looks like a tag is one: it must name an element of HTML, and have either no attributes or
    attributes with values.
    """
    if found[2].lower() not in ELEMENTS:
        return False
    return bool(_ATTRIBUTE.search(found[3])) or (bool(found[4]) and found[3].strip() in ("", "/"))


def html_or_text(text: str) -> str:
    """Return *text*, which its format calls plain text, as HTML. If it is HTML nevertheless, return it unchanged."""
    text = unwrapped(text)
    return text if is_html(text) else html_of(text)


def names(tags: Iterable[str]) -> tuple[str, ...]:
    """Return *tags* as plain text, each once whatever its case, without addresses, which are meant for machines.

    At most one tag more than an item may have is returned. The additional one shows that there are more.
    """
    named: dict[str, str] = {}
    for tag in tags:
        name = plain(tag)
        if name and "://" not in name:
            named.setdefault(name.casefold(), name)
            if len(named) > TAGS.limit:
                break
    return tuple(named.values())


class TextKind(Enum):
    """What a text construct says that it contains. LOOSE is HTML if it looks like HTML, and text otherwise."""

    HTML = "html"
    TEXT = "text"
    LOOSE = "loose"
    OTHER = "other"


_HTML_TYPES: Final = name_set(
    "html xhtml text/html text/xhtml application/xhtml+xml application/xhtml application/html"
)


def kind_of(written: str) -> TextKind:
    """Return the kind of a text construct of the type *written* (RFC 4287, 3.1.1 and 4.1.3.1), whatever its parameters.

    A media type that is neither one of HTML nor `text/…` is OTHER: a file, in base64. A word that is no media type at
    all (`CDATA`) is LOOSE.
    """
    name = written.partition(";")[0].strip().lower()
    if name in _HTML_TYPES:
        return TextKind.HTML
    if not name or name in ("text", "plain") or name.startswith("text/"):
        return TextKind.TEXT
    return TextKind.OTHER if "/" in name else TextKind.LOOSE


def as_html(text: str, kind: TextKind) -> str:
    """Return *text* as HTML."""
    if kind is TextKind.HTML:
        return html(text)
    if kind is TextKind.TEXT:
        return html_of(unwrapped(text))
    return html_or_text(text)


def as_line(text: str, kind: TextKind) -> str:
    """Return *text* as one line of plain text."""
    if kind is TextKind.HTML:
        return plain_of_html(text)
    return one_line(unwrapped(text.strip())) if kind is TextKind.TEXT else plain(text)
