"""The plan of a training: its phases, how long each of them trains, and the learning rate on the way. It may take several calls."""

from __future__ import annotations

from dataclasses import dataclass

TRUNK = "both"  # the phase that trains on both editions' answers; each edition goes on from its end


@dataclass(frozen=True)
class Phase:
    edition: str
    seconds: float  # of training, starting up not counted


@dataclass
class Place:
    """Where a training stands: in which phase, and which share of it is over."""

    phase: int = 0
    share: float = 0.0


@dataclass(frozen=True)
class Plan:
    phases: tuple[Phase, ...]
    first: float  # of the full rate, at the beginning of the trunk
    last: float  # at its end, and at the beginning of an edition

    @classmethod
    def parse(cls, phases: str, rates: str) -> Plan:
        """From texts like "both:900,instruct:280,thinking:280" and "1,0.4"."""
        parts = [part.split(":") for part in phases.split(",")]
        first, last = map(float, rates.split(","))
        return cls(tuple(Phase(edition, float(seconds)) for edition, seconds in parts), first, last)

    def rate(self, place: Place) -> float:
        """Share of the full learning rate: falling over the trunk, and from there to zero over an edition."""
        if self.phases[place.phase].edition == TRUNK:
            return self.first + (self.last - self.first) * place.share
        return self.last * (1 - place.share)

    def left(self, place: Place) -> float:
        """Seconds of training that are still to come."""
        return (
            sum(phase.seconds for phase in self.phases[place.phase :]) - place.share * self.phases[place.phase].seconds
        )
