"""All fields and reactions together, and what follows from them: stiffness, slopes, conserved sums, capture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.linalg import null_space

from rdcalcium.chemistry.reactions import CALCIUM, Field, FreeForm, Photolysis, Reaction, State, concentration

FULL = 4.0  # times calcium at rest in the lumen of a store, which it stays below


@dataclass(frozen=True)
class Chemistry:
    """Fields, calcium first, the reactions between them, and the total (µM) of the largest pool of each buffer.

    lumens  name of each buffer in the lumen of a store -> free calcium there at rest, µM
    """

    fields: tuple[Field, ...]
    reactions: tuple[Reaction, ...] = ()
    totals: tuple[tuple[str, float], ...] = ()
    photolysis: tuple[Photolysis, ...] = ()
    lumens: Mapping[str, float] = field(default_factory=dict)

    @property
    def diffusivity(self) -> np.ndarray:
        """Diffusivity of each field, (fields,) µm² ms⁻¹."""
        return np.array([f.diffusivity for f in self.fields])

    @property
    def moving(self) -> int:
        """How many fields diffuse."""
        return int(np.count_nonzero(self.diffusivity))

    @property
    def rest(self) -> np.ndarray:
        """Resting level of each field, (fields,) µM."""
        return np.array([f.rest for f in self.fields])

    @property
    def calcium_content(self) -> np.ndarray:
        """Calcium ions in each molecule of each field, (fields,)."""
        return np.array([f.calcium for f in self.fields])

    @property
    def magnesium_content(self) -> np.ndarray:
        """Magnesium ions in each molecule of each field, (fields,); none where magnesium is clamped."""
        return np.array([f.magnesium for f in self.fields])

    @property
    def stoichiometry(self) -> np.ndarray:
        """What one unit of each reaction adds to each field, (fields, reactions)."""
        changes = np.zeros((len(self.fields), len(self.reactions)))
        for i, r in enumerate(self.reactions):
            for place, sign in ((r.ligand, -1), (r.source, -1), (r.target, 1)):
                if isinstance(place, int):
                    changes[place, i] += sign
        return changes

    @cached_property
    def conserved(self) -> np.ndarray:
        """What no reaction changes besides calcium, (quantities, fields): sums of fields without free calcium.

        Of magnesium, and of each buffer whose free form is a field; an orthonormal basis of them.
        """
        return self._conserved(np.eye(len(self.fields))[:1])

    @cached_property
    def kept_in_place(self) -> np.ndarray:
        """What neither reactions nor diffusion change anywhere, of fields that do not move; (quantities, fields)."""
        return self._conserved(np.eye(len(self.fields))[self.diffusivity > 0])

    @cached_property
    def spread(self) -> np.ndarray:
        """The part of what is conserved besides calcium that is not kept in place, (quantities, fields)."""
        return self._conserved(np.vstack([np.eye(len(self.fields))[:1], self.kept_in_place]))

    def _conserved(self, normal_to: np.ndarray) -> np.ndarray:
        """An orthonormal basis of the sums of fields that no reaction changes, normal to some others."""
        return np.asarray(null_space(np.vstack([self.stoichiometry.T, normal_to])).T)

    def stiffness(self, calcium: float, radius: float) -> float:
        """Bound on the spectral radius of the Jacobian, ms⁻¹, while [Ca] stays below `calcium` (µM).

        Diffusion plus, for the reactions, Σ k_on B_total + max over buffers of Σ (k_on [Ca] + k_off).

        radius  bound on the spectral radius of the discrete Laplacian, µm⁻²
        """
        steady, binding = self.stiffness_terms(radius)
        return steady + float((binding[:, 0] * calcium + binding[:, 1]).max(initial=0.0))

    def stiffness_terms(self, radius: float) -> tuple[float, np.ndarray]:
        """Its part that does not depend on calcium (ms⁻¹), and of each buffer Σ k_on and Σ k_off, (buffers, 2).

        Magnesium stays below all that there is of it at rest, free and bound; calcium in the lumen of a store, which
        has nothing to do with that in the cytosol, below FULL times what it is at rest.
        """
        totals, magnesium = dict(self.totals), float(self.magnesium_content @ self.rest)
        per_buffer = {name: [0.0, 0.0] for name in totals}
        capture = 0.0
        for r in self.reactions:
            rates = per_buffer[r.buffer]
            if r.ligand == CALCIUM and r.buffer in self.lumens:
                rates[1] += r.forward * FULL * self.lumens[r.buffer]
            elif r.ligand == CALCIUM:
                rates[0] += r.forward
            rates[1] += r.backward + r.forward * {CALCIUM: 0.0, None: 1.0}.get(r.ligand, magnesium)
            capture += 0.0 if r.ligand is None else r.forward * totals[r.buffer]
        diffusion = float(self.diffusivity.max()) * radius
        return diffusion + capture, np.array([*per_buffer.values()]).reshape(-1, 2)

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Derivative of the rates of all reactions by each field, (fields, fields, …) ms⁻¹: of which, by which, where.

        y  (fields, …) µM, at one state or at many
        """
        jacobian = np.zeros((len(self.fields), *y.shape))
        for r in self.reactions:
            slope = np.zeros(y.shape)
            ligand = np.ones(y.shape[1:]) if r.ligand is None else y[r.ligand]
            slope += np.multiply.outer(self._indicator(r.source), r.forward * ligand)
            slope -= np.multiply.outer(self._indicator(r.target), np.full(y.shape[1:], r.backward))
            if r.ligand is not None:
                slope[r.ligand] += r.forward * concentration(r.source, y)
                jacobian[r.ligand] -= slope
            for state, sign in ((r.source, -1), (r.target, 1)):
                if not isinstance(state, FreeForm):
                    jacobian[state] += sign * slope
        return jacobian

    def _indicator(self, state: State) -> np.ndarray:
        """Derivative of a reactant by each field."""
        slope = np.zeros(len(self.fields))
        if isinstance(state, FreeForm):
            slope[list(state.others)] = -1.0
        else:
            slope[state] = 1.0
        return slope

    @property
    def turnover(self) -> float:
        """Rate at which all reactions go forward at rest, and as fast back, µM ms⁻¹."""
        return sum(r.forward * self._ligand_at_rest(r) * self._at_rest(r.source) for r in self.reactions)

    def _ligand_at_rest(self, r: Reaction) -> float:
        """Concentration (µM) of what a reaction binds, where its buffer is; 1 if it binds nothing."""
        if r.ligand is None:
            return 1.0
        free = float(self.rest[r.ligand])
        return self.lumens.get(r.buffer, free) if r.ligand == CALCIUM else free

    def lowest(self, y: np.ndarray) -> float:
        """Lowest concentration of any reactant, where the fields are y (fields, …) µM."""
        free = {state for r in self.reactions for state in (r.source, r.target) if isinstance(state, FreeForm)}
        return float(min([y.min(), *(concentration(state, y).min() for state in free)]))

    def capture_rate(self, buffer: str) -> float:
        """Rate at which a buffer at rest takes up calcium of the cytosol, Σ k_on [free form], ms⁻¹."""
        return self._capture(r for r in self.reactions if r.buffer == buffer)

    @property
    def capture(self) -> float:
        """Rate at which all buffers at rest take up calcium of the cytosol, ms⁻¹."""
        return self._capture(self.reactions)

    def _capture(self, reactions: Iterable[Reaction]) -> float:
        cytosolic = (r for r in reactions if r.ligand == CALCIUM and r.buffer not in self.lumens)
        return sum(r.forward * self._at_rest(r.source) for r in cytosolic)

    def _at_rest(self, state: State) -> float:
        """Concentration (µM) of a reactant before the stimulus."""
        return float(concentration(state, self.rest))
