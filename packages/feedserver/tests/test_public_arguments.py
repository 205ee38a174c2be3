"""Each argument of each public call of MODULES is checked at the call: a wrong one is named, with what to give instead.

The tests walk the signatures, so that a new argument is either tried, or left out here with a reason. Each argument is
given an object of a class that is right for none of them; `WRONG` has values that are nearly right.
"""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feedserver import FeedServer, Gate, Headers, Including, Journal, Pattern, Request, Response, faults, feeds
from feedserver.faults import OnRequest, Reset
from feedserver.handler.conditions import ConditionsInput, Criteria
from feedserver.record import record

MODULES = ("", ".encodings", ".faults", ".feeds", ".record", ".strategies")

# What is not tried with wrong arguments here, with the reason.
LEFT_OUT = {
    **dict.fromkeys(("Exchange", "Strike"), "the journal makes it"),
    **dict.fromkeys(("Case", "Decision", "Outcome", "Rule"), "the matrix makes it"),
    **dict.fromkeys(("Recording", "add_parser", "run", "summary"), "the command makes it, and calls it"),
    **dict.fromkeys(("FixtureError", "FixtureWarning"), "the loader raises it"),
    **dict.fromkeys(("NotSeen", "PortTaken", "RecordingError", "VerificationError"), "an exception"),
    **dict.fromkeys(("Carried", "Format", "RenderOptions"), "a row of a table"),
    **dict.fromkeys(("Expectation", "Fault", "When"), "an abstract class"),
    **dict.fromkeys(("LognormalDelay.draw", "UniformDelay.draw"), "fault_injection calls it"),
    **dict.fromkeys(("RequestFilter.matches", "RequestFilter.difference"), "the journal calls it"),
    **dict.fromkeys(("Ended", "Layer"), "an enumeration"),
    **dict.fromkeys((f"{name}.{hook}" for name in faults.__all__ for hook in ("prepare", "shape", "apply")), "a hook"),
    **dict.fromkeys((f"{name}.strikes" for name in faults.__all__), "fault_injection calls it"),
    **dict.fromkeys((f"{name}.location" for name in faults.__all__), "its own `shape` calls it"),
    **dict.fromkeys(
        ("Response.with_headers", "Response.changed"), "for the server's own values, as its docstring says"
    ),
    **dict.fromkeys(("Request.over", "Pattern.match_key", "Journal.near_miss"), "the server calls it"),
    **dict.fromkeys(("ConditionsInput", "Criteria"), "a table of arguments"),
    **dict.fromkeys(("Headers.from_raw", "Headers.get_raw"), "for bytes from the wire, as its docstring says"),
    **dict.fromkeys(("Journal.record", "FeedServer.failed"), "the server calls it"),
    "Feed.render.options": "test_an_option_of_a_document_is_checked gives them",
    "FeedServer.mount.options": "test_an_option_of_a_document_is_checked gives them",
    "LiveFeed.options": "test_an_option_of_a_document_is_checked gives them",
    "LiveFeed.edit.changes": "the fields of an Entry",
    "LiveFeed.change.changes": "the fields of a Feed",
}

ENTRY = feeds.Entry(title="A", id="urn:a")
FEED = feeds.Feed(title="A", entries=[ENTRY])


class Wrong:
    """An object that is right for no argument."""

    def __repr__(self) -> str:
        return "<a wrong one>"


@cache
def receivers() -> dict[str, Any]:
    """Return the objects whose methods are called: a call that is refused changes none of them."""
    server = FeedServer()
    server.site.base_url = "http://127.0.0.1:1"
    return {
        "Clock": server.clock,
        "FeedServer": server,
        "Gate": Gate(),
        "Headers": Headers(),
        "Pattern": Pattern("/<name>"),
        "Journal": Journal(),
        "Feed": FEED,
        "LiveFeed": feeds.LiveFeed(FEED),
    }


