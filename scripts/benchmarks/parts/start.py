"""From the start of the program to the end of the first step of a small model: seconds, with its kernels in the cache.

The quickest of some processes. In the last column the command `rdcalcium run` as a whole, with its run folder, on a
model of a few steps.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from parts import models
from parts.process import answer
from parts.setting import Setting, Tables
from rdcalcium.model import write_toml

REPEATS = 5
CELL, DURATION = 0.05, 1e-6  # µm, ms


def tables(setting: Setting) -> Tables:
    """One row for each backend."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.toml"
        path.write_text(write_toml(models.cubes(CELL).changed(run={"duration": DURATION})), encoding="utf-8")
        if setting.quick:
            return {"": [_row(path, setting.best, 1)]}
        return {"": [_row(path, kind.name, REPEATS) for kind in setting.kinds()]}


def _row(path: Path, backend: str, repeats: int) -> dict[str, Any]:
    runs = [_first_step(path, backend) for _ in range(repeats)]  # the first may compile
    if any("note" in run for run in runs):
        return {"backend": backend, **runs[0]}
    quickest = min(runs, key=lambda run: run["first step"])
    whole = min(_whole_command(path, backend) for _ in range(repeats))
    return {"backend": backend, **_apart(quickest), "all of these s": quickest["first step"], "rdcalcium run s": whole}


def _first_step(path: Path, backend: str) -> dict[str, Any]:
    return answer("first_step.py", str(path), backend, repr(time.time()))


def _apart(times: dict[str, float]) -> dict[str, float]:
    """Seconds of each phase, from those at which each ended."""
    ends = [0.0, *times.values()]
    return {f"{name} s": end - begin for name, begin, end in zip(times, ends[:-1], ends[1:], strict=True)}


def _whole_command(path: Path, backend: str) -> float:
    words = [
        "-m",
        "rdcalcium",
        "run",
        str(path),
        "--backend",
        backend,
        "--overwrite",
        "--out",
        str(path.parent / "run"),
    ]
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return time.perf_counter() - start
