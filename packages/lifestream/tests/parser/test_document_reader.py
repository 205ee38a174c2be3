"""The reader of a document: feedparser is imported only for documents that the strict reader can't read or mend."""

from __future__ import annotations

import subprocess
import sys

import pytest

from programs import PATIENCE

PROGRAM = """
import sys
from lifestream.parser import NotAFeed, parse
try:
    parse(sys.stdin.buffer.read(), {}, "https://feeds.example/")
except NotAFeed:
    pass
print("feedparser" in sys.modules)
"""
ITEM = "<rss version='2.0'><channel><item><title>T&nbsp;</title><guid>1</guid></item></channel></rss>"


@pytest.mark.parametrize(
    ("document", "needs_feedparser"),
    [
        (ITEM.replace("&nbsp;", ""), False),
        (ITEM, False),
        (f"\n<?xml version='1.0'?>{ITEM}", False),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title></feed>', False),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', False),
        ("", False),
        (ITEM.replace("</title>", ""), False),
        (ITEM.replace("<rss version='2.0'>", "<rss version=2.0>"), False),
        ("<html><body>a page</body></html>", True),
    ],
)
def test_feedparser_is_imported_only_for_documents_that_it_reads(document: str, needs_feedparser: bool) -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=document.encode(), capture_output=True, timeout=PATIENCE, check=True)

    assert done.stdout.decode().strip() == str(needs_feedparser)
