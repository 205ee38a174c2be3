"""Feeds, and the hosts that they are fetched from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import connections, models, router, transaction
from django.db.models import F, Q
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lifestream.content.text_direction import as_row
from lifestream.fetcher.feed_urls import url_key
from lifestream.fetcher.url_hosts import domain_of, host_of
from lifestream.models import due_hosts, sort_names
from lifestream.models.index_conditions import HasNoIcon, NotEmpty
from lifestream.models.message_field import MessageField

LASTING_FAILURE: Final = timedelta(days=1)
"""How long ago the last success of a failing feed must be before visitors are told, and before it is listed among the
troubles: most failures pass by themselves.
"""

readers_left: Final = Signal()
"""Sent when subscriptions to *feeds* (keys) were deleted together, in the database *using*, within the transaction."""


def url_hash(url: str) -> str:
    """Return the SHA-256 of the key of *url* in hexadecimal. Two URLs have the same hash only if they mean the same
    feed (see `feed_urls.url_key`). It can be indexed, however long the URL is.
    """
    return hashlib.sha256(url_key(url).encode("utf-8", "surrogatepass")).hexdigest()


_RowsT = TypeVar("_RowsT", bound="models.QuerySet[Any]")


class HostQuerySet(models.QuerySet["Host"]):
    """Querysets of hosts. They call `due_hosts.settle` after each update of a pause."""

    def update(self, **values: Any) -> int:
        """Update the hosts. If that changes their pause, store anew when they are due."""
        if "not_before" not in values:
            return super().update(**values)
        hosts = list(self.values_list("pk", flat=True))
        with transaction.atomic(using=self.db):
            count = super().update(**values)
            due_hosts.settle(hosts, self.db)
        return count

    # Django marks its own method in the same way.
    update.alters_data = True  # type: ignore[attr-defined]


class Host(models.Model):
    """A server that feeds are fetched from. If it asked for a pause of all its feeds (Retry-After), *not_before* is the
    end of the pause.

    The worker with *token* holds the host until *held_until*. *next_due* is when feeds of the host can be claimed: see
    `due_hosts`.
    """

    name = models.TextField(_("name"), unique=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    next_due = models.DateTimeField(null=True, blank=True, editable=False)
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    token = models.CharField(max_length=32, blank=True, default="", editable=False)

    objects = HostQuerySet.as_manager()

    class Meta:
        verbose_name = _("host")
        verbose_name_plural = _("hosts")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["next_due", "id"], condition=Q(next_due__isnull=False), name="lifestream_host_due")
        ]

    def __str__(self) -> str:
        return self.name


HEALTH = {
    "ok": _("ok"),
    "new": _("new"),
    "failing": _("failing"),
    "paused": _("paused"),
    "idle": _("without subscribers"),
    "gone": _("gone"),
}
"""The values of `Feed.health`, in words."""


def _has_token() -> NotEmpty:
    return NotEmpty(F("claim_token"), True)


def lock_feeds(feeds: Collection[int], using: str) -> None:
    """Lock *feeds* (keys) until the transaction ends, in the order of their keys, as imports do. A transaction calls
    this before it writes or deletes feeds, or rows that refer to feeds: otherwise it and an import could wait for each
    other. SQLite has one writer at a time anyway.
    """
    if connections[using].features.has_select_for_update:
        list(Feed.objects.using(using).filter(pk__in=feeds).order_by("pk").select_for_update().values_list("pk"))


def only(rows: _RowsT, keys: Collection[int]) -> _RowsT:
    """Return *rows*, restricted to *keys*. Read the keys before these rows, or their feeds, are locked. Without keys,
    PostgreSQL would look for *rows* anew, and also find rows that another process has stored meanwhile and that are not
    locked. SQLite has one writer at a time, and allows few keys in a statement: there, all *rows* are returned.

    The cached results of *rows* are dropped, as Django drops them at a write: the returned queryset is written instead.
    """
    rows._result_cache = None
    return rows.filter(pk__in=keys) if connections[rows.db].features.has_select_for_update else rows


class FeedQuerySet(models.QuerySet["Feed"]):
    """Querysets of feeds. They call `due_hosts.settle` after each write that may change when hosts are due."""

    def update(self, **values: Any) -> int:
        """Update the feeds. Store anew when their hosts are due, and the names that subscriptions are sorted by, if
        these may have changed.
        """
        if not (sort_names.OF_FEED | due_hosts.FIELDS) & values.keys():
            return super().update(**values)
        with transaction.atomic(using=self.db):
            # The feeds are locked in order first. PostgreSQL would lock them in any order: this update and an import,
            # or an owner's change, could wait for each other.
            keys, locked = self._locked()
            hosts: set[int] = set()
            if due_hosts.FIELDS & values.keys():
                hosts.update(locked.order_by().values_list("host_id", flat=True))
            count = super(FeedQuerySet, locked).update(**values)
            if moved_to := values.get("host_id", values.get("host")):
                hosts.add(getattr(moved_to, "pk", moved_to))
            due_hosts.settle(hosts, self.db)
            if sort_names.OF_FEED & values.keys():
                sort_names.settle(self.db, feeds=keys)
        return count

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the feeds, and note when their hosts are due without them."""
        with transaction.atomic(using=self.db):
            _, locked = self._locked()
            hosts = set(locked.order_by().values_list("host_id", flat=True))
            # Otherwise each subscription that is deleted with its feed would lock the host of this feed, in any order.
            due_hosts.lock(hosts, self.db)
            deleted = super(FeedQuerySet, locked).delete()
            due_hosts.settle(hosts, self.db)
        return deleted

    def _locked(self) -> tuple[list[int], FeedQuerySet]:
        """Lock the feeds. Return their keys, and a queryset of them alone."""
        keys = list(self.order_by().values_list("pk", flat=True))
        lock_feeds(keys, self.db)
        return keys, only(self, keys)

    def bulk_create(self, objs: Iterable[Feed], *args: Any, **kwargs: Any) -> list[Feed]:
        """Insert *objs*, and note when their hosts are due."""
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, *args, **kwargs)
            due_hosts.settle({feed.host_id for feed in created}, self.db)
        return created

    # Django marks its own methods in the same way: a manager must not offer to delete all rows.
    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def due(self, now: datetime) -> FeedQuerySet:
        """Return active feeds whose time has come, that no worker holds, and whose host has not asked for a pause."""
        # The *next_due* of a host is not before the end of its hold or its pause.
        return self._active_and_free(now).filter(host__next_due__lte=now, next_fetch__lte=now)

    def allowed(self, now: datetime) -> FeedQuerySet:
        """Return active feeds that may be fetched early: they need not be due, but neither server nor feed asks to
        wait, and no worker holds them or their host.
        """
        return self._active_and_free(now).filter(
            Q(not_before=None) | Q(not_before__lte=now),
            Q(host__not_before=None) | Q(host__not_before__lte=now),
            Q(host__held_until=None) | Q(host__held_until__lte=now),
        )

    def without_icon(self) -> FeedQuerySet:
        """Return the feeds that have no icon."""
        return self.filter(HasNoIcon(F("icon"), True))

    def held(self, now: datetime) -> FeedQuerySet:
        """Return feeds that a worker holds."""
        return self.filter(_has_token(), claimed_until__gt=now)

    def with_token(self, token: str) -> FeedQuerySet:
        """Return the feeds that were claimed with *token*."""
        return self.filter(_has_token(), claim_token=token)

    def _active_and_free(self, now: datetime) -> FeedQuerySet:
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lte=now), status=Feed.Status.ACTIVE)

    def shared(self) -> FeedQuerySet:
        """Return feeds that everybody may subscribe to and see: those without credentials."""
        return self.filter(credentials="")

    def private(self) -> FeedQuerySet:
        """Return feeds with credentials."""
        return self.filter(NotEmpty(F("credentials"), True))

    def with_url(self, url: str) -> FeedQuerySet:
        """Return the feeds at *url*: at most one that is shared, and any number with credentials."""
        return self.filter(url_hash=url_hash(url))


