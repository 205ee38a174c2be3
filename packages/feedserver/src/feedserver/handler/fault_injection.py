"""Which faults strike an answer, and which had nothing to strike.

`choose` → `shape` → `break_plan`, between finding a response and sending it; all of it is pure but for *missed*, which
is called when a plan ends without a fault that was to break it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter

from feedserver.messages.request import Request
from feedserver.messages.response import Fault, Response, body_size, sends_body
from feedserver.messages.send_plan import Close, Plan, Read, Reset, Step, Struck, Wait
from feedserver.messages.triggers import FromRequest, OnEvery, OnRequest


def never_strikes_first(response: Response) -> Fault | None:
    """Return a fault of *response* that no first request triggers; None where each may strike then.

    A response that is given once is given to the first request that it answers. Chance is not asked.
    """
    for fault in response.faults:
        if isinstance(fault.when, OnRequest | OnEvery | FromRequest) and not fault.when.strikes(1):
            return fault
    return None


def choose(response: Response, number: int) -> Response:
    """Gives the response for the request with this *number*: with the faults that strike it, and ready for them."""
    if not response.faults:
        return response
    chosen = [fault for fault in response.faults if fault.when.strikes(number)]
    response = replace(response, faults=tuple(sorted(chosen, key=attrgetter("layer"))))
    for fault in response.faults:
        response = fault.prepare(response)
    return response


def shape(request: Request, response: Response) -> tuple[Response, tuple[Struck, ...]]:
    """Breaks the response as a value; gives with it what has struck so far."""
    struck = []
    for fault in response.faults:
        shaped = fault.shape(request, response)
        if shaped is not None:
            response = shaped.response
            struck.append(Struck(str(fault), shaped.at))
    return response, tuple(struck)


def break_plan(
    plan: Plan, faults: tuple[Fault, ...], struck: tuple[Struck, ...], missed: Callable[[Fault], None]
) -> Plan:
    """Breaks the plan, and tells of each fault that has not *struck* by its end."""
    for fault in faults:
        plan = fault.apply(plan)
    told = {step.fault for step in struck}
    yield from struck
    held: Step | None = None  # the last bytes wait until it is known what was missed, so that a test can ask at once
    try:
        for step in plan:
            if isinstance(step, Struck):
                told.add(step.fault)
            elif isinstance(step, Read | Close | Reset) or (isinstance(step, Wait) and step.seconds is None):
                for fault in faults:
                    if str(fault) not in told:
                        missed(fault)
            if held is not None:
                yield held
            held = step
        if held is not None:
            yield held
    finally:
        if hasattr(plan, "close"):
            plan.close()  # so that what a fault's plan raises at its end is told; of what it wraps, Python warns


def why_missed(request: Request, response: Response, fault: Fault) -> str:
    """Says of a fault that could not strike: whose it was, and why, and what to do about it."""
    where = response.source or request.path
    size = body_size(response)
    if fault.early:
        why = f"{request} had no body that could still come; send one, or drop the fault"
    elif request.method == "HEAD":
        why = f"the answer to {request} has no body; ask with GET, or strike 'before answer' or 'after headers'"
    elif not sends_body(request.method, response.status):
        why = (
            f"the answer to {request} was a {response.status}, which has no body; ask without validators, or strike "
            "'before answer' or 'after headers'"
        )
    else:
        beside = ", or drop the faults that end it first" if len(response.faults) > 1 else ""
        why = (
            f"it has no place in the answer to {request}, a {response.status} of {size:,} bytes over "
            f"HTTP/{request.version}; use a longer body, or strike earlier{beside}"
        )
    return f"{where}: the fault '{fault}' did not strike: {why}"
