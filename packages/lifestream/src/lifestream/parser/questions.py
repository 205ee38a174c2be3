"""The questions by which a document is read. A child process answers them, or `lifestream.testing` in this process.

If only a shipped plugin can be meant, a document takes one question: the child finds the plugin, and prepares the
items. Otherwise it takes two questions. By the first, the child reads the document; then this process chooses the
plugin. If the plugin is shipped, the second has the child prepare the items. If it is one of your own, its hooks run in
this process, and the second has their results cleaned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from lifestream.entry import ParsedFeed
from lifestream.message import from_stored, say
from lifestream.parser import ipc, page_shapes
from lifestream.parser.article import ExtractedArticle
from lifestream.parser.errors import NotAFeed, ParserDied
from lifestream.parser.web_page import MAX_PAGE, Page
from lifestream.plugins.base import FeedPlugin
from lifestream.plugins.item_pipeline import PluginProblem, Prepared, hooked
from lifestream.plugins.registry import PluginError, Registry

Ask: TypeAlias = Callable[[dict[str, Any], bytes], dict[str, Any]]
"""A function that puts a question about a body to the process that reads documents, and returns the answer."""

_Value = TypeVar("_Value")


class Nonsense(ParserDied):
    """The answer fits no question: the process that gave it must not be asked again."""


@dataclass(frozen=True, slots=True)
class DocumentQuestion:
    """A document to read. *shipped* names the shipped plugin for it, and is "" if the child chooses the plugin once the
    document is read, or None if the plugin may be one that is not shipped. *plugin* is the one chosen by its name, or
    None; *problems* say why a chosen one can't be had. *noted* says that the result is to have notes
    on how the document was read (see `reading_notes`). *known* are the digests of entries that need not be cleaned (see
    `entry_digests`).
    """

    body: bytes
    headers: Mapping[str, str]
    url: str
    shipped: str | None
    plugin: FeedPlugin | None
    problems: tuple[PluginProblem, ...]
    noted: bool
    known: str

    def read(self, ask: Ask, registry: Registry, deadline: float) -> Prepared:
        """Return the items of the document, safe to store. Raises `NotAFeed` or `ParserDied`, and what *ask* raises."""
        question = {
            "headers": _reading_headers(self.headers),
            "url": self.url,
            "plugin": self.shipped,
            "deadline": deadline,
        }
        answer = ask({**question, "noted": self.noted, "known": self.known}, self.body)
        capped: tuple[str, ...] = ()
        if "feed" in answer:
            feed, capped = _unpacked(ipc.FEED, answer["feed"]), _unpacked(ipc.MESSAGES, answer.get("capped"))
            answer = ask(self._second_question(feed, registry, deadline), b"")
        if "prepared" in answer:
            prepared = _unpacked(ipc.PREPARED, answer["prepared"])
        elif "not a feed" in answer:
            raise NotAFeed(from_stored(str(answer["not a feed"])))
        else:
            raise _failure(answer)
        if not (self.problems or capped):
            return prepared
        notes = tuple(dict.fromkeys(capped + prepared.capped))
        return replace(prepared, problems=self.problems + prepared.problems, capped=notes)

    def _second_question(self, feed: ParsedFeed, registry: Registry, deadline: float) -> dict[str, Any]:
        """Return the second question to the child, about the *feed* that it has read, now that its plugin is known."""
        plugin = self.plugin or registry.plugin_for(feed, self.url)
        question = {"deadline": deadline, "known": self.known}
        if registry.is_shipped(plugin):
            return question | {"prepare": plugin.name}
        return question | {"clean": ipc.PREPARED.pack(hooked(feed, plugin))}


@dataclass(frozen=True, slots=True)
class WebPage:
    """A web page to read; *most* is how many of its characters are read, from the beginning."""

    body: bytes
    headers: Mapping[str, str]
    url: str
    most: int = MAX_PAGE

    def read(self, ask: Ask, registry: Registry, deadline: float) -> Page:  # noqa: ARG002  as `DocumentQuestion.read`
        """Return what the page names. Raises `ParserDied`, and what *ask* raises."""
        headers = _reading_headers(self.headers, "link")
        question = {"page": True, "headers": headers, "url": self.url, "most": self.most, "deadline": deadline}
        answer = ask(question, self.body)
        if "page" not in answer:
            raise _failure(answer)
        return _unpacked(page_shapes.PAGE, answer["page"])


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """A web page of which the article is wanted."""

    body: bytes
    headers: Mapping[str, str]
    url: str

    def read(self, ask: Ask, registry: Registry, deadline: float) -> ExtractedArticle:  # noqa: ARG002  as `DocumentQuestion.read`
        """Return the article. Raises `ParserDied` with the reason if there is none, and what *ask* raises."""
        question = {"article": True, "headers": _reading_headers(self.headers), "url": self.url, "deadline": deadline}
        answer = ask(question, self.body)
        if "article" not in answer:
            raise _failure(answer)
        return _unpacked(page_shapes.ARTICLE, answer["article"])


def document(
    body: bytes,
    headers: Mapping[str, str],
    url: str,
    plugin: str,
    registry: Registry,
    *,
    noted: bool = False,
    known: str = "",
) -> DocumentQuestion:
    """Return the document *body*, which came with *headers* from *url*, to be read with the plugin named *plugin*, else
    with the one that *registry* has for the feed.
    """
    problems: tuple[PluginProblem, ...] = ()
    chosen: FeedPlugin | None = None
    try:
        chosen = registry.named(plugin) if plugin else None
    except PluginError as error:
        problems = (PluginProblem(plugin, "", "", str(error)),)
    if chosen is None:
        shipped = None if registry.has_own else ""
    else:
        shipped = chosen.name if registry.is_shipped(chosen) else None
    return DocumentQuestion(body, headers, url, shipped, chosen, problems, noted, known)


def _reading_headers(headers: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return those of *headers* that tell how to read a document, and those named *more*, with names in lower case."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: lower[name] for name in ("content-type", "content-language", *more) if name in lower}


def _failure(answer: Mapping[str, Any]) -> ParserDied:
    """Return the error for *answer*, which has no result: with its reason, or `Nonsense` if it gives none."""
    if "failed" in answer:
        return ParserDied(from_stored(str(answer["failed"])))
    return Nonsense(say("reader-nonsense", error="there is neither a result in it nor a reason why there is none"))


def _unpacked(shape: ipc.Shape[_Value], packed: Any) -> _Value:
    try:
        return shape.unpack(packed)
    except ipc.NONSENSE as error:
        raise Nonsense(say("reader-nonsense", error=str(error))) from error
