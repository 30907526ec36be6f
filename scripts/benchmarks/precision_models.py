"""Models on which single precision is measured: the examples, and one for each way in which rounding might matter."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import rdcalcium as rc

EXAMPLES = Path(__file__).parents[2] / "examples"
FIXED = {"name": "fixed", "k_on": 0.5, "K_d": 10, "total": 400, "diffusivity": 0}
FULL = {"name": "full", "k_on": 0.5, "K_d": 1e-6, "total": 10_000, "diffusivity": 0}
CALMODULIN_N = {
    "name": "calmodulin N",
    "total": 100,
    "diffusivity": 0.02,
    "scheme": ["N0 + Ca <-> N1 : 2*k_T, q_T", "N1 + Ca <-> N2 : k_R, 2*q_R"],
    "parameters": {"k_T": "0.77 /uM/ms", "q_T": "160 /ms", "k_R": "32 /uM/ms", "q_R": "22 /ms"},
    "source": ["10.1038/nn.2746"],
}
OPEN = {"kind": "constant", "amplitude": 0.05}


class TakenError(Exception):
    """The model that an example was about to run."""


def of_example(name: str) -> rc.Model:
    """The first model that an example runs."""

    def take(model: rc.Model, **options: Any) -> None:
        raise TakenError(model)

    with patch.object(rc, "run", take):
        try:
            runpy.run_path(str(EXAMPLES / f"{name}.py"))
        except TakenError as taken:
            return taken.args[0]
    raise LookupError(f"the example {name} runs nothing")


def channel(
    cells: float, side: float, duration: float, *buffers: dict[str, Any], current: dict[str, Any] | None = None
) -> rc.Model:
    """A channel, open for 0.5 ms unless its current is given, on the corner of a quarter of a box of this side (µm)."""
    current = current or {"kind": "pulse", "amplitude": 0.2, "duration": 0.5}
    return rc.Model(
        geometry={"kind": "box", "size": [side, side, side / 2], "symmetry": ["x", "y"]},
        discretization={"kind": "grid", "size_at_active_zone": cells, "size_in_bulk": 0.1 * side},
        buffers=buffers,
        channels=[{"name": "Ca", "positions": [[0, 0]], "current": current}],
        probes=[{"name": f"{share} of the side", "position": [share * side, 0, 0]} for share in (0.05, 0.3)],
        sensors=[{"name": "vesicle", "use": "schneggenburger_neher2000", "positions": [[0.1 * side, 0, 0]]}],
        run={"duration": duration},
    )


def models() -> dict[str, rc.Model]:
    """Name -> model."""
    egta = {"use": "EGTA", "total": 1000}
    return {
        "nanodomain": of_example("nanodomain"),
        "chelators, BAPTA": of_example("chelators").with_buffer(rc.buffer("BAPTA", total="5 mM")),
        "own_buffer": of_example("own_buffer"),
        "own_model": of_example("own_model"),
        "keller2015, coarse": of_example("calyx_with_egta"),
        "calmodulin, 20 nm": channel(0.02, 1.0, 1.0, CALMODULIN_N),
        "10 mM that is full": channel(0.02, 1.0, 1.0, FULL),
        "3 nm cells": channel(0.003, 0.4, 0.6, egta),
        "decay of 100 ms": channel(0.02, 1.0, 100.0, egta, FIXED),
        "open for 100 ms": channel(0.02, 1.0, 100.0, egta, FIXED, current=OPEN),
    }
