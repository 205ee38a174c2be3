"""Subscriptions at the hubs of feeds (WebSub)."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lifestream.models.feeds import Feed
from lifestream.models.message_field import MessageField


def make_key() -> str:
    """Return the key that a hub must know to reach this site: 43 characters that nobody can guess and that are allowed
    in a path.
    """
    return secrets.token_urlsafe(32)


class HubSubscription(models.Model):
    """A feed's subscription at its hub. A feed has at most one that is wanted, beside those that are being ended.

    *key* is in the path of the callback that the hub calls. Only this site and the hub know the key. The secret with
    which the hub signs is derived from the key (see `hub_subscriptions`). *next_request* is when the hub is asked
    (again). *attempts* counts how often it was asked since it last confirmed, or since the subscription began to end.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("asked for")
        ACTIVE = "active", _("active")
        DENIED = "denied", _("denied")
        LEAVING = "leaving", _("being given up")

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="hub_subscriptions", verbose_name=_("feed"))
    hub = models.TextField(_("hub"))
    topic = models.TextField(_("topic"))
    key = models.CharField(max_length=64, unique=True, default=make_key, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ASKED)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    next_request = models.DateTimeField(_("next request"), default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_request = models.DateTimeField(_("last request"), null=True, blank=True)
    last_push = models.DateTimeField(_("last push"), null=True, blank=True)
    message = MessageField(_("message"), blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("subscription at a hub")
        verbose_name_plural = _("subscriptions at hubs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["feed"], condition=~Q(state="leaving"), name="lifestream_hub_wanted")
        ]

    def __str__(self) -> str:
        return gettext("{topic} at {hub}").format(topic=self.topic, hub=self.hub)
