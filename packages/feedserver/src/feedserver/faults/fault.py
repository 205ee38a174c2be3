"""What every fault is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from feedserver.steps import Plan


class Fault(ABC):
    """A way to break an answer, at the layer that it belongs to: body, head, framing, timing or end.

    A subclass is a frozen dataclass, so that a response which holds it stays a value.
    """

    __slots__ = ()

    @abstractmethod
    def apply(self, plan: Plan) -> Plan:
        """Gives the plan that misbehaves, as lazily as *plan* is."""
