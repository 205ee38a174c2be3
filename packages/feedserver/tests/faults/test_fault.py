"""A fault that a test defines itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from faulty_answers import raw_answer
from feedserver import FeedServer, Response, Strike, broken
from feedserver.faults import (
    Fault,
    Layer,
    OnRequest,
)
from feedserver.messages.send_plan import (
    Injected,
    Plan,
    Send,
)


@dataclass(frozen=True, slots=True)
class Shout(Fault):
    """A fault that a test defines itself."""

    layer: ClassVar[Layer] = Layer.BODY
    mark: str = "!"

    @property
    def words(self) -> str:
        return f"shout {self.mark}"

    def apply(self, plan: Plan) -> Plan:
        for step in plan:
            if isinstance(step, Send) and step.part == "body":
                yield Injected(str(self))
                yield Send(step.data.upper())
            else:
                yield step


def test_a_test_can_define_its_own_fault(server: FeedServer) -> None:
    server.add("/f", lambda request: broken(Response("quiet"), Shout(when=OnRequest(1))))
    assert raw_answer(server).endswith(b"QUIET")
    assert raw_answer(server).endswith(b"quiet")
    assert [exchange.faults for exchange in server.journal.exchanges] == [(Strike("shout ! on request 1", 0),), ()]
    server.verify()
