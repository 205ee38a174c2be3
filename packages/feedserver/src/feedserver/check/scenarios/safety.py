"""Group X: what protects the people who use a reader: certificates that are checked, links that run no script."""

from __future__ import annotations

from feedserver.check.evidence import Evidence
from feedserver.check.links import has_script, links_of, names_script, runs_script
from feedserver.check.scenario import Scenario, Serve, Step
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Judgement, Level, Need, Unseen, failed, non_strict, passed
from feedserver.feeds import Enclosure, Text
from feedserver.messages.response import Response
from feedserver.net.tls import TlsFault

_TLS = frozenset({Need.TLS})
_DETAILS = frozenset({Need.ITEMS, Need.DETAILS})
_SCRIPT = "JavaScript:alert(4)"
_PAGE = "data:text/html,<script>alert(5)</script>"
_HARMFUL = """\
<p>The text of item 4.</p>
<script>var zqscript = 4;</script>
<p><a href="javascript:alert(4)">A link</a>, <a href="JAVA&#9;SCRIPT:alert(4)">one with a tab in it</a>,
<a href="data:text/html,&lt;script&gt;alert(4)&lt;/script&gt;">a page</a> and
<a href="https://pages.example.org/4.html">a good one</a>.</p>
"""
_STEPS = (Step(lambda at: at.feed(3, 2, 1)), Step(lambda at: at.feed(4, 3, 2, 1)))


def _judge_https(seen: Evidence) -> Judgement:
    if any(each.scheme == "https" for each in seen.requests(1)):
        return passed("the feed was read over https")
    requests = seen.requests(0) + seen.requests(1)
    if requests:
        return failed("a request over https", "a request without TLS")
    raise Unseen("no request came over https; perhaps the reader does not trust authorities of the environment")


def _judge_refused(seen: Evidence) -> Judgement:
    requests = seen.requests(0, None, by_any_method=True) + seen.requests(1, None, by_any_method=True)
    if requests:
        return failed("no request over a connection that is not trusted", f"{len(requests)} requests were sent")
    seen.expect_polled(1)
    return passed("no request was sent")


def _untrusted(scenario_id: str, title: str, fault: TlsFault, rule: str) -> Scenario:
    return Scenario(
        id=scenario_id,
        title=title,
        rule=rule,
        source="RFC 9110 §4.3.4; RFC 9525",
        level=Level.MUST,
        steps=_STEPS,
        judge=_judge_refused,
        why="Anybody between the reader and the server can read the traffic and put other items into the feed.",
        advice="Leave the checks of your library on, and tell the user what is wrong with the certificate.",
        needs=_TLS,
        depends_on=("X1",),
        tls=fault,
        withheld=True,
    )


def _judge_field(seen: Evidence, name: str, *numbers: int) -> Judgement:
    """Return a failure if one of the items *numbers* has a field *name* that runs a script; otherwise *non-strict* if
    one is missing, a pass if all are listed. Raise Unseen if the list does not show this field even of item 3, where it
    is harmless.
    """
    seen.expect_subscribed(3)
    seen.asked(1)
    if not any(row.fields.get(name) for row in seen.rows_of(1, 3)):
        raise Unseen(f"the list does not show the {name} of an item; let it print JSON in lines, with {name}")
    left_out = [number for number in numbers if not seen.has(1, number)]
    for number in numbers:
        for row in seen.rows_of(1, number):
            value = row.fields.get(name, "")
            if runs_script(value) or names_script(value):
                return failed(f"an item whose {name} runs no script", f"item {number} has the {name} {value}")
    if left_out:
        return non_strict(
            f"the item, without its {name}",
            f"no item {' and no item '.join(map(str, left_out))}",
            "nobody can follow the links of a missing item",
        )
    return passed(f"the items are there, and no {name} runs a script")


def _judge_links_of_content(seen: Evidence) -> Judgement:
    """Return a pass if the listed content has no link that runs a script.

    Content that is listed as the feed had it may be cleaned when it is shown, so it is not judged.
    """
    seen.expect_subscribed(3)
    seen.asked(1)
    if not seen.has(1, 4):
        return non_strict("the item, with harmless links", "no item 4", "nobody can follow its links")
    listed = [row.fields.get("content", "") for row in seen.rows_of(1, 4)]
    if not any("text of item 4" in content for content in listed):
        raise Unseen("the list does not show the content of an item; let it print JSON in lines, with content")
    harmful = [link for content in listed for link in links_of(content) if runs_script(link)]
    if not harmful:
        return passed("no link in the content runs a script")
    if any(has_script(content) for content in listed):
        raise Unseen("the list shows content as the feed had it, and not as the reader shows it")
    return failed("content that is cleaned of such links, too", f"content that was cleaned links to {harmful[0]}")


