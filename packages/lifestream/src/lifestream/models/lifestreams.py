"""Lifestreams: who may read and change them, how they look, and the rules of all their sites."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import connections, models, router, transaction
from django.db.models import Q, QuerySet
from django.dispatch import Signal
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lifestream.content.text_direction import as_row
from lifestream.models.feeds import Feed, lock_feeds, only, readers_left
from lifestream.models.look import Shown, SiteOrder, Theme, validate_accent, validate_language, validate_static_path
from lifestream.wording import worded

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    from lifestream.models.subscriptions import Subscription

LONGEST_DESCRIPTION: Final = 5_000
"""How many characters the description of a lifestream may have, which is in the head of each of its pages."""
RULING: Final = frozenset({"keep_rules", "block_rules"})
"""The fields of a lifestream that decide which posts of all its sites are shown."""

rules_written: Final = Signal()
"""Sent when the rules of lifestreams (*keys*) were written, in the database *using*, within the transaction."""


def make_feed_uri() -> str:
    """Return the id of a new lifestream's feed: a random UUID (RFC 9562, version 4), as a URN."""
    return uuid.uuid4().urn


def validate_rules(text: str) -> None:
    """Raise ValidationError for a line of *text* that is not a valid rule, and for a text that is too long."""
    from lifestream.content import filter_rules  # models are imported by all commands, and few of those look at rules

    MaxLengthValidator(filter_rules.LONGEST_RULES)(text)
    try:
        filter_rules.check(text)
    except filter_rules.RuleError as error:
        raise ValidationError(worded(str(error))) from error


