"""An estimate of how deep and how large the tree of a sequence of tags becomes, made before a tree builder sees them.

Three kinds of trees take nh3 more than linear time, or make its output far larger than its input: elements nested
thousands deep; formatting elements (`<b>`) that are left open, and are reopened in each block that follows; and content
inside a table but in no cell, which is moved before the table, past all its siblings. `bounded_html` bounds the rest.

`OpenElements` follows the stack of open elements and the list of active formatting elements of the HTML standard
(13.2.4.2 and 13.2.4.3) as far as their sizes go. If it is not sure that a tag closes an element, it counts that element
as still open, so it never estimates the depth too low by more than a small factor. As long as tags are properly nested
(`_nested`), nothing is counted as reopened. Cleaned HTML that no longer changes is properly nested, so it is not
refused for what would be reopened when it is cleaned again. Each tag takes constant time, on average.

This module assumes that no tag changes how others are read: SVG, `select` and `template` must have been removed, and
MathML written by `mathml`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from lifestream.content.html_tokenizer import name_set

VOID: Final = name_set(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr"
)
FORMATTING: Final = name_set("a b big code em font i nobr s small strike strong tt u")
_HEADINGS: Final = name_set("h1 h2 h3 h4 h5 h6")  # "h#" stands for each of them: the end tag of one closes any other
_CELLS: Final = name_set("td th caption")
_ROWS: Final = name_set("tr tbody thead tfoot col colgroup")
_SCOPES: Final = _CELLS | name_set("applet marquee object table")
"""Elements that limit the scope of end tags inside them (HTML, 13.2.4.2: "has an element in scope")."""

_BLOCKS: Final = name_set(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup "
    "listing main menu nav ol pre search section summary ul"
)
"""Elements that close an open paragraph, and whose end tags close everything that is open in them."""

_CLOSES_PARAGRAPH: Final = _BLOCKS | name_set("form h# hr li dd dt p plaintext table xmp")
_SPECIAL: Final = (
    _CLOSES_PARAGRAPH
    | _SCOPES
    | _ROWS
    | VOID
    | name_set(
        "body button frameset head html iframe noembed noframes noscript script select style svg math template "
        "textarea title"
    )
)
"""Elements that the end tag of an ordinary element (`</span>`) can't close."""

_ENDS_LIKE_A_BLOCK: Final = _BLOCKS | name_set("applet button dd dt h# marquee object")
_PASSED_BY_ITEMS: Final = name_set("address div p")
_RUBY: Final = name_set("rb rp rt rtc")
_IMPLIED: Final = _RUBY | name_set("dd dt li optgroup option p")
_UNSURE: Final = "?"
_TABLE_DEPTH: Final = 4  # table, tbody, tr, td
_TABLE_PARTS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "colgroup"})

MAX_DEPTH: Final = 512
"""The maximum number of elements open at once. Chromium keeps as many; of 604 real entries none had more than 29."""


@dataclass(slots=True)
class _Table:
    """An open table: its place on the stack, and whether a cell of it is open. *certain* is False if it is unclear
    which table is the current one.
    """

    place: int
    in_cell: bool = False
    certain: bool = True


