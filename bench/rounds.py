"""Two things measured side by side: short slices by turns, so that a noisy machine disturbs both alike."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

Act = Callable[[], object]


@dataclass(frozen=True)
class Effort:
    """How long is measured."""

    rounds: int
    seconds: float  # of one slice

    def slices(self, first: Act, second: Act) -> list[tuple[float, float]]:
        """Return how often a second each of the two was done, round by round: A B A B ..."""
        for act in (first, second):
            act()
        gc.collect()
        return [(_rate(first, self.seconds), _rate(second, self.seconds)) for _round in range(self.rounds)]


QUICK = Effort(rounds=4, seconds=0.05)
SINGLES = Effort(rounds=75, seconds=0)  # one of each by turns: a pause of the machine spoils few of many ratios
FULL = Effort(rounds=15, seconds=0.5)


def _rate(act: Act, seconds: float) -> float:
    done, start = 0, perf_counter()
    while True:
        act()
        done += 1
        passed = perf_counter() - start
        if passed >= seconds:
            return done / passed
