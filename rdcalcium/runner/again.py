"""Finished runs of models in folders: one that is there, the rest of one that was stopped, or a new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rdcalcium.model import Model
from rdcalcium.placement import placed
from rdcalcium.results import Result, RunFolderError, folder
from rdcalcium.results.about import About
from rdcalcium.results.convergence import require_alike
from rdcalcium.results.same_model import difference, model_of
from rdcalcium.runner.start import resume, run

Told = Callable[[str], None]


def finished(
    model: Model, out: Path, backend: str = "auto", *, overwrite: bool = False, tell: Told = lambda _: None, **how: Any
) -> Result:
    """The Result of a model in a folder; whoever stopped it and asks again gets the rest.

    overwrite  run it anew, whatever is there
    tell       called with a sentence on what is there already
    how        `progress`, `should_stop` and others of `run`

    Raises RunFolderError where the folder holds a run of another model, or one on other cells.
    """
    if overwrite or not (out / folder.ABOUT).exists():
        return run(model, backend, out, overwrite=overwrite, **how)
    if differs := _difference(placed(model), out):
        raise RunFolderError(
            f"{out} holds a run that differs in {differs}; overwrite it, or choose another folder", "overwrite", "out"
        )
    if About.read(out).status == "finished":
        tell(f"{out} holds this run already")
        return Result(out)
    tell(f"{out} holds a part of this run, which goes on")
    return resume(out, backend, **{key: value for key, value in how.items() if key != "warn"})


def all_finished(models: Mapping[Path, Model], backend: str = "auto", **how: Any) -> list[Result]:
    """A finished run of each model in its folder, to be compared; ends after the first that is stopped.

    how  as of `finished`

    Raises RunFolderError before the first run where runs of a model on other cells tell nothing.
    """
    for model in models.values():
        require_alike(model)
    results: list[Result] = []
    for out, model in models.items():
        results.append(finished(model, out, backend, **how))
        if results[-1].about.status != "finished":
            break
    return results


def _difference(model: Model, out: Path) -> str:
    """In what a model differs from that of a run."""
    there = model_of(out)
    if model.discretization != there.discretization:
        return "discretization"
    return difference(model, there)
