"""Addresses that an owner has entered on a page, to have their feeds added, and what became of each address."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lifestream.models.lifestreams import Lifestream
from lifestream.models.message_field import MessageField
from lifestream.models.subscriptions import Subscription


class Addition(models.Model):
    """An address to be added to a lifestream. A request only stores it; `refresh.additions` looks for the feed there.

    *url* has no user name and password; these are kept encrypted in *credentials* until the feed is found.
    *reason* says why no feed was added or, if one was, why its content could not be stored.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        LOOKING = "looking", _("being looked at")
        ADDED = "added", _("added")
        FAILED = "failed", _("not added")

    OPEN = (State.WAITING, State.LOOKING)
    """The states in which the feed is still to be looked for."""

    lifestream = models.ForeignKey(
        Lifestream, on_delete=models.CASCADE, related_name="additions", verbose_name=_("lifestream")
    )
    url = models.TextField(_("address"))
    credentials = models.TextField(blank=True, editable=False)  # see storage.credentials
    name = models.TextField(_("name"), blank=True)
    folder = models.TextField(_("folder"), blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    reason = MessageField(_("reason"), blank=True, help_text=_("Why there is no feed to add."))
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("subscription")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("addition")
        verbose_name_plural = _("additions")
        ordering = ["pk"]
        indexes = [models.Index(fields=["state", "id"], name="lifestream_addition_state")]

    def __str__(self) -> str:
        return self.url