NEEDED: dict[str, dict[str, Any]] = {
    "Auth": {"scheme": "Basic", "credentials": "a:b"},
    "Pace": {"bytes": 1, "seconds": 1},
    "Request": {"method": "GET", "target": "/"},
    "lasting": {"answer": Response(), "duration": 1},
    "moved": {"location": "/"},
    "broken": {"response": Response()},
    "touched": {"response": Response()},
    "stop_server": {"port": 1},
    "Category": {"term": "a"},
    "Enclosure": {"url": "a"},
    "Media": {"url": "a"},
    "Person": {"name": "a"},
    "Text": {"value": "a"},
    "Thumbnail": {"url": "a"},
    "LiveFeed": {"feed": FEED},
    "Kind": {"name": "a", "takes": "", "read": faults.parse, "examples": ()},
    "OddHeader": {"twist": "NUL"},
    "Close": {"at": "end"},
    "Reset": {"at": "end"},
    "Stall": {"at": "end"},
    "Forward": {"to": "http://127.0.0.1:1"},
    "LognormalDelay": {"median": 1, "sigma": 1},
    "UniformDelay": {"least": 0, "most": 1},
    "OnEvery": {"number": 1},
    "OnRequest": {"number": 1},
    "FromRequest": {"number": 1},
    "WithProbability": {"probability": 1},
    "Shaped": {"response": Response()},
    "case": {"media_type": "text/xml", "charset": None, "declaration": None, "true_encoding": "utf-8", "bom": False},
    "decide": {"media_type": "text/xml", "charset": None, "data": b""},
    "outcome_of": {"media_type": "text/xml", "charset": None, "data": b""},
    "record": {"url": "http://127.0.0.1:1/", "file": "feed.xml"},
    "documents": {"format": "atom"},
    "FeedServer.add": {"path": "/a"},
    "FeedServer.mount": {"path": "/a", "feed": FEED},
    "Headers.added": {"name": "X-A", "value": "a"},
    "Headers.replaced": {"name": "X-A", "value": "a"},
    "Journal.wait_until": {"predicate": bool, "timeout": 0},
    "LiveFeed.mount": {"server": SimpleNamespace(add=print), "path": "/a"},
    "LiveFeed.edit": {"id": "urn:a"},
    "LiveFeed.move": {"to": "/a"},
}
"""The arguments that a call needs besides the wrong one."""

NAMED_IN_MESSAGES = {
    "root": "root",
    "answers": "add",
    "path": "path",
    "faults": "is no fault",
    "limit": "journal_limit",
    "names": "the name of a header",
    "entries": "entries",
    "media_types": "a media type",
    "patterns": "a pattern of allow",
    "steps": "path",
    "fields": "headers are",
    "text": "",
    "lasting.answer": "the answer of lasting",
    "broken.response": "what broken() is to break",
    "touched.response": "what touched() is to touch",
    "FeedServer.names": "names is",
    "Pattern.text": "a Pattern",
    "FeedServer.fixture.name": "the name of a fixture",
}
"""How the message names an argument if not by its name without a final "s"; "" if the message has only the value."""


def walk() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in MODULES:
        package = importlib.import_module(f"feedserver{module}")
        for name in package.__all__:
            value = getattr(package, name)
            if not callable(value) or name in LEFT_OUT or type(value).__module__ == "typing":
                continue
            yield name, value
            for method, function in inspect.getmembers(value) if inspect.isclass(value) else ():
                bases = (base for base in inspect.getmro(value) if base.__module__.startswith("feedserver"))
                is_own = any(method in vars(base) for base in bases) and not method.startswith("_")
                if is_own and inspect.isroutine(function) and f"{name}.{method}" not in LEFT_OUT:
                    yield f"{name}.{method}", function


@cache
def public_calls() -> dict[str, Callable[..., Any]]:
    return dict(walk())


def public_arguments() -> Iterator[tuple[str, str]]:
    for name, call in public_calls().items():
        for parameter in inspect.signature(call).parameters.values():
            if parameter.name == "criteria":
                yield from ((name, criterion) for criterion in Criteria.__annotations__)
            elif parameter.name == "conditions":
                yield from ((name, condition) for condition in ConditionsInput.__annotations__)
            elif parameter.name != "self" and f"{name}.{parameter.name}" not in LEFT_OUT:
                yield name, parameter.name


