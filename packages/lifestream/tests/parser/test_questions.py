"""The questions that make a child process read a document, and the handling of its answers."""

from __future__ import annotations

from typing import Any

import pytest

from lifestream.entry import Entry, ParsedFeed
from lifestream.message import say, stored
from lifestream.parser import ipc
from lifestream.parser.errors import NotAFeed, ParserDied
from lifestream.parser.questions import ArticlePage, Nonsense, WebPage, document
from lifestream.parser.web_page import MAX_PAGE
from lifestream.plugins.item_pipeline import PluginProblem, Prepared, hooked
from lifestream.plugins.registry import Registry
from othersite.loud import LoudPlugin
from served import rss

URL = "https://a.example/"
SHIPPED = Registry(use_entry_points=False)
OWN = Registry(["othersite.loud.LoudPlugin"], use_entry_points=False)


class ScriptedChild:
    """Stands for a child process: notes the questions, and gives *answers* one after the other."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.questions: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []

    def __call__(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        self.questions.append(question)
        self.bodies.append(body)
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("registry", "plugin", "shipped"),
    [(SHIPPED, "", ""), (SHIPPED, "github", "github"), (OWN, "", None), (OWN, "github", "github"), (OWN, "loud", None)],
)
def test_a_shipped_plugin_is_named_in_the_question(registry: Registry, plugin: str, shipped: str | None) -> None:
    ask = ScriptedChild({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))})
    document(b"", {}, URL, plugin, registry).read(ask, registry, 1.0)
    assert [question["plugin"] for question in ask.questions] == [shipped]


def test_the_question_about_a_document_has_all_that_the_child_needs() -> None:
    ask = ScriptedChild(*({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))} for _ in range(2)))
    document(b"<rss/>", {"Content-Type": "text/xml"}, URL, "", SHIPPED).read(ask, SHIPPED, 1.5)
    document(b"<rss/>", {}, URL, "", SHIPPED, noted=True, known="digests").read(ask, SHIPPED, 1.5)
    usual = {"headers": {"content-type": "text/xml"}, "url": URL, "plugin": "", "deadline": 1.5}
    assert ask.questions == [
        {**usual, "noted": False, "known": ""},
        {**usual, "headers": {}, "noted": True, "known": "digests"},
    ]
    assert ask.bodies == [b"<rss/>", b"<rss/>"]


def test_the_question_about_a_page_has_all_that_the_child_needs() -> None:
    ask = ScriptedChild({"failed": "it"})
    with pytest.raises(ParserDied, match=r"^it$"):
        WebPage(b"<html>", {"LINK": "</f>", "Cookie": "c"}, URL).read(ask, SHIPPED, 1.5)
    headers = {"link": "</f>"}
    assert ask.questions == [{"page": True, "headers": headers, "url": URL, "most": MAX_PAGE, "deadline": 1.5}]
    assert ask.bodies == [b"<html>"]


def test_the_question_about_an_article_has_all_that_the_child_needs() -> None:
    ask = ScriptedChild({"failed": "it"})
    with pytest.raises(ParserDied, match=r"^it$"):
        ArticlePage(b"<html>", {"Content-Language": "de", "Link": "</f>"}, URL).read(ask, SHIPPED, 1.5)
    assert ask.questions == [{"article": True, "headers": {"content-language": "de"}, "url": URL, "deadline": 1.5}]
    assert ask.bodies == [b"<html>"]


@pytest.mark.parametrize(
    ("plugin", "url", "is_own"),
    [("loud", URL, True), ("", "https://loud.example/feed", True), ("", URL, False)],
    ids=["own, by name", "own, by domain", "shipped"],
)
def test_once_the_plugin_is_known_the_child_prepares_the_feed_or_cleans_what_the_hooks_returned(
    plugin: str, url: str, is_own: bool
) -> None:
    feed, prepared = ParsedFeed(title="T", entries=(Entry(title="One"),)), Prepared(ParsedFeed(title="answer"))
    answer = {"feed": ipc.FEED.pack(feed), "capped": []}
    ask = ScriptedChild(answer, {"prepared": ipc.PREPARED.pack(prepared)})
    read = document(b"<rss/>", {}, url, plugin, OWN, known="digests").read(ask, OWN, 1.5)

    rest = {"clean": ipc.PREPARED.pack(hooked(feed, LoudPlugin()))} if is_own else {"prepare": "generic"}
    assert ask.questions[1] == {"deadline": 1.5, "known": "digests", **rest}
    assert ask.bodies == [b"<rss/>", b""]
    assert read == prepared


def test_what_is_reported_of_the_choice_the_reading_and_the_preparing_comes_together_and_once() -> None:
    problem = PluginProblem("generic", "process", "One", "ValueError: x")
    prepared = Prepared(ParsedFeed(), problems=(problem,), capped=("items", "tags"))
    capped = {"feed": ipc.FEED.pack(ParsedFeed()), "capped": ["entries", "tags"]}
    ask = ScriptedChild(capped, {"prepared": ipc.PREPARED.pack(prepared)})
    read = document(b"", {}, URL, "nonesuch", OWN).read(ask, OWN, 1.0)

    assert [each.plugin for each in read.problems] == ["nonesuch", "generic"]
    assert read.capped == ("entries", "tags", "items")


@pytest.mark.parametrize("key", ["not a feed", "failed"])
def test_a_reason_that_is_a_message_stays_one(key: str) -> None:
    reason = say("reading-too-large", error="MemoryError")
    with pytest.raises((NotAFeed, ParserDied)) as raised:
        document(b"", {}, URL, "", SHIPPED).read(ScriptedChild({key: stored(reason)}), SHIPPED, 1.0)
    assert stored(raised.value.reason) == stored(reason)


def test_an_unknown_plugin_is_a_problem_but_the_document_is_read() -> None:
    ask = ScriptedChild({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))})
    read = document(b"", {}, URL, "nonesuch", SHIPPED).read(ask, SHIPPED, 1.0)
    assert [problem.plugin for problem in read.problems] == ["nonesuch"]


def test_only_headers_that_matter_for_reading_are_passed_on() -> None:
    ask = ScriptedChild({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))})
    headers = {"Content-Type": "text/xml", "Set-Cookie": "secret", "CONTENT-LANGUAGE": "de"}
    document(rss().encode(), headers, URL, "", SHIPPED).read(ask, SHIPPED, 1.0)
    assert ask.questions[0]["headers"] == {"content-type": "text/xml", "content-language": "de"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"not a feed": "it is a page"}, NotAFeed),
        ({"failed": "it took too much memory"}, ParserDied),
        ({"prepared": ["nonsense"]}, Nonsense),
        ({"feed": [], "capped": []}, Nonsense),
        ({}, Nonsense),
        ({"page": 1}, Nonsense),
    ],
)
def test_an_answer_without_a_feed_raises_the_matching_error(answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        document(b"", {}, URL, "", SHIPPED).read(ScriptedChild(answer), SHIPPED, 1.0)
    assert raised.type is error


@pytest.mark.parametrize(("answer", "error"), [({"failed": "it"}, ParserDied), ({"page": 1}, Nonsense), ({}, Nonsense)])
def test_an_answer_without_a_page_raises_the_matching_error(answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        WebPage(b"", {}, URL).read(ScriptedChild(answer), SHIPPED, 1.0)
    assert raised.type is error


@pytest.mark.parametrize(
    ("answer", "error"), [({"failed": "it"}, ParserDied), ({"article": 1}, Nonsense), ({}, Nonsense)]
)
def test_an_answer_without_an_article_raises_the_matching_error(answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        ArticlePage(b"", {}, URL).read(ScriptedChild(answer), SHIPPED, 1.0)
    assert raised.type is error
