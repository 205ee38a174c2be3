"""The template: a fault that breaks nothing, and the class to copy for a new fault.

To write the next fault, copy this file, or copy the class into the family that the fault belongs to.

1. The fault's parameters are fields, with defaults where there is a usual value; `when` is there already.
2. `words` is the fault's directive without its trigger; `parse` must make an equal fault from it.
3. Override the one hook that you need, and leave the others out: `shape` for what a response can express, `apply` for
   the rest: what is sent, in which order, when, and how it ends (the plan, see `messages.send_plan`). `prepare` changes
   the response so that these two can break it.
4. Say where the fault was injected: return `Shaped(response, at)`, or yield one `Injected` step. A fault that does
   neither found nothing to break, and `verify` reports this to the test.
5. Add a line to the family's `KINDS`, with examples; tests and manual take them from there. In `faults/__init__.py`,
   import a new class, and add a new file to the families in `KINDS`.
6. Write its test: the bytes on the wire in `tests/faults/test_faults_wire.py`, what clients make of them in
   `tests/faults/test_faults_clients.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from feedserver.faults.fault import Fault, Layer
from feedserver.faults.kind import plain
from feedserver.faults.places import before_answer
from feedserver.messages.send_plan import Injected, Plan


@dataclass(frozen=True, slots=True)
class Nothing(Fault):
    """Nothing is broken, but the injection is noted: the control in a test that tries one fault after the other."""

    layer: ClassVar[Layer] = Layer.HEAD

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "nothing"

    def apply(self, plan: Plan) -> Plan:
        """Return the unchanged plan with an `Injected` step before the answer."""
        rest = yield from before_answer(plan)
        if rest is not None:
            yield Injected(str(self))
            yield from rest


KINDS = (plain("nothing", Nothing),)
"""The kinds that this file adds to the catalogue."""
