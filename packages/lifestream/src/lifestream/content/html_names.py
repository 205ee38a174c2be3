"""The names of elements: those of HTML (obsolete ones, too), SVG and MathML, and names that authors may choose."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from lifestream.content.html_tokenizer import name_set
from lifestream.content.late_pattern import late

HTML: Final = name_set(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body "
    "br button canvas caption center cite code col colgroup command content data datalist dd del details dfn dialog "
    "dir div dl dt element em embed fencedframe fieldset figcaption figure font footer form frame frameset h1 h2 h3 "
    "h4 h5 h6 head header hgroup hr html i iframe image img input ins isindex kbd keygen label layer legend li link "
    "listing main map mark marquee menu menuitem meta meter multicol nav nextid nobr noembed noframes nolayer noscript "
    "object ol optgroup option output p param picture plaintext portal pre progress q rb rbc rp rt rtc ruby s samp "
    "script search section select selectedcontent shadow slot small source spacer span strike strong style sub "
    "summary sup table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp"
)
SVG: Final = name_set(
    "svg altglyph altglyphdef altglyphitem animate animatecolor animatemotion animatetransform circle clippath cursor "
    "defs desc discard ellipse feblend fecolormatrix fecomponenttransfer fecomposite feconvolvematrix "
    "fediffuselighting fedisplacementmap fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr "
    "fegaussianblur feimage femerge femergenode femorphology feoffset fepointlight fespecularlighting fespotlight "
    "fetile feturbulence filter font-face foreignobject g glyph glyphref hkern line lineargradient marker mask "
    "metadata missing-glyph mpath path pattern polygon polyline radialgradient rect set stop switch symbol text "
    "textpath tref tspan use view vkern"
)
MATHML: Final = name_set(
    "math annotation annotation-xml maction maligngroup malignmark menclose merror mfenced mfrac mglyph mi "
    "mlabeledtr mlongdiv mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mscarries mscarry "
    "msgroup msline mspace msqrt msrow mstack mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none "
    "semantics"
)
CHANGES_READING: Final = name_set("svg select template frameset html head body")
"""Elements that change how the tags after them are read. The sanitizer keeps none, even if a setting allows it."""

_KNOWN: Final = HTML | SVG | MATHML | {"noindex"}  # Yandex's, which many Russian sites write

# A custom element (HTML, 4.13.3), and one with a prefix, which Office writes (`<o:p>`). `<a@b-c.example>` is neither.
_CHOSEN = late(r"[a-z][\w.]*-[\w.-]*|[a-z][\w.-]*:[a-z_][\w.-]*")


def is_element(name: str) -> bool:
    """Return whether *name*, in lower case, may be that of an element: if not, the `<` before it is text."""
    return name in _KNOWN or _CHOSEN.fullmatch(name) is not None


def any_of(names: Collection[str]) -> str:
    """Return a regular expression for any of *names*. It has each beginning that several names share only once, which
    makes it faster: it is tried at each tag.
    """
    ends = "" in names
    rest = sorted(filter(None, names))
    branches = [
        re.escape(letter) + any_of([name[1:] for name in rest if name[0] == letter])
        for letter in dict.fromkeys(name[0] for name in rest)
    ]
    if not branches:
        return ""
    return f"(?:{'|'.join(branches)}){'?' if ends else ''}"
