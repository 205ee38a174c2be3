"""Group X: what protects the people who use a reader: TLS whose certificates are checked."""

from __future__ import annotations

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Scenario, Step
from feedserver.check.verdicts import Judgement, Level, Need, Unseen, failed, passed
from feedserver.net.tls import TlsFault

_TLS = frozenset({Need.TLS})
_STEPS = (Step(lambda at: at.feed(3, 2, 1)), Step(lambda at: at.feed(4, 3, 2, 1)))


def _judge_https(seen: Evidence) -> Judgement:
    if any(each.scheme == "https" for each in seen.requests(1)):
        return passed("the feed was read over https")
    requests = seen.requests(0) + seen.requests(1)
    if requests:
        return failed("a request over https", "a request without TLS")
    raise Unseen("no request came over https; perhaps the reader does not trust authorities of the environment")


def _judge_refused(seen: Evidence) -> Judgement:
    requests = seen.requests(0, None) + seen.requests(1, None)
    if requests:
        return failed("no request over a connection that is not trusted", f"{len(requests)} requests were sent")
    seen.expect_polled(1)
    return passed("no request was sent")


def _untrusted(number: str, title: str, fault: TlsFault, rule: str) -> Scenario:
    return Scenario(
        id=number,
        title=title,
        rule=rule,
        source="RFC 9110 §4.3.4; RFC 9525",
        level=Level.MUST,
        steps=_STEPS,
        judge=_judge_refused,
        why="Whoever is between the reader and the server reads along, and puts items of their own into the feed.",
        advice="Leave the checks of your library on, and tell the user what is wrong with the certificate.",
        needs=_TLS,
        depends_on=("X1",),
        tls=fault,
        withheld=True,
    )


SCENARIOS = (
    Scenario(
        id="X1",
        title="A feed over https",
        rule="A feed is served over https by a certificate of an authority that the reader trusts, so it is read.",
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
        "A server's certificate has expired, so no request is sent.",
    ),
    _untrusted(
        "X3",
        "A certificate of another host",
        "wrong host",
        "A server's certificate is for another host, so no request is sent.",
    ),
    _untrusted(
        "X4",
        "A certificate that signs itself",
        "self-signed",
        "A server's certificate is signed by no authority, so no request is sent.",
    ),
)
