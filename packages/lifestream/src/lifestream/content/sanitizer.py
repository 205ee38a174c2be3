"""The sanitizer: makes untrusted HTML and addresses safe to show. Pure; it imports nothing outside `content`.

nh3 cleans HTML by an allow-list. What it can't do by itself is done around it:

- Before it: constructs that would take it more than linear time are rewritten (`bounded_html`). HTML that can't be
rewritten, for instance because it is nested too deep, becomes plain text.
- In its attribute filter: every attribute that holds an address is checked and made absolute (nh3 knows only some of
them: it passes `cite="javascript:…"`), `srcset` is filtered candidate by candidate, and style declarations that could
load or hide something are removed.
- After it: its output is cut if it is too long (`html_truncation`), and cleaned again until it no longer changes. HTML
that reads differently the second time would read differently in a browser, too.

Text is not HTML: `plain` turns HTML into text, `text` tidies what is text already. Neither result may be marked safe.
"""

from __future__ import annotations

import html
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import nh3

from lifestream.content.bounded_html import bounded, has_long_text
from lifestream.content.html_tokenizer import attributes, name_set, tokens
from lifestream.content.html_truncation import truncated
from lifestream.content.plaintext import html_of, scrub, shorten, text_of, without_scripts

FORBIDDEN_TAGS: Final = name_set(
    "script style iframe frame frameset object embed applet base meta link form input button select textarea "
    "svg math template noscript noembed noframes title plaintext xmp"
)
"""Tags that no settings can allow: they run scripts, leave the fragment, or change how the rest is read."""

FORBIDDEN_ATTRIBUTES: Final = frozenset({"srcdoc", "action", "formaction", "ping"})
"""Attributes that no settings can allow, in addition to all that begin with "on"."""

DEFAULT_TAGS: Final[Mapping[str, frozenset[str]]] = {
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
} | dict.fromkeys(
    name_set(
        "abbr address article aside b bdi bdo br cite code dd dfn div dl dt em footer h1 h2 h3 h4 h5 h6 header "
        "hr i kbd mark p pre rp rt ruby s samp section small span strong sub summary sup u ul var wbr"
    ),
    name_set(""),
)
"""What is allowed unless settings say otherwise: each tag with its attributes; "*" stands for every tag."""

DEFAULT_STYLES: Final = frozenset({"font-style", "font-weight", "text-align", "text-decoration"})
"""Style properties that are kept by default: none that positions, sizes, colours or loads anything."""

DEFAULT_URL_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "magnet"})
LINK_REL: Final = "noopener noreferrer nofollow ugc"
_MAX_READINGS: Final = 5
"""How often nh3's output is cleaned again. If it still changes then, it becomes plain text."""

