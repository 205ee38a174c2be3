"""A small feed reader that follows every rule of `feedserver check`, or breaks just the one that it is told to.

It is written for tests, by the plainest means: `http.client`, an XML parser, and two dictionaries. `breaks` has the id
of a scenario; each place that a rule changes asks for it.
"""

from __future__ import annotations

import http.client
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

AGENT = "right-reader/1.0 (+https://example.org/right-reader)"
REDIRECTS = (301, 302, 303, 307, 308)
MOST_HOPS = 5
HOUR = 3_600.0
WEEK = 7 * 24 * HOUR
SYNDICATION = "{http://purl.org/rss/1.0/modules/syndication/}"


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes
    url: str


@dataclass
class Subscribed:
    url: str
    etag: str = ""
    modified: str = ""
    next_due: float = 0.0
    failures: int = 0
    is_given_up: bool = False
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()


@dataclass
class RightReader:
    breaks: str = ""
    feeds: list[Subscribed] = field(default_factory=list)
    items: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    offset: float = 0.0
    pauses: dict[str, float] = field(default_factory=dict)

    # What `check` needs

    def add(self, url: str) -> None:
        self.feeds.append(Subscribed(url))

    def poll(self) -> None:
        with ThreadPoolExecutor(25 if self.breaks == "T21" else 1) as threads:
            for done in [threads.submit(self.update, feed) for feed in self.feeds]:
                done.result()

    def list(self) -> list[dict[str, str]]:
        return [*self.items.values()]

    def move_clock(self, seconds: float) -> None:
        self.offset = seconds

    # How it does it

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
        try:
            root = ET.fromstring(answer.body)
        except ET.ParseError:
            return
        self.heed(feed, root)
        is_same = not self.store(feed, root)
        is_other = bool(feed.etag and answer.headers.get("ETag"))
        if not (is_same and self.breaks == "V9") and not (is_other and not is_same and self.breaks == "V5"):
            self.keep_validators(feed, answer)

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
        """Take over what the document says of itself."""
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
        for _ in range(MOST_HOPS):
            answer = self.get(url, conditions)
            if answer is None or answer.status not in REDIRECTS:
                return answer
            url = urljoin(url, answer.headers.get("Location", ""))
            if self.breaks != "V7":
                conditions = {}
        return None

    def get(self, url: str, conditions: Mapping[str, str]) -> Answer | None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request("GET", parts.path, headers={"User-Agent": AGENT, "Accept": "*/*", **conditions})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read(), url)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def store(self, feed: Subscribed, root: ET.Element) -> bool:
        """Import what is new, and return whether anything was."""
        before = len(self.items)
        for item in root.iter("item"):
            title, guid = item.findtext("title") or "", item.findtext("guid") or item.findtext("link") or ""
            self.items[feed.url, guid] = {
                "title": title,
                "link": item.findtext("link") or "",
                "content": item.findtext("description") or "",
                "date": item.findtext("pubDate") or "",
            }
        return len(self.items) > before
