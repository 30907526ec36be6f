"""What the README shows works: its commands exist, its model runs, its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import library
from rdcalcium.cli.commands import cli
from rdcalcium.model import Model
from tests.support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Every block of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def briefly(model: Model, duration: float, coarser: float = 1.0) -> Model:
    """The same model, for a shorter time and on wider cells."""
    run = model.run.model_copy(update={"duration": duration})
    return model.changed(run=run, discretization=model.discretization.scaled(coarser))


def commands() -> list[str]:
    lines = "\n".join([*blocks("sh"), *re.findall(r"`(rdcalcium [^`]*)`", README)]).splitlines()
    return [line.partition("#")[0].strip() for line in lines if line.startswith("rdcalcium ")]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme_exists_with_its_options(line: str) -> None:
    _, name, *words = shlex.split(line)
    command = cli.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_option_that_changes_a_run_is_in_the_readme() -> None:
    options = {option for parameter in cli.commands["run"].params for option in parameter.opts if option[:2] == "--"}
    assert options - {"--out", "--overwrite", "--backend", "--device"} <= set(re.findall(r"--[a-z]+", README))


def test_the_model_of_the_readme_runs(tmp_path: Path) -> None:
    shown, _ = blocks("toml")
    (tmp_path / "model.toml").write_text(shown, encoding="utf-8")
    model = rc.load(str(tmp_path / "model.toml"))
    result = rc.run(briefly(model, duration=0.15), out=tmp_path / "run")
    assert float(result.probes["sensor"].calcium.max()) > 10 * model.calcium.rest
    assert len(result.snapshots.times) > 1


def test_the_bouton_of_the_readme_is_a_model_that_fits_together(tmp_path: Path) -> None:
    """One of the examples runs it: this asks for what must be said, and where rules place."""
    _, shown = blocks("toml")
    (tmp_path / "bouton.toml").write_text(shown, encoding="utf-8")
    placed = rc.placed(rc.load(str(tmp_path / "bouton.toml")))
    assert [len(placed.zones), *(len(group.positions) for group in (*placed.channels, *placed.sensors))] == [3, 30, 9]


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of the README, on wide cells and for a moment."""
    load, durations = library.load, {"keller2015": 0.005, "model.toml": 0.15}
    monkeypatch.setattr(library, "load", lambda name: briefly(load(name), durations[name], coarser=2.5))
    monkeypatch.chdir(tmp_path)
    Path("model.toml").write_text(blocks("toml")[0], encoding="utf-8")
    first, second, third = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(first, "README.md", "exec"), names)
    *_, last = first.strip().splitlines()
    assert 0 <= eval(last, names) < 1, "the last line is a release probability"
    assert (tmp_path / "runs" / "egta" / "model.toml").exists()
    exec(compile(second, "README.md", "exec"), names)
    released = list(names["released"].values())
    assert len(released) == 4
    assert released == sorted(released, reverse=True)
    assert released[0] > 10 * released[-1]
    exec(compile(third, "README.md", "exec"), names)
    assert np.all(np.diff(names["steps"].release_rate.max("time")) > 0)
