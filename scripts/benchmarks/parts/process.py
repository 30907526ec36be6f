"""Runs in a process of their own, so that the memory of one is not that of another."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rdcalcium as rc
from rdcalcium.model import write_toml

SCRIPTS = Path(__file__).parent


def run_alone(model: rc.Model, backend: str, seconds: float, marks: Sequence[float] = ()) -> dict[str, Any]:
    """The row of one run, as `one_run.measured` tells it, or a note of what went wrong."""
    return ask_alone("one_run.py", model, backend=backend, seconds=seconds, marks=list(marks))


def ask_alone(script: str, model: rc.Model, **asked: Any) -> dict[str, Any]:
    """What a script tells of a model and of what else is asked for, or a note of what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.toml"
        path.write_text(write_toml(model), encoding="utf-8")
        return answer(script, input=json.dumps({"path": str(path), **asked}))


def answer(script: str, *words: str, **options: Any) -> dict[str, Any]:
    """What a script beside this one prints as JSON in its last line, or a note of what went wrong."""
    command = [sys.executable, str(SCRIPTS / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        return {"note": f"failed: {(done.stderr.splitlines() or ['killed'])[-1]}"}
    return json.loads(done.stdout.splitlines()[-1])
