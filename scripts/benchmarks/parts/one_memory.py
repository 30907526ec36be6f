"""The memory of one run in a process of its own: what is asked for comes as JSON on stdin, and a row goes to stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from rdcalcium import steady
from rdcalcium.backends import open_backend
from rdcalcium.library import load
from rdcalcium.machine import peak_memory
from rdcalcium.memory import FOOTPRINTS, memory_for_steady_state, memory_needed
from rdcalcium.model import Model
from rdcalcium.runner import prepare
from rdcalcium.simulation import Simulation
from rdcalcium.system import System

HELD, MIB = "z_max", 2**20


def whole_run(model: Model, backend: str) -> System:
    """Its control volumes, its first step, and one that is implicit."""
    system = prepare(model, backend)
    run = Simulation(model, open_backend(backend, system, model.run.precision))
    run.advance()
    run.stepper.attempt(run.host.implicit, 1e-3, None, run.rtol, run.atol)
    return system


def making(model: Model, backend: str) -> System:
    """Its control volumes alone."""
    return prepare(model, backend)


def steady_state(model: Model, backend: str) -> System:
    """What it tends to with one wall held at rest."""
    steady(model, at=0.5, held=[HELD])
    return prepare(model, backend)


WHAT: dict[str, Callable[[Model, str], System]] = {f.__name__: f for f in (making, whole_run, steady_state)}


def planned(what: str, model: Model, size: int, backend: str) -> float:
    """Bytes for each control volume that `rdcalcium.memory` plans."""
    if what == "making":
        return FOOTPRINTS[model.discretization.kind].making
    if what == "steady_state":
        return memory_for_steady_state(model, size) / size
    return memory_needed(model, size, backend) / size


def measured(path: str, backend: str, what: str) -> dict[str, Any]:
    """A row; the same on much wider cells comes first, which takes what a program takes anyway."""
    model = load(path)
    WHAT[what](model.changed(discretization=model.discretization.scaled(4)), backend)
    before = peak_memory()
    system = WHAT[what](model, backend)
    fields, n = system.shape
    found, plan = (peak_memory() - before) * MIB / n, planned(what, model, n, backend)
    about = {"cells": model.discretization.kind, "backend": backend, "precision": model.run.precision}
    counts = {"fields": fields, "control volumes": n}
    return {**about, **counts, "of": what.replace("_", " "), "bytes": found, "planned": plan, "ratio": found / plan}


if __name__ == "__main__":
    print(json.dumps(measured(**json.load(sys.stdin))))
