"""The sanitizer: makes untrusted HTML and addresses safe to show. Pure.

nh3 cleans HTML by an allow-list: each tag by itself in HTML that is properly nested (`proper_html`), all other HTML as
a whole. What it can't do by itself is done around it:

- Before it: what a browser without scripts would not show is rewritten to be seen (`html_repair`). Constructs
  that would take nh3 more than linear time are rewritten (`bounded_html`). HTML that can't be rewritten, for instance
  because it is nested too deep, becomes plain text.
- After it: one pass checks every attribute and takes the text (`clean_html`, `clean_attributes`). The result is cut if
  it is too long (`html_truncation`), and cleaned again until it no longer changes, or is certain not to
  change (`settled_html`). HTML that reads differently the second time would read differently in a browser, too.

Text is not HTML: `plain` turns HTML into text, `text` tidies what is text already. Neither result may be marked safe.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import nh3

from lifestream.combining_marks import without_piles
from lifestream.content.bounded_html import bounded, has_long_text
from lifestream.content.clean_attributes import SET, link
from lifestream.content.clean_html import CleanHtml, NotClean, Tags, checked_html
from lifestream.content.frames import PLAYER
from lifestream.content.html_repair import needs_repair, repaired
from lifestream.content.html_tokenizer import name_set
from lifestream.content.html_truncation import truncated
from lifestream.content.late_pattern import late
from lifestream.content.plaintext import html_of, scrub, shorten, text_of, without_scripts
from lifestream.content.proper_html import SourceTags, proper_html
from lifestream.content.sanitizer_rules import SanitizerRules

_MAX_READINGS: Final = 5
"""How often nh3's output is cleaned again. If it still changes then, it becomes plain text."""


class _Known(threading.local):
    """The tags that a thread has checked: those that nh3 has written, and those of sources."""

    def __init__(self, rules: SanitizerRules, clean: Callable[[str], str]) -> None:
        self.tags = Tags(rules)
        self.of_sources = SourceTags(clean, self.tags)


@dataclass(frozen=True, slots=True)
class Beginning:
    """The result of cleaning a fragment: *clean* HTML, and whether it is the *whole* result or only its beginning."""

    clean: CleanHtml
    whole: bool

    @property
    def html(self) -> str:
        """The HTML."""
        return self.clean.html


