"""The reader of a document: feedparser is imported only for documents that the strict reader can't read or mend."""

from __future__ import annotations

import json
import subprocess
import sys

from programs import PATIENCE

PROGRAM = """
import json
import sys
from lifestream.parser import NotAFeed, parse
for document in json.load(sys.stdin):
    try:
        parse(document.encode(), {}, "https://feeds.example/")
    except NotAFeed:
        pass
    print("feedparser" in sys.modules)
"""
ITEM = "<rss version='2.0'><channel><item><title>T&nbsp;</title><guid>1</guid></item></channel></rss>"
READ_WITHOUT = [
    ITEM.replace("&nbsp;", ""),
    ITEM,
    f"\n<?xml version='1.0'?>{ITEM}",
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title></feed>',
    '{"version": "https://jsonfeed.org/version/1.1", "items": []}',
    "",
    ITEM.replace("</title>", ""),
    ITEM.replace("<rss version='2.0'>", "<rss version=2.0>"),
]


def test_feedparser_is_imported_only_for_documents_that_it_reads() -> None:
    given = json.dumps([*READ_WITHOUT, "<html><body>a page</body></html>"]).encode()
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE, check=True)

    assert done.stdout.decode().split() == ["False"] * len(READ_WITHOUT) + ["True"]
