"""Medians with their spread, of figures and of ratios."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values):
        """The spread of the rounds that have a value; none if there are none."""
        present = [value for value in values if value is not None]
        return cls(statistics.median(present), min(present), max(present)) if present else None

    @classmethod
    def of_ratios(cls, ours, theirs):
        """Ratios are taken within a round, where both met the same machine."""
        pairs = zip(ours, theirs, strict=False)
        return cls.of(mine / other for mine, other in pairs if mine is not None and other)

    def text(self, digits=None):
        """The median, and in brackets the least and the greatest; three figures of it unless told."""
        if digits is None:
            digits = max(0, 2 - len(str(int(abs(self.median)))) + 1) if self.median >= 1 else 2
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f}–{self.greatest:,.{digits}f})"
