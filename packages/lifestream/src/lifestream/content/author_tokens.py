"""HTML as a sequence of tokens, as its author meant it: browsers would lose some of what a feed's reader should see.

This tokenizer differs from the HTML standard's (`html_tokenizer`) in three ways (reading.md, rule 16):

- `<` before a name that is no element's is text: in `$n<m$` a browser would begin a tag that lasts to the next `>`.
- A self-closed element that would hide or change all that follows (`<script/>`, `<iframe/>`, `<video/>`, `<i/>`) is
  empty if no end tag follows before the next start tag of its name. That is XHTML; in HTML the slash means nothing.
- The content of `noscript`, `noembed` and `noframes` is markup, since lifestream runs and embeds nothing.

Every `<` that is text is written as `&lt;`, so that leaving out a token never makes a tag of what surrounds it. The
tokens take linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from lifestream.content.html_names import is_element
from lifestream.content.html_tokenizer import MARKUP, RAW, Token, lower, name_set, raw_end
from lifestream.content.late_pattern import late

FALLBACKS: Final = name_set("noscript noembed noframes")
INLINE: Final = name_set("a b big code em font i s small span strike strong sub sup tt u")
_SWALLOWING: Final = RAW - FALLBACKS | name_set("audio canvas object video") | INLINE
# The length of a name is bounded, since a name is read again at each "<" that is text. White space beyond ASCII also
# ends a name: a browser sees no link in `<a\xa0href="/">`, but its author did not mean it as text either.
_NAME = late(r"</?([A-Za-z][^\s/>]{0,100}+)")
_NEXT: Final = {name: late(rf"<(/?){name}(?=[\s/>])", re.IGNORECASE | re.ASCII) for name in _SWALLOWING}
_LESS_THAN: Final = Token("text", "", "&lt;")


def author_tokens(source: str, in_formula: Callable[[], bool] = lambda: False) -> Iterator[Token]:
    """Yield the tokens of an HTML fragment. An element that its slash makes empty gets an end tag, though the fragment
    has none.

    *in_formula* tells whether what comes next is in MathML. Only there does `<![CDATA[` begin a CDATA section;
    elsewhere it begins a comment that ends at the next `>` (HTML, 13.2.5.42).
    """
    position = text_start = 0
    written_out: set[str] = set()
    while (at := source.find("<", position)) >= 0:
        position = at + 1
        if source.startswith("<![CDATA[", at) and not in_formula():
            position = source.find(">", at) + 1 or len(source)
            if at > text_start:
                yield Token("text", "", source[text_start:at])
            text_start = position
            yield Token("hidden", "", source[at:position])
            continue
        found = None if _is_text(source, at, written_out) else MARKUP.match(source, at)
        if at > text_start:
            yield Token("text", "", source[text_start:at])
        text_start = position
        if found is None:
            yield _LESS_THAN
            continue
        text_start = position = found.end()
        if found["name"] is None:
            yield Token("hidden", "", found[0])
            continue
        name = lower(found["name"])
        if found["slash"]:
            yield Token("end", name, found[0])
            continue
        yield Token("start", name, found[0])
        if name in _SWALLOWING and found[0].endswith("/>") and _is_empty(source, position, name):
            yield Token("end", name, f"</{name}>")
        elif (name in RAW or name == "plaintext") and name not in FALLBACKS:
            text_start = position = raw_end(source, position, name)
            if position > found.end():
                yield Token("hidden", name, source[found.end() : position])
    if text_start < len(source):
        yield Token("text", "", source[text_start:])


def _is_text(source: str, at: int, written_out: set[str]) -> bool:
    """Return whether the `<` at *at* begins a name that is no element's; *written_out* collects these names.

    An end tag is text if its start tag was.
    """
    found = _NAME.match(source, at)
    if found is None:
        return False
    name = found[1].lower()
    if is_element(name):
        return False
    if source.startswith("/", at + 1):
        return name in written_out
    written_out.add(name)
    return True


def _is_empty(source: str, position: int, name: str) -> bool:
    """Return whether no end tag of *name* follows before the next start tag of it."""
    following = _NEXT[name].search(source, position)
    return following is None or not following[1]