class Feed(models.Model):
    """A URL that is fetched, once for all its subscribers, with everything that the next fetch needs to know."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        IDLE = "idle", _("without subscribers")  # or all subscribers have paused it; see storage.fanout
        GONE = "gone", _("gone")

    # Identity
    url = models.TextField(_("URL"), help_text=_("Without user name and password, which are kept apart."))
    url_hash = models.CharField(max_length=64, editable=False)
    host = models.ForeignKey(
        Host, on_delete=models.PROTECT, related_name="feeds", editable=False, verbose_name=_("host"), db_index=False
    )
    credentials = models.TextField(blank=True, editable=False)  # see storage.credentials
    options = models.JSONField(default=dict, blank=True, editable=False)  # see storage.feed_options
    title = models.TextField(_("title"), blank=True)
    site_url = models.TextField(_("site"), blank=True)
    domain = models.TextField(_("domain"), blank=True)
    description = models.TextField(_("description"), blank=True)
    language = models.TextField(_("language"), blank=True)
    icon = models.BinaryField(_("icon"), blank=True, default=b"")
    icon_url = models.TextField(blank=True, editable=False, help_text=_("The picture that the feed names."))
    icon_checked = models.DateTimeField(null=True, blank=True, editable=False)
    plugin = models.TextField(
        _("plugin"), blank=True, help_text=_("The name of a plugin; empty: the one for its domain.")
    )
    hub_url = models.TextField(_("WebSub hub"), blank=True)
    hub_topic = models.TextField(blank=True, editable=False, help_text=_("What the feed calls itself at its hub."))
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    # What the server sent last, unchanged.
    etag = models.TextField(_("ETag"), blank=True)
    last_modified = models.TextField(_("Last-Modified"), blank=True)
    body_hash = models.CharField(max_length=64, blank=True, editable=False)
    # The digests of those entries of the last document whose items are up to date: see `plugins.entry_digests`.
    entry_digests = models.TextField(blank=True, default="", db_default="", editable=False)
    # The validators came with an ill-formed document, and so far only once: they are kept, but not sent yet.
    withheld = models.BooleanField(default=False, editable=False)
    validated_url = models.TextField(blank=True, editable=False)  # the URL of the validators, if not the feed's own
    flaw = MessageField(
        _("flaw"), blank=True, editable=False, help_text=_("Where its document is ill-formed, and why.")
    )
    # The URL that the last fetches were permanently redirected to, and how many of them in a row.
    moved_to = models.TextField(_("moved to"), blank=True)
    moved_count = models.PositiveIntegerField(_("redirects in a row"), default=0)

    # Schedule, and the state of the last fetches
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE)
    # When a subscription of the feed ended or was paused last, while it had no other active one; see storage.fanout.
    idle_since = models.DateTimeField(null=True, blank=True, editable=False)
    next_fetch = models.DateTimeField(_("next fetch"), default=timezone.now)
    next_reason = MessageField(_("reason of the next fetch"), blank=True)
    # All times that were asked for, and by what. The last in the list applies: the latest time, or a push.
    candidates = models.JSONField(default=list, blank=True, editable=False)
    # The part of the wait that the server or the feed asked for: it ends early only if the feed is resumed, or gets
    # another URL or login.
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    # How long answers are fresh and how often the feed is published, as its last answer said. See `schedule.Terms`.
    terms = models.JSONField(default=dict, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_fetch = models.DateTimeField(_("last fetch"), null=True, blank=True)
    last_success = models.DateTimeField(_("last success"), null=True, blank=True)
    last_status = models.TextField(_("last outcome"), blank=True)
    last_error = MessageField(_("last error"), blank=True)
    # For a feed that is lost (see operations.replacements): the feed that its site names instead, and when the site was
    # last searched for one.
    replacement = models.TextField(blank=True, default="", db_default="", editable=False)
    replacement_checked = models.DateTimeField(null=True, blank=True, editable=False)

    # The state of the feed's pushes; see storage.hub_subscriptions. *pushed* is the last push that no fetch has
    # followed yet. Until *push_until* the hub is relied on to announce new entries.
    pushed = models.DateTimeField(_("last push"), null=True, blank=True, editable=False)
    push_until = models.DateTimeField(_("pushed until"), null=True, blank=True, editable=False)

    # Which worker holds the feed, and until when; see scheduler.leases.
    claim_token = models.CharField(max_length=32, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        ordering = ["title", "url"]
        constraints = [
            models.UniqueConstraint(fields=["url_hash"], condition=Q(credentials=""), name="lifestream_feed_shared_url")
        ]
        indexes = [
            models.Index(fields=["host", "status", "next_fetch"], name="lifestream_feed_next"),
            models.Index(fields=["claim_token", "host"], condition=~Q(claim_token=""), name="lifestream_feed_held"),
            models.Index(fields=["url_hash"], name="lifestream_feed_url"),
            models.Index(fields=["id"], condition=~Q(credentials=""), name="lifestream_feed_private"),
            models.Index(fields=["icon_checked", "id"], condition=Q(icon=b""), name="lifestream_feed_iconless"),
        ]

    def __str__(self) -> str:
        return as_row(self.display_title)

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save the feed with what follows from its URL: its hash, its host and, unless one was set, its domain."""
        previous_hosts: list[int] = []
        if update_fields is None or "url" in update_fields:
            derived = self.derive()
            update_fields = None if update_fields is None else {*update_fields, *derived}
            if self.pk is not None:
                elsewhere = Feed.objects.filter(pk=self.pk).exclude(host=self.host_id)
                previous_hosts = list(elsewhere.values_list("host_id", flat=True))
        using = kwargs.get("using") or router.db_for_write(Feed, instance=self)
        with transaction.atomic(using=using):
            if previous_hosts and self.pk is not None:
                # The feed is locked before the hosts, and both hosts in their order: otherwise an import of feeds of
                # both hosts and this transaction could wait for each other.
                lock_feeds([self.pk], using)
                due_hosts.lock({*previous_hosts, self.host_id}, using)
            # The host's *next_due* is set by a signal handler, which also runs when fixtures are loaded.
            super().save(*args, update_fields=update_fields, **kwargs)
            due_hosts.settle(previous_hosts, using)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the feed, and note when its host is due without it."""
        using = using or router.db_for_write(Feed, instance=self)
        with transaction.atomic(using=using):
            lock_feeds([self.pk], using)
            deleted = super().delete(using, keep_parents)
            due_hosts.settle([self.host_id], using)
        return deleted

    def derive(self) -> list[str]:
        """Set the fields that follow from the URL, and return their names. Creates the row of the host if necessary."""
        self.url_hash = url_hash(self.url)
        self.host, _ = Host.objects.get_or_create(name=host_of(self.url))
        # Once the links of the feed's entries are known, *domain* may become that of the site that the feed names:
        # see url_hosts.site_domain.
        self.domain = self.domain or domain_of(self.url)
        return ["url_hash", "host", "domain"]

    @property
    def display_title(self) -> str:
        """The feed's title, or its domain, or its URL."""
        return self.title or self.domain or self.url

    @property
    def is_private(self) -> bool:
        """Whether the feed has credentials. Then it belongs to one subscriber and is shown on no public page."""
        return bool(self.credentials)

    @property
    def health_label(self) -> str:
        """The state of the feed in words: see `health`."""
        return str(HEALTH[self.health])

    @property
    def health(self) -> str:
        """The state of the feed: "gone", "paused", "idle", "new" (never fetched), "failing" or "ok"."""
        if self.status != self.Status.ACTIVE:
            return self.status
        if self.last_fetch is None:
            return "new"
        return "failing" if self.failures else "ok"
