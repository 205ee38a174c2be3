"""lemon24/reader with its defaults, by its Python interface.

python lemon24_reader.py add URL… | poll | list
"""

import json
import sys
from pathlib import Path

from reader import make_reader


def main(command: str, urls: list[str]) -> None:
    """Carry out a command."""
    reader = make_reader(str(Path.home() / "reader.sqlite"))
    if command == "add":
        for url in urls:
            reader.add_feed(url)
    elif command == "poll":
        reader.update_feeds()
    elif command == "list":
        for entry in reader.get_entries():
            content = entry.content[0].value if entry.content else entry.summary
            date = entry.published.isoformat() if entry.published else None
            fields = {
                "title": entry.title,
                "link": entry.link,
                "author": entry.author,
                "content": content,
                "date": date,
                "enclosure": " ".join(enclosure.href for enclosure in entry.enclosures),
            }
            print(json.dumps(fields))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
