"""The box problem in FiPy: implicit steps that grow after each switch of the channel, on a quarter of the box.

Reads the problem and the setting as JSON, writes what it found and what it cost. Each field is swept twice a step; its
matrix is symmetric and close to diagonal, for which conjugate gradients are the quickest of FiPy's SciPy solvers.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ["FIPY_SOLVERS"] = "scipy"

try:
    import fipy
    import numpy as np
    from fipy import CellVariable, DiffusionTerm, Grid3D, ImplicitSourceTerm, TransientTerm
    from fipy.solvers import LinearCGSolver
except ImportError:
    print(json.dumps({"missing": "FiPy"}))
    raise SystemExit from None

SWEEPS = 2


class Box:
    """Calcium and what each buffer has bound, with their equations."""

    def __init__(self, problem: dict):
        cell = problem["cell"]
        self.shape = [round(length / cell) for length in problem["size"]]
        nx, ny, nz = self.shape
        self.mesh = Grid3D(dx=cell, dy=cell, dz=cell, nx=nx, ny=ny, nz=nz)
        calcium = problem["calcium"]
        self.rest, self.flow = calcium["rest"], np.zeros(self.mesh.numberOfCells)
        self.flow[0] = problem["influx"] / cell**3
        self.calcium = CellVariable(mesh=self.mesh, value=self.rest, hasOld=True)
        self.source = CellVariable(mesh=self.mesh, value=self.flow)
        self.equations = [self.bind(problem["fixed"]), self.bind(problem["EGTA"])]
        taken = sum(b["k_on"] * (b["total"] - bound) for bound, _, b in self.equations)
        given = sum(b["k_off"] * bound for bound, _, b in self.equations)
        spread = DiffusionTerm(calcium["diffusivity"], var=self.calcium)
        equation = TransientTerm(var=self.calcium) == spread + self.source + given - ImplicitSourceTerm(
            taken, var=self.calcium
        )
        self.equations.append((self.calcium, equation, {}))

    def bind(self, buffer: dict) -> tuple:
        """What a buffer has bound, and its equation."""
        k_on, k_off, total = buffer["k_on"], buffer["k_off"], buffer["total"]
        bound = CellVariable(mesh=self.mesh, value=total * self.rest / (k_off / k_on + self.rest), hasOld=True)
        gain = k_on * total * self.calcium - ImplicitSourceTerm(k_on * self.calcium + k_off, var=bound)
        if buffer["diffusivity"]:
            gain = gain + DiffusionTerm(buffer["diffusivity"], var=bound)
        return bound, TransientTerm(var=bound) == gain, buffer

    def step(self, dt: float, solver: LinearCGSolver) -> None:
        """One implicit step of dt ms."""
        for variable, _, _ in self.equations:
            variable.updateOld()
        for _ in range(SWEEPS):
            for variable, equation, _ in self.equations:
                equation.sweep(var=variable, dt=dt, solver=solver)

    def column(self) -> list[float]:
        """Calcium in the cells above the pore, µM."""
        return self.calcium.value.reshape(self.shape[::-1])[:, 0, 0].tolist()


def run(problem: dict, refinement: int) -> dict:
    """All times, with steps that begin with 1 µs / refinement and grow by 10 % / refinement."""
    begun = time.perf_counter()
    box, solver = Box(problem), LinearCGSolver(tolerance=1e-6)
    first, growth = 1e-3 / refinement, 1.1 ** (1 / refinement)
    start = time.perf_counter()
    columns, steps, t, dt = [], 0, 0.0, first
    for end in problem["times"]:
        while t < end - 1e-12:
            left = (end - t) / dt
            h = dt if left > 2 else (end - t) / max(np.ceil(left - 1e-9), 1)
            box.step(h, solver)
            t, steps, dt = t + h, steps + 1, dt * growth
        columns.append(box.column())
        if end == problem["open"]:
            box.source.setValue(0.0)
            dt = first
    return {
        "program": "FiPy",
        "version": fipy.__version__,
        "setting": f"SciPy CG, dt from {1e3 * first:.2g} us, growing by {100 * (growth - 1):.2g} %",
        "steps": steps,
        "setup s": start - begun,
        "run s": time.perf_counter() - start,
        "columns": columns,
    }


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(run(asked["problem"], **asked["setting"])))
