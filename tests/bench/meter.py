"""How a figure is taken: the median of three rounds, and the line that is printed."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable


class Meter:
    """Prints figures and remembers the limits of this run."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.limits: dict[str, float] = {}

    def rate(self, step: Callable[[], int]) -> float:
        """Units a second: `step` does some work and says how many units it did; three rounds, the median."""
        rounds = []
        for _ in range(3):
            done, started = 0, time.perf_counter()
            while (spent := time.perf_counter() - started) < self.seconds / 3:
                done += step()
            rounds.append(done / spent)
        return statistics.median(rounds)

    def limit(self, name: str, step: Callable[[], int]) -> None:
        """Measures a bound of the machine and prints it."""
        self.limits[name] = self.rate(step)
        self.print(name, self.limits[name], kind="limit")

    def figure(self, name: str, step: Callable[[], int], *, bound: str, **about: object) -> None:
        """Measures a figure of ours and prints it with the bound of this run."""
        self.report(name, self.rate(step), bound=bound, **about)

    def report(self, name: str, rate: float, *, bound: str, **about: object) -> None:
        """Prints a rate that was measured elsewhere in this run."""
        limit = self.limits[bound]
        extra = {"bound": bound, "bound_per_s": round(limit), "ratio": round(rate / limit, 4)}
        self.print(name, rate, kind="figure", **extra, **about)

    def print(self, name: str, rate: float, **about: object) -> None:
        """One JSON line."""
        line = {"name": name, "per_s": round(rate, 1), "cores": os.cpu_count(), **about}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
