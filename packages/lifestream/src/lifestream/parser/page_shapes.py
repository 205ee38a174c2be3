"""The shapes of what is read of web pages, on its way from a parser's process (see `ipc`). Feeds need none of them."""

from __future__ import annotations

from typing import Final

from lifestream.parser.article import Article
from lifestream.parser.ipc import NAMES, many, record
from lifestream.parser.web_page import Candidate, Page

PAGE: Final = record(Page, feeds=many(record(Candidate)), icons=NAMES, linked=NAMES)
ARTICLE: Final = record(Article)
