"""Constructs that untrusted documents may repeat to make the parser take more than linear time.

`CONTENT` has fragments of HTML, as in an entry, and `DOCUMENTS` has whole feeds. Each construct is a function that
takes a size and returns about that many characters. To measure another construct, add a line; `repeated("…")` is enough
for most. Tests in `tests/content` read `CONTENT`, and `benchmarks/hostile_constructs.py` reads both tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Final, TypeAlias

Construct: TypeAlias = Callable[[int], str]


def repeated(piece: str, before: str = "", after: str = "") -> Construct:
    """Return the construct that is *piece* over and over, between *before* and *after*."""
    return lambda size: before + piece * max(1, size // len(piece)) + after


def numbered(piece: str, before: str = "", after: str = "") -> Construct:
    """Return the construct that is *piece* over and over, each with another number in place of `{}`.

    All numbers have seven digits, so that twice the size has twice as many pieces.
    """

    def make(size: int) -> str:
        count = max(1, size // len(piece.replace("{}", "0000000")))
        return before + "".join(piece.replace("{}", f"{number:07}") for number in range(count)) + after

    return make


def nested(start: str, end: str, core: str = "x") -> Construct:
    """Return the construct that is *core* inside as many pairs of *start* and *end* as the size allows."""

    def make(size: int) -> str:
        depth = max(1, size // (len(start) + len(end)))
        return start * depth + core + end * depth

    return make


def halves(first: str, middle: str, second: str) -> Construct:
    """Return the construct that is *first* over and over, then *middle*, then *second* over and over."""
    return lambda size: first * (size // 2 // len(first)) + middle + second * (size // 2 // len(second))


CONTENT: Final[dict[str, Construct]] = {
    # Text
    "&": repeated("&"),
    "&amp;": repeated("&amp;"),
    "&amp (no semicolon)": repeated("&amp"),
    "&nbsp;": repeated("&nbsp;"),
    "&nosuch;": repeated("&nosuch;"),
    "&#1;": repeated("&#1;"),
    "&lt;": repeated("&lt;"),
    "word & word": repeated("word & "),
    "word &amp; word": repeated("word word &amp; "),
    "no-break space": repeated("\xa0"),
    "« »": repeated("« mot » "),
    "plain words": repeated("word "),
    "<": repeated("<"),
    "< and space": repeated("< "),
    "line feed": repeated("\n"),
    "control character": repeated("\x01"),
    # Tags
    "<br": repeated("<br"),
    "<br>": repeated("<br>"),
    "<p>": repeated("<p>"),
    "<br no-break space><div>": repeated("<br\xa0><div></div>"),
    "<xmp no-break space>": repeated("<xmp\xa0>" + "<div>" * 40 + "</xmp>"),
    "a no-break space before a value": repeated('<div x=\xa0"' + "<div>" * 40 + '">'),
    "<bloc, Kelvin sign, quote>": repeated("<bloc\u212aquote></blockquote><div></div>"),
    "</p>": repeated("</p>"),
    "</div>": repeated("</div>"),
    "<li>": repeated("<li>"),
    "<img>": repeated("<img src=/a.png>"),
    "<a>": repeated("<a>"),
    "<a href> unclosed": repeated("<a href=/x>a"),
    "<a><div>": repeated("<a><div>"),
    "<b>": repeated("<b>"),
    "<b></p>": repeated("<b></p>"),
    "<b><p></b>": repeated("<b><p></b>"),
    "<b> each another": numbered("<b a={}>"),
    "<b title> reopened": lambda size: "<p><b title='" + "x" * (size // 2) + "'>" + "<p>x" * (size // 8),
    "<html> attributes": numbered("<html a{}=1>"),
    "<custom-x>": repeated("<custom-x>"),
    "<iframe>": repeated("<iframe src=/x></iframe>"),
    # Markup that is repaired
    "<m$": repeated("<m$ "),
    "<m></m>": repeated("<m></m>"),
    "unknown names": numbered("<m{}$>x"),
    "<noscript>": repeated("<noscript>"),
    "<noscript><img></noscript>": numbered("<img data-src=/{}><noscript><img src=/{}></noscript>"),
    "<script/>": repeated("<script/>x"),
    "<i/>": repeated("<i/>x"),
    "<a ": repeated("<a x/"),
    "<title/><video/>": repeated("<title/><video/><iframe/>x"),
    "<video/> and no end": repeated("<b>x", "<video/>" * 100),
    "pixels": repeated("<img width=1 height=1 src=/x>"),
    "<math>": repeated("<math><mi>x</mi></math>"),
    "<math> unclosed": repeated("<math><mi>x"),
    "<mrow> in <math>": repeated("<mrow>", "<math>"),
    "<annotation-xml>": repeated("<annotation-xml>", "<math>"),
    "players": numbered("<iframe src=https://www.youtube.com/embed/abcdef{}></iframe>"),
    "& in a player": repeated("&a=1", "<iframe src='https://www.youtube.com/watch?a=1", "'></iframe>"),
    "ids": numbered("<p id=a{}><a href=#a{}>x</a>"),
    "headers": repeated("<td headers='" + "a " * 2000 + "'>x", "<table><tr>"),
    # Nesting
    "<div> nested": nested("<div>", "</div>"),
    "<div> 500 deep": repeated("<div>" * 500 + "</div>" * 500),
    "<blockquote> nested": nested("<blockquote>", "</blockquote>"),
    "<pre> nested": nested("<pre>", "</pre>"),
    "<pre> and line feed nested": nested("<pre>\n", "</pre>"),
    "<b> nested": nested("<b>", "</b>"),
    "<a> nested": nested("<a>", "</a>"),
    "<span> nested": nested("<span>", "</span>"),
    "<ul><li> nested": nested("<ul><li>", "</li></ul>"),
    "<dl><dt> nested": nested("<dl><dt>", "</dt></dl>"),
    "<table><td> nested": nested("<table><tr><td>", "</td></tr></table>"),
    "<ruby><rt> nested": nested("<ruby><rt>", "</rt></ruby>"),
    "<rt>": repeated("<rt>"),
    "<details> nested": nested("<details><summary>", "</summary></details>"),
    "<svg> nested": nested("<svg><desc>", "</desc></svg>"),
    "<math> nested": nested("<math><mi>", "</mi></math>"),
    "<select> nested": nested("<select><option>", "</option></select>"),
    "<template> nested": nested("<template>", "</template>"),
    "<object><p> nested": nested("<object><p>", "</p></object>"),
    # Tables
    "<table>a": repeated("<table>a"),
    "<table>a</table>": repeated("<table>a</table>"),
    "<table><td></table>": repeated("<table><tr><td>x</td></tr></table>"),
    "<tr><td>": repeated("<tr><td>x", "<table>"),
    "table after siblings": halves("<br>", "<table>", "x<br>"),
    # Comments, CDATA sections, and elements whose content is text
    "<!--": repeated("<!--"),
    "<!-->": repeated("<!-->"),
    "<![CDATA[": repeated("<![CDATA["),
    "& in CDATA": repeated("&", "<svg><![CDATA["),
    "<?": repeated("<?"),
    "<script>": repeated("<script>"),
    "<script></script>": repeated("<script></script>"),
    "<script><!--<script>": repeated("<script><!--<script></script>"),
    "& in <textarea>": repeated("&", "<textarea>"),
    "& in <xmp>": repeated("&", "<xmp>"),
    "& in <plaintext>": repeated("&", "<plaintext>"),
    # Attributes
    "attributes of one tag": numbered(" a{}=1", "<p", ">x"),
    "one attribute again": repeated(" title=1", "<p", ">x"),
    "/ in a tag": repeated("/", "<p ", ">x"),
    "space in a tag": repeated(" ", "<p ", ">x"),
    "quote in a tag": repeated('"', "<p ", ">x"),
    "= in a tag": repeated("=", "<p ", ">x"),
    "& in title": repeated("&", '<p title="', '">x'),
    "& in short titles": repeated('<p title="' + "&" * 4000 + '">'),
    "& in href": repeated("&", '<a href="/', '">x</a>'),
    "space in short hrefs": repeated('<a href="x' + " " * 4000 + 'y">z</a>'),
    "../ in href": repeated("../", '<a href="', '">x</a>'),
    "srcset candidates": repeated("a 1x, ", '<img srcset="', '">'),
    "short srcsets": repeated("<img srcset='/a.png 1x, /b.png 2x'>"),
    "style declarations": repeated("text-align:left;", '<p style="', '">x'),
    "short styles": repeated("<p style='text-align:left;color:red'>x</p>"),
}


def entry(fragment: str) -> str:
    """Return an RSS feed with one entry whose content is *fragment*."""
    return f"{_START}<item><title>t</title><guid>1</guid><description>{escape(fragment)}</description></item>{_END}"


_START: Final = (
    '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>t</title>'
)
_END: Final = "</channel></rss>"
_ITEM: Final = f"{_START}<item><title>t</title><guid>1</guid>"
_ITEM_END: Final = f"</item>{_END}"
_JSON: Final = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_text": "x", '


def in_item(piece: str) -> Construct:
    """Return the construct of a document with one entry in which *piece* is repeated; see `numbered` for `{}`."""
    return numbered(piece, _ITEM, _ITEM_END)


def in_element(piece: str, tag: str, value: str = "") -> Construct:
    """Return the construct of a document with one entry in which *piece* is repeated inside *tag*, after *value*."""
    return repeated(piece, f"{_ITEM}<{tag}>{value}", f"</{tag}>{_ITEM_END}")


DOCUMENTS: Final[dict[str, Construct]] = {
    "items": numbered("<item><title>t</title><guid>{}</guid></item>", _START, _END),
    "empty items": repeated("<item/>", _START, _END),
    "enclosures": in_item('<enclosure url="http://a.example/{}.mp3" length="1" type="audio/mpeg"/>'),
    "media": in_item('<media:content url="http://a.example/{}.png" type="image/png"/>'),
    "media groups": in_item('<media:group><media:content url="http://a.example/{}.png"/></media:group>'),
    "media thumbnails": in_item('<media:thumbnail url="http://a.example/{}.png"/>'),
    "tags": in_item("<category>tag {}</category>"),
    "links": in_item("<link>http://a.example/{}</link>"),
    "authors": in_item("<dc:creator>Author {}</dc:creator>"),
    "titles": in_item("<title>Title {}</title>"),
    "descriptions": in_item("<description>About {}</description>"),
    "dates": in_item("<pubDate>Thu, 26 Nov 2026 10:00:{} GMT</pubDate>"),
    "unknown elements": in_item("<x{}>y</x{}>"),
    "elements nested": lambda size: nested("<x>", "</x>")(size).join((_ITEM, _ITEM_END)),
    "elements nested, each with a base": lambda size: nested('<p xml:base="a/">', "</p>")(size).join(
        (f"{_ITEM}<description>", f"</description>{_ITEM_END}")
    ),
    "items nested": lambda size: nested("<item>", "</item>", "")(size).join((_START, _END)),
    "items unclosed": repeated("<item><title>t", _START, _END),
    "namespaces": in_item('<x xmlns:a{}="http://a.example/{}"/>'),
    "attributes of one element": numbered(' a{}="1"', f"{_ITEM}<x", f"/>{_ITEM_END}"),
    "comments": repeated("<!-- x -->", _START, _END),
    "processing instructions": repeated("<?x y?>", _START, _END),
    "CDATA sections": in_element("<![CDATA[x]]>", "description"),
    "& in a title": in_element("&amp;", "title"),
    "< in a title": in_element("&lt;", "title"),
    "&lt;br in a title": in_element("&lt;br", "title"),
    "words in a title": in_element("word ", "title"),
    "characters in a guid": in_element("x", "guid"),
    "characters in a link": in_element("x", "link", "http://a.example/"),
    "characters in an author": in_element("x", "author"),
    "words in an author": in_element("word ", "author"),
    "@ in an author": in_element("a@", "author"),
    "( in an author": in_element("(", "author", "a@a.example "),
    "spaces in a date": in_element(" ", "pubDate", "1"),
    "digits in a date": in_element("1", "pubDate"),
    "references to characters": in_element("&#38;", "description"),
    "unknown entities": in_element("&nosuch;", "description"),
    "bare &": in_element("& ", "description"),
    "bare <": in_element("< ", "description"),
    "ill-formed items": numbered("<item><title>t & u</title><guid>{}</guid></item>", _START, _END),
    "unclosed tags": repeated("<b>", _START, _END),
    "<!DOCTYPE": repeated("<!DOCTYPE", "", _START + _END),
    "entity declarations": numbered('<!ENTITY e{} "x">', "<!DOCTYPE rss [", f"]>{_START}{_END}"),
    "white space before": repeated(" ", "", _START + _END),
    "JSON items": numbered('{"id": "{}", "content_text": "x"},', _JSON + '"title": "t"},', '{"id": "last"}]}'),
    "JSON attachments": numbered('{"url": "http://a.example/{}"},', _JSON + '"attachments": [', "{}]}]}"),
    "JSON tags": numbered('"tag {}",', _JSON + '"tags": [', '""]}]}'),
    "JSON authors": numbered('{"name": "Author {}"},', _JSON + '"authors": [', "{}]}]}"),
    "JSON nested": lambda size: _JSON + '"x": ' + "[" * (size // 2) + "]" * (size // 2) + "}]}",
    "JSON digits": repeated("1", _JSON + '"x": ', "}]}"),
    "JSON escapes": repeated("\\u0026", _JSON + '"title": "', '"}]}'),
    "JSON content": lambda size: json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": "1", "content_html": "<p>a &amp; b</p>" * (size // 16)}],
        }
    ),
}
