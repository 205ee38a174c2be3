"""Feeds, and lists of feeds, that try to run a script in a reader: `xss.attempts` in every place in which their formats
have a text, HTML or an address.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from feedserver import FeedServer, Response
from xss.attempts import Attempt, address_attempts, html_attempts, text_attempts

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)
_RSS = {"Content-Type": "application/rss+xml; charset=utf-8"}
_ATOM = {"Content-Type": "application/atom+xml; charset=utf-8"}
_JSON = {"Content-Type": "application/feed+json"}
# XML parsers replace these in attributes by spaces, so they are written as references.
_ATTRIBUTE = {"\n": "&#10;", "\t": "&#9;"}


def publish(server: FeedServer, there: str) -> list[str]:
    """Serve the feeds on *server*, and return their paths. *there* is the host that the attempts try to make a browser
    request; a test checks that none does.
    """
    documents: dict[str, tuple[str, Mapping[str, str]]] = {
        "/html.rss": (_rss("HTML in RSS", (_html_item(each, there) for each in html_attempts())), _RSS),
        "/html.atom": (_atom("HTML in Atom", (_xhtml_entry(each, there) for each in html_attempts())), _ATOM),
        "/text.rss": (_rss("Text in RSS", (_text_item(each, there) for each in text_attempts())), _RSS),
        "/text.atom": (_atom("Text in Atom", (_text_entry(each, there) for each in text_attempts())), _ATOM),
        "/text.json": (_json("Text in JSON", [_text_object(each, there) for each in text_attempts()]), _JSON),
        "/address.rss": (_rss("Addresses in RSS", (_address_item(each, there) for each in address_attempts())), _RSS),
        "/address.atom": (_atom("Addresses in Atom", (_address_entry(a, there) for a in address_attempts())), _ATOM),
        "/address.json": (
            _json("Addresses in JSON", [_address_object(each, there) for each in address_attempts()]),
            _JSON,
        ),
    }
    for path, (body, headers) in documents.items():
        server.add(path, Response(body, headers=headers))
    return list(documents)


def publish_list(server: FeedServer, there: str, paths: Iterable[str]) -> str:
    """Serve feeds whose own names are attempts, and feeds with an attempt in their error or address.

    Return a list of these and of the feeds at *paths*, as OPML with attempts as names and folders.
    """
    outlines = [(server.url(path), "", "") for path in paths]
    for attempt in (*text_attempts(), *address_attempts()):
        armed = attempt.armed(there)
        path = f"/named/{attempt.number}"
        server.add(path, Response(_named_feed(attempt, armed), headers=_RSS))
        named = "" if attempt.number % 2 else armed  # every second one keeps the feed's own name
        outlines.append((server.url(path), named, armed if attempt.number % 5 == 0 else ""))
    outlines += [(url, "", "") for url in _feeds_with_hostile_errors(server, there)]
    rows = "".join(
        f"<outline text={_quoted(folder or 'plain')}><outline type='rss' text={_quoted(name)} title={_quoted(name)} "
        f"xmlUrl={_quoted(url)} htmlUrl='javascript:xss(4000)' description={_quoted(name)}/></outline>"
        for url, name, folder in outlines
    )
    title = escape("<script>xss(4001)</script>")
    return f"<opml version='2.0'><head><title>{title}</title></head><body>{rows}</body></opml>"


def _feeds_with_hostile_errors(server: FeedServer, there: str) -> Iterable[str]:
    """Serve feeds whose errors or addresses contain an attempt; yield the addresses."""
    call = "<img src=x onerror=xss({})>"
    server.add("/reason", Response(status=500, reason=call.format(4002)))
    server.add("/type", Response("no feed", headers={"Content-Type": f"text/x;{call.format(4003)}"}))
    server.add("/broken", Response(f"<rss><channel><{call.format(4004)}", headers=_RSS))
    server.add("/away", Response(status=302, headers={"Location": f"javascript:{call.format(4005)}"}))
    server.add("/json", Response(f'{{"a": {call.format(4006)}', headers=_JSON))
    server.add("/at", Response(_named_feed(text_attempts()[0], "at an address"), headers=_RSS))
    yield from (server.url(path) for path in ("/reason", "/type", "/broken", "/away", "/json"))
    yield server.url("/at?\"><script>xss(4007)</script>'onmouseover='xss(4007)'")
    yield f"javascript:xss(4008)//{there}"


def _quoted(text: str) -> str:
    return quoteattr(_without_controls(text), _ATTRIBUTE)


def _without_controls(text: str) -> str:
    return text.replace("\0", "").replace("\x01", "").replace("\x02", "").replace("\x0b", "").replace("\x0c", "")


def _rss(title: str, items: Iterable[str]) -> str:
    return f"<rss version='2.0' {NAMESPACES}><channel><title>{title}</title>{''.join(items)}</channel></rss>"


def _atom(title: str, entries: Iterable[str]) -> str:
    return f"<feed xmlns='http://www.w3.org/2005/Atom' {NAMESPACES}><title>{title}</title>{''.join(entries)}</feed>"


def _json(title: str, items: list[dict[str, object]]) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": title, "items": items})


def _html_item(attempt: Attempt, there: str) -> str:
    """Return an item without a title, whose content a timeline shows in full."""
    content = escape(f"<p>attempt {attempt.number}</p>{attempt.armed(there)}")
    return f"<item><guid isPermaLink='false'>{attempt.number}</guid><content:encoded>{content}</content:encoded></item>"


def _xhtml_entry(attempt: Attempt, there: str) -> str:
    """Return an entry with the attempt as markup of the document, or "" if it is not well-formed."""
    inline = f"<div xmlns='http://www.w3.org/1999/xhtml'><p>attempt {attempt.number}</p>{attempt.armed(there)}</div>"
    try:
        ET.fromstring(inline)
    except (ET.ParseError, ValueError):
        return ""
    return f"<entry><id>x{attempt.number}</id><content type='xhtml'>{inline}</content></entry>"


def _text_item(attempt: Attempt, there: str) -> str:
    text, quoted = escape(_without_controls(attempt.armed(there))), _quoted(attempt.armed(there))
    return (
        f"<item><title>{text}</title><guid isPermaLink='false'>{text}</guid><dc:creator>{text}</dc:creator>"
        f"<category>{text}</category><dc:language>{text}</dc:language><itunes:duration>{text}</itunes:duration>"
        f"<enclosure url='https://example.org/{attempt.number}.mp3' type={quoted} length={quoted}/>"
        f"<media:content url='https://example.org/{attempt.number}.png' type='image/png'>"
        f"<media:title>{text}</media:title><media:description>{text}</media:description></media:content><pubDate>{text}</pubDate>"
        f"<link>https://example.org/{attempt.number}</link><description>plain</description></item>"
    )


def _text_entry(attempt: Attempt, there: str) -> str:
    text, quoted = escape(_without_controls(attempt.armed(there))), _quoted(attempt.armed(there))
    return (
        f"<entry><id>t{attempt.number}</id><title type='html'>{text}</title><author><name>{text}</name></author>"
        f"<category term={quoted} label={quoted}/><summary type='text'>{text}</summary>"
        f"<link href='https://example.org/{attempt.number}' title={quoted} hreflang={quoted}/>"
        f"<content type='text' xml:lang={quoted}>{text}</content><published>{text}</published></entry>"
    )


def _text_object(attempt: Attempt, there: str) -> dict[str, object]:
    text = attempt.armed(there)
    return {
        "id": text,
        "title": text,
        "summary": text,
        "content_text": text,
        "language": text,
        "tags": [text],
        "authors": [{"name": text, "url": "https://example.org/"}],
        "date_published": text,
        "attachments": [{"url": "https://example.org/a.pdf", "mime_type": text, "title": text, "size_in_bytes": text}],
    }


def _address_item(attempt: Attempt, there: str) -> str:
    text, quoted = escape(_without_controls(attempt.armed(there))), _quoted(attempt.armed(there))
    return (
        f"<item><title>Address {attempt.number} in RSS</title><link>{text}</link><guid>{text}</guid>"
        f"<comments>{text}</comments><enclosure url={quoted} type='audio/mpeg' length='1'/>"
        f"<enclosure url={quoted} type='application/pdf'/><enclosure url={quoted} type='video/mp4'/>"
        f"<source url={quoted}>a</source><itunes:image href={quoted}/>"
        f"<media:content url={quoted} type='image/png'><media:thumbnail url={quoted}/><media:player url={quoted}/>"
        f"</media:content><description>{escape(f'<a href={quoted}>a</a><img alt={quoted}>')}</description></item>"
    )


def _address_entry(attempt: Attempt, there: str) -> str:
    text, quoted = escape(_without_controls(attempt.armed(there))), _quoted(attempt.armed(there))
    return (
        f"<entry xml:base={quoted}><id>{text}</id><title>Address {attempt.number}</title>"
        f"<link href={quoted}/><link rel='enclosure' href={quoted} type='image/png'/><link rel='via' href={quoted}/>"
        f"<author><name>a</name><uri>{text}</uri></author>"
        f"<content type='html' xml:base={quoted}>{escape('<a href=relative>a</a><img src=x>')}</content></entry>"
    )


def _address_object(attempt: Attempt, there: str) -> dict[str, object]:
    address = attempt.armed(there)
    return {
        "id": f"a{attempt.number}",
        "url": address,
        "external_url": address,
        "image": address,
        "banner_image": address,
        "content_html": f"<a href={quoteattr(address)}>a</a>",
        "title": f"Address {attempt.number} in JSON",
        "authors": [{"name": "a", "url": address, "avatar": address}],
        "attachments": [{"url": address, "mime_type": kind} for kind in ("audio/mpeg", "video/mp4", "text/plain")],
    }


def _named_feed(attempt: Attempt, armed: str) -> str:
    text, quoted = escape(_without_controls(armed)), _quoted(armed)
    return (
        f"<rss version='2.0' {NAMESPACES}><channel><title>{text}</title><link>{text}</link>"
        f"<description>{text}</description><language>{text}</language><generator>{text}</generator><managingEditor>{text}</managingEditor>"
        f"<image><url>{text}</url><title>{text}</title><link>{text}</link></image><itunes:image href={quoted}/>"
        f"<atom:link rel='hub' href={quoted}/><atom:link rel='self' href={quoted}/><category>{text}</category>"
        f"<item><guid isPermaLink='false'>n{attempt.number}</guid><title>Of the feed {attempt.number}</title></item>"
        "</channel></rss>"
    )
