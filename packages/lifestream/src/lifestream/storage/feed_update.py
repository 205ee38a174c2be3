"""What a result changes in its feed's row, and its line in the log. Nothing is saved here."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Final

from lifestream.content.plaintext import one_line, scrub
from lifestream.entry import MENDED, ParsedFeed
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, validators
from lifestream.fetcher.url_hosts import site_domain
from lifestream.fetcher.websub import links_of
from lifestream.message import Message, edited, joined
from lifestream.models import Feed, Fetch
from lifestream.plugins.item_pipeline import Prepared
from lifestream.scheduler.jobs import Result, Stored
from lifestream.scheduler.schedule import candidates_as_json
from lifestream.storage.feed_row import FeedState
from lifestream.storage.fetch_log import Line
from lifestream.storage.hub_subscriptions import make_due

MESSAGE_LENGTH: Final = 2000
"""How many characters of a message the log keeps: a document may have thousands of problems."""


def outcome_of(result: Result, new: int, changed: int) -> Fetch.Outcome:
    """Return the outcome of a result for the log, given how many items were new and changed."""
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
    """Set in *feed* all that its next fetch needs, and release the feed for all workers."""
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
            _keep_validators(feed, outcome, result)
            feed.body_hash = result.body_hash
            feed.last_success = now
            if result.prepared is not None:
                _describe(feed, result.prepared, outcome.url)
            _note_hub(feed, outcome, result.prepared)
        case NotModified():
            # A 304 has no document, and the validators of an incomplete one are kept only if it comes twice with them:
            # see `_keep_validators`.
            if not _is_incomplete(feed):
                # RFC 9111 §4.3.4: a 304 may bring new validators, and leaves those unchanged that it doesn't name.
                etag, last_modified = validators(outcome.headers)
                feed.etag = etag or feed.etag
                feed.last_modified = last_modified or feed.last_modified
            feed.last_success = now
        case Gone():
            feed.status = Feed.Status.GONE
        case Failed():
            feed.last_error = _message(outcome.message)
            _forget_validators(feed, outcome)


def note_entries(feed: FeedState, digests: str, *, whole: bool) -> None:
    """Set in *feed* the *digests* of the entries whose items are up to date.

    *whole* is False if the parser has returned only an outline of an entry whose item is not found: then the next
    request is sent without validators, and the document is read completely.
    """
    feed.entry_digests = digests if whole else ""
    if not whole:
        feed.body_hash, feed.etag, feed.last_modified = "", "", ""


def _keep_validators(feed: FeedState, outcome: Fetched, result: Result) -> None:
    """Set the validators of *feed* to those of *outcome*, even if it has none: an old one must not be sent again.

    The validators of a document that could not be read to its end are withheld until the same bytes come a second time
    with them, from the same URL: an ETag belongs to one resource (RFC 9110, section 8.8.3). A publisher may repair the
    document and leave the validator as it is, and a 304 would hide that for ever; but a document that doesn't change
    need not be sent each time. If the same bytes come with new validators, these are withheld in turn.
    """
    before, place = _pair(feed), feed.validated_url
    feed.etag, feed.last_modified = validators(outcome.headers)
    feed.validated_url = "" if outcome.url == result.claim.url else outcome.url
    if result.prepared is not None:
        feed.withheld = not result.prepared.feed.is_complete
    elif feed.withheld or _is_incomplete(feed):
        known = before if place == feed.validated_url else ("", "")
        etag, last_modified = (new if new == old else "" for new, old in zip(_pair(feed), known, strict=True))
        feed.withheld = not (etag or last_modified)
        if not feed.withheld:
            feed.etag, feed.last_modified = etag, last_modified


def _is_incomplete(feed: FeedState) -> bool:
    """Return whether the document that *feed* has imported could not be read to its end."""
    return feed.flaw != "" and not feed.flaw.endswith(MENDED)


def _pair(feed: FeedState) -> tuple[str, str]:
    return feed.etag, feed.last_modified


def _forget_validators(feed: FeedState, outcome: Failed) -> None:
    """Forget those of *feed*'s validators that came again with a 200 or 203 which broke off or could not be read.

    They belong to two bodies now, and could belong to the repaired one as well. Others still belong to the stored
    document.
    """
    if outcome.status not in (None, HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION):
        return
    if feed.etag and feed.etag == outcome.headers.get("etag"):
        feed.etag = ""
    if feed.last_modified and feed.last_modified == outcome.headers.get("last-modified"):
        feed.last_modified = ""


def log(feed: FeedState, result: Result, stored: Stored) -> Line:
    """Return the line for the log, and set the outcome in *feed*."""
    feed.last_status = stored.outcome
    outcome = result.outcome
    return Line(
        feed=feed.id,
        started=result.started,
        duration=outcome.duration,
        outcome=stored.outcome,
        status=outcome.status,
        size=outcome.size if isinstance(outcome, Fetched) else 0,
        new=stored.new,
        changed=stored.changed,
        message=stored.message,
        next_fetch=None if feed.status == Feed.Status.GONE else feed.next_fetch,
        reason=feed.next_reason,
    )


def message_of(result: Result, *more: str) -> str:
    """Return the messages about *result*, and *more*, as one message."""
    parts = [result.outcome.message] if isinstance(result.outcome, Failed) else []
    if result.prepared is not None:
        prepared = result.prepared
        parts += [prepared.feed.complaint, *prepared.capped, *(problem.message for problem in prepared.problems)]
    return _message(*parts, *more)


def _describe(feed: FeedState, prepared: Prepared, url: str) -> None:
    """Set in *feed* what the document, which came from *url*, says about it.

    A field that the document leaves out stays: a title is not lost. (Only the icon's URL goes.) The domain is decided
    again each time, since what the document says may be untrue.

    A document that could not be read to its end only fills fields that are empty in *feed*; the domain is decided again
    only if an item has a link.
    """
    parsed = prepared.feed
    feed.flaw = _message(str(parsed.flaw or ""))

    def chosen(before: str, new: str) -> str:
        new = scrub(new)
        return new or before if parsed.is_complete else before or new

    feed.title = chosen(feed.title, parsed.title)
    feed.site_url = chosen(feed.site_url, parsed.link)
    if parsed.is_complete or not feed.domain or any(item.link for item in prepared.items):
        feed.domain = site_domain(feed.site_url, url, (item.link for item in prepared.items))
    feed.description = chosen(feed.description, parsed.subtitle)
    feed.language = chosen(feed.language, parsed.language)
    feed.icon_url = scrub(parsed.icon) if parsed.is_complete else chosen(feed.icon_url, parsed.icon)


def _note_hub(feed: FeedState, outcome: Fetched, prepared: Prepared | None) -> None:
    parsed = prepared.feed if prepared is not None else ParsedFeed()
    links = links_of(outcome.headers, outcome.url, hub=parsed.hub_url, topic=parsed.self_url)
    if not parsed.is_complete and feed.hub_url:
        # Links of the document may be missing; those of the header fields are still reliable.
        links = links_of(outcome.headers, outcome.url, hub="", topic="")
        prepared = None
    if links.hub or prepared is not None:
        feed.hub_url, feed.hub_topic = scrub(links.hub), scrub(links.topic)


def compare_pushes(feed: FeedState, result: Result, now: datetime, *, new: int) -> None:
    """Compare what the hub of *feed* has pushed with the fetch, which brought this number of *new* items. Called after
    `settle`.

    A push that came after the fetch had begun makes the feed due again. A hub that did not push new items is no longer
    relied on, until it pushes.
    """
    if not isinstance(result.outcome, Fetched | NotModified):
        return
    if feed.pushed is None:
        feed.push_until = None if new else feed.push_until
    elif feed.pushed > result.started:
        make_due(feed, now)
    else:
        feed.pushed = None


def _message(*parts: str) -> str:
    """Return *parts* as one message, as far as there is space for them."""
    kept: list[str] = []
    remaining = MESSAGE_LENGTH
    for part in parts:
        text = edited(part, _shortened)
        if not text:
            continue
        if len(text) > remaining:
            # A message can be shortened only by cutting the texts in it, which has been done.
            kept.append(text if isinstance(text, Message) and not kept else f"{text[: max(0, remaining - 1)]}…")
            break
        kept.append(text)
        remaining -= len(text) + len("; ")
    return joined(kept)


def _shortened(text: str) -> str:
    text = one_line(text)  # a message with line breaks could look like another line of the log
    return text if len(text) <= MESSAGE_LENGTH else f"{text[: MESSAGE_LENGTH - 1]}…"
