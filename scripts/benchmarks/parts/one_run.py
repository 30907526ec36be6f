"""One run in a process of its own: what is asked for comes as JSON on stdin, and a row goes to stdout."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from rdcalcium.backends import open_backend
from rdcalcium.bench.systems import grid_cells, mesh_nodes
from rdcalcium.chemistry import build_chemistry
from rdcalcium.discretization.build import discretize
from rdcalcium.library import load
from rdcalcium.machine import let_idle_cores_sleep, peak_memory
from rdcalcium.model import Model
from rdcalcium.simulation import Simulation
from rdcalcium.system import System, build_system


def measured(path: str, backend: str, seconds: float, marks: list[float]) -> dict[str, Any]:
    """A row of one run.

    path     of the model file
    seconds  after which it is stopped
    marks    model times, ms, at which its seconds and its memory are noted
    """
    model = load(path)
    load_kernels(model, backend)
    idle = peak_memory()  # of this process and its imports; the one that the kernel keeps for children has the parent's
    begun = time.perf_counter()
    cells = discretize(model)
    do = open_backend(backend, build_system(model, cells), model.run.precision)
    do.prepare()
    simulation = Simulation(model, do)
    set_up = time.perf_counter() - begun
    tally = Tally(simulation, seconds)
    noted = [{**tally.until(t), "peak MiB": peak_memory() - idle} for t in marks]
    tally.until(model.run.duration)
    memory = peak_memory() - idle
    state = simulation.system.shape[0] * cells.size * np.dtype(model.run.precision).itemsize / 2**20
    return {
        "fields": simulation.system.shape[0],
        "control volumes": int(np.count_nonzero(cells.volumes)),  # solid cells hold nothing
        "backend": do.name,
        "threads": do.threads,
        "precision": do.precision,
        "model ms": simulation.t,
        "set-up s": set_up,
        **tally.row(),
        "peak MiB": memory,
        "peak in states": memory / state,
        "ledger error": simulation.balance().relative_error,
        "marks": noted,
        **({} if simulation.finished else {"note": f"stopped after {seconds:g} s, before {model.run.duration:g} ms"}),
    }


def load_kernels(model: Model, backend: str) -> None:
    """Compile those of a model, which are in the cache of whoever runs it again."""
    small = grid_cells(2) if model.discretization.kind == "grid" else mesh_nodes(2)
    open_backend(backend, System(build_chemistry(model), small), model.run.precision).prepare()


class Tally:
    """Advances a simulation, and counts what its steps cost."""

    def __init__(self, simulation: Simulation, seconds: float):
        self.simulation, self.limit = simulation, seconds
        self.explicit = self.implicit = 0.0  # s
        self.implicit_steps = 0

    @property
    def seconds(self) -> float:
        """Of all steps."""
        return self.explicit + self.implicit

    def until(self, t: float) -> dict[str, float]:
        """Advance to t ms, or until the time is over; where this has led, and what it has cost so far."""
        while self.simulation.t < t and not self.simulation.finished and self.seconds < self.limit:
            self._stretch(t)
        return {
            "model ms": self.simulation.t,
            "run s": self.seconds,
            "evaluations": self.simulation.stepper.evaluations,
        }

    def _stretch(self, t: float) -> None:
        """Some steps: explicit ones, which the backend may take at once, or an implicit one."""
        start, before = time.perf_counter(), self._implicit_evaluations
        taken = self.simulation.stretch(until=t)
        spent = time.perf_counter() - start
        if self._implicit_evaluations > before:
            self.implicit += spent
            self.implicit_steps += len(taken)
        else:
            self.explicit += spent

    @property
    def _implicit_evaluations(self) -> int:
        """Of implicit steps, which are made when the first is needed."""
        scheme = vars(self.simulation.host).get("implicit")
        return scheme.evaluations if scheme else 0

    def row(self) -> dict[str, Any]:
        """All counts."""
        return {
            "run s": self.seconds,
            "explicit s": self.explicit,
            "implicit s": self.implicit,
            "model ms per s": self.simulation.t / self.seconds,
            "steps": self.simulation.steps,
            "rejected": self.simulation.rejected,
            "implicit steps": self.implicit_steps,
            "evaluations": self.simulation.stepper.evaluations,
        }


if __name__ == "__main__":
    let_idle_cores_sleep()
    print(json.dumps(measured(**json.load(sys.stdin))))