ARGUMENTS = list(public_arguments())


def call_of(name: str) -> Callable[..., Any]:
    owner, _, method = name.partition(".")
    call = public_calls()[name]
    is_bound = inspect.ismethod(call)  # a class method
    return getattr(receivers()[owner], method) if method and not is_bound else call


def give(name: str, argument: str, value: object) -> None:
    """Call *name* with *value* as its *argument*, and with the other arguments that it needs."""
    call = call_of(name)
    given: dict[str, Any] = NEEDED.get(name, {}) | {argument: value}
    kinds = {each.name: each.kind for each in inspect.signature(call).parameters.values()}
    kind = kinds.get(argument)  # None: a field of a RequestFilter, or of a ConditionsInput
    if kind is inspect.Parameter.VAR_POSITIONAL:
        first = [given[each] for each, its_kind in kinds.items() if its_kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        call(*first, value)
    elif kind is inspect.Parameter.VAR_KEYWORD:
        raise AssertionError(f"{name}(**{argument}) can't be tried here; add it to LEFT_OUT, with the reason")
    else:
        call(**given)


@pytest.mark.parametrize("name", dict(ARGUMENTS))
def test_a_wrong_argument_is_refused_by_name_and_with_a_remedy(name: str) -> None:
    for argument in (argument for call, argument in ARGUMENTS if call == name):
        with pytest.raises(TypeError) as caught:
            give(name, argument, Wrong())
        message = str(caught.value)
        assert "<a wrong one>" in message, (argument, message)
        assert (
            NAMED_IN_MESSAGES.get(f"{name}.{argument}", NAMED_IN_MESSAGES.get(argument, argument.removesuffix("s")))
            in message
        ), argument
        assert re.search("(; |, |^)(give|pass|write) | (is|takes) (a|an|text|int) ?", message), (argument, message)


def test_more_than_200_arguments_are_tried_and_those_of_every_owner_in_the_table_needed() -> None:
    assert len(ARGUMENTS) > 200
    known = public_calls().keys()
    assert {name.partition(".")[0] for name in NEEDED} <= {name.partition(".")[0] for name in known}


WRONG: list[tuple[str, str, object, str]] = [
    ("FeedServer", "max_body", "3", "max_body is '3'; give a whole number, such as 16777216"),
    ("FeedServer", "max_body", True, "max_body is True; give a whole number"),
    ("FeedServer", "max_body", -1, "max_body is -1; give 0 or more"),
    ("FeedServer", "aliases", "127.0.0.2", "aliases is '127.0.0.2'; give a list of addresses, such as ['127.0.0.2']"),
    ("FeedServer", "aliases", ["127.0.0.2", 5], "an address in aliases is 5; give text, such as '127.0.0.2'"),
    ("FeedServer", "names", "a.example", "names is 'a.example'; give a list of host names, such as ['feeds.example']"),
    ("FeedServer", "names", [5], "a host in names is 5; give text, such as 'feeds.example'"),
    ("FeedServer", "strict", "no", "strict is 'no'; give True or False"),
    ("FeedServer", "follow_links", 0, "follow_links is 0; give True or False"),
    ("FeedServer", "quit", None, "quit is None; give True or False"),
    ("FeedServer", "callable_timeout", None, "callable_timeout is None; give a number of seconds, such as 2.5"),
    ("FeedServer", "callable_timeout", 0, "callable_timeout is 0; give more than 0 seconds"),
    ("FeedServer", "callable_timeout", 1e18, "callable_timeout is 1e+18; give at most 1000000000 seconds"),
    ("FeedServer", "idle_timeout", math.inf, "idle_timeout is inf; give more than 0 seconds"),
    ("FeedServer", "idle_timeout", timedelta(seconds=1), "idle_timeout is datetime.timedelta"),
    ("FeedServer", "bind_timeout", math.nan, "bind_timeout is nan; give 0 or more seconds"),
    ("FeedServer", "port", "8097", "port is '8097'; give a number up to 65535, such as 8097, or 0 for a free one"),
    ("FeedServer", "port", 65536, "port 65536 does not exist; ports go from 1 to 65535, and 0 takes a free one"),
    ("FeedServer", "journal_limit", 0, "journal_limit is 0; give 1 or more"),
    ("FeedServer", "journal_limit", 1.5, "journal_limit is 1.5; give a whole number, such as 1000"),
    ("FeedServer", "root", "", "root is ''; give the path of a folder, such as '.' for this one"),
    ("FeedServer", "root", b"feeds", "root is b'feeds'; give the path of a folder, or None"),
    ("FeedServer", "host", "", "host is ''; give text, such as '127.0.0.1'"),
    ("FeedServer", "tls", "expried", "'expried' is no way to break TLS; there are 'expired', "),
    ("FeedServer", "tls", 1, "tls is 1; give True or False, or a fault of TLS, such as 'expired'"),
    ("FeedServer.url", "scheme", "ftp", "scheme is 'ftp'; give 'http' or 'https' or None"),
    ("FeedServer.allow", "patterns", "", "a pattern of allow() is ''; give text, such as 'nothing answers'"),
    ("FeedServer.allow", "patterns", "(", "a pattern of allow() is '(', no regular expression ("),
    ("FeedServer.wait_for", "count", 0, "count is 0; give 1 or more"),
    ("FeedServer.wait_for", "timeout", 10**10, "timeout is 10000000000; give at most 1000000000 seconds"),
    ("FeedServer.wait_for", "timeout", "5", "timeout is '5'; give a number of seconds, such as 2.5"),
    (
        "FeedServer.wait_for",
        "headers",
        [("A", "b")],
        "headers is [('A', 'b')]; give a mapping, such as {'If-None-Match'",
    ),
    ("FeedServer.assert_requested", "count", "1", "count is '1'; give a whole number, such as 2"),
    ("FeedServer.assert_requested", "count", -1, "count is -1; give 0 or more"),
    ("FeedServer.assert_not_requested", "path", Path("/a"), "path is "),
    ("FeedServer.assert_not_requested", "path", "", "path is ''; give text, such as '/feed'"),
    ("FeedServer.assert_not_requested", "method", b"GET", "method is b'GET'; give text, such as 'GET'"),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"A": b"b"},
        "headers['A'] is b'b'; give the text that it must be, or",
    ),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"A": str.isdigit},
        "headers['A'] is <method 'isdigit' of 'str' obj",
    ),
    ("FeedServer.add", "path", "", "the path that add() was given is ''; give text, such as '/feed'"),
    ("FeedServer.add", "method", "GET ", "the method that add() was given is 'GET ', which no request can have; give"),
    ("FeedServer.assert_not_requested", "method", "GE\nT", "method is 'GE\\nT', which no request can have; give text"),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"User Agent": None},
        "a name in headers is 'User Agent', which no request can have; give text such as 'ETag'",
    ),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"Accept": "text/xml "},
        "headers['Accept'] is 'text/xml ', and no value begins or ends with a blank; give 'text/xml'",
    ),
    (
        "FeedServer.assert_not_requested",
        "json",
        {1: "a", "b": 2},
        "json is {1: 'a', 'b': 2}, which JSON cannot express",
    ),
    (
        "FeedServer.assert_not_requested",
        "json",
        {"a": math.nan},
        "json is {'a': nan}, which JSON cannot express",
    ),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"A": "b\x00c"},
        "headers['A'] is 'b\\x00c', and no value that arrives contains '\\x00'; leave it out",
    ),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"A": "\udcff"},
        "headers['A'] is '\\udcff', and no value that arrives contains '\\udcff'; leave it out",
    ),
    (
        "FeedServer.assert_not_requested",
        "query",
        {"page": []},
        "query['page'] is []; give a list of at least one text, or None for any value",
    ),
    (
        "FeedServer.assert_not_requested",
        "form",
        Including({"page": ()}),
        "form['page'] is (); give a list of at least one text, or None for any value",
    ),
    (
        "FeedServer.assert_not_requested",
        "path",
        "/search?q=a b",
        "path is '/search?q=a b', and no query contains ' '; give '%20' in its place, or the query as query={…}",
    ),
    (
        "FeedServer.assert_not_requested",
        "path",
        "feed://a/b",
        "path is 'feed://a/b', which no request is for; give a path, or a URL of http with its host",
    ),
    (
        "FeedServer.assert_not_requested",
        "path",
        "http://a b/",
        "path is 'http://a b/', which no request is for; give a path, or a URL of http with its host",
    ),
    (
        "FeedServer.assert_not_requested",
        "path",
        "http://blätter.example/",
        "path is 'http://blätter.example/', and clients write such a host in ASCII; give it as 'xn--…' (RFC 5890)",
    ),
    (
        "FeedServer.assert_not_requested",
        "path",
        "/feeds/<name>.xml",
        "path is '/feeds/<name>.xml', text with a placeholder; give Pattern('/feeds/<name>.xml'), or write %3C and %3E",
    ),
    (
        "FeedServer.assert_not_requested",
        "path",
        "/feeds/<int:number>.xml",
        "path is '/feeds/<int:number>.xml', text with a placeholder; give Pattern('/feeds/<number>.xml'), or write",
    ),
    (
        "FeedServer.assert_not_requested",
        "method",
        "connect",
        "method is 'connect', which is always refused with 501; leave it out: verify() reports each CONNECT",
    ),
    (
        "FeedServer.assert_not_requested",
        "headers",
        {"ETag": "a", "etag": "b"},
        "headers has 'ETag' and 'etag', the same name, with 'a' and 'b'; give one of them",
    ),
    ("FeedServer.add", "method", "CONNECT", "the method that add() was given is 'CONNECT', which is always refused"),
    ("FeedServer.add", "path", "http:///a", "the path that add() was given is 'http:///a', which no request is for"),
    ("Journal.filter", "status", "200", "a status is an int, such as 200, not '200'"),
    ("Journal.describe", "last", 0, "last is 0; give 1 or more"),
    ("stop_server", "port", "8097", "port is '8097'; give the number that the server listens on, such as 8097"),
    ("stop_server", "port", 0, "port is 0; give a number from 1 to 65535"),
    ("stop_server", "timeout", 0, "timeout is 0; give more than 0 seconds"),
    ("moved", "status", 200, "the status of moved() is 200, no redirect; give 301, 302, 303, 307 or 308"),
    ("Auth", "scheme", "Digest", "Auth(scheme=…) is 'Digest'; give 'Basic' or 'Bearer'"),
    ("Auth", "credentials", "alice", "Auth(credentials=…) is 'alice'; give 'user:password' for Basic"),
    ("Response", "coding", "brotli", "a coding is 'brotli'; give 'gzip' or 'x-gzip' or "),
    ("Response", "conditional", "of", "conditional is 'of'; give 'rfc' or 'exact' or 'off'"),
    ("Response", "omit", 5, "omit is 5; give a list of names, such as ['Date']"),
    (
        "Response",
        "omit",
        ["Content-Lenght"],
        "'Content-Lenght' is never added, so it cannot be omitted; give 'Content-L",
    ),
    ("Response", "omit", ["Dates"], "'Dates' is never added, so it cannot be omitted; give 'Date'"),
    ("Response", "omit", ["Date "], "a name in omit is 'Date ', which no answer can have; give text such as 'Date'"),
    ("Response", "notes", [("a",)], "('a',) among the notes is no pair; give ('Word', 'text')"),
    (
        "Response",
        "headers",
        {"Location": "/new\n"},
        "the header 'Location' has a line break in its value, '/new\\n'; leave",
    ),
    ("Response", "headers", {"X A": "a"}, "'X A' is no name of a header; to break a head on purpose, take the fault"),
    ("Response", "reason", "OK\r\nX: y", "a reason phrase has a line break in it, 'OK\\r\\nX: y'; leave it out"),
    ("OnRequest", "number", 1.5, "OnRequest(number=…) is 1.5; give a whole number"),
    ("OnRequest", "number", True, "OnRequest(number=…) is True; give a whole number"),
    ("OnEvery", "number", 0, "there is no request 0; they are counted from 1"),
    ("WithProbability", "probability", 10**400, "an int of 1329 bits is no probability; use a number from 0 to 1"),
    ("WithProbability", "probability", math.nan, "nan is no probability; use a number from 0 to 1"),
    ("Reset", "when", "on request 2", "Reset(when=…) is 'on request 2'; give a When"),
    ("SlowBody", "pace", "10 bytes every 20ms", "SlowBody(pace=…) is '10 bytes every 20ms'; give a Pace"),
    ("Bomb", "megabytes", 1.5, "Bomb(megabytes=…) is 1.5; give a whole number"),
    ("RedirectToPort", "port", "22", "RedirectToPort(port=…) is '22'; give a whole number"),
    ("FalseCoding", "coding", " ", "FalseCoding(coding=…) is ' ', which names no coding; give one, such as 'br'"),
    ("FalseCoding", "coding", ",", "FalseCoding(coding=…) is ',', which names no coding; give one, such as 'br'"),
    ("OddHeader", "name", "X A", "'X A' is no name of a header"),
    ("Feed", "skip_hours", [True], "Feed(skip_hours=[…]) takes a sequence of int, not [True]"),
    ("Feed", "ttl", "60", "Feed(ttl=…) is '60'; give a whole number or None"),
    (
        "Podcast",
        "categories",
        [("News", 5)],
        "each of Podcast(categories=[…]) is ('News', 5); give a tuple of which each",
    ),
    ("Episode", "type", "half", "Episode(type=…) is 'half'; give 'full' or 'trailer' or 'bonus' or None"),
    ("LiveFeed.move", "status", "301", "a status is an int, such as 301, not '301'"),
    ("record", "timeout", "5", "timeout is '5'; give a number of seconds, such as 2.5"),
    ("record", "headers", {"A": "b"}, "headers is {'A': 'b'}; give pairs, such as [('Accept', "),
    ("record", "headers", [("A", "b\r\nC: d")], "a pair in headers is no name and value on one line; give ('Accept'"),
    ("record", "keep", "ETag", "keep is 'ETag'; give names, such as ['ETag']"),
]


