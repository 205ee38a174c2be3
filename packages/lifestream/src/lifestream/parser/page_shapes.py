"""The shapes (see `ipc`) in which a parser's process sends what it has read of a web page. Feeds need none of them."""

from __future__ import annotations

from typing import Final

from lifestream.parser.article import ExtractedArticle
from lifestream.parser.ipc import NAMES, many, record
from lifestream.parser.web_page import Candidate, Page

PAGE: Final = record(Page, feeds=many(record(Candidate)), icons=NAMES, linked=NAMES)
ARTICLE: Final = record(ExtractedArticle)
