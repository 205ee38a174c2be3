"""Subscriptions at the hubs of feeds (WebSub)."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lifestream.models.feeds import Feed


def make_key() -> str:
    """Return the key that a hub must know to reach us: 43 characters that nobody can guess and that can stand in a
    path.
    """
    return secrets.token_urlsafe(32)


class HubSubscription(models.Model):
    """A feed's subscription at its hub: at most one that is wanted, and those that are being ended.

    *key* stands in the path of the callback that the hub calls. Only the hub knows it; the secret of its signature is
    derived from it (see `hub_subscriptions`). *next_request* is when the hub is asked (again). *attempts* counts how
    often it was asked since it last confirmed.
    """

    class State(models.TextChoices):
        ASKED = "asked", "asked for"
        ACTIVE = "active", "active"
        DENIED = "denied", "denied"
        LEAVING = "leaving", "being given up"

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="hub_subscriptions")
    hub = models.TextField()
    topic = models.TextField()
    key = models.CharField(max_length=64, unique=True, default=make_key, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_request = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    last_request = models.DateTimeField(null=True, blank=True)
    last_push = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["feed"], condition=~Q(state="leaving"), name="lifestream_hub_wanted")
        ]

    def __str__(self) -> str:
        return f"{self.topic} at {self.hub}"
