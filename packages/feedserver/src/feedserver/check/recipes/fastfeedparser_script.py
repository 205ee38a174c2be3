"""A feed reader as people write it with fastfeedparser, which fetches and parses, and keeps no validators.

python fastfeedparser_script.py add URL… | poll | list
"""

import json
import sys
from pathlib import Path

import fastfeedparser

STORE = Path.home() / "feeds.json"


def main(command: str, urls: list[str]) -> None:
    """Carry out a command."""
    store = json.loads(STORE.read_text("utf-8")) if STORE.exists() else {}
    if command == "add":
        store |= {url: {} for url in urls}
    elif command == "poll":
        for url, items in store.items():
            try:
                read = fastfeedparser.parse(url)
            except Exception as error:  # noqa: BLE001 - it raises whatever its parts raise
                print(f"{url}: {error}", file=sys.stderr)
                continue
            for entry in read.entries:
                fields = ("title", "link", "author", "description", "published")
                items[entry.get("id") or entry.get("link")] = [entry.get(name) for name in fields]
    elif command == "list":
        for items in store.values():
            for title, link, author, content, date in items.values():
                print(json.dumps({"title": title, "link": link, "author": author, "content": content, "date": date}))
    STORE.write_text(json.dumps(store), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
