"""The rules of the sanitizer: which tags, attributes, styles and schemes of addresses stay, and which never can."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lifestream.content.html_tokenizer import name_set
from lifestream.content.mathml import CORE
from lifestream.content.urls import DEFAULT_URL_SCHEMES
from lifestream.message import Message, joined, say
from lifestream.terminal import quoted

FORBIDDEN_TAGS: Final = name_set(
    "script style iframe frame frameset object embed applet base meta link form input button select textarea "
    "svg template noscript noembed noframes title plaintext xmp annotation-xml maction malignmark mglyph"
)
"""Tags that no settings can allow: they run scripts, act on the page around the fragment, or change how the rest is
read.
"""

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
"""Style properties that are kept by default. Once `clean_attributes` has removed parts of their values, none of them
can set a position, a size or a colour, or load a file.
"""


@dataclass(frozen=True, slots=True)
class SanitizerRules:
    """What may stay: *tags* with their attributes ("*" stands for every tag), the style properties *styles*, and
    addresses with one of *url_schemes*. With *strip_tracking*, links lose the parameters that track readers (see
    `tracking`).

    Build it with `of`, which takes the values of settings and refuses tags and attributes that can't be made
    safe.
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
        """Return rules from *tags*, *styles* and *url_schemes*; their names may be in upper or lower case.

        Raises ValueError with a message that names everything that is refused.
        """
        if problems := refused(tags):
            raise ValueError(joined(problems))
        return cls(
            # The sanitizer sets `rel` itself, and nh3 refuses to have it set twice.
            {tag.lower(): frozenset(name.lower() for name in names) - {"rel"} for tag, names in tags.items()},
            frozenset(name.lower() for name in styles),
            frozenset(name.lower() for name in url_schemes),
            strip_tracking,
        )


# A name that these patterns do not match would match no tag or attribute of a document, or would be refused by the
# sanitizer's last check.
_TAG_NAME: Final = re.compile(r"[A-Za-z][^\s/<>\"'=]*+")
_ATTRIBUTE_NAME: Final = re.compile(r"[^\s/<>\"'=]++")


def refused(tags: Mapping[Any, Any]) -> list[Message]:
    """Return why *tags* (of a setting) can't be allowed, one sentence for each problem; empty if they can."""
    problems = [say("tag-no-text", tag=quoted(name)) for name in tags if not isinstance(name, str)]
    tags = {name: names for name, names in tags.items() if isinstance(name, str)}
    problems += [say("tag-refused", tag=tag) for tag in tags if tag.lower() in FORBIDDEN_TAGS]
    problems += [say("tag-impossible", tag=quoted(tag)) for tag in tags if tag != "*" and not _TAG_NAME.fullmatch(tag)]
    for tag, names in tags.items():
        listed = isinstance(names, Iterable) and not isinstance(names, str)
        if not listed or not all(isinstance(name, str) for name in names):
            problems.append(say("attributes-no-list", tag=tag, value=quoted(names)))
            continue
        problems += [
            say("attribute-refused", name=quoted(name), tag=tag)
            for name in names
            if name.lower().startswith("on") or name.lower() in FORBIDDEN_ATTRIBUTES
        ]
        problems += [
            say("attribute-impossible", name=quoted(name), tag=tag)
            for name in names
            if not _ATTRIBUTE_NAME.fullmatch(name)
        ]
    return problems
