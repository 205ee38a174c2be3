"""Feeds in the form of today's sites, whose fields are all compared with the expected values.

Each file in `shapes` is modelled on the feed of a real site. The JSON file beside it has the values that a person
should see, without empty ones.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lifestream.content import item_card
from lifestream.content.sanitizer import Sanitizer
from lifestream.management.readings import json_of
from lifestream.parser import parse
from lifestream.plugins.item_pipeline import prepare
from lifestream.plugins.registry import Registry
from lifestream.refresh.documents import DocumentReading

SHAPES = Path(__file__).parent / "shapes"
REGISTRY = Registry(use_entry_points=False)


def read(path: Path) -> dict[str, Any]:
    """Return what lifestream reads from the file at *path*. The URL gives no hint about the site."""
    url = f"https://feeds.example/{path.name}"
    feed = parse(path.read_bytes(), {}, url)
    plugin = REGISTRY.plugin_for(feed, url)
    prepared = prepare(feed, plugin, Sanitizer())
    found = json.loads(json_of(DocumentReading(path.name, url, prepared)))
    for item, draft in zip(found["items"], prepared.items, strict=True):
        card = asdict(item_card.of(draft))
        item["card"] = {name: card[name] for name in ("kind", "lead", "pictures", "sounds", "films", "files", "player")}
        item["episode"] = asdict(draft.episode) if draft.episode else None
    seen: dict[str, Any] = pruned({**found, "plugin": plugin.name, "capped": prepared.capped})
    return seen


def pruned(value: Any) -> Any:
    """Return *value* without empty members of its dicts."""
    if isinstance(value, dict):
        return {name: part for name, inner in value.items() if (part := pruned(inner)) not in ("", None, [], {}, ())}
    return [pruned(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("path", sorted(SHAPES.glob("*.xml")), ids=lambda path: path.stem)
def test_a_feed_is_read_as_its_site_means_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert read(path) == expected
