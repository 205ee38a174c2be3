"""A small feed reader that follows every rule of `feedserver check`, or breaks just the one that it is told to.

It is written for tests, by the plainest means: `http.client`, an XML parser, and two dictionaries. `breaks` has the id
of a scenario; each place that a rule changes asks for it.
"""

from __future__ import annotations

import http.client
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import urljoin, urlsplit

AGENT = "right-reader/1.0 (+https://example.org/right-reader)"
REDIRECTS = (301, 302, 303, 307, 308)
MOST_HOPS = 5


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


@dataclass
class RightReader:
    breaks: str = ""
    feeds: list[Subscribed] = field(default_factory=list)
    items: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    offset: float = 0.0

    # What `check` needs

    def add(self, url: str) -> None:
        self.feeds.append(Subscribed(url))

    def poll(self) -> None:
        for feed in self.feeds:
            if self.now() >= feed.next_due:
                self.update(feed)

    def list(self) -> list[dict[str, str]]:
        return [*self.items.values()]

    def move_clock(self, seconds: float) -> None:
        self.offset = seconds

    # How it does it

    def now(self) -> float:
        return time.time() + self.offset

    def update(self, feed: Subscribed) -> None:
        answer = self.fetch(feed)
        if answer is None:
            return
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
        is_same = not self.store(feed, root)
        is_other = bool(feed.etag and answer.headers.get("ETag"))
        if not (is_same and self.breaks == "V9") and not (is_other and not is_same and self.breaks == "V5"):
            self.keep_validators(feed, answer)

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
