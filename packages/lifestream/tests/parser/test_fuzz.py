"""Feeds and answers with random damage: nothing crashes, hangs, grows without bound, or is stored unsafe.

The documents are the fixtures in `tests/feeds`, mutated by a seeded generator, and documents that Hypothesis makes from
tokens that are hard for parsers. Each passes all steps in this process: parsing, preparation (with sanitising), the
messages between a parser's processes, identity, and the rows that would be stored. Every twentieth is also stored in
the database. The answers are raw bytes, with head and framing, from feedserver to the fetcher.

Each run of the tests includes a few seconds of this. The following command tries 100,000 documents and a tenth as many
answers, and prints a summary:

    LIFESTREAM_FUZZ=100000 pytest packages/lifestream/tests/parser/test_fuzz.py -s

LIFESTREAM_FUZZ_SEED is the first seed (0 by default). A failure names its seed, with which it can be repeated.
scripts/search.py runs these tests with a new first seed in each round.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import NOW, make_feed, make_subscription, result
from feedserver import FeedServer, Response
from feedserver.faults import Fault, Layer
from feedserver.messages.send_plan import CloseConnection, Flush, Injected, Plan, Send
from guards import allowing
from lifestream.content.sanitizer import Sanitizer
from lifestream.fetcher.body_budget import Memory
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.parser import NotAFeed, ipc, parse
from lifestream.plugins import Registry
from lifestream.plugins.item_pipeline import Prepared, prepare
from lifestream.storage import item_row
from lifestream.storage.entry_matching import Document
from lifestream.storage.writer import store
from stored_items import StoredItems

pytestmark = pytest.mark.costly

COUNT: Final = int(os.environ.get("LIFESTREAM_FUZZ", "300"))
SEED: Final = int(os.environ.get("LIFESTREAM_FUZZ_SEED", "0"))
DEADLINE: Final = 10.0  # seconds of CPU time for one document, as for a parser process
MAX_GROWTH: Final = 300.0  # megabytes by which this process may grow during the whole test
LONGEST: Final = 100_000
URL: Final = "https://feeds.example.com/a/feed.xml"
BODIES: Final = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "feeds").rglob("*.*"))]
REGISTRY: Final = Registry(use_entry_points=False)
SANITIZER: Final = Sanitizer()

TOKENS: Final = [
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\x1b$B", b"&#xD800;", b"&#0;", b"&#9999999999;"),
    *(
        b"&",
        b"&amp;amp;",
        b"&nbsp;",
        b"<",
        b">",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"<?xml",
        b"?>",
        b"<!DOCTYPE x",
    ),
    *(b"<!DOCTYPE x [", b"<!ENTITY a '&a;&a;'>", b"<!ENTITY b SYSTEM 'file:///etc/passwd'>", b"&a;", b"]>"),
    *(b"<item>", b"</item>", b"<entry>", b"</entry>", b"<rss version='2.0'>", b"<channel>", b"</channel>", b"</rss>"),
    *(b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<rdf:RDF>", b"<guid>", b"</guid>", b"<link>", b"</link>"),
    *(b"<link href='", b"'/>", b"<title type='html'>", b"</title>", b"<content type='xhtml'><div>", b"<description>"),
    *(b"<script>alert(1)</script>", b"<svg onload=x>", b"javascript:alert(1)", b"data:text/html,x", b"http://[", b"//"),
    *(b"<pubDate>Fri, 31 Dec 9999 23:59:59 -2359</pubDate>", b"<pubDate>0</pubDate>", b"<updated>-1</updated>"),
    *(b"<enclosure url='x' length='-9e99'/>", b"<media:content url='", b"<itunes:duration>9:9:9:9</itunes:duration>"),
    *(b"<ttl>99999999999999999999</ttl>", b"<skipHours><hour>25</hour></skipHours>", b"<div>" * 50, b"x" * 5000),
    *(b"{", b"}", b"[", b'"items":', b'"version": "https://jsonfeed.org/version/1.1"', b"null", b"1e999", b"NaN"),
    *(b"\\ud800", b"%s%n", b"..", b"\r\n", b"\t", b" xml:base='http://[::1'", b" xmlns:a='", b" encoding='utf-7'"),
    "ﷺ\u202e".encode(),
]
TYPES: Final = [
    *("", "application/rss+xml", "text/xml", "application/json", "text/html; charset=klingon", "a;b;c=d;charset"),
    *(
        "application/xml; charset=windows-1251",
        "text/xml; charset=utf-16",
        "text/xml; charset=utf-7",
        "a/b; charset=idna",
    ),
]


# Mutations


def _flip(chance: random.Random, body: bytearray) -> None:
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)


def _cut(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body))
    del body[at : at + chance.randint(1, 300)]


def _truncate(chance: random.Random, body: bytearray) -> None:
    del body[chance.randrange(len(body)) :]


def _insert(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body))
    body[at:at] = chance.choice(TOKENS)


def _repeat(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body))
    body[at:at] = body[at : at + chance.randint(1, 400)] * chance.choice([1, 2, 30])


def _swap(chance: random.Random, body: bytearray) -> None:
    at, other = sorted(chance.randrange(len(body)) for _ in range(2))
    body[at:other] = body[(at + other) // 2 : other] + body[at : (at + other) // 2]


def _splice(chance: random.Random, body: bytearray) -> None:
    other = chance.choice(BODIES)
    body[chance.randrange(len(body)) :] = other[chance.randrange(len(other)) :]


MUTATIONS: Final[list[Callable[[random.Random, bytearray], None]]] = [
    *(_flip, _cut, _truncate, _insert, _insert, _insert, _repeat, _swap, _splice),
]


def mutated(chance: random.Random, body: bytes, most: int = 3) -> bytes:
    """Return *body* after one to *most* mutations, in another encoding now and then."""
    spoilt = bytearray(body)
    for _ in range(chance.randint(1, most)):
        if not spoilt:
            break
        chance.choice(MUTATIONS)(chance, spoilt)
        del spoilt[LONGEST:]
    if chance.random() < 0.05:
        return spoilt.decode("utf-8", "replace").encode(chance.choice(["utf-16", "utf-32", "utf-8-sig", "utf-16-be"]))
    return bytes(spoilt)


# Invariants


def read(body: bytes, headers: Mapping[str, str]) -> Prepared | None:
    """Return the prepared document; None if *body* is no feed. Assert that it is safe, and can be stored."""
    began = time.process_time()
    try:
        feed = parse(body, headers, URL)
    except NotAFeed as error:
        if not error.reason:
            raise AssertionError("the error has no reason to log") from error
        return None
    finally:
        assert time.process_time() - began < DEADLINE
    found = prepare(feed, REGISTRY.plugin_for(feed, ""), SANITIZER)
    assert found.problems == (), "a shipped plugin failed"
    assert ipc.PREPARED.unpack(json.loads(json.dumps(ipc.PREPARED.pack(found)))) == found
    _assert_safe(found)
    _assert_stable(found)
    assert time.process_time() - began < DEADLINE
    return found


def _assert_safe(found: Prepared) -> None:
    for item in found.items:
        addresses = [item.link, *(each.url for each in item.enclosures)]
        addresses += [address for each in item.media for address in (each.url, each.thumbnail, each.player)]
        assert not any(address.lower().startswith(("javascript:", "data:", "file:")) for address in addresses)
        assert "<script" not in item.content.lower()


def _assert_stable(found: Prepared) -> None:
    document = Document(found.items, [URL])
    for decision in document.decide(range(len(found.items)), []):
        columns, tags = item_row.columns(found.items[decision.index], decision, NOW)
        as_json = json.dumps([columns, tags], default=str, ensure_ascii=False)
        assert "\\u0000" not in as_json
        as_json.encode()
        assert item_row.first_date(found.items[decision.index].published, NOW) <= NOW
    known = StoredItems()
    known.read(*found.items)  # type: ignore[arg-type]  # drafts have the same fields as entries
    before = len(known.items)
    known.read(*found.items)  # type: ignore[arg-type]
    assert len(known.items) == before, "a second fetch of the same document adds items"


def megabytes() -> float:
    """Return the peak of this process's resident memory, in MB; 0 if the system doesn't report it."""
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.search
@pytest.mark.django_db
def test_damaged_documents_are_safe_and_can_be_stored(capsys: pytest.CaptureFixture[str]) -> None:
    for body in BODIES:
        assert read(body, {}) is not None
    seen: Counter[str] = Counter()
    feed = make_feed()
    make_subscription(feed)
    before, slowest = megabytes(), (0.0, 0)
    for seed in range(SEED, SEED + COUNT):
        chance = random.Random(seed)
        body = mutated(chance, chance.choice(BODIES))
        headers = {"content-type": chance.choice(TYPES)}
        began = time.process_time()
        try:
            found = read(body, headers)
            if found is not None and seed % 20 == 0:
                _store(feed.pk, found)
                seen["stored"] += 1
        except BaseException as error:
            error.add_note(f"LIFESTREAM_FUZZ_SEED={seed} LIFESTREAM_FUZZ=1 repeats it")
            raise
        slowest = max(slowest, (time.process_time() - began, seed))
        seen["no feed" if found is None else "complaint" if found.feed.complaint else "fine"] += 1
        seen["items"] += len(found.items) if found else 0
    grown = megabytes() - before
    with capsys.disabled():
        if COUNT > 1000:
            print(f"\n{COUNT} documents: {dict(seen)}; slowest {slowest[0]:.2f} s (seed {slowest[1]}), +{grown:.0f} MB")
    assert seen["no feed"] + seen["complaint"] + seen["fine"] == COUNT
    assert grown < MAX_GROWTH


def _store(feed: int, found: Prepared) -> None:
    """Store *found* twice. Assert that nothing fails, and that nothing is new the second time."""
    from lifestream.models import Feed

    row = Feed.objects.get(pk=feed)
    for again in (False, True):
        # Forget the site of the previous document: it must not count for this one.
        Feed.objects.filter(pk=feed).update(site_url="")
        [stored] = store([result(row, Fetched(URL, b""), prepared=found, body_hash="")], NOW)
        assert not (stored.lost or stored.unwritten or stored.broken), stored
        assert not (again and stored.new), stored


@settings(max_examples=max(50, COUNT // 10))
@given(st.lists(st.sampled_from(TOKENS) | st.binary(max_size=8), max_size=30), st.sampled_from(TYPES), st.booleans())
def test_documents_made_of_tokens_that_are_hard_for_parsers_are_safe_and_can_be_stored(
    tokens: list[bytes], content_type: str, wrapped: bool
) -> None:
    inside = b"".join(tokens)
    body = (
        b"<rss version='2.0'><channel><title>T</title><item>%s</item></channel></rss>" % inside if wrapped else inside
    )
    read(body, {"content-type": content_type})


# Answers


@dataclass(frozen=True, slots=True)
class Raw(Fault):
    """Sends *data* as it is in place of the answer, and closes the connection."""

    layer: ClassVar[Layer] = Layer.END
    data: bytes = b""

    @property
    def words(self) -> str:
        return "raw"

    def apply(self, plan: Plan) -> Plan:
        yield Injected(str(self))
        yield Send(self.data, "framing")
        yield Flush()
        yield CloseConnection()


def answer(chance: random.Random) -> bytes:
    """Return an answer with head, framing and body, some of which may be damaged."""
    body = chance.choice(BODIES)
    coding = chance.choice(["", "", "gzip", "deflate", "br"])
    coded = gzip.compress(body) if coding == "gzip" else zlib.compress(body) if coding == "deflate" else body
    if chance.random() < 0.5:
        coded = mutated(chance, coded, most=2)
    fields = [b"Content-Type: " + chance.choice(TYPES).encode(), b'ETag: "1"', b"Cache-Control: max-age=60"]
    fields += [b"Content-Encoding: " + coding.encode()] if coding else []
    if chance.random() < 0.4:
        fields.append(b"Transfer-Encoding: chunked")
        coded = b"%x\r\n%s\r\n0\r\n\r\n" % (len(coded), coded)
    else:
        fields.append(b"Content-Length: %d" % (len(coded) + chance.choice([0, 0, 0, 1, -1])))
    status = chance.choice([b"200 OK", b"200 OK", b"200 OK", b"304 Not Modified", b"301 Moved", b"410 Gone", b"999 x"])
    head = b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"", b""])
    return (mutated(chance, head, most=1) if chance.random() < 0.4 else head) + coded


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(journal_limit=100) as server:
        yield server


@pytest.mark.search
def test_damaged_answers_end_in_an_outcome_in_time(
    server: FeedServer, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    count, seen, slowest = max(100, COUNT // 10), Counter[str](), 0.0
    limits = FetchLimits(timeout=5, max_body=1_000_000)
    blank = Response()
    for seed in range(SEED, SEED + count):
        server.add(f"/{seed}", replace(blank, faults=(Raw(data=answer(random.Random(seed))),)))

    async def one(fetcher: Fetcher, memory: Memory, seed: int) -> tuple[int, Outcome]:
        share = memory.share()
        outcome = await fetcher.fetch(FetchRequest(server.url(f"/{seed}"), etag='"0"'), share)
        share.leave()
        return seed, outcome

    async def main() -> list[tuple[int, Outcome]]:
        guard = allowing("127.0.0.0/8")
        outcomes: list[tuple[int, Outcome]] = []
        async with Fetcher(guard, user_agent="lifestream", limits=limits) as fetcher:
            memory = Memory()
            for start in range(SEED, SEED + count, 50):
                seeds = range(start, min(start + 50, SEED + count))
                outcomes += await asyncio.gather(*(one(fetcher, memory, seed) for seed in seeds))
        return outcomes

    for seed, outcome in asyncio.run(main()):
        kind = f"failed: {outcome.kind}" if isinstance(outcome, Failed) else type(outcome).__name__
        seen[kind] += 1
        slowest = max(slowest, outcome.duration)
        note = f"LIFESTREAM_FUZZ_SEED={seed}: {outcome}"
        assert not isinstance(outcome, Failed) or (outcome.message and outcome.kind != "internal"), note
        assert outcome.duration < limits.timeout + 60, note  # a busy machine may be late; a fetch that hangs never ends
        if isinstance(outcome, Fetched):
            assert len(outcome.body) <= limits.max_body, note
            read(outcome.body, outcome.headers)
    with capsys.disabled():
        if COUNT > 1000:
            print(f"\n{count} answers: {dict(seen)}; slowest {slowest:.2f} s")
    assert "unexpected error" not in caplog.text
    assert sum(seen.values()) == count
    assert seen["Fetched"], "no answer was read"
