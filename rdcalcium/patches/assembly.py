"""The rows of a mechanism, put together from transports whose names may be the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.model import KineticScheme
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import CALCIUM, DENSITY, MAGNESIUM, VOLTAGE
from rdcalcium.model.stationary import limiting
from rdcalcium.model.transports import Transport
from rdcalcium.patches.base import BOUND, CLOCK, Course, Row
from rdcalcium.patches.flows import changes, shares
from rdcalcium.patches.following import outruns
from rdcalcium.patches.spelt import Spelt

ROUNDS, SETTLED = 50, 1e-10  # of Newton's method, and the change, each ms, at which it is done
NUDGE = 1e-7  # of a gate between 0 and 1, for a derivative: about the root of the rounding error of its rate


@dataclass
class Assembly:
    """Gates and states of several transports as rows, the parameters of all, and their fluxes as text.

    calcium     µM under the surface at rest
    given       what else laws may name at rest, such as Ca_store
    magnesium   µM, clamped
    voltages    mV, the lowest and highest that come, besides that at rest
    courses     what changes with time, by the names that laws have for it
    transported  terms of the fluxes of all transports
    fluxes      of each transport, all its terms
    variables   of each transport gates and states, as text, by the names that it has for them
    """

    calcium: float
    given: Mapping[str, float] = field(default_factory=dict)
    magnesium: float = 0.0
    voltages: tuple[float, ...] = ()
    rows: list[Row] = field(default_factory=list)
    parameters: dict[str, float] = field(default_factory=dict)
    transported: list[str] = field(default_factory=list)
    fluxes: list[str] = field(default_factory=list)
    variables: list[dict[str, str]] = field(default_factory=list)
    courses: dict[str, Course] = field(default_factory=dict)

    def place(self, value: float) -> str:
        """A new parameter, by its name."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = float(value)
        return name

    def follow(self, rows: Sequence[tuple[float, float]]) -> str:
        """A new course through rows of a time (ms) and a value, by its name."""
        name = f"t{len(self.courses)}"
        times, values = np.array(rows, dtype=float).T
        self.courses[name] = Course.through(times, values, bends=True)
        return name

    def with_clock(self) -> tuple[Row, ...]:
        """All rows, and a clock behind them where something changes with time."""
        return (*self.rows, *([Row(CLOCK, Expression("1"))] if self.courses else []))

    def add(self, transport: Transport) -> None:
        """Rows for its gates and states, and its flux out of the cytosol."""
        over_time, before = transport.over_time, len(self.transported)
        names = {name: self.place(value) for name, value in transport.numbers.items() if name not in over_time}
        names |= {name: self.follow(rows) for name, rows in over_time.items()}
        names |= self._add_states(transport, names)
        names |= {gate: f"x{len(self.rows) + i}" for i, gate in enumerate(transport.gates)}
        rates = [Expression(text).into(Spelt(names)) for text in transport.gates.values()]
        starts = self._settled([names[gate] for gate in transport.gates], rates, transport)
        self.rows += [
            Row(names[gate], Expression(rate), start=start, scale=1.0)
            for gate, rate, start in zip(transport.gates, rates, starts, strict=True)
        ]
        if transport.law:
            self.transported.append(Expression(transport.law).into(Spelt(names)))
        self.fluxes.append(" + ".join(self.transported[before:]))
        self.variables.append({variable: names[variable] for variable in transport.variables})

    def _add_states(self, transport: Transport, names: Mapping[str, str]) -> dict[str, str]:
        """Rows for all states of its scheme but the first; what every state is called, the first being what is left."""
        scheme = transport.kinetics
        if scheme is None:
            return {}
        if scheme.binds(MAGNESIUM):
            names = {**names, MAGNESIUM: self.place(self.magnesium)}
        share, rates = shares(scheme, first=len(self.rows)), changes(scheme, names, first=len(self.rows))
        density, held = names.get(DENSITY), scheme.bound(CALCIUM)
        if density:
            self.transported += _across(scheme, names, share, density)
        voltage = self.given.get(VOLTAGE, 0.0)
        rest = scheme.generator(voltage, self.calcium, self.magnesium)
        at_rest = dict(zip(scheme.states, limiting(rest.T), strict=True))
        amount = self.parameters[density] if density else 0.0
        keeps_none = not any(amount * held[s] for s in scheme.states)
        follows = keeps_none and outruns(scheme, {voltage, *self.voltages}, self.magnesium)
        self.rows += [
            Row(share[s], Expression(rates[s]), at_rest[s], amount * held[s], 1.0, BOUND * bool(amount), follows)
            for s in scheme.states[1:]
        ]
        return share

    def at_rest(self, text: str) -> float:
        """The value of an expression of parameters, rows and what is given, at rest."""
        return float(Expression(text).evaluate(self._at_rest()))

    def _at_rest(self) -> dict[str, float]:
        """What names stand for at rest."""
        first = {name: float(course.values[0]) for name, course in self.courses.items()}
        rows = {row.name: row.start for row in self.rows}
        return {**self.parameters, **first, **self.given, CALCIUM: self.calcium, **rows}

    def _settled(self, gates: list[str], rates: list[str], transport: Transport) -> list[float]:
        """The steady state of gates at rest, by Newton's method."""
        values = self._at_rest()
        x = np.full(len(gates), 0.5)

        def change(at: np.ndarray) -> np.ndarray:
            now = {**values, **dict(zip(gates, at.tolist(), strict=True))}
            return np.array([float(Expression(rate).evaluate(now)) for rate in rates])

        for _ in range(ROUNDS):
            found = change(x)
            slopes = np.array([(change(x + step) - found) / NUDGE for step in NUDGE * np.eye(len(x))]).T
            step = np.linalg.lstsq(slopes, found)[0] if len(x) else x
            x = x - step
            if np.abs(step).max(initial=0.0) < SETTLED:
                break
        if not np.all((x > -SETTLED) & (x < 1 + SETTLED)) or np.abs(change(x)).max(initial=0.0) > SETTLED:
            raise InputError(
                f"the gates of {transport.name!r} have no steady state between 0 and 1 at rest, "
                f"{self.calcium:g} uM of calcium"
            )
        return [float(value) for value in np.clip(x, 0.0, 1.0)]


def _across(scheme: KineticScheme, names: Mapping[str, str], share: Mapping[str, str], density: str) -> Iterator[str]:
    """Fluxes out of the cytosol of steps that leave calcium on the other side, as text."""
    held = scheme.bound(CALCIUM)
    for step in scheme.transitions:
        lost = held[step.source] - held[step.target]
        if step.ligand is None and lost:
            yield f"{lost}*{density}*({step.forward.into(Spelt(names))})*{share[step.source]}"
