"""What watches calcium: release sensors, and probes."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.errors import suggest
from rdcalcium.model.base import Name, Part
from rdcalcium.model.names import CALCIUM
from rdcalcium.model.placed_part import PlacedPart
from rdcalcium.model.quantity import LIMITS, Factor, Point, Quantity, Temperature
from rdcalcium.model.reversibility import counted
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.transition import Transition

NONE_RELEASED = "; one that releases nothing says released = []"
MOST_MOLECULES = 1e6  # at a position: 1.7 M in a cube of 100 nm, which binds too fast for steps


class Sensor(PlacedPart):
    """Release sensors of one kind, each a kinetic scheme driven by the calcium at its position."""

    shelf = "sensors"
    own = ("positions", "placement", "binds", "molecules", "vesicles", "fusion")

    positions: tuple[Point, ...] = Field(default=(), min_length=1)
    """Of each sensor: x, y, z; none: those that `placement` gives."""
    binds: bool = False
    """Whether the calcium that a sensor binds is taken from the control volume whose centre is nearest to it, and given
    back when the sensor lets go of it or releases its vesicle. Such a sensor sees the calcium of that control volume;
    others take none away, and see that of their position."""
    molecules: Annotated[float, Quantity("number", gt=0, le=MOST_MOLECULES, hint="a vesicle has tens")] = 1.0
    """That bind at each position as the scheme says, where the sensor binds: several synaptotagmins of one vesicle."""
    scheme: tuple[str, ...]
    """Binding steps such as "X0 + Ca <-> X1 : 5*k_on, k_off" and, one way, fusion: "X5 -> fused : gamma". A site that
    gets another vesicle has a step on from there: "fused -> X0 : k_rep"; rates may depend on the local calcium Ca."""
    released: tuple[str, ...] = ("fused",)
    """States without a vesicle. A one-way step into one of them is a release; a step there and back, as of priming and
    unpriming, is none. Empty: it releases nothing, and its tables have the occupancy of each state."""
    reserve: str | None = None
    """State of vesicles in a reserve that never runs out: whatever comes and goes, it is 1. A step out of it brings as
    many vesicles as its rate says, so that the other states are pools, which hold a number of vesicles, more than one
    of them too; none: a site has one vesicle at most."""
    start: str | dict[str, float] | None = None
    """State that every vesicle begins in, or states with their shares (with a reserve: the mean number of vesicles in
    each); none: what a site has come to at resting calcium, spontaneous release included if vesicles come back, and
    otherwise what those have come to that are still there after long; steps without a way back have not been taken."""

    speed: Factor = 1.0
    """How many times as fast as its rates say it is, all of them alike, such as at another temperature than theirs."""
    measured_at: Temperature | None = None
    """Temperature that its rates are for, speed included: where the model says another one, it is asked whether that is
    meant; none: nothing is asked."""
    vesicles: Annotated[int, Field(ge=1, strict=True)] = 1
    """Sites at each position, each of which is drawn by itself where fusion is stochastic; rates and probabilities are
    those of one."""
    fusion: Literal["deterministic", "stochastic"] = "deterministic"
    """Rates and probabilities alone, or also the time of each fusion, drawn for every site in every trial."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The scheme."""
        return self.scheme

    @model_validator(mode="after")
    def _states(self) -> Self:
        scheme = self.kinetics()
        for what, named in (("released", self.released), ("start", self.shares_at_start())):
            for state in named:
                if state not in scheme.states:
                    raise ValueError(
                        f"sensor {self.name!r}: {what} state {state!r} is not in the scheme; "
                        f"{suggest(state, scheme.states, 'its states')}{NONE_RELEASED if what == 'released' else ''}"
                    )
        if scheme.depends_on_voltage:
            raise ValueError(f"sensor {self.name!r}: the rates of a sensor cannot depend on the voltage V")
        if self.releases and not any(self.fuses(step) for step in scheme.transitions):
            raise ValueError(
                f"sensor {self.name!r}: no step leads one way into a released state ({', '.join(self.released)}); "
                f"fusion is one, such as '{scheme.states[0]} -> {self.released[0]} : gamma'"
            )
        return self

    @model_validator(mode="after")
    def _has_what_fuses(self) -> Self:
        of_vesicles = {
            "fusion": self.fusion == "stochastic",
            "vesicles": self.vesicles > 1,
            "reserve": self.reserve is not None,
        }
        if not self.releases and any(of_vesicles.values()):
            given = " and ".join(key for key, said in of_vesicles.items() if said)
            raise ValueError(
                f"sensor {self.name!r} has no released state, so that no vesicle of it can fuse; leave {given} out, or "
                "say which of its states are released"
            )
        return self

    @model_validator(mode="after")
    def _shares(self) -> Self:
        shares = self.shares_at_start().values()
        if self.reserve is not None:
            return self._pools(self.reserve)
        if shares and not (min(shares) >= 0 and math.isclose(sum(shares), 1.0, abs_tol=1e-9)):
            raise ValueError(
                f"sensor {self.name!r}: the shares of start are {', '.join(f'{s:g}' for s in shares)}; "
                "they must not be negative, and add up to 1"
            )
        return self

    def _pools(self, reserve: str) -> Self:
        """Pools are filled from the reserve, lose vesicles again, and hold no calcium of the cytosol."""
        scheme = self.kinetics()
        if reserve not in scheme.states:
            raise ValueError(
                f"sensor {self.name!r}: the reserve {reserve!r} is not in the scheme; "
                f"{suggest(reserve, scheme.states, 'its states')}"
            )
        start, most = self.shares_at_start(), LIMITS["number"].most
        if not all(0 <= number <= most for number in start.values()):
            raise ValueError(
                f"sensor {self.name!r}: the numbers of vesicles in start are "
                f"{', '.join(f'{n:g}' for n in start.values())}; they must not be negative, nor more than {most:g}"
            )
        if (held := start.get(reserve, 1.0)) != 1:
            raise ValueError(
                f"sensor {self.name!r} starts with {held:g} in its reserve {reserve!r}, which is 1 whatever comes and "
                "goes; leave it out, or change the rates out of it"
            )
        if not start and not _come_and_go(scheme, reserve):
            raise ValueError(
                f"sensor {self.name!r}: no vesicle goes from {reserve!r} to {scheme.states[0]!r} and back, so that "
                "the pools have no rest; let a step lead there, or say start"
            )
        if self.binds:
            raise ValueError(
                f"sensor {self.name!r} has pools, whose vesicles bring no calcium of the cytosol with them; "
                "leave binds or reserve out"
            )
        return self

    @model_validator(mode="after")
    def _has_what_binds(self) -> Self:
        if self.molecules != 1 and not self.binds:
            raise ValueError(
                f"sensor {self.name!r} has {self.molecules:g} molecules that take no calcium away; "
                "say binds = true, or leave molecules out"
            )
        if self.binds and not any(self.bound_calcium().values()):
            raise ValueError(
                f"sensor {self.name!r} has no step that binds calcium, such as 'X0 + Ca <-> X1 : k_on, k_off'; "
                "leave binds out"
            )
        return self

    def bound_calcium(self) -> dict[str, int]:
        """How many ions a molecule holds in each state. With fusion it lets go of all of them."""
        scheme = self.kinetics()
        kept = [step for step in scheme.transitions if not self.fuses(step)]
        return counted(scheme.states, kept, CALCIUM)

    def fuses(self, step: Transition) -> bool:
        """Whether a step releases a vesicle: it leads one way into a released state.

        A step there and back is how a vesicle comes to an empty site and leaves it again, and releases nothing.
        """
        return step.backward is None and self._leads_out(step.source, step.target)

    def _leads_out(self, source: str, target: str) -> bool:
        return source not in self.released and target in self.released

    @property
    def releases(self) -> bool:
        """Whether it releases vesicles; else calcium binds to it, and no more is said of it."""
        return bool(self.released)

    @property
    def refills(self) -> bool:
        """Whether a site that has released its vesicle gets another one."""
        steps = [(t, t.source, t.target) for t in self.kinetics().transitions]
        steps += [(t, t.target, t.source) for t, _, _ in steps if t.backward is not None]
        return self.reserve is not None or any(self._leads_out(target, source) for _, source, target in steps)

    def shares_at_start(self) -> dict[str, float]:
        """Of all vesicles, by the state that they begin in; none where that is the state of rest."""
        return {self.start: 1.0} if isinstance(self.start, str) else dict(self.start or {})

    def kinetics(self) -> KineticScheme:
        """The sensor as a kinetic scheme."""
        return self.read_scheme().faster(self.speed)

    def labels(self) -> list[str]:
        """A name for each position."""
        if len(self.positions) == 1:
            return [self.name]
        return [f"{self.name} {i + 1}" for i in range(len(self.positions))]


def _come_and_go(scheme: KineticScheme, reserve: str) -> bool:
    """Whether there are ways from the reserve to the first state, and back."""
    ways = [(t.source, t.target) for t in scheme.transitions]
    ways += [(t.target, t.source) for t in scheme.transitions if t.backward is not None]
    first = scheme.states[0]
    return _leads(ways, reserve, first) and _leads(ways, first, reserve)


def _leads(ways: Collection[tuple[str, str]], begin: str, end: str) -> bool:
    """Whether ways lead from one state to another."""
    reached, new = {begin}, {begin}
    while new:
        new = {target for source, target in ways if source in new} - reached
        reached |= new
    return end in reached


class Probe(Part):
    """A point at which free calcium and every buffer are written down, as often as [record] says."""

    name: Name
    """A text without colon, comma, quote, slash, line break or control character, different for each."""
    position: Point
    """x, y, z."""