@pytest.mark.parametrize(("name", "argument", "value", "message"), WRONG)
def test_a_value_that_is_nearly_right_is_refused_too(name: str, argument: str, value: object, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        give(name, argument, value)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("encoding", 5), ("bom", "yes"), ("declaration", 5), ("cdata", "no"), ("media_type", b"text/xml")),
        *(("charset", 5), ("validators", "no")),
    ],
)
def test_an_option_of_a_document_is_checked(option: str, value: object) -> None:
    options: dict[str, Any] = {option: value}
    calls: list[Callable[[], object]] = [
        lambda: FEED.render("rss", **options),
        lambda: feeds.LiveFeed(FEED, "rss", **options),
        lambda: FeedServer().mount("/a", FEED, **options),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=f"the option {option} is .*; give "):
            call()


def test_a_journal_s_listener_is_a_function() -> None:
    with pytest.raises(TypeError, match="listener is 5; give a function that takes an Exchange, or None"):
        Journal().listener = 5  # type: ignore[assignment]


def test_valid_arguments_are_accepted(tmp_path: Path) -> None:
    FeedServer(str(tmp_path), aliases=("127.0.0.2",), idle_timeout=1, max_body=0, journal_limit=1, tls=False)
    FeedServer(tmp_path, aliases=iter(["127.0.0.2"]), port=0, callable_timeout=0.5)
    Request("GET", "/", headers=Headers({"A": "b"}), body=b"a", scheme="https")
    Reset(after=5, when=OnRequest(2))
    feeds.Episode(duration=5, type="full")
    with pytest.raises(Exception, match="no whole answer came"):
        record("http://127.0.0.1:1/", tmp_path / "a.xml", headers=[("Accept", "text/xml"), ("X", "")], keep={"ETag"})
