"""Other programs on the box problem: each in its own process, with the step that two coarser runs say it needs."""

from __future__ import annotations

import json
import os
import subprocess
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from box.problem import above_the_pore, for_peers, largest

PEERS = Path(__file__).parents[1] / "peers"
PROGRAMS = {"NEURON rxd": "neuron_rxd.py", "FiPy": "fipy_box.py"}
SLACK = 1.05  # more steps than the law of the first order asks for


def call(python: str, program: str, cell: float, **setting: Any) -> dict[str, Any]:
    """One run: a row with calcium above the pore, (times, heights) µM; {"missing": …} where it is not installed."""
    done = subprocess.run(
        [python, str(PEERS / PROGRAMS[program])],
        input=json.dumps({"problem": for_peers(cell), "setting": setting}),
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program} failed with {setting}: {done.stderr[-2000:]}")
    row = json.loads(done.stdout.splitlines()[-1])
    if "missing" in row:
        return row
    columns = row.pop("columns")
    size = np.prod([round(length / cell) for length in for_peers(cell)["size"]])
    calcium = above_the_pore(columns, cell)
    return {**row, "threads": setting.get("threads", 1), "cells": int(size), "calcium": calcium.tolist()}


def accurate(python: str, program: str, cell: float, wanted: float, most: int) -> list[dict[str, Any]]:
    """Runs of a method of first order: with one and two steps in place of one, and with as many as `wanted` % needs.

    The error of each is against the limit of the finest two; `most` bounds the refinement.
    """
    coarse = call(python, program, cell, refinement=1)
    if "missing" in coarse:
        return [coarse]
    runs = [{**coarse, "refinement": 1}, {**call(python, program, cell, refinement=2), "refinement": 2}]
    needed = ceil(SLACK * 2 * largest(values(runs[1]), limit(runs)) / wanted)
    if needed > 2 and most > 2:
        refinement = min(needed, most)
        runs.append({**call(python, program, cell, refinement=refinement), "refinement": refinement})
    end = limit(runs[-2:])
    return [{**run, "error %": largest(values(run), end), "limit": end.tolist()} for run in runs]


def limit(runs: list[dict[str, Any]]) -> np.ndarray:
    """What two runs of first order tend to, (times, heights) µM."""
    coarse, fine = runs[0]["refinement"], runs[1]["refinement"]
    return values(runs[1]) + (values(runs[1]) - values(runs[0])) * coarse / (fine - coarse)


def values(run: dict[str, Any]) -> np.ndarray:
    """Calcium of a row as an array."""
    return np.array(run["calcium"])
