"""What each page, each published feed and each list of the admin costs with a thousand and with 100,000 feeds.

A figure is the least of several requests to the bundled site, in milliseconds of processor time (PostgreSQL's own
included) and, in parentheses, on the clock. A lifestream of all feeds is read by a visitor, the admin by a superuser
and by an owner of that lifestream.

    uv run --group bench python benchmarks/pages.py
    python scripts/services.py run -- uv run --group bench python benchmarks/pages.py --feeds 1000 100000 --items 10
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from large_site import NOW, processor_time, site
from tables import print_table

PAGE, ADMIN = 100, 300
"""The budgets of a page and of a list of the admin, in milliseconds."""
PAGE_OF_VERY_MANY, VERY_MANY = 200, 10_000_000
"""The budget of a page, in milliseconds, if there are at least `VERY_MANY` items."""


@dataclass(frozen=True)
class Figure:
    """The least processor time and the least wall-clock time, both in milliseconds."""

    cost: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cost:.0f} ({self.wall:.0f})"


def least(work: Callable[[], Any], times: int) -> Figure:
    """Return what *work* costs: the least of *times* runs, or of fewer if they take more than ten seconds."""
    costs, walls = [], []
    for _ in range(times):
        began, clock = processor_time(), time.perf_counter()
        work()
        costs.append(processor_time() - began)
        walls.append(time.perf_counter() - clock)
        if sum(walls) > 10:
            break
    return Figure(min(costs) * 1000, min(walls) * 1000)


def addresses(items: int, feeds: int) -> dict[str, tuple[str, float]]:
    """Return by name the address of each page that visitors read, and its budget."""
    middle = NOW - timedelta(seconds=30 * (items // 2))
    deep = f"{int(middle.timestamp()) * 1_000_000}-{items // 2}"
    oldest = f"{int((NOW - timedelta(seconds=30 * (items - 100))).timestamp()) * 1_000_000}-100"
    pages = {
        "timeline": "",
        "timeline, from the middle": f"?before={deep}",
        "timeline, its oldest posts": f"?before={oldest}",
        "a day": f"{middle:%Y/}{middle.month}/{middle.day}/",
        "an item": f"items/{items // 2}/",
        "sites": "sites/",
        "sites by name": f"sites/?q={_some_word(305)[:4]}",
        "a site": f"sites/{feeds // 2}/",
        "tags": "tags/",
        "a tag of half of all posts": "tags/tag-1/",
        "a tag of one in 2,000": "tags/tag-1500/",
        "a tag of two posts": f"tags/tag-{items.bit_length() - 1}/",
        "search, a word of most": "search/?q=da",
        "search, a word of some": f"search/?q={_some_word(300)}",
        "search, a word of few": f"search/?q={_some_word(15_000)}",
        "search, a word of one": f"search/?q=rare{items // 3}",
        "search, a word of none": "search/?q=nothinghasthis",
        "search, two words": f"search/?q={_some_word(100)}+{_some_word(200)}",
        "search, a beginning": "search/?q=rare1",
        "search, a beginning of most": f"search/?q={_some_word(0)}",
        "search, a beginning of some": f"search/?q={_some_word(300)[:4]}",
        "search, a beginning of few": f"search/?q={_some_word(15_000)[:6]}",
        "search, two beginnings": f"search/?q={_some_word(100)[:4]}+{_some_word(300)[:4]}",
        "search, a phrase": f'search/?q="{_some_word(1)}+{_some_word(2)}"',
        "Atom": "feed.atom",
        "Atom, from the middle": f"feed.atom?before={deep}",
        "RSS": "feed.rss",
        "JSON Feed": "feed.json",
        "Atom of a tag": "tags/tag-1500/feed.atom",
        "Atom of a search": f"search/feed.atom?q={_some_word(300)}",
    }
    budget = PAGE if items < VERY_MANY else PAGE_OF_VERY_MANY
    return {name: (f"/every/{path}", budget) for name, path in pages.items()}


def _some_word(rank: int) -> str:
    from large_site import _word

    return _word(rank)


def admin_lists(feeds: int) -> dict[str, tuple[str, float]]:
    """Return by name the address of each list of the admin, and its budget."""
    names = ("feed", "fetch", "item", "lifestream", "post", "subscription")
    lists = {f"admin: {name}s": f"/admin/lifestream/{name}/" for name in names}
    lists["admin: fetches"] = lists.pop("admin: fetchs")
    lists |= {
        "admin: posts, page 10": "/admin/lifestream/post/?p=9",
        "admin: posts of a lifestream": "/admin/lifestream/post/?lifestream__id__exact=2",
        "admin: hidden posts": "/admin/lifestream/post/?shown=hidden",
        "admin: posts of today": f"/admin/lifestream/post/?date__gte={NOW:%Y-%m-%d}+00:00:00%2B00:00",
        "admin: items of today": f"/admin/lifestream/item/?date__gte={NOW:%Y-%m-%d}+00:00:00%2B00:00",
        "admin: search items": "/admin/lifestream/item/?q=nothinghasthis",
        "admin: search posts": "/admin/lifestream/post/?q=nothinghasthis",
        "admin: search items, a word of most": "/admin/lifestream/item/?q=da",
        "admin: search posts, a word of most": "/admin/lifestream/post/?q=da",
        "admin: search posts, a word of some": f"/admin/lifestream/post/?q={_some_word(300)}",
        "admin: search feeds": "/admin/lifestream/feed/?q=nothinghasthis",
        "admin: failing feeds": "/admin/lifestream/feed/?health=failing",
        "admin: fetches of a feed": f"/admin/lifestream/fetch/?feed__id__exact={feeds // 2}",
        "admin: failed fetches": "/admin/lifestream/fetch/?outcome__exact=failed",
        "admin: fetches without answer": "/admin/lifestream/fetch/?answer=none",
        "admin: fetches of today": f"/admin/lifestream/fetch/?started__gte={NOW:%Y-%m-%d}+00:00:00%2B00:00",
        "admin: a feed": f"/admin/lifestream/feed/{feeds // 2}/change/",
        "admin: a post": "/admin/lifestream/post/5/change/",
        "admin: a subscription": "/admin/lifestream/subscription/5/change/",
        "admin: a new subscription": "/admin/lifestream/subscription/add/",
        "admin: a lifestream": "/admin/lifestream/lifestream/1/change/",
    }
    return {name: (address, ADMIN) for name, address in lists.items()}


def queries() -> dict[str, tuple[Callable[[], Any], float]]:
    """Return by name other work that goes on beside the pages, and its budget."""
    from django.utils import timezone

    from lifestream.models import Feed, Lifestream
    from lifestream.operations.health import health
    from lifestream.refresh import opml
    from lifestream.refresh.icon_finder import find_icons

    every = Lifestream.objects.get(slug="every")
    return {
        "count of what is due": (lambda: Feed.objects.due(timezone.now()).count(), 50),
        "find_icons, nothing to look for": (lambda: find_icons(limit=20, clock=lambda: NOW), 50),
        "the state of the site": (lambda: health(timezone.now()), ADMIN),
        "OPML out": (lambda: sum(map(len, opml.write(every))), float("inf")),
    }


def measure(feeds: int, items: int, times: int, only: str) -> dict[str, tuple[Figure, float]]:
    """Return by name the cost and the budget of everything that has *only* in its name."""
    from django.test import Client

    found: dict[str, tuple[Figure, float]] = {}

    def note(name: str, work: Callable[[], Any], budget: float) -> None:
        if only in name:
            found[name] = least(work, times), budget
            print(name, found[name][0], file=sys.stderr, flush=True)

    def get(client: Client, address: str) -> Callable[[], None]:
        def request() -> None:
            response = client.get(address, headers={"host": "localhost"})
            assert response.status_code == 200, (address, response.status_code)

        return request

    from django.contrib.auth.models import User

    visitor, root, owner = Client(), Client(), Client()
    visitor.get("/every/", headers={"host": "localhost"})  # templates are read
    root.force_login(User.objects.get(username="root"))
    owner_user = User.objects.get(username="owner")
    _allow_everything(owner_user)
    owner.force_login(owner_user)
    root.get("/admin/", headers={"host": "localhost"})
    for name, (address, budget) in addresses(items, feeds).items():
        note(name, get(visitor, address), budget)
    for name, (address, budget) in admin_lists(feeds).items():
        note(name, get(root, address), budget)
        if address.endswith("/") and "change" not in address:
            note(f"{name}, for an owner", get(owner, address), budget)
    for name, (work, budget) in queries().items():
        note(name, work, budget)
    return found


def _allow_everything(user: Any) -> None:
    """Give *user* all permissions of our models."""
    from django.contrib.auth.models import Permission

    user.user_permissions.set(Permission.objects.filter(content_type__app_label="lifestream"))


def main() -> None:
    """Read the command line and run: each size in a process of its own, since Django has one database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    parser.add_argument("--times", type=int, default=3, help="how often each page is requested")
    parser.add_argument("--feeds", type=int, nargs="+", default=[1000, 100_000], help="how many feeds there are")
    parser.add_argument("--items", type=int, default=10, help="how many items each feed has")
    parser.add_argument("--keep", default="", help="a database that stays, and is filled if it is empty")
    parser.add_argument("--only", default="", help="measure only what has this in its name")
    options = parser.parse_args()
    sizes = [200] if options.quick else options.feeds
    if len(sizes) > 1:
        for size in sizes:
            keep = ["--keep", f"{options.keep}_{size}"] if options.keep else []
            arguments = ["--times", options.times, "--feeds", size, "--items", options.items, "--only", options.only]
            subprocess.run([sys.executable, __file__, *map(str, arguments), *keep], check=True)
        return
    with site(options.keep):
        from django.db import connection

        from large_site import fill
        from lifestream.models import Feed

        if not Feed.objects.exists():
            began = time.perf_counter()
            fill(sizes[0], sizes[0] * options.items)
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
        found = measure(sizes[0], sizes[0] * options.items, 1 if options.quick else options.times, options.only)
        title = (
            f"{sizes[0]:,} feeds and {sizes[0] * options.items:,} items on {connection.vendor}, in ms (on the clock)"
        )
        rows = [[f"lifestream, {name}", str(figure)] for name, (figure, _) in found.items()]
        print_table(title, ["", "ms"], rows)
        print()
        over = {name: (figure, budget) for name, (figure, budget) in found.items() if figure.cost > budget}
        for name, (figure, budget) in over.items():
            print(f"NO {name}: at most {budget:g} ms, measured {figure.cost:.0f}")
        print(f"{'NO' if over else 'ok'} {len(found) - len(over)} of {len(found)} are within their budgets")


if __name__ == "__main__":
    main()
