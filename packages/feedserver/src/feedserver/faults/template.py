"""The template: copy this file, or this class into the family that it belongs to, and write the next fault.

1. What has to be said of it are fields, with defaults where there is a usual value; `when` is there already.
2. `words` is what a directive calls it, so that reading it gives the same fault again.
3. Take the one hook that you need, and leave the others out: `shape` for what can be said as a response, `apply` for
   what only the plan knows. `prepare` asks for what they rely on.
4. Say where it was injected: `Shaped(response, at)`, or an `Injected` step, once. A fault that says neither found
   nothing to break, and `verify` tells the test.
5. Add a line to the family's `KINDS`, with examples; tests and manual take them up by themselves.
6. Write its test: the bytes on the wire in `tests/test_faults_wire.py`, what clients make of them in
   `tests/test_faults_clients.py`.
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
    """Nothing is broken, and that is noted: the control of a test that tries one fault after the other."""

    layer: ClassVar[Layer] = Layer.HEAD

    @property
    def words(self) -> str:
        """Its name."""
        return "nothing"

    def apply(self, plan: Plan) -> Plan:
        """Pass everything on."""
        rest = yield from before_answer(plan)
        if rest is not None:
            yield Injected(str(self))
            yield from rest


KINDS = (plain("nothing", Nothing),)
"""What this file adds to the catalogue."""
