"""What the users of a level saw: counted while it runs, figures afterwards."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

# An answer from one of these was not computed for its request.
HIT_TIERS = ("memory", "redis", "duckdb")


@dataclass(slots=True)
class Tally:
    """Answers by tier and failures by kind; a time for each answer, eight bytes of memory."""

    times_ms: array[float] = field(default_factory=lambda: array("d"))
    tiers: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def answered(self, tier: str, milliseconds: float) -> None:
        self.tiers[tier] += 1
        self.times_ms.append(milliseconds)

    def failed(self, kind: str) -> None:
        self.failures[kind] += 1

    @property
    def lost(self) -> int:
        """Requests without the right answer."""
        return self.failures.total()

    @property
    def requests(self) -> int:
        return len(self.times_ms) + self.lost

    def figures(self, seconds: float) -> dict[str, object]:
        """Rates and times of `seconds` of load; a time is None where nothing was answered."""
        answered = len(self.times_ms)
        hits = sum(self.tiers[tier] for tier in HIT_TIERS)
        return {
            "requests": self.requests,
            "success_rate": answered / self.requests if self.requests else None,
            "requests_per_s": round(answered / seconds, 1) if seconds else None,
            **self._times(),
            "hit_rate": round(hits / answered, 5) if answered else None,
            "tiers": dict(self.tiers),
            "failures": dict(self.failures),
        }

    def _times(self) -> dict[str, float | None]:
        names = ("avg_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")
        if not self.times_ms:
            return dict.fromkeys(names)
        times = np.frombuffer(self.times_ms)
        values = [times.mean(), *np.percentile(times, [50, 95, 99]), times.max()]
        return {name: round(float(value), 3) for name, value in zip(names, values, strict=True)}