class LifestreamQuerySet(models.QuerySet["Lifestream"]):
    """Querysets of lifestreams."""

    def public(self) -> LifestreamQuerySet:
        """Return the lifestreams that everybody may read."""
        return self.filter(is_public=True)

    def readable_by(self, user: AbstractBaseUser | AnonymousUser) -> LifestreamQuerySet:
        """Return the lifestreams that *user* may read: public ones and their own; all of them for a superuser."""
        if not user.is_authenticated:
            return self.public()
        if getattr(user, "is_superuser", False):
            return self.all()
        return self.filter(Q(is_public=True) | Q(owner=user.pk))

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> LifestreamQuerySet:
        """Return the lifestreams that *user* may change: their own; all of them for a superuser."""
        if getattr(user, "is_superuser", False):
            return self.all()
        return self.filter(owner=user.pk) if user.is_authenticated else self.none()

    def update(self, **kwargs: Any) -> int:
        """Update the lifestreams, as Django does. If their rules are among what is written, the rules are applied."""
        if RULING.isdisjoint(kwargs):
            return super().update(**kwargs)
        with transaction.atomic(using=self.db):
            keys = list(self.order_by().values_list("pk", flat=True))
            _lock_feeds_of(keys, self.db)
            count = super(LifestreamQuerySet, only(self, keys)).update(**kwargs)
            rules_written.send(Lifestream, keys=keys, using=self.db)
        return count

    update.alters_data = True  # type: ignore[attr-defined]  # as Django marks its own

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the lifestreams. Feeds that lose their last subscriber become idle, all at once: see `apps`."""
        with transaction.atomic(using=self.db):
            keys = list(self.order_by().values_list("pk", flat=True))
            chosen = only(self, keys)
            feeds = feeds_of(chosen.order_by(), self.db)
            lock_feeds(list(feeds), self.db)
            # The lifestreams are locked: otherwise another request could add a logo or a page after Django has deleted
            # those that it found.
            if connections[self.db].features.has_select_for_update:
                rows = Lifestream.objects.using(self.db).filter(pk__in=keys).order_by("pk")
                list(rows.select_for_update().values_list("pk"))
            # Another request may have subscribed to more feeds until the lifestreams were locked.
            left = list(feeds.all())
            lock_feeds(left, self.db)
            deleted = super(LifestreamQuerySet, chosen).delete()
            readers_left.send(Feed, feeds=left, using=self.db)
        return deleted

    # Django marks its own method in the same way: a manager must not offer to delete all rows.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Lifestream(models.Model):
    """A timeline: the items of the feeds that it subscribes to. If it has no owner, only superusers change it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="lifestreams",
        verbose_name=_("owner"),
        help_text=_("Who may change it, beside superusers."),
    )
    slug = models.SlugField(
        _("slug"), max_length=100, unique=True, help_text=_("The last part of its address: letters, digits, - and _.")
    )
    title = models.CharField(_("title"), max_length=200, help_text=_("At the head of each page, and in its feeds."))
    tagline = models.CharField(
        _("tagline"), max_length=500, blank=True, help_text=_("One line, beside the timeline and in lists.")
    )
    description = models.TextField(
        _("description"),
        blank=True,
        validators=[MaxLengthValidator(LONGEST_DESCRIPTION)],
        help_text=_("A few sentences, for search engines."),
    )
    language = models.CharField(
        _("language"),
        max_length=20,
        blank=True,
        validators=[validate_language],
        help_text=_("Of the posts that name none, as “de” or “pt-BR”. Empty: the language of the pages."),
    )
    is_public = models.BooleanField(
        _("public"),
        default=True,
        help_text=_("Everybody may read it. Otherwise only its owner and superusers may, after a login."),
    )
    theme = models.CharField(
        _("theme"), max_length=10, blank=True, choices=Theme.choices, help_text=_("Empty: the theme of the site.")
    )
    accent = models.CharField(
        _("accent"),
        max_length=7,
        blank=True,
        validators=[validate_accent],
        help_text=_("The colour of links and marks, as #0b5f8f. In the dark, a lighter shade of it is used."),
    )
    logo = models.CharField(
        _("logo"),
        max_length=500,
        blank=True,
        validators=[validate_static_path],
        help_text=_("A picture among the static files, as “logo.svg”, in place of the title. Empty: the site's."),
    )
    # The digest and the size of the uploaded logo, so that a page need not read its bytes: see models.logos.
    logo_digest = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    logo_width = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    shown = models.CharField(
        _("shown of a post"),
        max_length=10,
        default=Shown.SUMMARY,
        choices=Shown.choices,
        help_text=_("How much of a post the timeline shows. Its own page shows all of it."),
    )
    words = models.PositiveSmallIntegerField(
        _("words of an excerpt"),
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(500)],
        help_text=_("If excerpts are shown."),
    )
    site_order = models.CharField(
        _("order of sites"),
        max_length=10,
        default=SiteOrder.NAME,
        choices=SiteOrder.choices,
        help_text=_("Of the sites beside the timeline. If there are many, those with the latest posts stand there."),
    )
    shows_authors = models.BooleanField(
        _("authors"), default=True, help_text=_("Shows who wrote a post, beside the name of its site.")
    )
    shows_faces = models.BooleanField(
        _("faces"), default=True, db_default=True, help_text=_("Shows the picture of a site beside each of its posts.")
    )
    keep_rules = models.TextField(
        _("keep rules"),
        blank=True,
        validators=[validate_rules],
        help_text=_("For all sites. One a line. If there are any, only what matches is shown."),
    )
    block_rules = models.TextField(
        _("block rules"),
        blank=True,
        validators=[validate_rules],
        help_text=_("For all sites. One a line. What matches is not shown."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # Chosen once; the ids of the feeds of its sites, tags and searches are derived from it: see web.syndication.
    # The database's default is for processes that still run the release before this field.
    feed_uri = models.TextField(_("id of the feed"), default=make_feed_uri, db_default="", editable=False)
    feeds: models.ManyToManyField[Feed, Subscription] = models.ManyToManyField(
        Feed, through="Subscription", related_name="lifestreams", verbose_name=_("feeds")
    )

    objects = LifestreamQuerySet.as_manager()
    _ruled_by: tuple[str, ...] | None = None  # the rules that were read or saved last

    class Meta:
        verbose_name = _("lifestream")
        verbose_name_plural = _("lifestreams")
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(fields=["feed_uri"], condition=~Q(feed_uri=""), name="lifestream_feed_uri"),
        ]

    def __str__(self) -> str:
        return as_row(self.title or self.slug)

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Save the lifestream. If its rules have changed, they are applied in the same transaction."""
        using = options.get("using") or router.db_for_write(type(self), instance=self)
        is_new = self._state.adding
        written = not RULING.isdisjoint(vars(self) if update_fields is None else update_fields)
        rules = self._rules()
        has_new_rules = written and not is_new and (rules is None or rules != self._ruled_by)
        with transaction.atomic(using=using):
            if has_new_rules:
                _lock_feeds_of([self.pk], using)
            super().save(update_fields=update_fields, **options)
            if has_new_rules:
                rules_written.send(Lifestream, keys=[self.pk], using=using)
        if written:
            self._ruled_by = self._rules()

    def clean(self) -> None:
        """Refuse a slug at whose address the site has another page, such as "admin". Raises ValidationError."""
        super().clean()
        try:
            address = reverse("lifestream:timeline", kwargs={"slug": self.slug})
            taken = resolve(address).url_name != "timeline"
        except (NoReverseMatch, Resolver404):
            return  # No slug, or a site without our pages.
        if taken or address.startswith(str(settings.STATIC_URL or " ")):
            message = _("“%(slug)s” is the address of another page of this site; choose another slug.")
            taken_slug = ValidationError(message, params={"slug": self.slug})  # not translated
            raise ValidationError({"slug": taken_slug})  # not translated

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        """Return the lifestream of a row, and remember its rules. *options* are passed by newer versions of Django."""
        lifestream = super().from_db(db, field_names, values, **options)
        lifestream._ruled_by = lifestream._rules()
        return lifestream

    def _rules(self) -> tuple[str, ...] | None:
        """Return the rules, or None if they were not read."""
        known = vars(self)
        return (self.keep_rules, self.block_rules) if known.keys() >= RULING else None

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:  # noqa: ARG002
        """Delete the lifestream, as `LifestreamQuerySet.delete` does."""
        return Lifestream.objects.using(using or self._state.db).filter(pk=self.pk).delete()


def feeds_of(lifestreams: QuerySet[Lifestream] | Collection[int], using: str) -> QuerySet[Feed, int]:
    """Return the keys of the feeds that *lifestreams*, or those with these keys, subscribe to."""
    feeds = Feed.objects.using(using).filter(subscriptions__lifestream__in=lifestreams)
    return feeds.order_by().values_list("pk", flat=True).distinct()


def _lock_feeds_of(lifestreams: Collection[int], using: str) -> None:
    """Lock the feeds of *lifestreams* (keys), whose rules are about to be applied to posts: a transaction that posts
    items, or deletes them, could otherwise wait for this one, and this one for it. SQLite has one writer at a time
    anyway.
    """
    if connections[using].features.has_select_for_update:
        lock_feeds(list(feeds_of(lifestreams, using)), using)
