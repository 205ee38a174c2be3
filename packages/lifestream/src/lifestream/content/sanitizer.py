"""The sanitizer: makes untrusted HTML and addresses safe to show. Pure; it imports nothing outside `content`.

nh3 cleans HTML by an allow-list. What it can't do by itself is done around it:

- Before it: what a browser without scripts would not show is written so that it is seen (`html_repair`). Constructs
that would take nh3 more than linear time are rewritten (`bounded_html`). HTML that can't be rewritten, for instance
because it is nested too deep, becomes plain text.
- In its attribute filter: every attribute that holds an address is checked and made absolute (nh3 knows only some of
them: it passes `cite="javascript:…"`), `srcset` is filtered candidate by candidate, ids get a prefix (`fragment_ids`),
and style declarations that could load or hide something are removed.
- After it: its output is cut if it is too long (`html_truncation`), and cleaned again until it no longer changes, or
until that is certain (`settled_html`). HTML that reads differently the second time would read differently in a browser,
too.

Text is not HTML: `plain` turns HTML into text, `text` tidies what is text already. Neither result may be marked safe.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import nh3

from lifestream.content import fragment_ids
from lifestream.content.bounded_html import bounded, has_long_text
from lifestream.content.frames import PLAYER
from lifestream.content.html_repair import repaired
from lifestream.content.html_tokenizer import name_set
from lifestream.content.html_truncation import truncated
from lifestream.content.mathml import CORE
from lifestream.content.plaintext import html_of, scrub, shorten, text_of, without_scripts
from lifestream.content.players import is_player
from lifestream.content.settled_html import is_settled
from lifestream.content.tracking import without_tracking
from lifestream.content.urls import DEFAULT_URL_SCHEMES, FETCHED, NOISE_AROUND_URL, safe_url

FORBIDDEN_TAGS: Final = name_set(
    "script style iframe frame frameset object embed applet base meta link form input button select textarea "
    "svg template noscript noembed noframes title plaintext xmp annotation-xml maction malignmark mglyph"
)
"""Tags that no settings can allow: they run scripts, leave the fragment, or change how the rest is read."""

FORBIDDEN_ATTRIBUTES: Final = frozenset({"srcdoc", "action", "formaction", "ping"})
"""Attributes that no settings can allow, in addition to all that begin with "on"."""

DEFAULT_TAGS: Final[Mapping[str, frozenset[str]]] = (
    {
        tag: name_set(attributes)
        for tag, attributes in {
            "*": "lang dir title",
            "a": "href hreflang",
            "img": "src srcset sizes alt width height",
            "picture": "",
            "source": "src srcset sizes media type",
            "audio": "src controls preload",
            "video": "src controls preload poster width height",
            "track": "src kind srclang label",
            "figure": "",
            "figcaption": "",
            "table": "",
            "caption": "",
            "colgroup": "span",
            "col": "span",
            "thead": "",
            "tbody": "",
            "tfoot": "",
            "tr": "",
            "th": "colspan rowspan scope headers",
            "td": "colspan rowspan headers",
            "ol": "start reversed type",
            "li": "value",
            "blockquote": "cite",
            "q": "cite",
            "del": "cite datetime",
            "ins": "cite datetime",
            "time": "datetime",
            "data": "value",
            "details": "open",
        }.items()
    }
    | dict(CORE)
    | dict.fromkeys(
        name_set(
            "abbr address article aside b bdi bdo br cite code dd dfn div dl dt em footer h1 h2 h3 h4 h5 h6 header "
            "hr i kbd mark p pre rp rt ruby s samp section small span strong sub summary sup u ul var wbr"
        ),
        name_set(""),
    )
)
"""What is allowed unless settings say otherwise: each tag with its attributes; "*" stands for every tag."""

DEFAULT_STYLES: Final = frozenset({"font-style", "font-weight", "text-align", "text-decoration"})
"""Style properties that are kept by default: none that positions, sizes, colours or loads anything."""

LINK_REL: Final = "noopener noreferrer nofollow ugc"
_MAX_READINGS: Final = 5
"""How often nh3's output is cleaned again. If it still changes then, it becomes plain text."""

