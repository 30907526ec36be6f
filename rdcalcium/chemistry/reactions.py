"""Fields, and the reactions between them: what each of them says, and its flux."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CALCIUM = 0  # the field of free calcium, whose name is names.CALCIUM
MAGNESIUM = 1  # that of free magnesium, where it is not clamped


@dataclass(frozen=True)
class Field:
    """One concentration that is computed in every control volume.

    name         "Ca", "Mg", or "buffer.state"
    diffusivity  µm² ms⁻¹
    rest         µM, before the stimulus; of a buffer that is not everywhere, where there is all of it
    calcium      ions of calcium in each molecule
    buffer       name of the buffer that it is a state of; none: it is a free ion
    magnesium    ions of magnesium in each molecule, where magnesium is a field
    everywhere   whether it is in all control volumes before the stimulus
    """

    name: str
    diffusivity: float
    rest: float
    calcium: int
    buffer: str = ""
    magnesium: int = 0
    everywhere: bool = True


@dataclass(frozen=True)
class FreeForm:
    """What is left of a buffer: total minus its other states, with which it shares one diffusivity.

    total   µM
    others  fields to subtract
    """

    total: float
    others: tuple[int, ...]


State = int | FreeForm


@dataclass(frozen=True)
class Reaction:
    """Mass action, source (+ ligand) ⇌ target, with flux forward · [ligand] · source - backward · target in µM ms⁻¹.

    buffer    name of the buffer that reacts
    ligand    the field that takes part in the forward step; none: the buffer reacts alone, or with what is clamped
    forward   µM⁻¹ ms⁻¹ if a field binds, else ms⁻¹
    backward  ms⁻¹
    source, target  a field, or the free form of the buffer
    """

    buffer: str
    ligand: int | None
    forward: float
    backward: float
    source: State
    target: State


@dataclass(frozen=True)
class Photolysis:
    """What a flash of light does to one state of a cage, source → target.

    cage    name of the buffer
    source, target  a field, or the free form of the buffer
    rate    for a light of 1, ms⁻¹
    """

    cage: str
    source: State
    target: State
    rate: float


def concentration(state: State, y: np.ndarray) -> np.ndarray:
    """Concentration (µM) of a reactant where the fields are y: a field, or the total minus the buffer's other forms.

    y  (fields, …) µM; the answer has its precision
    """
    if isinstance(state, FreeForm):
        return y.dtype.type(state.total) - sum(y[i] for i in state.others)
    return y[state]


def reaction_flux(r: Reaction, y: np.ndarray) -> np.ndarray:
    """Flux of a reaction where the fields are y, k_f l s - k_b t, µM ms⁻¹, in their precision; l of the ligand."""
    real = y.dtype.type
    forward = concentration(r.source, y) * (real(1) if r.ligand is None else y[r.ligand])
    return real(r.forward) * forward - real(r.backward) * concentration(r.target, y)
