"""The kinetic scheme: states and transitions, the one form of buffers, channel gates and release sensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.model.dimensions import (
    BINDING_RATE,
    RATE,
    Dimension,
    DimensionError,
    MaybeDimension,
    dimension,
)
from rdcalcium.model.expression import Expression
from rdcalcium.model.quantity import LIMITS, Parameter

LIGANDS = ("Ca", "Mg")
GIVEN = {"V": "the voltage", "Ca": "the local calcium"}  # what a rate may depend on besides its parameters

LONGEST = 500  # characters of a transition

# "C0 <-> C1 : 2*alpha, beta", "X0 + Ca <-> X1 : 5*k_on, k_off", or one way "X5 -> fused : gamma"
_TRANSITION = re.compile(
    r"^\s*(?P<source>\w+)\s*(\+\s*(?P<ligand>\w+)\s*)?(?P<arrow><->|->)\s*(?P<target>\w+)\s*:\s*(?P<rates>.+)$"
)


class SchemeError(InputError):
    """A kinetic scheme that cannot be."""


@dataclass(frozen=True)
class Transition:
    """One step, source (+ ligand) ⇌ target.

    forward   rate in ms⁻¹, or in µM⁻¹ ms⁻¹ where a ligand binds
    backward  rate in ms⁻¹; None for a step that cannot be undone
    """

    source: str
    target: str
    forward: Expression
    backward: Expression | None
    ligand: str | None = None


@dataclass(frozen=True)
class KineticScheme:
    """States and the transitions between them, with numbers for the names in the rates.

    The occupancies p obey dp/dt = Q p, where Q holds the rate of j -> i in row i, column j, and columns sum to 0.
    The first state is the one without ligand.
    """

    states: tuple[str, ...]
    transitions: tuple[Transition, ...]
    parameters: Mapping[str, float]

    @classmethod
    def parse(cls, lines: Sequence[str], parameters: Mapping[str, float]) -> KineticScheme:
        """Read transitions such as "N0 + Ca <-> N1 : 2*k_T, k_-T".

        Rates may depend on the voltage V in mV, and on the local free calcium Ca in µM.

        Parameters that were written with a unit (model.quantity.Parameter) must make rates of the right dimension.
        """
        transitions = tuple(_parse_transition(line) for line in lines)
        if not transitions:
            raise SchemeError("a kinetic scheme needs at least one transition, such as 'B + Ca <-> CaB : k_on, k_off'")
        states = tuple(dict.fromkeys(s for t in transitions for s in (t.source, t.target)))
        for name, meaning in GIVEN.items():
            if name in parameters:
                raise SchemeError(f"{name!r} is {meaning}; give the parameter another name")
        # What binds a ligand knows no voltage; a buffer or sensor that uses V all the same says so itself.
        offered = {*parameters} if any(t.ligand for t in transitions) else {*parameters, *GIVEN}
        for transition in transitions:
            for rate in (transition.forward, transition.backward):
                if rate is not None:
                    rate.require(offered, also=GIVEN)
        require_dimensions(transitions, {k: v.dimension for k, v in parameters.items() if isinstance(v, Parameter)})
        scheme = cls(states, transitions, dict(parameters))
        scheme._require_connected()
        scheme._require_rates()
        return scheme

    def _require_connected(self) -> None:
        reached = {self.states[0]}
        for _ in self.states:
            for t in self.transitions:
                if t.source in reached or t.target in reached:
                    reached |= {t.source, t.target}
        apart = [s for s in self.states if s not in reached]
        if apart:
            raise SchemeError(f"state {apart[0]!r} is not connected to {self.states[0]!r}")

    def _require_rates(self) -> None:
        """Rates are numbers, not negative and not absurd, at rest and at the peak of a spike."""
        most = LIMITS["rate"].most
        for voltage, calcium in product((-80.0, 0.0, 40.0), (0.0, 1.0, 1e3)):
            with np.errstate(all="ignore"):
                pairs = self.rates(voltage, calcium)
            for t, pair in zip(self.transitions, pairs, strict=True):
                if not all(0 <= rate <= most for rate in pair):
                    raise SchemeError(
                        f"the step {t.source} -> {t.target} has the rates {pair[0]:g} and {pair[1]:g} "
                        f"at {voltage:g} mV{f' and {calcium:g} uM of calcium' if self.depends_on_calcium else ''}; "
                        f"a rate is a number from 0 to {most:g}"
                    )

    @property
    def names(self) -> frozenset[str]:
        """What the rates depend on: names of parameters, V and Ca."""
        rates = [r for t in self.transitions for r in (t.forward, t.backward) if r is not None]
        return frozenset[str]().union(*(rate.names for rate in rates))

    @property
    def depends_on_voltage(self) -> bool:
        """Whether any rate contains V."""
        return "V" in self.names

    @property
    def depends_on_calcium(self) -> bool:
        """Whether any rate contains Ca, besides the steps that bind it."""
        return "Ca" in self.names

    def bound(self, ligand: str) -> dict[str, int]:
        """How many ions of a ligand each state holds, counted from the first state."""
        count = {self.states[0]: 0}
        for _ in self.states:
            for t in self.transitions:
                step = int(t.ligand == ligand)
                if t.source in count:
                    count.setdefault(t.target, count[t.source] + step)
                elif t.target in count:
                    count.setdefault(t.source, count[t.target] - step)
        for t in self.transitions:
            if count[t.target] - count[t.source] != int(t.ligand == ligand):
                raise SchemeError(f"the step {t.source} -> {t.target} closes a loop that loses {ligand}")
        return count

    def rates(
        self, voltage: float | np.ndarray = 0.0, calcium: float | np.ndarray = 0.0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Forward and backward rate of every transition at a voltage in mV and free calcium in µM.

        That of a step which binds is without the ligand's concentration: 1 / (µM ms).
        """
        values = {**self.parameters, "V": voltage, "Ca": calcium}
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
        ligand = {None: 1.0, "Ca": calcium, "Mg": magnesium}
        index = {state: i for i, state in enumerate(self.states)}
        q = np.zeros((*np.broadcast_shapes(np.shape(voltage), np.shape(calcium)), *(len(self.states),) * 2))
        for t, (forward, backward) in zip(self.transitions, self.rates(voltage, calcium), strict=True):
            i, j = index[t.source], index[t.target]
            for source, target, rate in ((i, j, forward * ligand[t.ligand]), (j, i, backward)):
                q[..., target, source] += rate
                q[..., source, source] -= rate
        return q

    def equilibrium(self, voltage: float = 0.0, calcium: float = 0.0, magnesium: float = 0.0) -> np.ndarray:
        """Stationary occupancies of the reversible steps, (states,), which sum to 1.

        One-way steps, such as fusion, are left out: this is the rest before them.
        Elimination without subtraction (Grassmann, Taksar & Heyman 1985), exact to rounding in every state.
        """
        reversible = tuple(t for t in self.transitions if t.backward is not None)
        rate = KineticScheme(self.states, reversible, self.parameters).generator(voltage, calcium, magnesium).T.copy()
        n = len(rate)
        leaving = np.ones(n)
        for k in range(n - 1, 0, -1):
            leaving[k] = rate[k, :k].sum()
            if leaving[k] > 0:
                rate[:k, :k] += np.outer(rate[:k, k], rate[k, :k]) / leaving[k]
        p = np.ones(n)
        for k in range(1, n):
            p[k] = p[:k] @ rate[:k, k] / leaving[k] if leaving[k] > 0 else 0.0
        return p / p.sum()


