"""Comparisons of peers by measurement: interleaved rounds, the medians of values and of ratios, and tables.

A machine that others use at the same time slows down for seconds. So each round runs every peer once, in a new order,
and a ratio is taken within its round, between neighbours in time; the median over the rounds is what is printed.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """The result of one peer in one round: its *value*, the *worst* single measurement, and its *cost* if measured.

    The cost is in microseconds of processor time for each request, or for each test.
    """

    value: float
    worst: float
    cost: float = math.nan


@dataclass(frozen=True)
class Bound:
    """A bound for the figures of *name*: at most, or at least, *limit* times those of *reference*.

    With *of_cost*, the figures that it bounds are the costs, and not the values.
    """

    name: str
    reference: str
    limit: float
    at_least: bool = False
    of_cost: bool = False

    def verdict(self, rounds: Rounds) -> str:
        """Return a line with the bound, what was measured, and whether it holds."""
        if self.name not in rounds.samples or self.reference not in rounds.samples:
            return f"-- {self.name} to {self.reference}: not measured, a peer is missing"
        ratio = (rounds.cost_ratio if self.of_cost else rounds.ratio)(self.name, self.reference)
        holds = ratio >= self.limit if self.at_least else ratio <= self.limit
        wanted = f"at {'least' if self.at_least else 'most'} {self.limit:g} times {self.reference}"
        what = ", processor time" if self.of_cost else ""
        return f"{'ok' if holds else 'NO'} {self.name}{what}: {wanted}, measured {ratio:.2f}"


@dataclass(frozen=True)
class Rounds:
    """The results of every peer, round by round."""

    samples: Mapping[str, Sequence[Sample]]

    def median(self, name: str) -> float:
        """Return the median value of a peer."""
        return statistics.median(sample.value for sample in self.samples[name])

    def worst(self, name: str) -> float:
        """Return the worst single value of a peer."""
        return max(sample.worst for sample in self.samples[name])

    def cost(self, name: str) -> float:
        """Return the median cost of a peer."""
        return statistics.median(sample.cost for sample in self.samples[name])

    def ratio(self, name: str, reference: str) -> float:
        """Return the median of a peer's ratios to *reference*, each taken within a round."""
        return statistics.median(one.value / other.value for one, other in self._pairs(name, reference))

    def cost_ratio(self, name: str, reference: str) -> float:
        """Return the median of the ratios of a peer's cost to that of *reference*, each taken within a round."""
        return statistics.median(one.cost / other.cost for one, other in self._pairs(name, reference))

    def _pairs(self, name: str, reference: str) -> Iterator[tuple[Sample, Sample]]:
        return zip(self.samples[name], self.samples[reference], strict=True)


def interleave(measure: Mapping[str, Callable[[], Sample]], rounds: int) -> Rounds:
    """Run every measurement once per round, in a new order each time."""
    samples: dict[str, list[Sample]] = {name: [] for name in measure}
    for _ in range(rounds):
        for name in random.sample(list(measure), len(measure)):
            samples[name].append(measure[name]())
    return Rounds(samples)


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown: the first column to the left, the others, which are numbers, to the right."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            print(
                "|"
                + "|".join("-" * (width + 1) + ("-" if column == 0 else ":") for column, width in enumerate(widths))
                + "|"
            )


def print_verdicts(rounds: Rounds, bounds: Iterable[Bound]) -> None:
    """Print whether the bounds hold."""
    print()
    for bound in bounds:
        print(bound.verdict(rounds))
