"""Users of the admin, and their actions in it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client


def editor(name: str = "editor") -> User:
    """Return a member of the staff who has all of Django's permissions for lifestream's models."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="lifestream"))
    return user


def act(client: Client, model: str, action: str, *rows: Any) -> str:
    """Run *action* on *rows* of the list of *model*, and return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(f"/admin/lifestream/{model}/", data, follow=True).content.decode()


def listed(client: Client, model: str, query: str = "") -> str:
    response = client.get(f"/admin/lifestream/{model}/{query}")
    assert response.status_code == 200
    return response.content.decode()
