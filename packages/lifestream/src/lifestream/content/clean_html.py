"""The one pass over HTML that nh3 has written: its attributes are checked, and its text is taken.

nh3 writes `<` and `>` only where a tag begins and ends, and values in double quotes. So such HTML is cut at these
characters into texts and tags. A document repeats its tags: `Tags` remembers what each becomes, so most are one
look-up. HTML of any other form is refused. The output is text without `<` and `>`, and tags that were put
together again, so it is HTML of that form whatever the input is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Final, NamedTuple

from lifestream.content.clean_attributes import SET, URL_ATTRIBUTES, checked
from lifestream.content.html_tokenizer import unescape
from lifestream.content.plaintext import BREAKS_LINE, lines
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.content.settled_html import is_settled, letter_of

_MOST_KNOWN: Final = 2000
LONGEST_KNOWN: Final = 1000
"""How many tags are remembered, and how long each may be in characters."""

HOST: Final = "host"
BASE: Final = "base"

_LINE: Final = "\0"
_HIDDEN: Final = "\1"
_SHOWN: Final = "\2"
"""Marks in a text, which has no control characters: a line ends here; what follows is not shown, or is shown again."""

_TAG = re.compile(r"(/?)([a-z][^\s/<>\"'=]*+)((?>(?> [^\s/<>\"'=]++=\"[^<>\"]*+\")*))")
_ATTRIBUTE = re.compile(r" ([^\s=]++)=\"([^\"]*+)\"")
# An address with a host of its own. `https:///x` has none, so it gets that of the base.
_WITH_HOST = re.compile(r"https?://[\w.-]")
_INDEPENDENT = re.compile(rf"{_WITH_HOST.pattern}|#")
_NOT_SHOWN = re.compile(f"{_HIDDEN}[^{_SHOWN}]*+{_SHOWN}?")


class NotClean(ValueError):
    """This is not HTML that nh3 has written."""


class CleanTag(NamedTuple):
    """What a tag becomes: its *html*, the *mark* that it leaves in the text, and its *letter* (see `settled_html`).

    *depends* says on which part of the base its addresses depend: on none (""), the host ("host"), or all ("base").
    """

    html: str
    mark: str
    letter: str
    depends: str


class KnownTags(dict[str, CleanTag]):
    """A cache of limited size: what each tag becomes, by what is written between its angle brackets."""

    def __init__(self) -> None:
        super().__init__()
        self._base_url = ""
        self._dependent: dict[str, list[str]] = {HOST: [], BASE: []}

    def relative_to(self, base_url: str) -> None:
        """Begin a fragment whose addresses are relative to *base_url*. Forget the tags that depend on another base."""
        if len(self) >= _MOST_KNOWN:
            self.clear()
            self._dependent = {HOST: [], BASE: []}
        if base_url == self._base_url:
            return
        if base_url.split("/", 3)[:3] != self._base_url.split("/", 3)[:3]:
            self._forget(HOST)
        self._forget(BASE)
        self._base_url = base_url

    def _forget(self, which: str) -> None:
        for source in self._dependent[which]:
            self.pop(source, None)
        self._dependent[which].clear()

    def keep(self, source: str, tag: CleanTag) -> CleanTag:
        """Return *tag*, and remember it as what *source* becomes, if *source* is not too long and there is space."""
        if len(source) <= LONGEST_KNOWN and len(self) < _MOST_KNOWN:
            self[source] = tag
            if tag.depends:
                self._dependent[tag.depends].append(source)
        return tag


class Tags(KnownTags):
    """Tags that nh3 has written, and that have been checked. A new one is checked when it is looked up, which raises
    `NotClean` for what is no tag.
    """

    def __init__(self, rules: SanitizerRules) -> None:
        super().__init__()
        self._rules = rules

    def __missing__(self, source: str) -> CleanTag:
        """Return what the tag *source* becomes."""
        found = _TAG.fullmatch(source)
        if found is None or (found[1] and found[3]):
            raise NotClean(source[:100])
        name = found[2]
        given = {key: unescape(value) for key, value in _ATTRIBUTE.findall(found[3])}
        kept = given if found[1] or not (given or name in SET) else checked(name, given, self._rules, self._base_url)
        written = "".join([f' {key}="{escaped(value)}"' for key, value in kept.items()])
        mark = _LINE if name in BREAKS_LINE else ""
        if name == "annotation":
            mark = _SHOWN if found[1] else _HIDDEN
        letter = letter_of(found[1] + name, styled="style" in kept)
        tag = CleanTag(f"<{found[1]}{name}{written}>", mark, letter, _depends(given))
        return self.keep(source, tag)


def _depends(attributes: Mapping[str, str]) -> str:
    """Return on which part of the base the addresses in *attributes* depend."""
    addresses = [value for key, value in attributes.items() if key in URL_ATTRIBUTES]
    addresses = [value for value in addresses if not _INDEPENDENT.match(value)]
    # Candidates of a srcset are never fragments of the page: `#x` there is the base with a fragment.
    addresses += [value for value in attributes.get("srcset", "").split() if not _WITH_HOST.match(value)]
    if not addresses:
        return ""
    return HOST if all(value.startswith("/") and value[1:2] != "/" for value in addresses) else BASE


def escaped(value: str) -> str:
    """Return the *value* of an attribute as nh3 writes it (HTML, 13.3)."""
    value = value.replace("&", "&amp;").replace("\xa0", "&nbsp;").replace('"', "&quot;")
    return value.replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """Clean *html*, and what it consists of: its *texts*, between which are its *tags*, and the *marks* and *letters*
    of these. A comment is a tag of no characters and without a letter.
    """

    html: str = ""
    texts: Sequence[str] = field(default=("",), compare=False, repr=False)
    tags: Sequence[str] = field(default=(), compare=False, repr=False)
    marks: Sequence[str] = field(default=(), compare=False, repr=False)
    letters: str = field(default="", compare=False, repr=False)
    _settled: bool = field(default=False, compare=False, repr=False)

    @property
    def text(self) -> str:
        """Its text: entities resolved once, spaces collapsed, each block on a line, without the sources of formulas."""
        marked = "".join(in_turn(self.texts, self.marks))
        if _HIDDEN in marked:
            marked = _NOT_SHOWN.sub("", marked)
        return lines(unescape(marked.replace("\n", " ")).replace(_LINE, "\n"))

    @property
    def is_settled(self) -> bool:
        """Whether nh3 would certainly return this HTML unchanged if it read it again."""
        return self._settled or is_settled(self.letters)


def checked_html(written: str, tags: Tags) -> CleanHtml:
    """Return what nh3 has *written* with its attributes checked. Raises `NotClean` for any other HTML."""
    parts = written.replace("<", ">").split(">")
    if len(parts) % 2 == 0:
        raise NotClean(written[-100:])
    html, marks, letters = columns([*map(tags.__getitem__, parts[1::2])])
    return joined(parts[::2], html, marks, "".join(letters))


def columns(tags: Collection[CleanTag]) -> tuple[list[str], list[str], list[str]]:
    """Return the HTML, the marks and the letters of *tags*."""
    return [*map(_HTML, tags)], [*map(_MARK, tags)], [*map(_LETTER, tags)]


_HTML, _MARK, _LETTER = (itemgetter(CleanTag._fields.index(name)) for name in ("html", "mark", "letter"))


def joined(
    texts: Sequence[str], tags: Sequence[str], marks: Sequence[str], letters: str, *, settled: bool = False
) -> CleanHtml:
    """Return clean HTML of *texts* and, between these, of *tags* with these *marks* and *letters*. *settled* says that
    the result is known to be settled (see `settled_html`); if it is False, `is_settled` finds out.
    """
    return CleanHtml("".join(in_turn(texts, tags)), texts, tags, marks, letters, settled)


def in_turn(texts: Sequence[str], between: Sequence[str]) -> list[str]:
    """Return *texts* and what is *between* each two of them, in the order of the document."""
    parts = [""] * (len(texts) + len(between))
    parts[::2] = texts
    parts[1::2] = between
    return parts


def strip_start(texts: list[str], tags: Sequence[str]) -> None:
    """Remove the white space at the start of a fragment, up to the first tag that is not empty (a comment is empty)."""
    for at, tag in enumerate(chain(tags, [""])):
        texts[at] = texts[at].lstrip()
        if texts[at] or tag:
            return


def strip_end(texts: list[str], tags: Sequence[str]) -> None:
    """Remove the white space at the end of a fragment, after the last tag that is not empty (a comment is empty)."""
    for at in range(len(tags), -1, -1):
        texts[at] = texts[at].rstrip()
        if texts[at] or (at and tags[at - 1]):
            return
