"""Group Q: what a request has in it, and what it must not have."""

from __future__ import annotations

import re

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Scenario, Step
from feedserver.check.verdicts import Judgement, Level, failed, passed
from feedserver.http import content_codings

_LIBRARY = re.compile(
    r"python(-urllib[23]?|-requests|-httpx|-httplib2|-niquests)?|aiohttp|httpx|niquests|urllib3|pycurl|scrapy|tornado"
    r"|node(\.js|-fetch|-superagent)?|axios|got|needle|undici|deno|bun|dart|dart:io|ruby|faraday|http\.rb|rest-client"
    r"|typhoeus|excon|httparty|httpclient|java[\d._]*|java-http-client|jakarta commons-httpclient|jersey|ahc"
    r"|apache-http(async)?client|okhttp|ktor-client|reactornetty|unirest-java|go-http-client|restsharp|hackney|mint|req"
    r"|reqwest|ureq|attohttpc|guzzlehttp|php|symfony (httpclient|browserkit)|(zend|laminas)_http_client|libwww-perl"
    r"|lwp::\w+|http-tiny|mojolicious|nim-httpclient|luasocket|cpp-httplib|libcurl(-agent)?",
    re.IGNORECASE,
)
"""The products by which libraries name themselves unless a program says who it is."""

_CONTACT = re.compile(r"https?://|\bwww\.|@", re.IGNORECASE)
_STEPS = (Step(lambda at: at.feed(3, 2, 1)), Step(lambda at: at.feed(4, 3, 2, 1)))


def _agents(seen: Evidence) -> list[str]:
    return sorted({each.headers.get("User-Agent", "") for step in (0, 1) for each in seen.asked(step)})


def _judge_agent(seen: Evidence) -> Judgement:
    agents = _agents(seen)
    if len(agents) > 1:
        return failed("the same User-Agent with each request", " and ".join(agents))
    if not agents[0] or _LIBRARY.fullmatch(_product(agents[0])):
        return failed("a User-Agent that names the reader", agents[0] or "none")
    return passed(agents[0])


def _product(agent: str) -> str:
    """Return the name of the first product of a User-Agent (RFC 9110 §10.1.5), without its version or a remark."""
    name = re.split(r"/|\(| - ", agent, maxsplit=1)[0].strip()
    return re.sub(r" v?[0-9]\S*$", "", name)


def _judge_contact(seen: Evidence) -> Judgement:
    agents = _agents(seen)
    if all(_CONTACT.search(agent) for agent in agents):
        return passed(agents[0])
    return failed("a User-Agent with the address of a page or a person", " and ".join(agents) or "none")


def _judge_gzip(seen: Evidence) -> Judgement:
    fields = [each.headers.get("Accept-Encoding") for each in seen.asked(0) + seen.asked(1)]
    refused = [field for field in fields if field is None or not content_codings.accepts(field, "gzip")]
    sent = "no Accept-Encoding" if None in refused else f"Accept-Encoding: {(refused or fields)[-1]}"
    return failed("Accept-Encoding: gzip", sent) if refused else passed(sent)


def _judge_no_cookie(seen: Evidence) -> Judgement:
    seen.asked(0)
    sent = [each.headers["Cookie"] for each in seen.asked(1) if "Cookie" in each.headers]
    return failed("no Cookie", f"Cookie: {sent[0]}") if sent else passed()


def _judge_as_subscribed(seen: Evidence) -> Judgement:
    for exchange in seen.asked(0) + seen.asked(1):
        if "Referer" in exchange.headers:
            return failed("no Referer", f"Referer: {exchange.headers['Referer']}")
        if exchange.query:
            return failed("the address as it was subscribed to", exchange.target)
    return passed()


def _judge_one_request(seen: Evidence) -> Judgement:
    first = seen.requests_of_first_poll(0, by_any_method=True)
    if len(first) <= 1:
        seen.asked(0)
        return passed(f"{len(first)} while subscribing")
    return failed("at most one request of a feed while subscribing", f"{len(first)} requests")


SCENARIOS = (
    Scenario(
        id="Q1",
        title="The User-Agent names the reader",
        rule="Each request has the same User-Agent, and it names the reader, not the library that it uses.",
        source="RFC 9110 §10.1.5",
        level=Level.SHOULD,
        steps=_STEPS,
        judge=_judge_agent,
        why="Servers block the default names of libraries, since robots use them, and readers are blocked with them.",
        advice="Set User-Agent to the reader's name and version, as in `my-reader/1.2 (+https://example.org)`.",
    ),
    Scenario(
        id="Q2",
        title="The User-Agent says whom to ask",
        rule="The User-Agent has the address of a page or of a person, so a server's owner can ask before blocking.",
        source="RFC 9110 §10.1.5",
        level=Level.NICE,
        steps=_STEPS,
        judge=_judge_contact,
        why="A server's owner who sees a mistake has no other way than to block all users of the reader.",
        advice="Add the reader's home page to its User-Agent, as in `my-reader/1.2 (+https://example.org)`.",
    ),
    Scenario(
        id="Q3",
        title="gzip is accepted",
        rule="Each request says that gzip is accepted, so a feed is sent in a fifth of its size.",
        source="RFC 9110 §12.5.3",
        level=Level.SHOULD,
        steps=_STEPS,
        judge=_judge_gzip,
        why="The text of feeds is repetitive: without compression, everybody pays for five times the traffic.",
        advice="Send Accept-Encoding: gzip, and decode the answer; most libraries do both when asked.",
    ),
    Scenario(
        id="Q4",
        title="Cookies are not returned",
        rule="A server sets a cookie: the reader does not return it with the next poll.",
        source="RFC 6265 §5: a user agent may ignore cookies",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, headers={"Set-Cookie": "visitor=1234567; Max-Age=31536000; Path=/"})),
            Step({}),
        ),
        judge=_judge_no_cookie,
        why="A cookie lets a server follow a person from address to address, and keeps shared caches from answering.",
        advice="Switch the cookie jar of your library off.",
    ),
    Scenario(
        id="Q5",
        title="A feed is requested as it was subscribed to",
        rule="A request has the address as it was subscribed to, without a query of the reader's, and no Referer.",
        source="RFC 9110 §10.1.3",
        level=Level.SHOULD,
        steps=_STEPS,
        judge=_judge_as_subscribed,
        why="A query that changes defeats every cache, and a Referer tells others what a person reads.",
        advice="Request the address that the user gave; send no Referer.",
    ),
    Scenario(
        id="Q6",
        title="Subscribing takes one request",
        rule="A feed is added: it is requested at most once for that.",
        source="RFC 9110 §9.2.1",
        level=Level.NICE,
        steps=_STEPS,
        judge=_judge_one_request,
        why="A first request to look and a second to import are twice the work, and some servers limit new readers.",
        advice="Import from the same answer by which you found out that it is a feed.",
    ),
)
