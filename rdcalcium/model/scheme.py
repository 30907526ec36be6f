"""The kinetic scheme: states and transitions, the one form of buffers, channel gates and release sensors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np

from rdcalcium.errors import nearest, suggest
from rdcalcium.model.levels import HIGH
from rdcalcium.model.names import CALCIUM, GIVEN, LIGANDS, MAGNESIUM, VOLTAGE
from rdcalcium.model.quantity import LIMITS, Parameter
from rdcalcium.model.reversibility import Cycle, counted, forest, fundamental_cycles
from rdcalcium.model.stationary import stationary
from rdcalcium.model.transition import SchemeError, Transition, read_transitions, require_dimensions

_Named = tuple[str, float, str | None]  # a parameter, its value, and the kind of quantity that it is


@dataclass(frozen=True)
class KineticScheme:
    """States and the transitions between them, with numbers for the names in the rates.

    The occupancies p obey dp/dt = Q p, where Q holds the rate of j -> i in row i, column j, and columns sum to 0.
    The first state is the one without ligand. What a molecule is made of may be several parts that do not know of each
    other; then each has a first state, and its own occupancies.
    """

    states: tuple[str, ...]
    transitions: tuple[Transition, ...]
    parameters: Mapping[str, float]

    @classmethod
    def parse(cls, lines: Sequence[str], parameters: Mapping[str, float], parts: Collection[str] = ()) -> KineticScheme:
        """Read transitions such as "N0 + Ca <-> N1 : 2*k_T, k_-T".

        Rates may depend on the voltage V in mV, and on the local free calcium Ca in µM. Parameters that were written
        with a unit (model.quantity.Parameter) must make rates of the right dimension.

        parts  first states of what does not hang together
        """
        named = ((name, float(value), getattr(value, "kind", None)) for name, value in parameters.items())
        return _parsed(tuple(lines), tuple(named), tuple(parts))

    @property
    def parts(self) -> tuple[KineticScheme, ...]:
        """What hangs together, each as a scheme of its own."""
        first: dict[str, str] = {}  # state of the part that each state is in
        for state, i in forest(self.states, self.transitions).items():
            step = None if i is None else self.transitions[i]
            first[state] = state if step is None else first[step.source if step.target == state else step.target]
        return tuple(
            KineticScheme(
                tuple(state for state in self.states if first[state] == part),
                tuple(t for t in self.transitions if first[t.source] == part),
                self.parameters,
            )
            for part in dict.fromkeys(first.values())
        )

    def require_kept(self, steps: Sequence[Transition]) -> None:
        """Refuse steps from a state to one that holds more or fewer ions than the step brings."""
        for ligand in LIGANDS:
            held = self.bound(ligand)
            for t in steps:
                before, after = held[t.source], held[t.target]
                if after - before == t.change(ligand):
                    continue
                wrong = "loses" if after < before else "makes"
                raise SchemeError(
                    f"the step {t} {f'has no site for {ligand}' if t.ligand == ligand else f'{wrong} {ligand}'}: "
                    f"by the other steps {t.source} holds {before} of it and {t.target} {after}"
                )

    def faster(self, factor: float) -> KineticScheme:
        """The same scheme with every rate as many times as high."""
        if factor == 1:
            return self
        steps = (
            replace(t, forward=t.forward.times(factor), backward=t.backward and t.backward.times(factor))
            for t in self.transitions
        )
        return replace(self, transitions=tuple(steps))

    @property
    def names(self) -> frozenset[str]:
        """What the rates depend on: names of parameters, V and Ca."""
        rates = [r for t in self.transitions for r in (t.forward, t.backward) if r is not None]
        return frozenset[str]().union(*(rate.names for rate in rates))

    @property
    def depends_on_voltage(self) -> bool:
        """Whether any rate contains V."""
        return VOLTAGE in self.names

    @property
    def depends_on_calcium(self) -> bool:
        """Whether any rate contains Ca, besides the steps that bind it."""
        return CALCIUM in self.names

    def binds(self, ligand: str) -> bool:
        """Whether a step binds it."""
        return any(t.ligand == ligand for t in self.transitions)

    def bound(self, ligand: str) -> dict[str, int]:
        """How many ions of a ligand each state holds, counted from the first state of its part."""
        return counted(self.states, self.transitions, ligand)

    def cycles(self, voltage: float = 0.0, calcium: float = 1.0) -> list[Cycle]:
        """The fundamental cycles of the steps that can be undone, and how far each is from microscopic reversibility.

        voltage  mV
        calcium  µM, for rates that depend on Ca
        """
        return fundamental_cycles(self.states, self.transitions, self.rates(voltage, calcium))

    def rates(
        self, voltage: float | np.ndarray = 0.0, calcium: float | np.ndarray = 0.0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Forward and backward rate of every transition at a voltage in mV and free calcium in µM.

        That of a step which binds is without the ligand's concentration: 1 / (µM ms).
        """
        values = {**self.parameters, VOLTAGE: voltage, CALCIUM: calcium}
        pairs = []
        for t in self.transitions:
            forward = np.asarray(t.forward.evaluate(values), dtype=float)
            backward = np.asarray(t.backward.evaluate(values) if t.backward else 0.0, dtype=float)
            pairs.append((forward, backward))
        return pairs

    def generator(
        self, voltage: float | np.ndarray = 0.0, calcium: float | np.ndarray = 0.0, magnesium: float = 0.0
    ) -> np.ndarray:
        """Matrix Q of dp/dt = Q p, (…, states, states) ms⁻¹, at voltages (…) in mV and concentrations (…) in µM."""
        ligand = {None: 1.0, CALCIUM: calcium, MAGNESIUM: magnesium}
        index = {state: i for i, state in enumerate(self.states)}
        q = np.zeros((*np.broadcast_shapes(np.shape(voltage), np.shape(calcium)), *(len(self.states),) * 2))
        for t, (forward, backward) in zip(self.transitions, self.rates(voltage, calcium), strict=True):
            i, j = index[t.source], index[t.target]
            for source, target, rate in ((i, j, forward * ligand[t.ligand]), (j, i, backward)):
                q[..., target, source] += rate
                q[..., source, source] -= rate
        return q

    def equilibrium(self, voltage: float = 0.0, calcium: float = 0.0, magnesium: float = 0.0) -> np.ndarray:
        """Stationary occupancies of the reversible steps, (states,), which sum to 1 in each part.

        One-way steps, such as fusion, are left out: this is the rest before them.
        """
        rest: dict[str, float] = {}
        for part in self.parts:
            reversible = tuple(t for t in part.transitions if t.backward is not None)
            q = KineticScheme(part.states, reversible, self.parameters).generator(voltage, calcium, magnesium)
            rest |= dict(zip(part.states, stationary(q.T), strict=True))
        return np.array([rest[state] for state in self.states])


