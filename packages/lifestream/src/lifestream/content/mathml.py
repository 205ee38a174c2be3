"""MathML, generated from untrusted tokens: well-formed, with no elements but those of MathML Core and `none`.

MathML may contain HTML, and changes how its content is parsed: `mglyph`, `malignmark` and `annotation-xml` have let
scripts past sanitizers (mutation XSS). So nh3 gets only what this module writes: text, and properly nested elements of
`CORE` with their attributes and ids. `maction`, which reacts to clicks, is left out, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from lifestream.content.html_tokenizer import Token, attributes, name_set
from lifestream.content.late_pattern import late

_LENGTHS: Final = name_set("lspace rspace width height depth voffset linethickness minsize maxsize")
_EVERYWHERE: Final = name_set("dir displaystyle scriptlevel mathvariant id")
CORE: Final[Mapping[str, frozenset[str]]] = {
    element: name_set(names) | (_EVERYWHERE - {"id"})
    for element, names in {
        "math": "display alttext",
        "semantics": "",
        "annotation": "encoding",
        "mrow": "",
        "mi": "",
        "mn": "",
        "mo": "form fence separator stretchy symmetric largeop movablelimits lspace rspace minsize maxsize",
        "ms": "",
        "mtext": "",
        "mspace": "width height depth",
        "mfrac": "linethickness",
        "msqrt": "",
        "mroot": "",
        "mstyle": "",
        "merror": "",
        "mpadded": "width height depth lspace voffset",
        "mphantom": "",
        "msub": "",
        "msup": "",
        "msubsup": "",
        "munder": "accentunder",
        "mover": "accent",
        "munderover": "accent accentunder",
        "mmultiscripts": "",
        "mprescripts": "",
        "none": "",
        "mtable": "",
        "mtr": "",
        "mtd": "columnspan rowspan",
    }.items()
}
"""The elements that are kept, each with its attributes. The page decides on colours and sizes."""

_LEAVES: Final = name_set("mi mn mo ms mtext annotation")
_EMPTY: Final = name_set("mspace mprescripts none")
_LEFT_OUT: Final = name_set("annotation-xml")
# The tags that end MathML, except in a leaf or in `annotation-xml`. In HTML, 13.2.6.5, start tags of these names and of
# some `font` elements do so. Here `font` does not, but end tags of these names do, too.
_BREAKS_OUT: Final = name_set(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta "
    "nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
# The lengths that are kept, below 10 em, 100 px or 1,000 %: so no formula moves far over the page.
_SHORT = late(r"[+-]?(?:\d{0,1}(?:\.\d{1,4})?(?:em|ex)|\d{1,2}(?:\.\d{1,4})?(?:px|pt|mu)|\d{1,3}%|0)", re.ASCII)
_CDATA = late(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL | re.IGNORECASE)


class MathWriter:
    """A formula that is being written to *pieces*. If *annotations* is true, it keeps its annotations, such as TeX."""

    def __init__(self, pieces: list[str], start: Token, *, annotations: bool) -> None:
        self._pieces = pieces
        self._annotations = annotations
        self._open: list[str] = []
        self._left_out = 0
        self._start(start)

    @property
    def is_open(self) -> bool:
        """Whether the formula goes on."""
        return bool(self._open)

    def takes(self, token: Token) -> bool:
        """Write *token*, as far as it is MathML. Return False if it ends the formula without being a part of it."""
        kind, name, source = token
        if self._left_out:
            self._skip(kind, name, source)
        elif kind == "text":
            self._pieces.append(source)
        elif kind == "hidden":
            found = _CDATA.match(source) if not name else None
            self._pieces.append(escape(found[1], quote=False) if found else "")
        elif name in _BREAKS_OUT and self._open[-1] not in _LEAVES:
            self.close()
            return False
        elif kind == "start":
            self._start(token)
        elif name in self._open:
            while self._end() != name:
                pass
        return True

    def close(self) -> None:
        """End the formula."""
        while self._open:
            self._end()

    def _start(self, token: Token) -> None:
        name = token.name
        is_closed = token.source.endswith("/>")
        if name in _LEFT_OUT or (name == "annotation" and not self._annotations):
            self._left_out = 0 if is_closed else 1
            return
        if name not in CORE or (self._open and (self._open[-1] in _LEAVES or name == "math")):
            return
        self._pieces.append(f"<{name}{_attributes(name, token.source)}>")
        self._open.append(name)
        if is_closed or name in _EMPTY:
            self._end()

    def _end(self) -> str:
        name = self._open.pop()
        self._pieces.append(f"</{name}>")
        return name

    def _skip(self, kind: str, name: str, source: str) -> None:
        """Leave out a token inside an annotation, until the annotation or the formula ends."""
        if kind == "end" and name == "math":
            self._left_out = 0
            self.close()
        elif name in _LEFT_OUT or name == "annotation":
            if kind == "end":
                self._left_out -= 1
            elif kind == "start" and not source.endswith("/>"):
                self._left_out += 1


def _attributes(name: str, source: str) -> str:
    allowed = CORE[name] | _EVERYWHERE
    return "".join(
        f' {key}="{escape(value)}"'
        for key, value in attributes(source).items()
        if key in allowed and (key not in _LENGTHS or _SHORT.fullmatch(value.strip()))
    )
