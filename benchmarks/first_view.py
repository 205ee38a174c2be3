"""What a visitor's browser gets with the first view of a page of the demo, as Lighthouse measures it.

Bytes are those of the compressed bodies without pictures; a style sheet is a request for CSS; a layout shift is
Chromium's own (web.dev/articles/cls), while the page loads and is read at the pace of a person; the first byte is the
least of three requests. The demo has only a few dozen items: what a page costs with a million is measured by
`pages.py`.

    uv run --group bench python benchmarks/first_view.py
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from tables import print_table

BYTES, SHEETS, SHIFT, FIRST_BYTE = 20_480, 1, 0.05, 100.0
"""The bounds: bytes, requests for CSS, layout shift, and milliseconds until the first byte."""
PAGES = {"timeline": "", "search": "search/?q=bird", "sites": "sites/", "a picture": "{picture}", "tags": "tags/"}
SIZES = {"telephone": (390, 844), "tablet": (800, 1100), "desktop": (1280, 900)}

_WATCH = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
_MEASURE = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const parts = performance.getEntriesByType("resource").filter((each) => each.initiatorType !== "img");
  return {
    bytes: parts.reduce((sum, each) => sum + each.encodedBodySize, page.encodedBodySize),
    sheets: parts.filter((each) => /[.]css/.test(each.name)).length,
    wait: page.responseStart - page.requestStart,
  };
}"""


@dataclass(frozen=True)
class View:
    """What one view of a page took: *size* in bytes, requests for CSS, layout shift, and milliseconds to wait."""

    size: int
    sheets: int
    shift: float
    wait: float

    def misses(self) -> list[str]:
        """Return the bounds that it misses, in words."""
        found = {
            f"{self.size} bytes": self.size > BYTES,
            f"{self.sheets} requests for CSS": self.sheets > SHEETS,
            f"a layout shift of {self.shift:.3f}": self.shift > SHIFT,
            f"{self.wait:.0f} ms until the first byte": self.wait > FIRST_BYTE,
        }
        return [words for words, is_missed in found.items() if is_missed]


def view(browser: Browser, address: str, size: tuple[int, int], times: int) -> View:
    """Return what a view of *address* in a window of *size* costs. Its wait is the shortest of *times* views."""
    waits = []
    found: dict[str, int] = {}
    shift = 0.0
    for _ in range(times):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(address, wait_until="networkidle")
        found = page.evaluate(_MEASURE)
        waits.append(float(found["wait"]))
        for _ in range(4):
            page.mouse.wheel(0, size[1] / 2)
            page.wait_for_timeout(250)
        shift = max(shift, float(page.evaluate("window.shifts")))
        context.close()
    return View(found["bytes"], found["sheets"], shift, min(waits))


@contextmanager
def demo() -> Iterator[str]:
    """Run the demo, and give the address of its lifestream."""
    command = [sys.executable, "-m", "lifestream", "demo", "127.0.0.1:0"]
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=own) as process:
        assert process.stdout is not None
        try:
            matches = (re.search(r"is at (http://\S+)/", line) for line in process.stdout)
            yield f"{next(found[1] for found in matches if found)}/demo/"
        finally:
            process.terminate()


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run: one page in one size")
    parser.add_argument("--address", default="", help="http://…/SLUG/ of a lifestream, in place of the demo")
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if chromium is None:
        parser.exit(1, "There is no Chromium on this machine: install one.\n")
    pages = {"timeline": ""} if options.quick else PAGES
    sizes = {"telephone": SIZES["telephone"]} if options.quick else SIZES
    served = nullcontext(options.address) if options.address else demo()
    with served as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        views = {
            f"lifestream, {name}, {size}": view(browser, f"{base}{path}", window, 1 if options.quick else 3)
            for name, path in pages.items()
            for path in [path.format(picture=_a_picture(browser, base)) if "{" in path else path]
            for size, window in sizes.items()
        }
        browser.close()
    rows = [
        [name, f"{each.size:,}", f"{each.sheets}", f"{each.shift:.3f}", f"{each.wait:.0f}"]
        for name, each in views.items()
    ]
    print_table("The first view of a page", ["", "bytes", "requests for CSS", "layout shift", "first byte, ms"], rows)
    print()
    for name, each in views.items():
        for missed in each.misses():
            print(f"NO {name}: {missed}")
    kept = sum(not each.misses() for each in views.values())
    print(f"{'ok' if kept == len(views) else 'NO'} {kept} of {len(views)} are within all bounds")


def _a_picture(browser: Browser, base: str) -> str:
    page = browser.new_page()
    page.goto(f"{base}search/?q=canyon")
    found = re.search(r"items/\d+/", page.content())
    page.close()
    return found[0] if found else ""


if __name__ == "__main__":
    main()
