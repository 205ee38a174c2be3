"""When the first byte of a page reaches a browser, from the bundled site with 100,000 feeds and a million items.

The pages are those of `pages.py`, without the published feeds. `lifestream serve` runs as an owner runs it, and
Chromium says how long it waited: from the request to the first byte of the answer, on the clock. A figure is the least
of several views, each in a new context, so that nothing is in the browser's cache.

    python scripts/services.py run -- uv run --group bench python benchmarks/first_byte.py --feeds 100000 --items 10
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from large_site import fill, site
from pages import PAGE, addresses
from tables import print_table

_WAIT = """() => {
  const [page] = performance.getEntriesByType("navigation");
  return page.responseStart - page.requestStart;
}"""


@contextmanager
def served() -> Iterator[str]:
    """Run `lifestream serve` on the database of `site`, and yield the server's address."""
    command = [sys.executable, "-m", "lifestream", "serve", "127.0.0.1:0", "--no-update"]
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", env=own
    ) as process:
        assert process.stdout is not None
        try:
            matches = (re.search(r"(http://127\.0\.0\.1:\d+)", line) for line in process.stdout)
            yield next(found[1] for found in matches if found)
        finally:
            process.terminate()


def wait_of(browser: Browser, address: str, times: int) -> float:
    """Return the least time until the first byte at *address* in milliseconds."""
    waits = []
    for _ in range(times):
        context = browser.new_context()
        page = context.new_page()
        answer = page.goto(address, wait_until="commit")
        assert answer is not None and answer.status == 200, address
        page.wait_for_load_state("domcontentloaded")
        waits.append(float(page.evaluate(_WAIT)))
        context.close()
    return min(waits)


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    parser.add_argument(
        "--times",
        type=int,
        default=12,
        help="how often each page is opened: often, since each thread of the server first connects to the database",
    )
    parser.add_argument("--feeds", type=int, default=100_000, help="how many feeds there are")
    parser.add_argument("--items", type=int, default=10, help="how many items each feed has")
    parser.add_argument("--keep", default="", help="a database that stays, and is filled if it is empty")
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if chromium is None:
        parser.exit(1, "There is no Chromium on this machine: install one.\n")
    feeds = 200 if options.quick else options.feeds
    items = feeds * options.items
    with site(options.keep):
        from django.db import connection

        from lifestream.models import Feed

        if not Feed.objects.exists():
            fill(feeds, items)
        vendor = connection.vendor
        connection.close()
        with served() as base, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium)
            wait_of(browser, f"{base}/every/", 1)  # templates are read
            pages = {name: path for name, (path, _) in addresses(items, feeds).items() if "feed." not in path}
            waits = {
                name: wait_of(browser, f"{base}{path}", 1 if options.quick else options.times)
                for name, path in pages.items()
            }
            browser.close()
    title = f"The first byte with {feeds:,} feeds and {items:,} items on {vendor}, in ms on the clock"
    print_table(title, ["", "ms"], [[f"lifestream, {name}", f"{wait:.0f}"] for name, wait in waits.items()])
    print()
    late = {name: wait for name, wait in waits.items() if wait > PAGE}
    for name, wait in late.items():
        print(f"NO {name}: at most {PAGE} ms, measured {wait:.0f}")
    print(f"{'NO' if late else 'ok'} {len(waits) - len(late)} of {len(waits)} are within {PAGE} ms")


if __name__ == "__main__":
    main()
