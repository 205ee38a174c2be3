"""A lifestream whose owner has logged in, and the forms that the owner submits."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from factories import make_lifestream
from lifestream.models import Lifestream


def owned(client: Client, slug: str = "main") -> Lifestream:
    """Return a lifestream whose owner, who is no member of the staff, has logged in with *client*."""
    owner = User.objects.create_user(f"owner of {slug}")
    client.force_login(owner)
    return make_lifestream(slug, owner=owner)


def submitted(client: Client, address: str, **fields: object) -> str:
    """Submit the form at *address* with *fields*. Return the HTML of the page that follows."""
    return client.post(address, fields, follow=True).content.decode()