_URL_ATTRIBUTES: Final = name_set(
    "background cite classid codebase data href icon longdesc manifest poster profile src usemap xlink:href"
)
_STYLE_DANGER = re.compile(
    r"url\s*\(|image-set|image\s*\(|expression|\\|@import|behaviou?r|-moz-binding|javascript:|/\*",
    re.IGNORECASE,
)
# An address in a srcset may contain commas; a descriptor ends at the next comma outside parentheses
# (HTML, 4.8.4.2.1).
_SRCSET_URL = re.compile(r"[ \t\n\f\r,]*+([^ \t\n\f\r]++)")
_SRCSET_REST = re.compile(r"((?>(?>[^,(]++|\([^)]*+\)?+)*))(?:,|\Z)")
_SRCSET_DESCRIPTOR = re.compile(r"\d+(?:\.\d+)?[wx](?:\s+\d+h)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SanitizerRules:
    """What may stay: *tags* with their attributes ("*" stands for every tag), *styles* properties, *url_schemes* of
    links. With *strip_tracking*, links lose the parameters that track readers (see `tracking`).

    Build it with `of`, which takes the values of settings and refuses those that can't be made safe.
    """

    tags: Mapping[str, frozenset[str]] = field(default_factory=lambda: DEFAULT_TAGS)
    styles: frozenset[str] = DEFAULT_STYLES
    url_schemes: frozenset[str] = DEFAULT_URL_SCHEMES
    strip_tracking: bool = False

    @classmethod
    def of(
        cls,
        tags: Mapping[str, Iterable[str]] = DEFAULT_TAGS,
        styles: Iterable[str] = DEFAULT_STYLES,
        url_schemes: Iterable[str] = DEFAULT_URL_SCHEMES,
        *,
        strip_tracking: bool = False,
    ) -> SanitizerRules:
        """Return rules from *tags*, *styles* and *url_schemes* in any spelling. Raises ValueError naming everything
        that is refused.
        """
        if problems := refused(tags):
            raise ValueError("; ".join(problems))
        return cls(
            # The sanitizer sets `rel` itself, and nh3 refuses to have it set twice.
            {tag.lower(): frozenset(name.lower() for name in names) - {"rel"} for tag, names in tags.items()},
            frozenset(name.lower() for name in styles),
            frozenset(name.lower() for name in url_schemes),
            strip_tracking,
        )


def refused(tags: Mapping[Any, Any]) -> list[str]:
    """Return why *tags* (of a setting) can't be allowed, one sentence for each problem; empty if they can."""
    if strange := [name for name in tags if not isinstance(name, str)]:
        return [f"the tag {name!r} is no string: write its name" for name in strange]
    problems = [f"<{tag}> can't be allowed: remove it" for tag in tags if tag.lower() in FORBIDDEN_TAGS]
    for tag, names in tags.items():
        if isinstance(names, str):
            problems.append(f"the attributes of <{tag}> are the string {names!r}: give a list or a set of names")
            continue
        if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
            problems.append(f"the attributes of <{tag}> are {names!r}: give a list or a set of names")
            continue
        problems += [
            f"the attribute {name!r} of <{tag}> can't be allowed: remove it"
            for name in names
            if name.lower().startswith("on") or name.lower() in FORBIDDEN_ATTRIBUTES
        ]
    return problems


_SET: Final = {
    "a": {"rel": LINK_REL},
    # Media load only when a reader looks at them or plays them: a page requests as little as possible from other sites.
    "img": {"loading": "lazy"},
    "audio": {"preload": "none"},
    "video": {"preload": "none"},
}
"""Attributes that each of these tags gets, replacing its own."""


_MOST_KNOWN: Final = 1000
_LONGEST_KNOWN: Final = 1000
"""How many addresses of one kind are cached, and how long each may be in characters."""


class _Known:
    """Addresses that have been checked, by what each depends on: nothing, the host of the base, or the base."""

    def __init__(self) -> None:
        self.absolute: dict[str, str] = {}
        self.of_host: dict[str, str] = {}
        self.of_base: dict[str, str] = {}

    def holding(self, value: str) -> dict[str, str]:
        """Return the addresses among which *value* is, if it is known."""
        if value.startswith("/") and value[1:2] != "/":
            return self.of_host
        return self.absolute if value.startswith(("https://", "http://")) else self.of_base


class _Now(threading.local):
    """The state of a thread's attribute filter for the current fragment: its base, and a cache of checked addresses.

    A document repeats its addresses, and nh3 calls the filter for each occurrence.
    """

    def __init__(self) -> None:
        self.base_url = ""
        self.links = _Known()
        self.files = _Known()

    def relative_to(self, base_url: str) -> None:
        """Begin a fragment whose addresses are relative to *base_url*."""
        if base_url == self.base_url:
            return
        moved = base_url.split("/", 3)[:3] != self.base_url.split("/", 3)[:3]
        self.base_url = base_url
        for known in (self.links, self.files):
            known.of_base = {}
            if moved or len(known.of_host) >= _MOST_KNOWN:
                known.of_host = {}
            if len(known.absolute) >= _MOST_KNOWN:
                known.absolute = {}


@dataclass(frozen=True, slots=True)
class Beginning:
    """The result of cleaning a fragment: clean *html*, and whether it is the *whole* result or only its beginning."""

    html: str
    whole: bool


class Sanitizer:
    """A cleaner of HTML fragments by *rules*. Several threads may use it at once."""

    def __init__(self, rules: SanitizerRules | None = None) -> None:
        self.rules = rules or SanitizerRules()
        self._now = _Now()
        tags = set(self.rules.tags) - {"*"}
        attributes = self._attributes()
        always = {tag: values for tag, values in _SET.items() if tag in tags}
        for tag, values in always.items():
            # nh3 replaces these in place if they are allowed; otherwise it reorders a tag's attributes with each
            # reading.
            attributes.setdefault(tag, set()).update(values)
        common: dict[str, Any] = {
            "tags": tags,
            "attributes": attributes,
            "link_rel": None,  # nh3 would put it at another place each time; `always` has it
            "url_schemes": set(self.rules.url_schemes),
            "url_relative": "pass_through",
            "filter_style_properties": set(self.rules.styles),
        }
        self._cleaner = nh3.Cleaner(**common, attribute_filter=self._filter, set_tag_attribute_values=always)
        # The same cleaner without the filter, which takes most of the time. It is enough to tell whether cleaning
        # changes HTML that has been cleaned.
        self._rereader = nh3.Cleaner(**common)
        self._keeps_annotations = "annotation" in tags
        self._has_cells = name_set("table caption colgroup col thead tbody tfoot tr th td") <= tags

    def _attributes(self) -> dict[str, set[str]]:
        attributes = {tag: set(names) for tag, names in self.rules.tags.items()}
        attributes.setdefault("*", set()).add("id")
        if "a" in attributes:
            attributes["a"].update(("name", PLAYER))
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
            return Beginning("", whole=True)
        fragment = scrub(fragment)
        fragment = repaired(fragment, base_url, annotations=self._keeps_annotations)
        # The filter reads it from there; a cleaner for each base would cost as much as the cleaning.
        self._now.relative_to(base_url)
        begun = self._settled(self._read(fragment, self._cleaner), length)
        if begun is None:
            clean = self._read(html_of(text_of(fragment).replace("\n", "\n\n")), self._cleaner) or ""
            begun = Beginning(truncated(clean, length), whole=len(clean) <= length)
        return begun

    def _settled(self, clean: str | None, length: int) -> Beginning | None:
        """Return *clean*, cut to *length* characters, after cleaning it until it no longer changes; None if it never
        settles.
        """
        whole = True
        for _ in range(_MAX_READINGS):
            if clean is None:
                return None
            fits = len(clean) <= length
            whole = whole and fits
            clean = truncated(clean, length)
            # A cut may leave a line feed at the beginning of a preformatted element.
            if (fits and is_settled(clean)) or self._reread(clean) == clean:
                return Beginning(clean, whole)
            clean = self._read(clean, self._cleaner)
        return None

    def _reread(self, clean: str) -> str | None:
        # nh3's output is balanced. Only two things in it can take nh3 more than linear time again: long texts, and
        # content of tables in no cell, if the rules don't allow cells.
        if self._has_cells and not has_long_text(clean):
            return self._tidied(self._rereader.clean(clean))
        return self._read(clean, self._rereader)

    def _read(self, fragment: str, cleaner: nh3.Cleaner) -> str | None:
        """Return what *cleaner* makes of *fragment*, or None if that would take too long or grows out of proportion."""
        source = bounded(fragment)
        if source is None:
            return None
        clean = self._tidied(cleaner.clean(source))
        return clean if len(clean) <= _MAX_GROWTH * len(fragment) + 1000 else None

    @staticmethod
    def _tidied(clean: str) -> str:
        """Return nh3's output without the characters that it would remove the next time."""
        # References to control characters become control characters, which would be removed the next time. So would a
        # line feed at the beginning of a preformatted element, and a byte order mark (HTML, 13.2.6.4.7 and 13.2.3.2).
        clean = scrub(clean)
        if ">\n" in clean:
            clean = _FIRST_LINE_FEED.sub(r"\1\n\n", clean)
        return _IGNORED.sub("", clean, count=1).rstrip()

    def plain(self, fragment: str) -> str:
        """Return the text of HTML, with its entities resolved once, and each block on a line of its own."""
        return text_of(scrub(fragment))

    def text(self, text: str) -> str:
        """Return *text*, which is no HTML (a title, a name), in one line, without control characters and whole
        script elements.

        The result is still text: `a < b` and `&amp;` are kept, and a template has to escape it.
        """
        return " ".join(without_scripts(scrub(text)).split())

    def summary(self, fragment: str, length: int = 300) -> str:
        """Return the beginning of the text of *fragment*, in one line of at most *length* characters."""
        return shorten(" ".join(self.plain(fragment).split()), length)

    def url(self, url: str, base_url: str = "") -> str:
        """Return *url* as an absolute address of an allowed scheme, or "" if it can't be one."""
        address = safe_url(url, base_url, self.rules.url_schemes)
        return without_tracking(address) if self.rules.strip_tracking else address

    def _link(self, url: str) -> str:
        """Return the address of a link, as `safe_url` does, relative to the base of this fragment."""
        address = safe_url(url, self._now.base_url, self.rules.url_schemes)
        return without_tracking(address) if self.rules.strip_tracking else address

    def _file(self, url: str) -> str:
        return safe_url(url, self._now.base_url, FETCHED)

    def _filter(self, tag: str, name: str, value: str) -> str | None:
        """Return the new value of an attribute that nh3 has let pass; None removes the attribute."""
        if name == "rel":
            return value
        if name in _URL_ATTRIBUTES:
            return self._address(tag, value) or None
        if name == "id" or (name == "name" and tag in fragment_ids.NAMED):
            return fragment_ids.prefixed(value)
        if name in fragment_ids.REFERENCES:
            return fragment_ids.all_prefixed(value)
        if name == PLAYER:
            return value if is_player(value) else None
        if name == "srcset":
            return _srcset(value, self._now.base_url) or None
        if name == "style":
            return _style(value, self.rules.styles) or None
        return value

    def _address(self, tag: str, value: str) -> str | None:
        known = (self._now.links if tag == "a" else self._now.files).holding(value)
        address = known.get(value)
        if address is not None:
            return address
        bare = value.strip(NOISE_AROUND_URL)
        if bare.startswith("#"):
            return fragment_ids.local(bare)
        address = self._link(value) if tag == "a" else self._file(value)
        if len(known) < _MOST_KNOWN and len(value) <= _LONGEST_KNOWN:
            known[value] = address
        return address


_MAX_GROWTH: Final = 16
_FIRST_LINE_FEED = re.compile(r"""(<(?:pre|listing)(?:\s(?>(?>[^<>"]++|"[^"]*+")*))?>)\n""")
_IGNORED = re.compile(r"\A[\s\ufeff]+")


def _srcset(value: str, base_url: str) -> str:
    """Return the harmless candidates of a srcset, with absolute addresses: a comma inside one stays, as in browsers."""
    kept = []
    position = 0
    while found := _SRCSET_URL.match(value, position):
        position = found.end()
        address, descriptor = found[1], ""
        if address.endswith(","):
            address = address.rstrip(",")
        elif rest := _SRCSET_REST.match(value, position):
            position = rest.end()
            descriptor = rest[1].strip()
        url = safe_url(address, base_url, FETCHED)
        if url and (not descriptor or _SRCSET_DESCRIPTOR.fullmatch(descriptor)):
            kept.append(f"{url} {descriptor}".strip())
    return ", ".join(kept)


def _style(value: str, properties: frozenset[str]) -> str:
    """Return those declarations of a style attribute that are among *properties*, and load, hide and run nothing."""
    declarations = (part.strip() for part in value.split(";"))
    return "; ".join(
        declaration
        for declaration in declarations
        if declaration.partition(":")[0].strip().lower() in properties and not _STYLE_DANGER.search(declaration)
    )
