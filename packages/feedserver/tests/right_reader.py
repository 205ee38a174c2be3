"""A small feed reader that follows every rule of `feedserver check`, or breaks just one of them.

It is written for tests, by the plainest means: `http.client`, an XML parser, and two dictionaries. `breaks` is the id
of the scenario whose rule the reader breaks: the code that follows a rule first compares `breaks` with its id.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.request
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from html import unescape
from ipaddress import ip_address, ip_network
from urllib.parse import urljoin, urlsplit

from feedserver.net.tls import client_context

AGENT = "right-reader/1.0 (+https://example.org/right-reader)"
REDIRECTS = (301, 302, 303, 307, 308)
UNFOLLOWED = (("R1", 301), ("R2", 308))
"""Rules about redirects: a reader that breaks one does not follow the redirects with the status beside it."""
MOST_HOPS = 5
MOST_BYTES = 1 << 20
LONGEST = 2.0  # seconds for an answer
HOUR = 3_600.0
WEEK = 7 * 24 * HOUR
ATOM = "{http://www.w3.org/2005/Atom}"
XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
SYNDICATION = "{http://purl.org/rss/1.0/modules/syndication/}"


@cache
def context_that(*, checks: bool) -> ssl.SSLContext:
    """Return a TLS context that *checks* certificates and their hosts, or does not.

    All connections of the tests share the two contexts: loading the certificates of the system is slow.
    """
    context = client_context()
    context.check_hostname = checks
    context.verify_mode = ssl.CERT_REQUIRED if checks else ssl.CERT_NONE
    return context


@dataclass
class Answer:
    """An answer with its decoded body, and the URL that gave it."""

    status: int
    headers: Message
    body: bytes
    url: str


@dataclass
class Subscribed:
    """What the reader keeps of a feed to which it is subscribed."""

    url: str
    etag: str = ""
    modified: str = ""
    next_due: float = 0.0
    failures: int = 0
    is_given_up: bool = False
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()
    cookie: str = ""
    moves: int = 0
    moves_to: str = ""
    body: bytes = b""


@dataclass
class Entry:
    """An entry as the reader lists it."""

    guid: str
    title: str
    link: str
    content: str
    date: str
    enclosure: str = ""

    @classmethod
    def of(cls, item: ET.Element) -> Entry:
        if item.tag == f"{ATOM}entry":
            guid, title, content, date = (
                item.findtext(f"{ATOM}{name}") or "" for name in ("id", "title", "content", "published")
            )
            link = item.find(f"{ATOM}link")
            return cls(guid, title, link.get("href", "") if link is not None else "", content, date)
        entry = cls(*(item.findtext(name) or "" for name in ("guid", "title", "link", "description", "pubDate")))
        enclosure = item.find("enclosure")
        return replace(entry, enclosure=enclosure.get("url", "") if enclosure is not None else "")


@dataclass
class RightReader:
    """A reader that follows every rule but the one of the scenario *breaks*, if that is given."""

    breaks: str = ""
    feeds: list[Subscribed] = field(default_factory=list)
    items: dict[int, dict[str, Entry]] = field(default_factory=dict)
    offset: float = 0.0
    pauses: dict[str, float] = field(default_factory=dict)
    networks: Sequence[str] = ()

    # The methods that `check` calls

    def add(self, url: str) -> None:
        self.feeds.append(Subscribed(url))
        if self.breaks == "Q6":
            for _ in range(2):
                self.get(url, {})

    def poll(self) -> None:
        with ThreadPoolExecutor(25 if self.breaks == "T21" else 1) as threads:
            for done in [threads.submit(self.update, feed) for feed in self.feeds]:
                done.result()

    def list(self) -> list[dict[str, str]]:
        return [asdict(entry) for known in self.items.values() for entry in known.values()]

    def move_clock(self, seconds: float) -> None:
        self.offset = seconds

    def allow_networks(self, networks: Sequence[str]) -> None:
        self.networks = networks

    # How the reader follows the rules

    def now(self) -> float:
        return time.time() + self.offset

    def is_due(self, feed: Subscribed) -> bool:
        now = datetime.fromtimestamp(self.now(), UTC)
        if now.hour in feed.skip_hours and self.breaks != "T19":
            return False
        if f"{now:%A}" in feed.skip_days and self.breaks != "T20":
            return False
        pause = self.pauses.get(urlsplit(feed.url).netloc, 0.0)
        return not feed.is_given_up and self.now() >= max(feed.next_due, pause)

    def update(self, feed: Subscribed) -> None:
        if not self.is_due(feed):
            return
        answer = self.fetch(feed)
        if answer is None:
            return
        if answer.status == 410 and self.breaks != "R9":
            feed.is_given_up = True
        self.plan(feed, answer)
        if answer.status == 304:
            if "ETag" in answer.headers and self.breaks != "V8":
                feed.etag = answer.headers["ETag"]
            return
        if answer.status != 200:
            return
        if self.breaks == "V10" and feed.modified and answer.headers.get("Last-Modified") == feed.modified:
            return
        if self.breaks == "V11":
            self.keep_validators(feed, answer)
        if self.breaks == "R8":
            self.save_move(feed)
        try:
            root = ET.fromstring(self.expanded(self.misread(answer)))
        except ET.ParseError:
            return
        self.save_move(feed)
        self.heed(feed, root)
        if not self.forgets_validators(feed, answer, has_new_entries=self.store(feed, root, answer)):
            self.keep_validators(feed, answer)

    def forgets_validators(self, feed: Subscribed, answer: Answer, *, has_new_entries: bool) -> bool:
        """Return whether a reader that breaks V5 or V9 forgets the validators of *answer*."""
        if has_new_entries:
            return self.breaks == "V5" and bool(feed.etag and answer.headers.get("ETag"))
        return self.breaks == "V9"

    def plan(self, feed: Subscribed, answer: Answer) -> None:
        """Decide when the feed is asked again."""
        if answer.status in (200, 304):
            feed.failures = 0
            fresh = self.freshness(answer) if answer.status == 200 or self.breaks != "T16" else 0.0
            cap = 20 * WEEK if self.breaks == "T5" else WEEK
            feed.next_due = self.now() + max(HOUR, min(fresh, cap))
            if self.breaks == "T6" and answer.headers.get("Cache-Control") == "max-age=0":
                feed.next_due = 0.0
            return
        feed.failures += 1
        if feed.failures >= 3 and (self.breaks, answer.status) in (("T13", 500), ("T14", 404)):
            feed.is_given_up = True
        feed.next_due = self.now() + min(HOUR * 2**feed.failures, WEEK)
        if (self.breaks, answer.status) in (("T15", 500), ("T10", 429)):
            feed.next_due = 0.0
        if pause := self.pause(answer):
            until = self.now() + min(pause, 20 * WEEK if self.breaks == "T11" else WEEK)
            feed.next_due = max(feed.next_due, until)
            if self.breaks != "T12":
                self.pauses[urlsplit(feed.url).netloc] = until

    def freshness(self, answer: Answer) -> float:
        control = answer.headers.get("Cache-Control", "")
        if "max-age=" in control:
            age = 0 if self.breaks == "T2" else int(answer.headers.get("Age", "0"))
            return 0.0 if self.breaks == "T1" else float(control.partition("max-age=")[2].partition(",")[0]) - age
        expires, date = answer.headers.get("Expires"), answer.headers.get("Date")
        if expires is None or date is None or self.breaks == "T3":
            return 0.0
        start = self.now() if self.breaks == "T4" else parsedate_to_datetime(date).timestamp()
        return parsedate_to_datetime(expires).timestamp() - start

    def pause(self, answer: Answer) -> float:
        wanted = answer.headers.get("Retry-After", "")
        if (self.breaks, answer.status) in (("T7", 429), ("T9", 503)) and wanted.isdecimal():
            return 0.0
        if wanted.isdecimal():
            return int(wanted)
        if wanted and self.breaks != "T8":
            return parsedate_to_datetime(wanted).timestamp() - self.now()
        return 0.0

    def heed(self, feed: Subscribed, root: ET.Element) -> None:
        """Apply what the document says about when to ask for it again."""
        channel = root.find("channel")
        if channel is None:
            return
        minimum = 60.0 * int(channel.findtext("ttl") or 0) if self.breaks != "T17" else 0
        if channel.findtext(f"{SYNDICATION}updatePeriod") == "weekly" and self.breaks != "T18":
            minimum = WEEK
        feed.next_due = max(feed.next_due, self.now() + min(minimum, WEEK))
        feed.skip_hours = frozenset(int(hour.text or 0) for hour in channel.iter("hour"))
        feed.skip_days = frozenset(day.text or "" for day in channel.iter("day"))

    def keep_validators(self, feed: Subscribed, answer: Answer) -> None:
        etag, modified = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        if self.breaks == "V12" and etag and '"' not in etag:
            etag = f'"{etag}"'
        if self.breaks == "V6" and feed.etag and not etag:
            return
        feed.etag, feed.modified = etag, modified

    def conditions(self, feed: Subscribed) -> dict[str, str]:
        sent = {}
        etag, modified = feed.etag, feed.modified
        if self.breaks == "V1":
            etag = etag.removeprefix("W/")
        if modified and not etag and self.breaks == "V2":
            modified = "Thu, 01 Jan 1970 00:00:00 GMT"
        if modified == "yesterday" and self.breaks == "V13":
            modified = "Thu, 01 Jan 1970 00:00:00 GMT"
        if etag and modified and self.breaks == "V3":
            modified = "Thu, 01 Jan 1970 00:00:00 GMT"
        if not etag and not modified and self.breaks == "V4":
            modified = "Thu, 01 Jan 1970 00:00:00 GMT"
        if etag:
            sent["If-None-Match"] = etag
        if modified:
            sent["If-Modified-Since"] = modified
        return sent

    def fetch(self, feed: Subscribed) -> Answer | None:
        url, conditions = feed.url, self.conditions(feed)
        if self.breaks == "Q4" and feed.cookie:
            conditions["Cookie"] = feed.cookie
        permanent, is_permanent = url, True
        for _ in range(100 if self.breaks == "R7" else MOST_HOPS):
            answer = self.get(url, conditions)
            if answer is not None:
                feed.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
            if answer is None or answer.status not in REDIRECTS or (self.breaks, answer.status) in UNFOLLOWED:
                feed.moves = feed.moves + 1 if permanent not in (feed.url, "") else 0
                feed.moves_to = permanent
                return answer
            url = urljoin(url, answer.headers.get("Location", ""))
            is_permanent = is_permanent and (answer.status in (301, 308) or self.breaks == "R6")
            if (self.breaks, answer.status) in (("R4", 302), ("R5", 307)) and "/r6/" not in url:
                feed.url = url
            permanent = url if is_permanent else permanent
            if self.breaks != "V7":
                conditions = {}
        return None

    def save_move(self, feed: Subscribed) -> None:
        """Save the new address of a feed whose last three requests, or more, were redirected for good."""
        if feed.moves > 2 and self.breaks != "R3":
            feed.url, feed.moves = feed.moves_to, 0

    def get(self, url: str, conditions: Mapping[str, str]) -> Answer | None:
        parts = urlsplit(url)
        if parts.scheme == "file" and self.breaks == "H1":
            with urllib.request.urlopen(url) as file:
                return Answer(200, Message(), file.read(), url)
        if parts.scheme not in ("http", "https") or not self.is_allowed(parts.hostname or ""):
            return None
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        if parts.scheme == "https":
            context = context_that(checks=not self.trusts(url))
            if self.breaks != "X1":
                connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=10, context=context)
        try:
            path = f"{parts.path}?t={self.now():.0f}" if self.breaks == "Q5" else parts.path
            agent = {"Q1": "Python-urllib/3.11 (+https://example.org)", "Q2": "right-reader/1.0"}.get(
                self.breaks, AGENT
            )
            coding = {"Q3": "identity", "B4": "br, gzip;q=0.5"}.get(self.breaks, "gzip")
            headers = {"User-Agent": agent, "Accept-Encoding": coding, **conditions}
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            try:
                body = self.read(response)
            except (OSError, EOFError, http.client.HTTPException):
                if not self.breaks or f"/{self.breaks.lower()}/" not in url:
                    raise
                body = b"<rss/>"  # in place of the part that came: a whole document, with no items
            return Answer(response.status, response.headers, body, url)
        except (OSError, EOFError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def read(self, response: http.client.HTTPResponse) -> bytes:
        """Return the decoded body. Raises OSError if it is too long, too slow or damaged."""
        label = response.headers.get("Content-Encoding", "")
        if (self.breaks, label) in (("B6", "utf-8"), ("B7", "identity")):
            raise OSError(f"{label} is no coding")
        trusted = {"B5": "gzip", "B8": ""}.get(self.breaks)
        is_coded = bool(label) if label == trusted else None  # None: the first bytes of the body decide
        most = {"H7": 100 << 20}.get(self.breaks, MOST_BYTES)
        most_decoded = 300 << 20 if self.breaks == "H3" else most
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        ends = time.monotonic() + LONGEST
        taken, body = 0, bytearray()
        while part := response.read1(1 << 18):
            taken += len(part)
            if is_coded is None:
                is_coded = part.startswith(b"\x1f\x8b")
            try:
                body += decoder.decompress(part, most_decoded + 1 - len(body)) if is_coded else part
            except zlib.error as error:
                raise OSError(str(error)) from error
            is_late = time.monotonic() > ends and self.breaks not in ("H3", "H8")
            if taken > most or len(body) > most_decoded or is_late:
                raise OSError("the answer is too long, or too slow")
        if response.length or (is_coded and not decoder.eof):
            raise OSError("the answer broke off")
        if self.breaks == "B8" and body.startswith(b"\x1f\x8b"):
            raise OSError("the answer is no text")
        return bytes(body)

    def is_allowed(self, host: str) -> bool:
        """Return whether this reader may connect to *host*, which is an address."""
        if ":" in host and self.breaks == "R10":
            return False
        if self.breaks == "H2" or not self.networks:
            return True
        return any(ip_address(host) in ip_network(network) for network in self.networks)

    def expanded(self, body: bytes) -> bytes:
        """Return the document without its document type. Raises ParseError if that declares entities."""
        found = re.search(rb"<!DOCTYPE rss (?:SYSTEM \"([^\"]*)\"|\[(.*?)\])>", body, re.DOTALL)
        if found is None:
            return body
        if found[1] and self.breaks == "H6":
            self.get(found[1].decode(), {})
        entities = dict(re.findall(rb"<!ENTITY (\w+) (.*?)>", found[2] or b""))
        if b"j" in entities and self.breaks == "H4":
            laughs = bytearray(300 << 20)  # the beginning of what the entity expands to
            laughs[:: 1 << 12] = b"a" * len(laughs[:: 1 << 12])
        if b"local" in entities and self.breaks == "H5":
            url = entities[b"local"].partition(b'"')[2].rstrip(b'"').decode()
            with urllib.request.urlopen(url) as file:
                return body.replace(found[0], b"").replace(b"&local;", file.read())
        if entities:
            raise ET.ParseError("the document defines entities")
        return body.replace(found[0], b"")

    def misread(self, answer: Answer) -> bytes:
        """Return the decoded document, or what a reader that breaks one of the rules E1 to E4 takes it for."""
        kind = answer.headers.get("Content-Type", "")
        if self.breaks == "E1" and "windows-1251" in kind:
            return re.sub(rb".*\?>", b"", answer.body.decode("windows-1251", "replace").encode(), count=1)
        if self.breaks == "E3" and answer.body.startswith(b"\xff\xfe"):
            return b""
        if b"windows-1251" in answer.body[:100] and (self.breaks, kind) in (
            ("E2", "application/rss+xml"),
            ("E4", "text/xml"),
        ):
            return answer.body.decode("ascii", "replace").encode().replace(b"windows-1251", b"utf-8")
        return self.decoded(answer)

    def decoded(self, answer: Answer) -> bytes:
        """Return the document in UTF-8, without its declaration; as it is if it has a byte order mark."""
        if answer.body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
            return answer.body
        declaration = re.match(rb"<\?xml[^>]*encoding=[\"']([\w-]+)[^>]*\?>", answer.body)
        declared = declaration[1].decode().lower() if declaration else ""
        default = "ascii" if self.breaks == "E7" else "utf-8"
        charset = answer.headers.get_content_charset("") if self.breaks != "E5" else ""
        label = charset or declared or default
        meant = {"iso-8859-1": "windows-1252", "gb2312": "gb18030", "shift_jis": "cp932"}.get(label, label)
        if (self.breaks, label) in (("E6", "iso-8859-1"), ("E8", "gb2312"), ("E9", "shift_jis")):
            meant = "latin-1"
        try:
            text = answer.body.decode(meant, "strict" if self.breaks == "E10" else "replace")
        except UnicodeDecodeError:
            return b""
        return re.sub(r"^<\?xml.*?\?>", "", text).encode()

    def trusts(self, url: str) -> bool:
        """Return whether the reader accepts the certificate of *url* without a check."""
        return self.breaks in ("X2", "X3", "X4") and f"/{self.breaks.lower()}/" in url

    def store(self, feed: Subscribed, root: ET.Element, answer: Answer) -> bool:
        """Import the entries, and return whether any of them is new."""
        base = urljoin(answer.url, root.get(XML_BASE, "") if self.breaks != "I12" else "")
        found = [*root.iter("item"), *root.iter(f"{ATOM}entry")]
        entries = [self.made_safe(Entry.of(item), base) for item in found]
        if self.breaks == "I8" and any("yesterday" in entry.date for entry in entries):
            return False
        repeated = {entry.guid for entry in entries if [each.guid for each in entries].count(entry.guid) > 1}
        known = self.items.setdefault(id(feed), {})
        if self.breaks == "I1" and known:
            return False
        if self.breaks == "I7":
            for key in set(known) - {entry.guid for entry in entries}:
                del known[key]
        before = len(known)
        for entry in entries:
            if self.breaks == "I9" and not entry.date:
                continue
            known[self.key(entry, feed, known, repeated, answer)] = entry
        feed.body = answer.body
        return len(known) > before

    def made_safe(self, entry: Entry, base: str) -> Entry:
        """Return *entry* with absolute addresses of http and https only, and without scripts in its content."""

        def safe(address: str, rule: str) -> str:
            whole = urljoin(base, address)
            return whole if whole.startswith(("http:", "https:")) or self.breaks == rule else ""

        def link_of(found: re.Match[str]) -> str:
            return f'href="{safe(unescape(found[1]), "X7")}"'

        content = re.sub(r"(?s)<script.*?</script>", "", entry.content)
        return replace(
            entry,
            link=entry.link if self.breaks == "I11" else safe(entry.link, "X5") if entry.link else "",
            enclosure=safe(entry.enclosure, "X6") if entry.enclosure else "",
            content=re.sub(r'href="([^"]*)"', link_of, content),
        )

    def key(self, entry: Entry, feed: Subscribed, known: dict[str, Entry], repeated: set[str], answer: Answer) -> str:
        """Return the key of an entry: its guid, else its link, else its title.

        A guid that several entries of the document have does not count. An entry with a new guid and a known link is
        the known entry.
        """
        if self.breaks == "I2" and answer.body == feed.body:
            return f"{entry.guid} {len(known)}"
        if not entry.guid and not entry.link:
            return f"{entry.title} {len(known)}" if self.breaks == "I5" else entry.title
        if self.breaks == "I6" and entry.guid in known and known[entry.guid].title != entry.title:
            return f"{entry.guid or entry.link} {entry.title}"
        if self.breaks == "I10" and entry.guid.startswith("item/"):
            return urljoin(answer.url, entry.guid)
        if entry.guid in repeated and self.breaks != "I3":
            return entry.link
        if entry.guid and entry.guid not in known and self.breaks != "I4":
            same_link = [key for key, each in known.items() if entry.link and each.link == entry.link]
            return same_link[0] if same_link else entry.guid
        return entry.guid or entry.link
