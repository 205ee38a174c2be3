"""The questions that make a child process read a document, and the handling of its answers."""

from __future__ import annotations

from typing import Any

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser import ipc
from lifestream.parser.errors import NotAFeed, ParserDied
from lifestream.parser.questions import ArticlePage, Nonsense, WebPage, document
from lifestream.plugins.item_pipeline import Prepared
from lifestream.plugins.registry import Registry
from served import rss

SHIPPED = Registry(use_entry_points=False)
OWN = Registry(["othersite.loud.LoudPlugin"], use_entry_points=False)


class ScriptedChild:
    """Stands for a child process: notes the questions, and gives *answers* one after the other."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.questions: list[dict[str, Any]] = []

    def __call__(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        self.questions.append(question)
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("registry", "plugin", "shipped"),
    [(SHIPPED, "", ""), (SHIPPED, "github", "github"), (OWN, "", None), (OWN, "github", "github"), (OWN, "loud", None)],
)
def test_a_shipped_plugin_is_named_in_the_question(registry: Registry, plugin: str, shipped: str | None) -> None:
    ask = ScriptedChild({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))})
    document(b"", {}, "https://a.example/", plugin, registry).read(ask, registry, 1.0)
    assert [question["plugin"] for question in ask.questions] == [shipped]


def test_an_unknown_plugin_is_a_problem_but_the_document_is_read() -> None:
    ask = ScriptedChild({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))})
    read = document(b"", {}, "https://a.example/", "nonesuch", SHIPPED).read(ask, SHIPPED, 1.0)
    assert [problem.plugin for problem in read.problems] == ["nonesuch"]


def test_only_headers_that_matter_for_reading_are_passed_on() -> None:
    ask = ScriptedChild({"prepared": ipc.PREPARED.pack(Prepared(ParsedFeed()))})
    headers = {"Content-Type": "text/xml", "Set-Cookie": "secret", "CONTENT-LANGUAGE": "de"}
    document(rss().encode(), headers, "https://a.example/", "", SHIPPED).read(ask, SHIPPED, 1.0)
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
        document(b"", {}, "https://a.example/", "", SHIPPED).read(ScriptedChild(answer), SHIPPED, 1.0)
    assert raised.type is error


@pytest.mark.parametrize(("answer", "error"), [({"failed": "it"}, ParserDied), ({"page": 1}, Nonsense), ({}, Nonsense)])
def test_an_answer_without_a_page_raises_the_matching_error(answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        WebPage(b"", {}, "https://a.example/").read(ScriptedChild(answer), SHIPPED, 1.0)
    assert raised.type is error


@pytest.mark.parametrize(
    ("answer", "error"), [({"failed": "it"}, ParserDied), ({"article": 1}, Nonsense), ({}, Nonsense)]
)
def test_an_answer_without_an_article_raises_the_matching_error(answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        ArticlePage(b"", {}, "https://a.example/").read(ScriptedChild(answer), SHIPPED, 1.0)
    assert raised.type is error
