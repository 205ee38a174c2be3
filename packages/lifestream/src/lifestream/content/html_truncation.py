"""The beginning of clean HTML, cut so that it is well-formed HTML itself.

The cut is where the tokenizer of the HTML standard (13.2.5) is between two tokens: before a tag, or after a character
or a whole character reference of a text. Elements that are still open at the cut get end tags, the innermost first.
So a browser builds the tree of the whole from the result, except for what follows the cut.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, islice
from typing import Final

from lifestream.content.clean_html import CleanHtml, Tags, columns, in_turn, joined, strip_end
from lifestream.content.open_elements import VOID
from lifestream.content.settled_html import missing_ends

_LONGEST_REFERENCE: Final = len("&nbsp;")
"""nh3 writes five references: for `&`, `<`, `>`, the double quote and the no-break space."""


def truncated(clean: CleanHtml, length: int, tags: Tags) -> CleanHtml:
    """Return the beginning of *clean* in at most *length* characters. *tags* has the checked tags, from
    which the end tags are taken.

    If *clean* is no longer than that, all of it is returned. White space at the end is removed, unless it is
    inside an element.
    """
    if len(clean.html) <= length:
        return clean
    # Where each text begins: the first at 0, and each other one at the end of the tag before it.
    ends = [0, *accumulate(map(len, in_turn(clean.texts, clean.tags)))][::2]
    count = bisect_right(ends, length) - 1
    opened, count = _open_after(clean, count)
    while ends[count] > (room := length - sum(len(f"</{name}>") for name in opened)):
        count -= 1
        _step_back(clean.tags[count], opened)
    text = clean.texts[count]
    if len(text) > room - ends[count]:
        text = text[: room - ends[count]]
        reference = text.rfind("&", -_LONGEST_REFERENCE)
        if reference >= 0 and ";" not in text[reference:]:
            text = text[:reference]
    texts = [*clean.texts[:count], text]
    if not opened:
        strip_end(texts, clean.tags[:count])
    html, marks, letters = columns([tags[f"/{name}"] for name in reversed(opened)])
    return joined(
        texts + [""] * len(opened),
        [*clean.tags[:count], *html],
        [*clean.marks[:count], *marks],
        clean.letters[: _letter_count(clean, count)] + "".join(letters),
    )


def _open_after(clean: CleanHtml, count: int) -> tuple[list[str], int]:
    """Return the names of the elements that are open after the first *count* tags of *clean*, the outermost first.

    Return also the number of tags that were used. It is *count*, unless there is an end tag without its start tag,
    which nh3 never writes: then it is the number of tags before that one.
    """
    missing = missing_ends(clean.letters[: _letter_count(clean, count)])  # ten times as fast as the loop below
    if missing is not None:
        return [end.removeprefix("/") for end in reversed(missing)], count
    opened: list[str] = []
    # There are no comments among these tags: nh3 itself wrote the HTML that gets here.
    for at, tag in enumerate(islice(clean.tags, count)):
        if tag.startswith("</"):
            if not opened:
                return [], at
            opened.pop()
        elif (name := _name_of(tag)) not in VOID:
            opened.append(name)
    return opened, count


def _step_back(tag: str, opened: list[str]) -> None:
    """Change *opened*, the elements that are open after *tag*, to those before it."""
    if tag.startswith("</"):
        opened.append(tag[2:-1])
    elif (name := _name_of(tag)) and name not in VOID:
        opened.pop()


def _name_of(tag: str) -> str:
    return tag[1:-1].partition(" ")[0]


def _letter_count(clean: CleanHtml, count: int) -> int:
    """Return how many of the first *count* tags of *clean* have a letter in `letters`, as all but comments do."""
    return count - clean.tags[:count].count("")
