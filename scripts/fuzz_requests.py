"""Searches for bytes that feedserver parses differently from h11, or differently when they arrive in pieces.

    uv run scripts/fuzz_requests.py --count 700000 --seed 1

Each input is read whole and in random pieces. The first input with a difference is printed, for the tables in
packages/feedserver/tests/http/test_request_ends.py, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "packages" / "feedserver" / "tests"))

from request_mutations import cut, draw, fault_of


def main() -> int:
    """Search, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="how many inputs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="seed of the random inputs (default: a new one)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 - a search that can be repeated
    for number in range(options.count):
        data = draw(chance)
        pieces = cut(data, chance)
        fault = fault_of(data, pieces)
        if fault:
            print(f"seed {seed}, input {number:,}: {data!r}\ncut into {pieces!r}\n{fault}")
            return 1
    print(f"seed {seed}: {options.count:,} inputs, none at fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
