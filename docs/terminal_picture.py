"""Makes docs/pictures/serve.png: what a real `feedserver serve` prints for a real client, as a terminal shows it.

python docs/terminal_picture.py
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from feedserver import stop_server

PICTURE = Path(__file__).parent / "pictures" / "serve.png"
ATOM = '<!--\nHeader: ETag: "v1"\n-->\n<feed xmlns="http://www.w3.org/2005/Atom"/>\n'
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #f6f5f2 }}
pre {{ display: inline-block; margin: 24px; padding: 20px 26px; border-radius: 10px; background: #1d1f27;
  color: #d8dae2; font: 15px/1.55 "DejaVu Sans Mono", "Liberation Mono", monospace }}
b {{ color: #8fd694; font-weight: normal }} i {{ color: #f0b26b; font-style: normal }} u {{ color: #8b90a3;
text-decoration: none }}
</style><pre>{lines}</pre>"""


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    feeds = folder / "feeds"
    feeds.mkdir()
    (feeds / "atom.xml").write_text(ATOM, encoding="utf-8")
    (feeds / "typo.xml").write_text("<!--\nStaus: 301\n-->\n", encoding="utf-8")
    command = [sys.executable, "-m", "feedserver", "serve", "feeds"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    if server.stdout is None:
        raise AssertionError("a pipe was asked for")
    base = server.stdout.readline().strip()
    for path, headers in (("atom.xml", {}), ("atom.xml", {"If-None-Match": '"v1"'}), ("atm.xml", {}), ("typo.xml", {})):
        request = urllib.request.Request(f"{base}/{path}", headers=headers)  # noqa: S310 - our own server
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            error.close()
    stop_server(int(base.rpartition(":")[2]))
    rest, _ = server.communicate(timeout=10)
    shutil.rmtree(folder)
    text = [f"<u>$</u> feedserver serve feeds\n<b>{base}</b>"]
    for line in rest.replace(f"{folder}/", "").splitlines():
        shown = html.escape(line)
        text.append(f"<i>{shown}</i>" if line.startswith("    ") else shown)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(device_scale_factor=1.5)
        page.set_content(PAGE.format(lines="\n".join(text)))
        page.locator("pre").screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