@lru_cache(maxsize=512)  # a model asks for its schemes many times
def _parsed(lines: tuple[str, ...], named: tuple[_Named, ...], parts: tuple[str, ...]) -> KineticScheme:
    """The scheme of these lines, checked."""
    parameters = {name: Parameter(value, kind) for name, value, kind in named}
    for name, meaning in GIVEN.items():
        if name in parameters:
            raise SchemeError(f"{name!r} is {meaning}; give the parameter another name")
    transitions = read_transitions(lines, parameters)
    states = tuple(dict.fromkeys(s for t in transitions for s in (t.source, t.target)))
    # What binds a ligand knows no voltage; a buffer or sensor that uses V all the same says so itself.
    offered = {*parameters} if any(t.ligand for t in transitions) else {*parameters, *GIVEN}
    for rate in (rate for t in transitions for rate in t.rates):
        rate.require(offered, also=GIVEN)
    require_dimensions(transitions, {name: value.dimension for name, value in parameters.items()})
    scheme = KineticScheme(states, transitions, parameters)
    _require_parts(scheme, parts)
    scheme.require_kept([t for t in transitions if t.backward is not None or t.ligand])
    _require_rates(scheme)
    return scheme


def _require_parts(scheme: KineticScheme, parts: Collection[str]) -> None:
    firsts = [state for state, i in forest(scheme.states, scheme.transitions).items() if i is None]
    for apart in firsts[1:]:
        if apart not in parts:
            near = nearest(apart, {*scheme.states} - {apart})
            hint = f". Did you mean {near!r}?" if near else ""
            raise SchemeError(f"state {apart!r} is not connected to {scheme.states[0]!r}{hint}")
    for state in parts:
        if state not in firsts:
            raise SchemeError(f"{state!r} is not the first state of a part; {suggest(state, firsts)}")


def _require_rates(scheme: KineticScheme) -> None:
    """Rates are numbers, not negative and not absurd, at rest and where calcium is high, as under a pore."""
    most = LIMITS["rate"].most
    voltages = (-80.0, 0.0, 40.0) if scheme.depends_on_voltage else (0.0,)
    for voltage, calcium in product(voltages, (0.0, 1.0, HIGH) if scheme.depends_on_calcium else (0.0,)):
        with np.errstate(all="ignore"):
            pairs = scheme.rates(voltage, calcium)
        for t, pair in zip(scheme.transitions, pairs, strict=True):
            if not all(0 <= rate <= most for rate in pair):
                at = [f"{voltage:g} mV"] if scheme.depends_on_voltage else []
                at += [f"{calcium:g} uM of calcium"] if scheme.depends_on_calcium else []
                raise SchemeError(
                    f"the step {t.source} -> {t.target} has the rates {pair[0]:g} and {pair[1]:g}"
                    f"{' at ' if at else ''}{' and '.join(at)}; a rate is a number from 0 to {most:g}"
                )