class OpenElements:
    """The elements that are open after all tags passed to `start` and `end`, in a fragment of *length* characters."""

    def __init__(self, length: int) -> None:
        self._stack: list[str] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        self._scopes: list[int] = []
        self._specials: list[int] = []
        self._ordinary: list[int] = []
        self._item_stops: list[int] = []
        self._tables: list[_Table] = []
        # For each scope: the lengths of the tags of its formatting elements and where on the stack they began, by name.
        self._formatting: list[defaultdict[str, list[tuple[int, int]]]] = [defaultdict(list)]
        self._formatting_count = self._formatting_size = 0
        self._nodes = 0
        # Whether a formatting element may have been closed together with its parent, and not been reopened since.
        self._closed = False
        # The elements that are open, outermost first, as long as the tags are properly nested. None once an end tag was
        # not that of the last element, a start tag closed an element, or something stood where the tree builder moves
        # or ignores it.
        self._nested: list[str] | None = []
        # How many characters of tags may still be reopened, and how many nodes may still be passed by moved content.
        self._to_reopen = 64_000 + 16 * length
        self._to_move = 1_000_000 + 100 * length

    @property
    def too_costly(self) -> bool:
        """Whether the tree is too deep, reopens too many elements, or moves too much content out of its tables."""
        return self.depth > MAX_DEPTH or self._to_reopen < 0 or self._to_move < 0

    @property
    def depth(self) -> int:
        """How many elements are open, or may be."""
        return len(self._stack) + self._formatting_count + _TABLE_DEPTH * len(self._tables)

    def text(self) -> None:
        """Count a text that contains more than white space."""
        self._count()
        self._reopen()

    def start(self, name: str, size: int) -> None:
        """Count a start tag of *size* characters."""
        if name in _CELLS or name in _ROWS:
            was_closed = self._closed
            self._start_in_table(name)
            if self._nested is not None and self._nested[-1:] and self._nested[-1] in _TABLE_PARTS:
                self._closed = was_closed  # if there was a cell before, its own end tag closed it
                if name != "col":
                    self._nested.append(name)
            else:
                self._nested = None
            return
        self._count()
        self._reopen()
        self._open(name, size)
        if self._closed:
            self._nested = None  # the tag has closed another element
        elif self._nested is not None and name not in VOID:
            self._nested.append(name)

    def _open(self, name: str, size: int) -> None:
        if name in FORMATTING:
            self._start_formatting(name, size)
            return
        name = "h#" if name in _HEADINGS else name
        if name in _CLOSES_PARAGRAPH:
            self._close("p", max(self._last(self._scopes), self._last(self._places["button"])))
        if name in VOID:
            return
        self._close_own_kind(name)
        if name == "table":
            self._start_table()
        self._push(name)

    def end(self, name: str) -> None:
        """Count an end tag."""
        if self._nested and self._nested[-1] == name:
            self._nested.pop()
            was_closed = self._closed
            self._end(name)
            self._closed = was_closed
        else:
            self._nested = None
            self._end(name)

    def _end(self, name: str) -> None:
        if name == "br":  # `</br>` is read as a start tag (HTML, 13.2.6.4.7)
            self._reopen()
        self._closed = True
        if name == "table":
            if self._tables:
                self._truncate(self._tables[-1].place)
            return
        if name in _CELLS or name in _ROWS:
            if self._tables:
                self._tables[-1].in_cell = False
            return
        self._count()
        if name in FORMATTING:
            self._end_formatting(name)
            return
        name = "h#" if name in _HEADINGS else name
        scope = self._last(self._scopes)
        if name == "p":
            self._close("p", max(scope, self._last(self._places["button"])))
        elif name == "li":
            self._close("li", max(scope, self._last(self._places["ol"]), self._last(self._places["ul"])))
        elif name == "form":
            self._close_current({"form"})
        elif name in _ENDS_LIKE_A_BLOCK:
            self._close(name, scope - 1)
        else:
            self._close(name, self._last(self._specials) - 1)

    def _count(self) -> None:
        self._nodes += 1
        if self._tables and not self._tables[-1].in_cell:
            self._to_move -= (1 + self._formatting_count) * self._nodes
            self._nested = None  # it is moved before the table

    def _reopen(self) -> None:
        """Count the formatting elements that were closed and are reopened before this text or tag."""
        if self._closed:
            self._to_reopen -= self._formatting_size
            self._closed = False

    def _start_formatting(self, name: str, size: int) -> None:
        if name in {"a", "nobr"}:
            self._end_formatting(name)
        self._formatting[-1][name].append((len(self._stack), size))
        self._formatting_count += 1
        self._formatting_size += size

    def _end_formatting(self, name: str) -> None:
        if opened := self._formatting[-1][name]:
            self._closed = True
            place, size = opened.pop()
            self._formatting_count -= 1
            self._formatting_size -= size
            # Its end tag may close ordinary elements inside it.
            while self._last(self._ordinary) >= place:
                self._forget(self._ordinary[-1])

    def _close_own_kind(self, name: str) -> None:
        """Close the elements that a start tag of *name* closes, other than a paragraph."""
        if name == "li":
            self._close("li", max(map(self._last, (self._item_stops, self._places["dd"], self._places["dt"]))))
        elif name in {"dd", "dt"}:
            stop = max(self._last(self._item_stops), self._last(self._places["li"]))
            self._close("dd", stop)
            self._close("dt", stop)
        elif name == "button":
            self._close("button", self._last(self._scopes))
        elif name == "h#":
            self._close_current({"h#"})
        elif name in {"option", "optgroup"}:
            self._close_current({"option"})
        elif name in _RUBY and self._last(self._places["ruby"]) > self._last(self._scopes):
            self._close_current(_IMPLIED)

    def _close_current(self, names: AbstractSet[str]) -> None:
        """Close the current node if it is one of *names*, then its ancestors as long as they are among *names* too.

        If a formatting element is open, perhaps inside that node, it is not certain that the node is the current one.
        """
        place = len(self._stack) - 1
        while place >= 0 and self._stack[place] in names:
            if self._formatting_count:
                self._forget(place)
            else:
                self._truncate(place)
            place -= 1

    def _forget(self, place: int) -> None:
        """Stop end tags from closing the element at *place*: it is not certain whether it is open, so it counts as
        open.
        """
        self._closed = True
        name = self._stack[place]
        self._places[name].pop()
        self._stack[place] = _UNSURE
        self._places[_UNSURE].append(place)
        if self._last(self._ordinary) == place:
            self._ordinary.pop()

    def _start_table(self) -> None:
        if self._tables and not self._tables[-1].in_cell:
            # This start tag ends the other table if that is still open.
            self._tables[-1].certain = False
            self._tables.append(_Table(len(self._stack), certain=False))
        else:
            self._tables.append(_Table(len(self._stack)))

    def _start_in_table(self, name: str) -> None:
        if not self._tables:
            return
        table = self._tables[-1]
        if table.certain:
            self._truncate(table.place + 1)
        self._nodes += 1
        table.in_cell = name in _CELLS
        if table.in_cell:
            self._push(name)

    def _push(self, name: str) -> None:
        place = len(self._stack)
        self._stack.append(name)
        self._places[name].append(place)
        if name in _SCOPES:
            self._scopes.append(place)
            self._formatting.append(defaultdict(list))
        if name in _SPECIAL:
            self._specials.append(place)
            if name not in _PASSED_BY_ITEMS and name not in {"li", "dd", "dt"}:
                self._item_stops.append(place)
        else:
            self._ordinary.append(place)

    def _close(self, name: str, outside: int) -> None:
        """Close the last element of *name*, and everything in it, if its place on the stack is higher than
        *outside*.
        """
        if (place := self._last(self._places[name])) > outside and place >= 0:
            self._truncate(place)

    def _truncate(self, length: int) -> None:
        self._closed = self._closed or len(self._stack) > length
        while len(self._stack) > length:
            place = len(self._stack) - 1
            self._places[self._stack.pop()].pop()
            if self._last(self._scopes) == place:
                self._scopes.pop()
                for opened in self._formatting.pop().values():
                    self._formatting_count -= len(opened)
                    self._formatting_size -= sum(size for _, size in opened)
            for places in (self._specials, self._item_stops, self._ordinary):
                if self._last(places) == place:
                    places.pop()
            if self._tables and self._tables[-1].place == place:
                self._tables.pop()

    @staticmethod
    def _last(places: list[int]) -> int:
        return places[-1] if places else -1
