"""Which faults are triggered by a request, how they break its answer, and which of them had no effect.

`choose` → `shape` → `break_plan`, between finding a response and sending it. All of it is pure except *missed*, which
is called when a plan ends and a triggered fault was not injected. Two equal faults of a response count as two: each
must be injected, or it is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, cast

from feedserver.messages.argument_types import check_has_run
from feedserver.messages.pacing import RandomDelay
from feedserver.messages.request import Request
from feedserver.messages.response import Response, body_size, sends_body
from feedserver.messages.send_plan import Await, CloseConnection, Injected, Plan, Read, ResetConnection, Step, Wait

if TYPE_CHECKING:  # most servers break no answer, and need not load the faults
    from feedserver.faults.fault import Fault


_ENDS = (Read, CloseConnection, ResetConnection)


@dataclass(frozen=True, slots=True)
class ShapedAnswer:
    """A *response* after all of its faults have shaped it, and the faults that were *injected* so far."""

    response: Response
    injected: tuple[Injected, ...]


def faults_of(response: Response) -> tuple[Fault, ...]:
    """Return the faults of *response*, typed as `Fault`: `Response` accepts no others."""
    return cast("tuple[Fault, ...]", response.faults)


def never_on_first_request(response: Response) -> Fault | None:
    """Return a fault of *response* that its first request never triggers; None if that request may trigger all faults.

    This check is for a response that is given once, to the first request that it answers. A fault with a probability
    counts as one that may be triggered.
    """
    if not response.faults:
        return None
    from feedserver.messages.triggers import FromRequest, OnEvery, OnRequest

    for fault in faults_of(response):
        if isinstance(fault.when, OnRequest | OnEvery | FromRequest) and not fault.when.strikes(1):
            return fault
    return None


def lost_to_login(request: Request, chosen: Response) -> list[Fault]:
    """Return the faults of *chosen*, an answer of a callable, that are lost because *request* lacks the login: it gets
    a 401 in place of *chosen*. Each request to a callable counts, so no later request triggers these faults.
    """
    if not chosen.faults or not must_log_in(request, chosen):
        return []
    from feedserver.messages.triggers import OnRequest

    return [fault for fault in faults_of(chosen) if isinstance(fault.when, OnRequest)]


def must_log_in(request: Request, response: Response) -> bool:
    """Return whether *request* gets a 401 in place of *response*, since it lacks the login."""
    if response.auth is None:
        return False
    from feedserver.http.auth import challenge  # few servers ask for a login

    return challenge(request, response.auth) is not None


def choose(response: Response, number: int) -> Response:
    """Return *response* as the answer to the request with this *number*, prepared by the faults that are triggered.

    The result has only these faults, and a delay in seconds instead of a distribution.
    """
    if isinstance(response.delay, RandomDelay):
        response = response.changed(delay=response.delay.draw(number))
    if not response.faults:
        return response
    triggered = [fault for fault in faults_of(response) if _strikes(fault, number)]
    triggered.sort(key=attrgetter("layer"))
    response = response.changed(faults=tuple(triggered))
    for fault in triggered:
        response = fault.prepare(response)
    return response


def _strikes(fault: Fault, number: int) -> bool:
    strikes = fault.when.strikes(number)
    check_has_run(f"strikes() of {type(fault.when).__qualname__}", strikes)
    return strikes


def shape(request: Request, response: Response) -> ShapedAnswer:
    """Let the faults of *response* change it as a value, before it becomes a plan."""
    injected = []
    for fault in faults_of(response):
        shaped = fault.shape(request, response)
        if shaped is not None:
            part: Literal["head", "body"] = "head" if shaped.response.body is response.body else "body"
            response = shaped.response
            injected.append(Injected(str(fault), shaped.at, part))
    return ShapedAnswer(response, tuple(injected))


def break_plan(plan: Plan, shaped: ShapedAnswer, missed: Callable[[Fault], None]) -> Plan:
    """Let the faults change the plan, and call *missed* with each fault that was not injected when the plan ends."""
    faults = faults_of(shaped.response)
    early = [str(fault) for fault in faults if fault.early]  # these are injected whatever is sent
    plan = chain([step for step in shaped.injected if step.fault not in early], plan)
    for fault in faults:
        plan = fault.apply(plan)
    injected = [step.fault for step in shaped.injected if step.fault in early]
    yield from (step for step in shaped.injected if step.fault in early)
    # Each step is held until the next one is known: once a test has the whole answer, the missed faults are reported.
    held: list[Step] = []
    is_over = False
    try:
        for step in plan:
            if isinstance(step, Injected):
                injected.append(step.fault)
            elif _ends(step):
                is_over = True
                for fault in _without(faults, injected):
                    missed(fault)
            yield from held
            held = [step]
            if isinstance(step, Await):  # the plan has no next step until something is made
                yield step
                held = []
        if not is_over:  # a fault has left out the step that ends the answer
            for fault in _without(faults, injected):
                missed(fault)
        yield from held
    finally:
        if hasattr(plan, "close"):
            plan.close()  # else Python only warns of an exception that a fault's plan raises at its end


def _ends(step: Step) -> bool:
    """Return whether nothing of the answer follows *step*."""
    return isinstance(step, _ENDS) or (isinstance(step, Wait) and step.seconds is None)


def _without(faults: tuple[Fault, ...], injected: list[str]) -> Iterator[Fault]:
    """Yield the *faults* that remain when each is removed as often as it was *injected*."""
    remaining = injected.copy()
    for fault in faults:
        if str(fault) in remaining:
            remaining.remove(str(fault))
        else:
            yield fault


def why_missed(request: Request, response: Response, fault: Fault) -> str:
    """Return a message that names the fault that was not injected, why it was not, and what to do about it."""
    source = response.source or request.path
    size = body_size(response)
    if fault.early:
        why = f"{request} had no body that could still come; send one, or drop the fault"
    elif request.method == "HEAD" and fault.needs_body:
        why = f"the answer to {request} has no body; ask with GET, or break it 'before answer' or 'after headers'"
    elif fault.needs_body and not sends_body(request.method, response.status):
        why = (
            f"the answer to {request} was a {response.status}, which has no body; ask without validators, or break it "
            "'before answer' or 'after headers'"
        )
    else:
        beside = ", or drop the faults that end it first" if len(response.faults) > 1 else ""
        why = (
            f"it has no place in the answer to {request}, a {response.status} of {size:,} bytes over "
            f"HTTP/{request.version}; {fault.remedy}{beside}"
        )
    return f"{source}: the fault '{fault}' was not injected: {why}"