def require_dimensions(transitions: Sequence[Transition], known: Mapping[str, MaybeDimension]) -> None:
    """Binding is in µM⁻¹ ms⁻¹ and every other step in ms⁻¹, as far as the parameters say their units."""
    for t in transitions:
        wanted = BINDING_RATE if t.ligand else RATE
        _require_dimension(t.forward, wanted, f"{t.source}{f' + {t.ligand}' if t.ligand else ''} -> {t.target}", known)
        if t.backward is not None:
            _require_dimension(t.backward, RATE, f"{t.target} -> {t.source}", known)


def _require_dimension(rate: Expression, wanted: Dimension, step: str, known: Mapping[str, MaybeDimension]) -> None:
    try:
        found = dimension(rate, known)
    except DimensionError as error:
        raise SchemeError(f"the rate {rate.text.strip()!r} of the step {step} cannot be: {error}") from None
    if found not in (None, wanted):
        raise SchemeError(
            f"the rate {rate.text.strip()!r} of the step {step} is in {found}, expected {wanted}; "
            "numbers without a unit count as pure factors beside one with a unit"
        )


def _parse_transition(line: str) -> Transition:
    if len(line) > LONGEST:  # what Python reads by recursion has an end
        raise SchemeError(f"the transition {line[:40]!r}… has {len(line)} characters; at most {LONGEST} can be read")
    match = _TRANSITION.match(line)
    if not match:
        raise SchemeError(f"cannot read the transition {line!r}; write for example 'B + Ca <-> CaB : k_on, k_off'")
    ligand = match["ligand"]
    for state in (match["source"], match["target"]):
        if state in LIGANDS:
            raise SchemeError(
                f"{state!r} in {line!r} is what binds, and no state; call the bound state otherwise: "
                f"'B + {state} <-> {state}B : k_on, k_off'"
            )
    if ligand is not None and ligand not in LIGANDS:
        raise SchemeError(f"{ligand!r} in {line!r} cannot bind; what binds is one of: {', '.join(LIGANDS)}")
    rates = [Expression(text) for text in match["rates"].split(",")]
    wanted = 2 if match["arrow"] == "<->" else 1
    if len(rates) != wanted:
        raise SchemeError(f"{line!r} has {len(rates)} rates, but {match['arrow']} needs {wanted}")
    backward = rates[1] if wanted == 2 else None
    return Transition(match["source"], match["target"], rates[0], backward, ligand)
