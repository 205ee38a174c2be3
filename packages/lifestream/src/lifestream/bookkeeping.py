"""What a result changes in its feed's own row, and its line in the log. Nothing is saved here."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from lifestream.entry import ParsedFeed
from lifestream.fetchlog import Line
from lifestream.hosts import domain_of
from lifestream.models import Feed, Fetch
from lifestream.outcome import Failed, Fetched, Gone, NotModified
from lifestream.plaintext import scrub
from lifestream.prepare import Prepared
from lifestream.pushes import make_due
from lifestream.results import Result, Stored
from lifestream.schedule import candidates_as_json
from lifestream.state import FeedState
from lifestream.websub import links_of

MESSAGE_LENGTH: Final = 2000
"""Characters of a message that the log keeps: a document may have thousands of problems."""


def outcome_of(result: Result, new: int, changed: int) -> Fetch.Outcome:
    """What a result is called in the log, given how many items were new and changed."""
    match result.outcome:
        case NotModified():
            return Fetch.Outcome.NOT_MODIFIED
        case Gone():
            return Fetch.Outcome.GONE
        case Failed():
            return Fetch.Outcome.FAILED
        case Fetched():
            if new:
                return Fetch.Outcome.NEW
            return Fetch.Outcome.CHANGED if changed else Fetch.Outcome.UNCHANGED


def settle(feed: FeedState, result: Result, now: datetime) -> None:
    """Puts into *feed* what it has to know for its next fetch, and gives it back to all workers."""
    outcome, due = result.outcome, result.next
    feed.last_fetch = now
    feed.failures = due.failures
    feed.terms = due.terms.as_json()
    feed.next_fetch = due.at or feed.next_fetch
    feed.next_reason = due.reason
    feed.candidates = candidates_as_json(due.candidates)
    feed.not_before = due.not_before
    feed.last_error = ""
    feed.claim_token, feed.claimed_until = "", None
    match outcome:
        case Fetched():
            # All of the answer's validators, even if there are none: an old one is never sent again.
            feed.etag, feed.last_modified = _validator(outcome, "etag"), _validator(outcome, "last-modified")
            feed.validated_url = "" if outcome.url == result.claim.url else outcome.url
            feed.body_hash = result.body_hash
            feed.last_success = now
            if result.prepared is not None:
                _describe(feed, result.prepared)
            _note_hub(feed, outcome, result.prepared)
        case NotModified():
            # RFC 9111 §4.3.4: a 304 may bring new validators, and leaves those alone that it doesn't name.
            feed.etag = _validator(outcome, "etag") or feed.etag
            feed.last_modified = _validator(outcome, "last-modified") or feed.last_modified
            feed.last_success = now
        case Gone():
            feed.status = Feed.Status.GONE
        case Failed():
            feed.last_error = _message(outcome.message)


def log(feed: FeedState, result: Result, stored: Stored) -> Line:
    """The line in the log. It also is what *feed* says of its last fetch."""
    feed.last_status = stored.outcome
    outcome = result.outcome
    return Line(
        feed.id,
        result.started,
        outcome.duration,
        stored.outcome,
        outcome.status,
        outcome.size if isinstance(outcome, Fetched) else 0,
        stored.new,
        stored.changed,
        stored.message,
        None if feed.status == Feed.Status.GONE else feed.next_fetch,
        feed.next_reason,
    )


def message_of(result: Result, *more: str) -> str:
    """What there is to tell about *result*, and *more*, in sentences."""
    parts = [result.outcome.message] if isinstance(result.outcome, Failed) else []
    if result.prepared is not None:
        said = result.prepared
        parts += [said.feed.complaint, *said.capped, *map(str, said.problems)]
    return _message("; ".join(filter(None, [*parts, *more])))


def _describe(feed: FeedState, prepared: Prepared) -> None:
    """What the document says of the feed. What it leaves out stays as it was: a title once given is not lost."""
    said = prepared.feed
    feed.title = scrub(said.title) or feed.title
    feed.site_url = scrub(said.link) or feed.site_url
    feed.domain = domain_of(feed.site_url or feed.url)
    feed.description = scrub(said.subtitle) or feed.description
    feed.language = scrub(said.language) or feed.language
    feed.icon_url = scrub(said.icon)


def _note_hub(feed: FeedState, outcome: Fetched, prepared: Prepared | None) -> None:
    said = prepared.feed if prepared is not None else ParsedFeed()
    links = links_of(outcome.headers, outcome.url, hub=said.hub_url, topic=said.self_url)
    if links.hub or prepared is not None:
        feed.hub_url, feed.hub_topic = scrub(links.hub), scrub(links.topic)


def hear_hub(feed: FeedState, result: Result, now: datetime, *, new: int) -> None:
    """Compares what its hub has told of *feed*, which is settled, with what the fetch brought: *new* items.

    A push that came after the fetch had begun makes the feed due again. A hub that did not tell of what is new is no
    longer relied on, until it pushes.
    """
    if not isinstance(result.outcome, Fetched | NotModified):
        return
    if feed.pushed is None:
        feed.push_until = None if new else feed.push_until
    elif feed.pushed > result.started:
        make_due(feed, now)
    else:
        feed.pushed = None


def _validator(outcome: Fetched | NotModified, name: str) -> str:
    value = outcome.headers.get(name, "")
    # It goes back byte for byte or not at all, and what has no UTF-8 can't be kept.
    return value if scrub(value) == value else ""


def _message(text: str) -> str:
    text = scrub(text)
    return text if len(text) <= MESSAGE_LENGTH else f"{text[: MESSAGE_LENGTH - 1]}…"
