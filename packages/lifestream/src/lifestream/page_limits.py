"""The fixed limits of the pages, and of the server. `operations.fixed_limits` lists them for operators."""

from __future__ import annotations

from typing import Final

MOST_CONNECTIONS: Final = 256
"""How many connections may be open at once. Each takes a file, and a process may have 1,024 as a rule."""
LONGEST_HEAD: Final = 64 * 1024
"""How many bytes the head of a request may have. Browsers send a few thousand."""
MOST_LINES: Final = 200
"""How many lines the head of a request may have. Browsers and proxies send some thirty."""
LONGEST_FORM: Final = 1024 * 1024
"""How many bytes the fields of a form may have, without uploaded files. The longest page that an owner can write,
50,000 emoji, takes 600 KB in a form. Two megabytes of `%` took a second to decode, before anybody had logged in.
"""
MOST_KEPT: Final = 256 * 1024 * 1024
"""How many bytes the bodies of requests, and the answers that clients have not received yet, may have on all
connections together: they are kept in temporary files.
"""
MOST_GUESSES: Final = 10
"""How many wrong passwords or tokens from one address are compared in a minute."""
MOST_PINNED: Final = 10
"""How many posts of a lifestream can be pinned to its top."""
MOST_TAGS: Final = 500
"""How many tags are listed, the most frequent ones: each post may bring a hundred of its own."""
LARGEST_FEED: Final = 8 * 1024 * 1024
"""How many characters the contents and the files of the posts in a published feed may have together. Forty posts of a
megabyte each made an answer of 80 to 150 MB, and eight of these at once took a gigabyte of memory.
"""
MOST_IN_SITEMAP: Final = 5_000
"""How many lifestreams the sitemap has, and how many of their own pages. A lifestream has two addresses in it, so there
are at most 15,001; sitemaps.org allows 50,000.
"""