def _bad_links(at: Stage) -> Response:
    return at.feed(at.entry(5, link=_PAGE), at.entry(4, link=_SCRIPT), 3, 2, 1)


def _with_enclosures(script: bool) -> Serve:
    """Return what serves item 3 with an enclosure and, with *script*, item 4 with an enclosure that runs a script."""

    def serve(at: Stage) -> Response:
        good = at.entry(3, enclosures=[Enclosure(at.url("items/3.mp3"), "audio/mpeg", 418)])
        bad = at.entry(4, enclosures=[Enclosure(_SCRIPT, "audio/mpeg", 418)])
        return at.feed(*([bad] if script else []), good, 2, 1)

    return serve


def _bad_content(at: Stage) -> Response:
    return at.feed(at.entry(4, summary=Text(_HARMFUL, "html")), 3, 2, 1)


SCENARIOS = (
    Scenario(
        id="X1",
        title="A feed over https",
        rule="A feed is served over https with a certificate of an authority that the reader trusts: it is read.",
        source="RFC 9110 §4.2.2",
        level=Level.MUST,
        steps=_STEPS,
        judge=_judge_https,
        why="Most feeds are served over https only.",
        advice="Trust the authorities of the system, and those that SSL_CERT_FILE and CURL_CA_BUNDLE name.",
        needs=_TLS,
        tls=True,
    ),
    _untrusted(
        "X2",
        "A certificate that has expired",
        "expired",
        "A server's certificate has expired: no request is sent.",
    ),
    _untrusted(
        "X3",
        "A certificate of another host",
        "wrong host",
        "A server's certificate is for another host: no request is sent.",
    ),
    _untrusted(
        "X4",
        "A certificate that signs itself",
        "self-signed",
        "A server's certificate is signed by no authority: no request is sent.",
    ),
    Scenario(
        id="X5",
        title="An item's link that runs a script",
        rule="Items link to javascript: and data: URLs, which run scripts: the items arrive without these links.",
        source="RFC 4287 §8.2; RFC 3986 §7",
        level=Level.SHOULD,
        steps=(Step(lambda at: at.feed(3, 2, 1)), Step(_bad_links)),
        judge=lambda seen: _judge_field(seen, "link", 4, 5),
        why=(
            "A person who follows the link runs a script of the feed; in a reader that is a web page, the script has "
            "that person's rights."
        ),
        advice="Keep a link only if its scheme is http or https, or one of a short list of yours.",
        needs=_DETAILS,
        depends_on=("I1",),
        withheld=True,
    ),
    Scenario(
        id="X6",
        title="An enclosure that runs a script",
        rule="An item's enclosure is a javascript: URL: the item arrives without it.",
        source="RFC 4287 §8.2; RFC 3986 §7",
        level=Level.SHOULD,
        steps=(Step(_with_enclosures(script=False)), Step(_with_enclosures(script=True))),
        judge=lambda seen: _judge_field(seen, "enclosure", 4),
        why="A reader shows enclosures as links or players, and a person who follows one runs a script of the feed.",
        advice=("Keep an enclosure only if its scheme is http or https, or one of a short list of yours."),
        needs=_DETAILS,
        depends_on=("I1",),
        withheld=True,
    ),
    Scenario(
        id="X7",
        title="Links in content that run a script",
        rule="Content has a script and links of the schemes javascript and data: a reader that takes out the script "
        "takes out those links, too.",
        source="RFC 4287 §8.1; RFC 3986 §7",
        level=Level.MUST,
        steps=(Step(lambda at: at.feed(3, 2, 1)), Step(_bad_content)),
        judge=_judge_links_of_content,
        why=(
            "A person who follows such a link runs a script of the feed; in a reader that is a web page, the script "
            "has that person's rights."
        ),
        advice="Clean content with a library that knows which schemes are allowed in each attribute, such as nh3 or "
        "DOMPurify, not by a list of forbidden schemes: browsers ignore tabs in a scheme, for instance.",
        needs=_DETAILS,
        depends_on=("I1",),
        withheld=True,
    ),
)