_URL_ATTRIBUTES: Final = name_set(
    "background cite classid codebase data href icon longdesc manifest poster profile src usemap xlink:href"
)
FETCHED: Final = frozenset({"http", "https"})
# Characters that url.spec.whatwg.org removes before it reads a URL, at the ends and inside: "java\nscript:" becomes a
# scheme that way.
_NOISE_AROUND_URL: Final = "".join(map(chr, range(0x21)))
_NOISE_IN_URL: Final = dict.fromkeys(map(ord, "\t\n\r"))
# The form of most addresses, which need no further checks.
_PLAIN_URL = re.compile(r"(https?)://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#][A-Za-z0-9/?#&=.,:;~%+_!*()@$'-]*)?")
_STYLE_DANGER = re.compile(
    r"url\s*\(|image-set|image\s*\(|expression|\\|@import|behaviou?r|-moz-binding|javascript:|/\*",
    re.IGNORECASE,
)
# An address in a srcset may contain commas; a descriptor ends at the next comma outside parentheses
# (HTML, 4.8.4.2.1).
_SRCSET_URL = re.compile(r"[\s,]*+(\S++)")
_SRCSET_REST = re.compile(r"((?>(?>[^,(]++|\([^)]*+\)?+)*))(?:,|\Z)")
_SRCSET_DESCRIPTOR = re.compile(r"\d+(?:\.\d+)?[wx](?:\s+\d+h)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SanitizerRules:
    """What may stay: *tags* with their attributes ("*" stands for every tag), *styles* properties, *url_schemes* of
    links.

    Build it with `of`, which takes the values of settings and refuses those that can't be made safe.
    """

    tags: Mapping[str, frozenset[str]] = field(default_factory=lambda: DEFAULT_TAGS)
    styles: frozenset[str] = DEFAULT_STYLES
    url_schemes: frozenset[str] = DEFAULT_URL_SCHEMES

    @classmethod
    def of(
        cls,
        tags: Mapping[str, Iterable[str]] = DEFAULT_TAGS,
        styles: Iterable[str] = DEFAULT_STYLES,
        url_schemes: Iterable[str] = DEFAULT_URL_SCHEMES,
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
"""How many addresses of one base are cached, and how long each may be in characters."""


class _Now(threading.local):
    """The state of a thread's attribute filter for the current fragment: its base, and a cache of checked addresses.

    An entry repeats its addresses, and nh3 calls the filter for each occurrence.
    """

    def __init__(self) -> None:
        self.base_url = ""
        self.links: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def relative_to(self, base_url: str) -> None:
        """Begin a fragment whose addresses are relative to *base_url*."""
        if base_url != self.base_url:
            self.base_url = base_url
            self.links, self.files = {}, {}


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
        self._has_cells = name_set("table caption colgroup col thead tbody tfoot tr th td") <= tags

    def _attributes(self) -> dict[str, set[str]]:
        attributes = {tag: set(names) for tag, names in self.rules.tags.items()}
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
        if _EMBED.search(fragment.lower()):
            fragment = _unembedded(fragment, base_url)
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
            whole = whole and len(clean) <= length
            clean = truncated(clean, length)
            if "<" not in clean or self._reread(clean) == clean:
                return Beginning(clean, whole)
            clean = self._read(clean, self._cleaner)
        return None

    def _reread(self, clean: str) -> str | None:
        # nh3's output is balanced. Only two things in it can take nh3 more than linear time again: long texts, and
        # content of tables in no cell, if the rules don't allow cells.
        # it more than linear time again.
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
        # beginning of a preformatted element, and a byte order mark (HTML, 13.2.6.4.7 and 13.2.3.2).
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
        return safe_url(url, base_url, self.rules.url_schemes)

    def _filter(self, tag: str, name: str, value: str) -> str | None:
        """Return the new value of an attribute that nh3 has let pass; None removes the attribute."""
        if name in _URL_ATTRIBUTES:
            now = self._now
            known = now.links if tag == "a" else now.files
            address = known.get(value)
            if address is None:
                schemes = self.rules.url_schemes if tag == "a" else FETCHED
                address = safe_url(value, now.base_url, schemes)
                if len(known) < _MOST_KNOWN and len(value) <= _LONGEST_KNOWN:
                    known[value] = address
            return address or None
        if name == "srcset":
            return _srcset(value, self._now.base_url) or None
        if name == "style":
            return _style(value, self.rules.styles) or None
        return value


_MAX_GROWTH: Final = 16
_FIRST_LINE_FEED = re.compile(r"""(<(?:pre|listing)(?:\s(?>(?>[^<>"]++|"[^"]*+")*))?>)\n""")
_IGNORED = re.compile(r"\A[\s\ufeff]+")
_EMBED = re.compile(r"<(?:iframe|embed|object)\b")  # searched in lower-case text: that takes a third of the time


def _unembedded(fragment: str, base_url: str) -> str:
    """Return *fragment* with a link in place of each frame and embedded object, so that readers can still open it."""
    pieces: list[str] = []
    linked = ""
    for kind, name, source in tokens(fragment):
        if name not in {"iframe", "embed", "object"}:
            pieces.append(source)
        elif kind == "start":
            said = attributes(source)
            address = safe_url(said.get("data" if name == "object" else "src", ""), base_url, FETCHED)
            # An object often contains an embed of the same address, for old browsers.
            if address and address != linked:
                linked = address
                words = html.escape(said.get("title") or address)
                pieces.append(f'<p><a href="{html.escape(address)}">{words}</a></p>')
    return "".join(pieces)


def safe_url(url: str, base_url: str = "", schemes: frozenset[str] = DEFAULT_URL_SCHEMES) -> str:
    """Return *url* made absolute against *base_url*, or "" if its scheme is not one of *schemes*, it has no host, or it
    can't be parsed.
    """
    if (plain := _PLAIN_URL.fullmatch(url)) and plain[1] in schemes:
        return url
    url = scrub(url).strip(_NOISE_AROUND_URL).translate(_NOISE_IN_URL)
    if not url:
        return ""
    try:
        absolute = urljoin(base_url, url)
        parts = urlsplit(absolute)
        if parts.scheme not in schemes or (parts.scheme in FETCHED and not parts.hostname):
            return ""
        parts.port  # noqa: B018  raises ValueError where it is no number
    except ValueError:
        return ""
    return absolute.replace(" ", "%20")


def _srcset(value: str, base_url: str) -> str:
    """Return the harmless candidates of a srcset, absolute, and written so that commas can't be misread."""
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
        url = safe_url(address, base_url, FETCHED).replace(",", "%2C")
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
