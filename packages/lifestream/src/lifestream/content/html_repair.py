"""Rewrites untrusted HTML before it is cleaned, so that cleaning loses nothing that its author meant to be seen.

It works on `author_tokens`, in one pass and linear time, and makes nothing safe: the sanitizer does that afterwards.

- `noscript` is unwrapped, and pictures get the sources that scripts would give them; tracking pixels are removed
  (`lazy_pictures`).
- Frames and embedded objects become links; those of known players become cards (`frames`).
- Formulas are rewritten in MathML Core (`mathml`).

Most HTML needs none of this and is returned as it is.
"""

from __future__ import annotations

import re
from typing import Final

from lifestream.content.author_tokens import FALLBACKS, INLINE, author_tokens
from lifestream.content.frames import FRAMES, Frames
from lifestream.content.html_names import CHANGES_READING, HTML, MATHML, SVG, any_of
from lifestream.content.html_tokenizer import Token, attributes, name_set
from lifestream.content.late_pattern import late
from lifestream.content.lazy_pictures import IS_LAZY, IS_TINY, LAZY, LazyPictures, with_sources, written
from lifestream.content.mathml import MathWriter

_FOREIGN: Final = (MATHML | SVG) - HTML
_HANDLED: Final = FALLBACKS | FRAMES | name_set("audio canvas script style textarea title video xmp")
_ENDS_PARAGRAPH: Final = name_set(
    "address article aside blockquote center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hgroup hr li main menu nav ol pre section summary table td th tr ul"
)


# A tag that this module may change, one of CHANGES_READING, or any tag in capitals, at which the pattern doesn't look
# more closely.
_UNUSUAL = re.compile(rf"<(?!/?(?:[abipqsu]|{any_of(HTML - _HANDLED - CHANGES_READING)})[\s/>])[A-Za-z/]", re.ASCII)

_SELF_CLOSED = late(rf"<{any_of(INLINE)}(?=[\s/])[^<>]*+(?<=/)>", re.ASCII)


def repaired(source: str, base_url: str = "", *, annotations: bool = True) -> str:
    """Return the HTML fragment *source*, whose addresses are relative to *base_url*, rewritten so that what cleaning
    would remove stays visible. With *annotations*, formulas keep their source in TeX.
    """
    if not needs_repair(source):
        return source
    repair = _Repair(base_url, annotations=annotations)
    for token in author_tokens(source, lambda: repair.in_formula):
        repair.take(token)
    return repair.end()


def needs_repair(source: str) -> bool:
    """Return True if `repaired` may change *source*, or if *source* has a tag that changes how the tags after it are
    read: `_UNUSUAL` finds such tags as well.
    """
    if "<" not in source:
        return False
    if _UNUSUAL.search(source):
        return True
    if "/>" in source and _SELF_CLOSED.search(source):
        return True
    lowered = source.lower()
    if "data-" in lowered and IS_LAZY.search(source):
        return True
    sized = "width" in lowered or "height" in lowered or "display" in lowered
    return sized and "<img" in lowered and IS_TINY.search(source) is not None


class _Repair:
    """A fragment that is being rewritten."""

    def __init__(self, base_url: str, *, annotations: bool) -> None:
        self._pieces: list[str] = []
        self._pictures = LazyPictures(self._pieces)
        self._frames = Frames(base_url)
        self._annotations = annotations
        self._formula: MathWriter | None = None
        self._frame: Token | None = None
        self._in_fallback = self._in_paragraph = False

    @property
    def in_formula(self) -> bool:
        """Whether what comes next is in MathML."""
        return self._formula is not None

    def take(self, token: Token) -> None:
        """Write *token*, or what takes its place."""
        frame, self._frame = self._frame, None
        if frame is not None and self._link_frame(frame, token):
            return
        if self._formula is not None:
            taken = self._formula.takes(token)
            if not self._formula.is_open:
                self._formula = None
            if taken:
                return
        if token.kind in ("start", "end"):
            self._take_tag(token)
            return
        if token.kind == "text" and not token.source.isspace():
            self._pictures.text()
        self._pieces.append(token.source)

    def _take_tag(self, token: Token) -> None:
        kind, name, source = token
        starts = kind == "start"
        if name in FALLBACKS:
            self._in_fallback = starts
        elif name in FRAMES:
            self._frame = token if starts else None
        elif name in _FOREIGN:
            # SVG is not kept. MathML outside of `math` is dropped here: nh3 would drop all that follows with it.
            if name == "math" and starts:
                formula = MathWriter(self._pieces, token, annotations=self._annotations)
                self._formula = formula if formula.is_open else None
        elif name == "img" and starts:
            self._pieces.append(self._pictures.picture(source, in_fallback=self._in_fallback))
        else:
            if name == "p":
                self._in_paragraph = starts
            elif name in _ENDS_PARAGRAPH:
                self._in_paragraph = False
            filled = with_sources(name, attributes(source)) if starts and name in LAZY else None
            self._pieces.append(source if filled is None else written(name, filled))

    def _link_frame(self, frame: Token, token: Token) -> bool:
        """Write the link in place of *frame*, whose start tag came last. Return whether *token* is its content."""
        is_content = token.kind == "hidden" and token.name == frame.name
        link = self._frames.link(
            frame.name, frame.source, token.source if is_content else "", in_fallback=self._in_fallback
        )
        if link:
            # A paragraph inside another one would end the outer one, and leave an empty one behind.
            self._pieces.append(link if self._in_paragraph else f"<p>{link}</p>")
        return is_content

    def end(self) -> str:
        """Return the fragment."""
        if self._frame is not None:
            self._link_frame(self._frame, Token("text", "", ""))
        if self._formula is not None:
            self._formula.close()
        return "".join(self._pieces)
