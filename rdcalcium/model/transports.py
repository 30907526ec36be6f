"""What takes calcium through a surface, into or out of the cytosol: laws of flux, with gates or states of their own."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import AfterValidator, Field, field_serializer, model_validator

from rdcalcium.catalogue import entry
from rdcalcium.errors import nearest, suggest
from rdcalcium.model import dimensions
from rdcalcium.model.base import LibraryPart
from rdcalcium.model.deduced import deduced, of_kinds, wanted_of
from rdcalcium.model.dimensions import (
    CONCENTRATION,
    PURE,
    RATE,
    SURFACE_DENSITY,
    SURFACE_FLUX,
    Dimension,
    require_dimension,
)
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import CALCIUM, DENSITY, STORE, VOLTAGE
from rdcalcium.model.quantity import LIMITS, Parameter, Quantity, Time
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.transition import require_dimensions
from rdcalcium.units import IONS_PER_AMOUNT, show

_NEEDS_DENSITY = 'leaves the density of its molecules to be said: density = "… /um^2"'
_TRIED = np.array([0.01, 0.05, 1.0, 100.0])  # µM, from rest to beside a pore, at which a law must be a number
_TRIED_OUTSIDE = 2000.0  # µM
_TRIED_AT = -80.0  # mV, near which terminals rest, where a law begins: it need not be a number at every voltage
_KINDS = {SURFACE_FLUX: "surface flux", RATE: "rate"}


def _readable(law: str) -> str:
    if law:
        Expression(law)
    return law


def _in_order(rows: tuple[tuple[float, Parameter], ...]) -> tuple[tuple[float, Parameter], ...]:
    times = [time for time, _ in rows]
    if any(later < time for time, later in pairwise(times)) or any(times.count(time) > 2 for time in times):
        listed = ", ".join(f"{time:g}" for time in times)
        raise ValueError(f"its times are {listed} ms; they ascend, and where it jumps one occurs twice")
    if times[0] < 0:
        raise ValueError(
            f"it begins at {times[0]:g} ms; a run begins at 0 ms in the rest of the first row: begin there"
        )
    low = min((value for _, value in rows), key=float)
    if low < 0 and low.kind == "concentration":
        raise ValueError(f"it falls to {low.write()}, and no concentration is below 0")
    if len({value.kind for _, value in rows}) > 1:
        raise ValueError(f"its values are of several kinds: {', '.join(str(value.write()) for _, value in rows)}")
    return rows


Law = Annotated[str, AfterValidator(_readable)]
OverTime = Annotated[tuple[tuple[Time, Parameter], ...], Field(min_length=2), AfterValidator(_in_order)]


class Transport(LibraryPart):
    """A mechanism that takes calcium through a surface; a flux out of the cytosol is positive."""

    given: ClassVar[tuple[str, ...]] = (CALCIUM,)
    """What a law may depend on besides its parameters, gates and states."""
    offered: ClassVar[tuple[str, ...]] = ()
    """What else a law or a gate may name that the model then says, unless it is among the parameters."""

    law: Law = ""
    """Flux out of the cytosol, such as "V_max*Ca**2/(K**2 + Ca**2)", where Ca is the free calcium at the surface and
    other names are parameters, gates or shares of states; a negative flux comes in. none: it is what the scheme takes
    across."""
    density: Annotated[float, Quantity("surface density", gt=0)] | None = None
    """Molecules on an area, for a scheme that binds calcium, and for laws such as "density*k_cat*Ca/(K + Ca)"; none:
    no law needs it, and the states of a scheme take no calcium."""
    gates: dict[str, Law] = Field(default_factory=dict)
    """Variables between 0 and 1 at every place of the surface, each with its rate of change:
    { h = "(h_inf - h)/tau" }. They begin in the steady state of rest; none: the law has none."""
    scheme: tuple[str, ...] = ()
    """Transitions between states at every place of the surface, such as "P + Ca <-> PCa : k_on, k_off". A step one way
    into a state with less calcium, "PCa -> P : k_out", takes it out; none: there are no states."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """A number for each name in the law, the gates and the scheme, with a unit or without; those without are in µm, µM,
    ms and mV, if none has a unit: beside one that has, they are pure numbers. Each is used."""
    over_time: dict[str, OverTime] = Field(default_factory=dict)
    """Such names whose number changes: rows of a time and a value, with straight lines between them. Two rows of one
    time are a jump; before the first row and after the last one it stays. { IP3 = [["5 ms", "0.1 uM"], ["6 ms",
    "0.6 uM"], ["80 ms", "0.1 uM"]] }. Rest is that of the first row; none: all stay what they are."""

    @property
    def first(self) -> dict[str, Parameter]:
        """Parameters, and what the numbers that change are at first."""
        return {**self.parameters, **{name: rows[0][1] for name, rows in self.over_time.items()}}

    @property
    def numbers(self) -> dict[str, float]:
        """What the names stand for that are no variables, at first; the density as an amount, µM µm."""
        density = {} if self.density is None else {DENSITY: self.density / IONS_PER_AMOUNT}
        return {**{name: float(value) for name, value in self.first.items()}, **density}

    @property
    def kinetics(self) -> KineticScheme | None:
        """The scheme."""
        used = {name: value for name, value in self.first.items() if self._in_scheme(name)}
        return KineticScheme.parse(self.scheme, used) if self.scheme else None

    @property
    def asks(self) -> frozenset[str]:
        """What its law and gates name that is offered, and that it does not say itself."""
        named = frozenset[str]().union(*(Expression(text).names for text in (self.law, *self.gates.values()) if text))
        return named & {*self.offered} - {*self.first}

    def _in_scheme(self, name: str) -> bool:
        """Whether a line of the scheme may name it; the scheme itself reads the lines."""
        return any(name in line for line in self.scheme)

    @property
    def binds(self) -> bool:
        """Whether its molecules hold calcium."""
        return bool(self.scheme and self.density)

    @property
    def depends_on_voltage(self) -> bool:
        """Whether the law, a gate or the scheme names V."""
        named = any(VOLTAGE in Expression(text).names for text in (self.law, *self.gates.values()) if text)
        return named or (self.kinetics is not None and self.kinetics.depends_on_voltage)

    @property
    def variables(self) -> tuple[str, ...]:
        """Gates and states."""
        scheme = self.kinetics
        return (*self.gates, *(scheme.states if scheme else ()))

    @field_serializer("parameters")
    def _with_units(self, parameters: dict[str, Parameter]) -> dict[str, str | float]:
        return {name: value.write() for name, value in self.with_units().items()}

    def with_units(self) -> dict[str, Parameter]:
        """Its parameters, each with the unit that its place in the law, the gates and the scheme leaves."""
        found = self._of_kinds(self.first)
        try:
            self._require_dimensions(found)
        except ValueError:
            return self.parameters
        return {name: found[name] for name in self.parameters}

    def _of_kinds(self, parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """Numbers with the kinds of quantity that their places tell."""
        wanted = [(Expression(text).tree, dimension) for _, text, dimension in self._expressions()]
        wanted += wanted_of(self.kinetics) if self.kinetics else []
        meanings = dict.fromkeys((*self.given, *self.asks), CONCENTRATION) | dict.fromkeys(self.variables, PURE)
        known = deduced(parameters, meanings | {VOLTAGE: dimensions.VOLTAGE, DENSITY: SURFACE_DENSITY}, wanted)
        return of_kinds(parameters, known)

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if not self.law and not self.binds:
            needs = _NEEDS_DENSITY if self.scheme else "takes nothing across: give it a law, or a scheme and a density"
            raise ValueError(f"{self.name!r} {needs}")
        self._require_way_across()
        self._require_names()
        self._require_dimensions(self.first)
        for what, text, wanted in self._expressions():
            self._require_number(what, text, LIMITS[_KINDS[wanted]].most)
        return self

    def _require_way_across(self) -> None:
        """Without a law some step of the scheme takes calcium across."""
        scheme = self.kinetics
        if self.law or scheme is None:
            return
        held = scheme.bound(CALCIUM)
        if all(step.ligand or held[step.source] == held[step.target] for step in scheme.transitions):
            full, empty = max(held, key=lambda state: held[state]), scheme.states[0]
            raise ValueError(
                f"the scheme of {self.name!r} binds calcium and takes none across: what does is a step one way into a "
                f"state with less of it, such as '{full} -> {empty} : k_out'"
            )

    def _expressions(self) -> list[tuple[str, str, Dimension]]:
        """The law and the rates of gates: what each is, its text, and its dimension."""
        laws = [("law", self.law, SURFACE_FLUX)] if self.law else []
        return laws + [(f"gate {name!r}", rate, RATE) for name, rate in self.gates.items()]

    def _require_dimensions(self, parameters: Mapping[str, Parameter]) -> None:
        """With these parameters each expression has its dimension."""
        known = {name: value.dimension for name, value in parameters.items() if value.dimension}
        known |= dict.fromkeys({*self.given, *self.asks} - {VOLTAGE}, CONCENTRATION) if known else {}
        known |= {DENSITY: SURFACE_DENSITY} | (dict.fromkeys(self.variables, PURE) if known else {})
        for what, text, wanted in self._expressions():
            require_dimension(Expression(text), wanted, known, f"the {what} {text!r} of {self.name!r}")
        if self.kinetics:
            require_dimensions(self.kinetics.transitions, {name: v.dimension for name, v in parameters.items()})

    def _require_number(self, what: str, text: str, most: float) -> None:
        """An expression is a number, of this size at most, where calcium is from low to high."""
        values: dict[str, float | np.ndarray] = {
            **self.numbers,
            **dict.fromkeys(self.asks, _TRIED_OUTSIDE),
            **dict.fromkeys(self.given, _TRIED),
            VOLTAGE: _TRIED_AT,
            **dict.fromkeys(self.variables, 0.5),
        }
        with np.errstate(all="ignore"):
            value = np.asarray(Expression(text).evaluate(values))
        if not np.all(np.abs(value) <= most):
            raise ValueError(
                f"the {what} {text!r} of {self.name!r} is no number at {_TRIED.tolist()} uM of calcium: "
                f"{value.tolist()}"
            )

    def _require_names(self) -> None:
        """Every name is known and has one meaning, and every number is used."""
        for name in self.over_time:
            if name in self.parameters:
                raise ValueError(f"{name!r} of {self.name!r} is a parameter, and one over time; say one of them")
        meant = {CALCIUM, STORE, VOLTAGE, DENSITY, "leak"}
        for name in (*self.first, *self.variables):
            if name in meant or (name in self.offered and name in self.variables):
                raise ValueError(f"{name!r} has a meaning of its own in a law; give it another name")
        variables = self.variables
        twice = [n for n in variables if n in self.numbers or variables.count(n) > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is two things in {self.name!r}; give one of them another name")
        known = {*self.numbers, *self.given, *self.asks, *variables}
        expressions = [Expression(text) for text in (self.law, *self.gates.values()) if text]
        for expression in expressions:
            self._require_said(expression.names - known)
            expression.require(known)
        scheme = self.kinetics
        if scheme and scheme.depends_on_voltage and VOLTAGE not in self.given:
            raise ValueError(
                f"the scheme of {self.name!r} names V, the voltage of the cell's own membrane, which a store does not "
                "have; leave it out"
            )
        used = frozenset[str]().union(scheme.names if scheme else (), *(e.names for e in expressions))
        used |= {DENSITY} if self.scheme else set()
        for name in self.numbers:
            if name not in used:
                listed = suggest(name, used - {*self.given, *variables}, "used")
                raise ValueError(f"the law of {self.name!r} does not use {name!r}; {listed}")

    def _require_said(self, unsaid: Set[str]) -> None:
        """What a law of the library names without a number is given: in one's own law it may as well be misspelt."""
        if not unsaid or self.use is None or entry(self.shelf, self.use).get("law") != self.law:
            return
        if DENSITY in unsaid:
            raise ValueError(f"{self.name!r} {_NEEDS_DENSITY}")
        name = min(unsaid)
        for said in self.parameters:
            if said not in self.law and nearest(said, unsaid):
                raise ValueError(f"{self.use!r} has no parameter {said!r}. Did you mean {nearest(said, unsaid)!r}?")
        kind = self._of_kinds({**self.first, name: Parameter(1.0)})[name].kind
        unit = show(1.0, kind).partition(" ")[2] if kind else ""
        raise ValueError(f'{self.name!r} leaves {name!r} to be said: parameters = {{ {name} = "… {unit}" }}')
