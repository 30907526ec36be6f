"""Mechanisms on surfaces as numbers: what each keeps at its sites, and where these are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rdcalcium.model.expression import Expression
from rdcalcium.model.names import CALCIUM, STORE
from rdcalcium.time_course import TimeCourse

# Accounts of the ledger: what has left through a surface, what lies in a store, what the mechanism itself has bound,
# and what has entered through it.
PUMPED, STORED, BOUND, ENTERED = "pumped", "stored", "bound", "entered"
CROSSED = "crossed"  # what has gone into control volumes on the other side, where the ledger finds it anyway
LOOSE = 10.0  # by how many times one straight line may exceed a bound, before several lines take its place
BLOCK = 1.3  # ratio of the levels of calcium at which neighbouring ones of these begin to hold
CLOCK = "clock"  # name of the row that is the time, ms
LEAP = 0.25  # of the range of a function of time, about the most by which it changes within a step
JUMP = 1e-4  # ms, in which a function of time jumps; its rows lie further on
UNJUDGED = 1e30  # scale of a row whose error nobody looks at, and that single precision can hold


@dataclass(frozen=True)
class Row:
    """One number that a mechanism keeps at each of its sites.

    name     by which the rates of the mechanism know it
    rate     of its change, each ms: an expression of Ca (µM), of Ca_store (µM), the rows and the parameters
    start    at rest
    calcium  that one unit of it holds on a site of unit extent, such as 1 µm²; µM µm: what it gains the cytosol loses
    scale    typical size: the absolute tolerance is the relative one times this; UNJUDGED: its error follows that of
             others
    account  where the ledger finds this calcium; none: it holds none
    follows  whether it is the share of a state that holds no calcium and is too fast for steps: patches/following.py
    """

    name: str
    rate: Expression
    start: float = 0.0
    calcium: float = 0.0
    scale: float = UNJUDGED
    account: str = ""
    follows: bool = False


@dataclass(frozen=True)
class Course:
    """A function of time: straight lines between rows, and what the first and last row say beyond them.

    times   (rows,) ms, ascending
    values  (rows,)
    bends   whether a step has to end at each row; otherwise it does where it begins to change, and for each LEAP
    """

    times: np.ndarray
    values: np.ndarray
    bends: bool = False

    @classmethod
    def through(cls, times: np.ndarray, values: np.ndarray, bends: bool = False) -> Course:
        """Through rows of which two may have one time: there it takes a moment for its jump, less than to the next."""
        later = np.append(False, np.diff(times) == 0)
        moment = np.minimum(JUMP, np.append(np.diff(times), np.inf) / 2)
        return cls(times + moment * later, values, bends)

    def at(self, t: np.ndarray | float) -> np.ndarray:
        """At times, ms."""
        return np.interp(t, self.times, self.values)

    def rests(self, begin: float, end: float) -> bool:
        """Whether it stays what it is from one time to another, ms."""
        within = self.values[(self.times > begin) & (self.times < end)]
        return bool(np.ptp(np.concatenate([self.at(np.array([begin, end])), within])) == 0)

    @property
    def stops(self) -> np.ndarray:
        """When a step has to end: a long one would not see what happens within it, ms."""
        if self.bends:
            return self.times
        path = np.append(0.0, np.cumsum(np.abs(np.diff(self.values))))
        passed = np.floor(path / (LEAP * (np.ptp(self.values) or 1.0)))
        onsets = TimeCourse.through(self.times, self.values - self.values[0]).onsets
        return np.union1d(self.times[:-1][np.diff(passed) > 0], onsets)


@dataclass(frozen=True)
class Mechanism:
    """What happens at one site: rows x change by dx/dt = R(Ca, x), and its cytosol loses Σ calcium_r R_r times extent.

    So nothing is lost between the cytosol and the rows, whatever the rates are.

    parameters  numbers for the names in the rates
    store       µM of free calcium in a store for each µM µm³ that its sites hold of the first row; none: no store
    courses     functions of time for names in the rates; with any, the last row is the time, ms
    fluxes      each part of its flux out of the cytosol, µM µm ms⁻¹, by its name; those of the membrane of a store
    states      gates and shares of states, by their names; likewise
    rests       all rows (rows,) at rest in a calcium in µM, where that is not what the rates lead to: those of vesicles
                that have not fused yet; none: it is
    """

    name: str
    rows: tuple[Row, ...]
    parameters: Mapping[str, float]
    store: float | None = None
    courses: Mapping[str, Course] = field(default_factory=dict)
    fluxes: Mapping[str, Expression] = field(default_factory=dict)
    states: Mapping[str, Expression] = field(default_factory=dict)
    rests: Callable[[float], np.ndarray] | None = None

    @cached_property
    def calcium(self) -> np.ndarray:
        """What each row holds, (rows,) µM µm."""
        return np.array([row.calcium for row in self.rows])

    @cached_property
    def following(self) -> np.ndarray:
        """Which rows follow, as indices; their rates are straight lines in all of these."""
        return np.array([i for i, row in enumerate(self.rows) if row.follows], dtype=int)

    def rates(self, calcium: np.ndarray, rows: np.ndarray, stored: float | np.ndarray = 0.0) -> np.ndarray:
        """Rate of change of every row at sites, (rows, sites) each ms; the rest is as in `values`."""
        return self.values([row.rate for row in self.rows], calcium, rows, stored)

    def values(
        self, expressions: Iterable[Expression], calcium: np.ndarray, rows: np.ndarray, stored: float | np.ndarray = 0.0
    ) -> np.ndarray:
        """Expressions of what it knows at sites, (expressions, sites).

        calcium  (sites,) µM
        rows     (rows, sites)
        stored   what all sites hold of the first row, µM µm³
        """
        values: dict[str, float | np.ndarray] = {**self.parameters, CALCIUM: calcium}
        if self.store is not None:
            values[STORE] = self.store * stored
        values |= {name: course.at(rows[-1]) for name, course in self.courses.items()}
        values |= {row.name: now for row, now in zip(self.rows, rows, strict=True)}
        return np.array([np.broadcast_to(one.evaluate(values), calcium.shape) for one in expressions])

    def flux(self, calcium: np.ndarray, rows: np.ndarray, stored: float | np.ndarray = 0.0) -> np.ndarray:
        """Out of the cytosol, (sites,) µM µm ms⁻¹."""
        return self.calcium @ self.rates(calcium, rows, stored)

    @property
    def start(self) -> np.ndarray:
        """Every row at rest, (rows,)."""
        return np.array([row.start for row in self.rows])


@dataclass(frozen=True)
class Patch:
    """A mechanism at its sites, one in each control volume that touches them.

    volumes     (sites,)  control volumes, each once
    extents     (sites,)  how much of it is at each: µm² of surface, µm³ of cytosol where it is everywhere, µM µm³ of
                molecules, or µM µm³ that enter with each pA ms through a channel
    weights     (sites,)  extent over volume, µm⁻¹ of a surface
    everywhere  whether it is in all of the cytosol alike, by volume
    beyond      (sites,)  control volumes on the other side of the membrane, whose calcium rates know as Ca_store; none:
                there are none. Then a control volume may have several sites
    parts       of the terminal, in which its control volumes and those beyond are: 0 the cytosol, 1 the first lumen, …
    """

    mechanism: Mechanism
    volumes: np.ndarray
    extents: np.ndarray
    weights: np.ndarray
    everywhere: bool = False
    beyond: np.ndarray | None = None
    parts: tuple[int, int] = (0, 0)

    @property
    def holds_a_store(self) -> bool:
        """Whether its first row is what lies in a well-mixed store."""
        return self.mechanism.store is not None and self.beyond is None

    @property
    def inside(self) -> bool:
        """Whether it is the side towards a lumen that has control volumes."""
        return self.parts[0] > 0

    def rates(self, calcium: np.ndarray, rows: np.ndarray, beyond: np.ndarray | None = None) -> np.ndarray:
        """Rate of change of every row at every site, (rows, sites) each ms.

        calcium  (sites,) µM
        rows     (rows, sites)
        beyond   (sites,) µM, on the other side of the membrane, if there are control volumes
        """
        return self.mechanism.rates(calcium, rows, float(self.extents @ rows[0]) if beyond is None else beyond)


class Segment(NamedTuple):
    """Where the state keeps one row of a patch behind its fields: `place` says which numbers these are."""

    patch: Patch
    row: Row
    place: slice


@dataclass(frozen=True)
class Stiffness:
    """How a patch reacts to a change, at most, while calcium stays below a level; each (levels,), ascending.

    levels  µM
    radii   ms⁻¹, spectral radius of calcium and the rows of a site
    slopes  µm ms⁻¹, derivative of the flux by calcium
    """

    levels: np.ndarray
    radii: np.ndarray
    slopes: np.ndarray

    def place(self, calcium: float) -> int:
        """Of the level that calcium (µM) stays below."""
        return int(np.searchsorted(self.levels[:-1], calcium))

    def line(self, low: float) -> tuple[float, float]:
        """Spectral radius as a constant (ms⁻¹), up to a low level of calcium (µM), and what each further µM can add."""
        constant, above = float(self.radii[self.place(low)]), self.levels > low
        return constant, float(((self.radii[above] - constant) / self.levels[above]).max(initial=0.0))


def bent(low: float, levels: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """A few lines whose maximum stays above a staircase of bounds, (lines, 2): slope and value at no calcium.

    The bounds hold up to their levels of calcium, the first one from `low` on (µM).

    Each is above those between two ends that differ by BLOCK, and begins at half the lower one; so none is more than
    twice as steep as a line through the origin that is above all of them.
    """
    reached = np.concatenate([[low], levels[:-1]])  # from where each bound holds on
    ends = low * BLOCK ** np.arange(np.log(levels[-1] / low) / np.log(BLOCK) + 1)
    lines = []
    for i, end in enumerate(ends):
        inside = (reached >= end) & (reached < end * BLOCK)
        begins = end / 2 if i else 0.0
        slope = float((bounds[inside] / (reached[inside] - begins)).max(initial=0.0))
        lines.append((slope, -slope * begins))
    return np.array(lines)


@dataclass(frozen=True)
class Patches:
    """All patches of a system.

    Their rows follow each other behind the fields of a state: one row of all sites, the next row, the next patch.

    stiffnesses  of each
    """

    patches: tuple[Patch, ...] = ()
    stiffnesses: tuple[Stiffness, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.patches)

    def stiffness(self, low: float) -> tuple[float, np.ndarray]:
        """What they add to the spectral radius of the Jacobian: a constant (ms⁻¹), and lines above `low`, (lines, 2).

        The highest of the lines, slope (µM⁻¹ ms⁻¹) times calcium plus offset (ms⁻¹), is added. It is one, unless that
        is LOOSE, as where rates grow with a power of calcium.
        """
        found = [stiffness.line(low) for stiffness in self.stiffnesses]
        constant, slope = (sum((line[part] for line in found), 0.0) for part in (0, 1))
        if not slope:
            return constant, np.zeros((0, 2))
        above = self.stiffnesses[0].levels > low
        levels, radii = self.stiffnesses[0].levels[above], sum(stiffness.radii[above] for stiffness in self.stiffnesses)
        if np.max((constant + slope * levels) / np.maximum(radii, constant)) <= LOOSE:
            return constant, np.array([[slope, 0.0]])
        return constant, bent(low, levels, np.maximum(radii - constant, 0.0))

    @property
    def follow_the_clock(self) -> bool:
        """Whether any of them changes with time by itself."""
        return any(patch.mechanism.courses for patch in self.patches)

    @property
    def have_followers(self) -> bool:
        """Whether any of them has rows that follow."""
        return any(len(patch.mechanism.following) for patch in self.patches)

    @property
    def stops(self) -> np.ndarray:
        """When a step has to end, because something that they follow bends, or changes much, ms, ascending."""
        courses = [course for patch in self.patches for course in patch.mechanism.courses.values()]
        return np.unique(np.concatenate([np.zeros(0), *(course.stops for course in courses)]))

    @property
    def stores(self) -> bool:
        """Whether any of them is the surface of a well-mixed store."""
        return any(patch.holds_a_store for patch in self.patches)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Every row of every patch, in the order of the state."""
        return tuple(self._segments())

    def _segments(self) -> Iterator[Segment]:
        begin = 0
        for patch in self.patches:
            for row in patch.mechanism.rows:
                end = begin + len(patch.volumes)
                yield Segment(patch, row, slice(begin, end))
                begin = end

    @property
    def size(self) -> int:
        """How many numbers a state keeps for them."""
        return self.segments[-1].place.stop if self.segments else 0

    def split(self, values: np.ndarray) -> Iterator[tuple[Patch, np.ndarray]]:
        """Each patch, with its part (rows, sites) of the numbers of a state."""
        begin = 0
        for patch in self.patches:
            shape = (len(patch.mechanism.rows), len(patch.volumes))
            end = begin + shape[0] * shape[1]
            yield patch, values[begin:end].reshape(shape)
            begin = end

    @property
    def start(self) -> np.ndarray:
        """Their numbers at rest, (size,)."""
        values = np.zeros(self.size)
        for _, row, place in self.segments:
            values[place] = row.start
        return values

    @property
    def scales(self) -> np.ndarray:
        """Typical size of each row, (rows,): the absolute tolerance is the relative one times this."""
        return np.array([segment.row.scale for segment in self.segments])
