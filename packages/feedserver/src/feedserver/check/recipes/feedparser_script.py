"""A feed reader as many people write it with feedparser: it keeps ETag and Last-Modified, as feedparser's manual shows.

python feedparser_script.py add URL… | poll | list
"""

import json
import sys
from pathlib import Path

import feedparser

STORE = Path.home() / "feeds.json"


def main(command: str, urls: list[str]) -> None:
    """Carry out a command."""
    store = json.loads(STORE.read_text("utf-8")) if STORE.exists() else {}
    if command == "add":
        store |= {url: {"items": {}} for url in urls}
    elif command == "poll":
        for url, feed in store.items():
            try:
                read = feedparser.parse(url, etag=feed.get("etag"), modified=feed.get("modified"))
            except Exception as error:  # noqa: BLE001 - it raises whatever its parts raise
                print(f"{url}: {error}", file=sys.stderr)
                continue
            if read.get("status") == 304:
                continue
            feed["etag"], feed["modified"] = read.get("etag"), read.get("modified")
            for entry in read.entries:
                fields = ("title", "link", "author", "summary", "published")
                feed["items"][entry.get("id") or entry.get("link")] = [entry.get(name) for name in fields]
    elif command == "list":
        for feed in store.values():
            for title, link, author, content, date in feed["items"].values():
                print(json.dumps({"title": title, "link": link, "author": author, "content": content, "date": date}))
    STORE.write_text(json.dumps(store), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
