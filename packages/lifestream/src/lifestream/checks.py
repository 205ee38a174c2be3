"""System checks: what is wrong with the settings, each with an id and a hint."""

from __future__ import annotations


def register() -> None:
    """Registers all checks with Django; called once, when the app is ready."""