class Sanitizer:
    """A cleaner of HTML fragments by *rules*. Several threads may use it at once."""

    def __init__(self, rules: SanitizerRules | None = None) -> None:
        self.rules = rules or SanitizerRules()
        tags = set(self.rules.tags) - {"*"}
        self._cleaner = nh3.Cleaner(
            tags=tags,
            attributes=self._attributes(),
            link_rel=None,  # nh3 would put it at another place each time; `clean_attributes` sets it
            url_schemes=set(self.rules.url_schemes),
            filter_style_properties=set(self.rules.styles),
        )
        self._known = _Known(self.rules, self._cleaned)
        self._keeps_annotations = "annotation" in tags
        self._has_cells = name_set("table caption colgroup col thead tbody tfoot tr th td") <= tags

    def _attributes(self) -> dict[str, set[str]]:
        attributes = {tag: set(names) for tag, names in self.rules.tags.items()}
        attributes.setdefault("*", set()).add("id")
        if "a" in attributes:
            attributes["a"].update(("name", PLAYER))
        for tag in SET.keys() & self.rules.tags.keys():
            attributes.setdefault(tag, set()).update(SET[tag])
        if not self.rules.styles:
            for names in attributes.values():
                names.discard("style")
        elif not any("style" in names for names in attributes.values()):
            attributes.setdefault("*", set()).add("style")
        return attributes

    def html(self, fragment: str, base_url: str = "") -> str:
        """Return *fragment* reduced to what the rules allow, with its addresses absolute (against *base_url*) and
        harmless.
        """
        return self.beginning(fragment, base_url, sys.maxsize).html

    def beginning(self, fragment: str, base_url: str, length: int) -> Beginning:
        """Return `html` of *fragment* in at most *length* characters, even if cleaning makes it longer.

        A longer result is cut (see `html_truncation`), and then cleaned again like any other, so cleaning the result
        once more would not change it.
        """
        if not fragment:
            return Beginning(CleanHtml(), whole=True)
        fragment = scrub(fragment)
        # One cleaner of tags serves all bases: a new one for each base would cost as much as the cleaning.
        self._known.of_sources.relative_to(base_url)
        proper = proper_html(fragment, self._known.of_sources)
        if (
            proper is not None
            and len(proper.html) <= _longest_result(fragment)
            and (result := self._settled(proper, length))
        ):
            return result
        unusual = needs_repair(fragment)
        if unusual:
            fragment = repaired(fragment, base_url, annotations=self._keeps_annotations)
        result = self._settled(self._read(fragment, usual=not unusual), length)
        if result is None:
            clean = self._read(html_of(text_of(fragment).replace("\n", "\n\n"))) or CleanHtml()
            result = Beginning(truncated(clean, length, self._known.tags), whole=len(clean.html) <= length)
        return result

    def _settled(self, clean: CleanHtml | None, length: int) -> Beginning | None:
        """Return *clean*, cut to *length* characters, after cleaning it until it no longer changes; None if it never
        settles.
        """
        whole = True
        for _ in range(_MAX_READINGS):
            if clean is None:
                return None
            fits = len(clean.html) <= length
            whole = whole and fits
            clean = truncated(clean, length, self._known.tags)
            if clean.is_settled and (fits or not _CUT_LINE_FEEDS.search(clean.html)):
                return Beginning(clean, whole)
            if self._reread(clean.html) == clean.html:
                return Beginning(clean, whole)
            clean = self._read(clean.html)
        return None

    def _reread(self, clean: str) -> str | None:
        """Return what nh3 makes of *clean* HTML, without checking its attributes again: that would change nothing."""
        # nh3's output is balanced. Only two things in it can take nh3 more than linear time again: long texts, and
        # content of tables in no cell, if the rules don't allow cells.
        source = clean if self._has_cells and not has_long_text(clean) else bounded(clean)
        return None if source is None else self._cleaned(source)

    def _read(self, fragment: str, *, usual: bool = False) -> CleanHtml | None:
        """Return *fragment* cleaned, or None if that would take too long, if the result grows out of proportion, or if
        it is not of the form that `clean_html` takes. A *usual* fragment has no tags that change how what follows them
        is read.
        """
        source = bounded(fragment, usual=usual)
        if source is None:
            return None
        try:
            clean = checked_html(self._cleaned(source), self._known.tags)
        except NotClean:
            return None
        return clean if len(clean.html) <= _longest_result(fragment) else None

    def _cleaned(self, source: str) -> str:
        """Return nh3's output for *source*, mended so that nh3 would remove no character of it the next time."""
        clean = self._cleaner.clean(source)
        # References to control characters become control characters, which would be removed the next time. So would a
        # line feed at the beginning of a preformatted element, which gets a second one here, and a byte order mark
        # (HTML, 13.2.6.4.7 and 13.2.3.2).
        if "&#" in source:
            clean = scrub(clean)
        if ">\n" in clean:
            clean = _FIRST_LINE_FEED.sub(r"\1\n\n", clean)
        return _IGNORED.sub("", clean).rstrip()

    def plain(self, fragment: str) -> str:
        """Return the text of HTML, with its entities resolved once, and each block on a line of its own."""
        return text_of(scrub(fragment))

    def text(self, text: str) -> str:
        """Return *text*, which is no HTML (a title, a name), in one line, without control characters, complete script
        and style elements, and combining marks that would cover other lines.

        The result is still text: `a < b` and `&amp;` are kept, and a template has to escape it.
        """
        return " ".join(without_scripts(without_piles(scrub(text))).split()) if text else ""

    def summary(self, fragment: str, length: int = 300) -> str:
        """Return the beginning of the text of *fragment*, in one line of at most *length* characters."""
        return shorten(" ".join(self.plain(fragment).split()), length)

    def url(self, url: str, base_url: str = "") -> str:
        """Return *url* as an absolute address of an allowed scheme, or "" if it can't be one."""
        return link(url, self.rules, base_url)


def _longest_result(fragment: str) -> int:
    """Return how long the result of cleaning *fragment* may be, in characters."""
    return 16 * len(fragment) + 1000


_FIRST_LINE_FEED = late(r"""(<(?:pre|listing)(?:\s(?>(?>[^<>"]++|"[^"]*+")*))?>)\n""")
_CUT_LINE_FEEDS = late(r"""<pre(?:\s(?>(?>[^<>"]++|"[^"]*+")*))?>\n(?!\n)""")
"""One line feed at the beginning of a preformatted element, where nh3 writes two or none: the cut was between them."""
_IGNORED = re.compile(r"\A[\s\ufeff]+")
