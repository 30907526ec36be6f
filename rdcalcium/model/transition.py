"""One step of a kinetic scheme, read from its line: two states, what binds, and the rates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rdcalcium.errors import InputError, suggest
from rdcalcium.model.dimensions import BINDING_RATE, RATE, Dimension, DimensionError, MaybeDimension, require_dimension
from rdcalcium.model.expression import Expression
from rdcalcium.model.indices import IndicesError, written_out
from rdcalcium.model.names import LIGANDS

LONGEST = 500  # characters of a transition

# "C0 <-> C1 : 2*alpha, beta", "X0 + Ca <-> X1 : 5*k_on, k_off", or one way "X5.Y0 -> fused : gamma"
_TRANSITION = re.compile(
    r"^\s*(?P<source>[\w.]+)\s*(\+\s*(?P<ligand>\w+)\s*)?(?P<arrow><->|->)\s*(?P<target>[\w.]+)\s*:\s*(?P<rates>.+)$"
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

    def __str__(self) -> str:
        """Its way forward, "X0 + Ca -> X1"."""
        return f"{self.source}{f' + {self.ligand}' if self.ligand else ''} -> {self.target}"

    @property
    def rates(self) -> tuple[Expression, ...]:
        """Forward, and backward if it can be undone."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)

    def change(self, ligand: str) -> int:
        """How many ions of a ligand the target holds more than the source."""
        return int(self.ligand == ligand)


def read_transitions(lines: Sequence[str], parameters: Iterable[str] = ()) -> tuple[Transition, ...]:
    """The steps of lines such as "N0 + Ca <-> N1 : 2*k_T, k_-T"; a line with indices stands for several."""
    steps = tuple(_read(text) for line in lines for text in _written_out(line, frozenset(parameters)))
    if not steps:
        raise SchemeError("a kinetic scheme needs at least one transition, such as 'B + Ca <-> CaB : k_on, k_off'")
    twice = [t for i, t in enumerate(steps) if t.backward is not None and t in steps[:i]]
    if twice:
        raise SchemeError(f"the step {twice[0]} is written twice, with the same rates; leave one out")
    return steps


def _written_out(line: str, parameters: frozenset[str]) -> list[str]:
    if len(line) > LONGEST:  # what Python reads by recursion has an end
        raise SchemeError(f"the transition {line[:40]!r}… has {len(line)} characters; at most {LONGEST} can be read")
    try:
        return written_out(line, parameters)
    except IndicesError as error:
        raise SchemeError(str(error)) from None


def _read(line: str) -> Transition:
    match = _TRANSITION.match(line)
    if not match:
        raise SchemeError(f"cannot read the transition {line!r}; write for example 'B + Ca <-> CaB : k_on, k_off'")
    source, target, ligand = match["source"], match["target"], match["ligand"]
    for state in (source, target):
        if state in LIGANDS:
            raise SchemeError(
                f"{state!r} in {line!r} is what binds, and no state; call the bound state otherwise: "
                f"'B + {state} <-> {state}B : k_on, k_off'"
            )
    if source == target:
        raise SchemeError(f"the step of {line!r} leads from {source!r} to itself; a step joins two states")
    if ligand is not None and ligand not in LIGANDS:
        raise SchemeError(f"{ligand!r} in {line!r} cannot bind; {suggest(ligand, LIGANDS, 'what binds is one of')}")
    rates = [Expression(text) for text in match["rates"].split(",")]
    wanted = 2 if match["arrow"] == "<->" else 1
    if len(rates) != wanted:
        raise SchemeError(f"{line!r} has {len(rates)} rates, but {match['arrow']} needs {wanted}")
    return Transition(source, target, rates[0], rates[1] if wanted == 2 else None, ligand)


def require_dimensions(transitions: Sequence[Transition], known: Mapping[str, MaybeDimension]) -> None:
    """Binding is in µM⁻¹ ms⁻¹ and every other step in ms⁻¹, as far as the parameters say their units."""
    for t in transitions:
        _require_dimension(t.forward, BINDING_RATE if t.ligand else RATE, str(t), known)
        if t.backward is not None:
            _require_dimension(t.backward, RATE, f"{t.target} -> {t.source}", known)


def _require_dimension(rate: Expression, wanted: Dimension, step: str, known: Mapping[str, MaybeDimension]) -> None:
    try:
        require_dimension(rate, wanted, known, f"the rate {rate.text.strip()!r} of the step {step}")
    except DimensionError as error:
        raise SchemeError(str(error)) from None
