"""What bounds the length of an explicit step: how fast a terminal can react, and what in it does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rdcalcium.chemistry import Chemistry
from rdcalcium.patches import Patches
from rdcalcium.units import figures

LOW = 10.0  # µM of calcium; below, one constant bounds the stiffness of patches, above, lines that rise with calcium


@dataclass(frozen=True)
class StepBound:
    """A bound on the spectral radius of the Jacobian, while calcium in the cytosol stays below a level.

    laplacian  bound on the spectral radius of the discrete Laplacian, µm⁻²
    """

    chemistry: Chemistry
    laplacian: float
    patches: Patches = field(default_factory=Patches)

    def at(self, calcium: float) -> float:
        """While calcium stays below a level (µM), ms⁻¹."""
        steady, binding = self.terms()
        return steady + float((binding[:, 0] * calcium + binding[:, 1]).max(initial=0.0))

    def terms(self) -> tuple[float, np.ndarray]:
        """Its part that does not depend on calcium (ms⁻¹), and of each buffer Σ k_on and Σ k_off, (buffers, 2).

        Those of patches are added to each of them, and to nothing.
        """
        steady, binding = self.chemistry.stiffness_terms(self.laplacian)
        constant, lines = self.patches.stiffness(LOW)
        if len(lines):
            binding = (np.vstack([binding, np.zeros((1, 2))])[:, None] + lines).reshape(-1, 2)
        return steady + constant, binding

    def most(self, calcium: float) -> str:
        """What makes most of it at this level, in words."""
        diffusion = float(self.chemistry.diffusivity.max()) * self.laplacian
        parts = {"diffusion": diffusion, "buffers": self.chemistry.stiffness(calcium, self.laplacian) - diffusion}
        for patch, stiffness in zip(self.patches.patches, self.patches.stiffnesses, strict=True):
            name = repr(patch.mechanism.name)
            parts[name] = parts.get(name, 0.0) + float(stiffness.radii[stiffness.place(calcium)])
        name = max(parts, key=lambda part: parts[part])
        return f"{name}, {figures(parts[name])} per ms"
