"""The files that a model names, kept in its run folder: a run can be moved, sent, resumed and run again."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path

from rdcalcium.geometry.copying import copy_geometry
from rdcalcium.library import entries
from rdcalcium.model import Model
from rdcalcium.model.waveform import Rows
from rdcalcium.results.columns import CURRENT, TIME, VOLTAGE, Column
from rdcalcium.results.folder import INPUTS


def keep_inputs(model: Model, folder: Path) -> Model:
    """Copy the files that the model names into the run folder; returns the model that names the copies.

    They take the place of the inputs of an earlier run when all are there, so that the model may name just those.
    """
    scratch, kept = folder / (INPUTS + ".new"), folder / INPUTS
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        names = _copy(model, scratch)
        shutil.rmtree(kept, ignore_errors=True)
        if names:
            scratch.rename(kept)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _renamed(model, {given: str((kept / name).resolve()) for given, name in names.items()})


def within(model: Model, folder: Path) -> Model:
    """The model with its inputs named relative to the run folder, as model.toml has them."""
    kept = (folder / INPUTS).resolve()
    inside = [name for name in _files(model) if Path(name).parent == kept]
    return _renamed(model, {name: f"{INPUTS}/{Path(name).name}" for name in inside})


def _copy(model: Model, folder: Path) -> dict[str, str]:
    """Copy every input into a folder: name in the model -> name of the copy."""
    names = {file: copy_geometry(Path(file), folder).name for file in model.geometry.files}
    for given, (heading, rows) in _recordings(model).items():
        names[given] = _free_name(Path(given).stem, names.values())
        # Written, not copied: the file may have changed since it was read, and need not exist.
        lines = [f"{t!r},{v!r}\n" for t, v in rows]
        (folder / names[given]).write_text(f"{TIME.heading},{heading}\n" + "".join(lines), encoding="utf-8")
    return names


def _recordings(model: Model) -> dict[str, tuple[str, Rows]]:
    """The tables that are files, not waveforms of the library: heading of the second column, and rows with the time."""
    read = model.stimulus.recordings if model.stimulus else {}
    found = {name: (VOLTAGE.heading, rows) for name, rows in read.items() if name not in entries("waveforms")}
    for group in model.channels:
        found |= {name: (Column(CURRENT, "pA").heading, rows) for name, rows in group.current.recordings.items()}
    return found


def _free_name(stem: str, taken: Collection[str]) -> str:
    """Of a copy; files from different folders may have one name."""
    names = (f"{stem}{mark}.csv" for mark in chain([""], (f"_{i}" for i in count(2))))
    return next(name for name in names if name not in taken)


def _files(model: Model) -> list[str]:
    return [*model.geometry.files, *_recordings(model)]


def _renamed(model: Model, names: dict[str, str]) -> Model:
    """The model with other names for the same files."""
    changes: dict[str, object] = {"geometry": model.geometry.with_files(names)}
    if model.stimulus:
        changes["stimulus"] = model.stimulus.with_files(names)
    if model.channels:
        groups = (g.model_copy(update={"current": g.current.with_files(names)}) for g in model.channels)
        changes["channels"] = tuple(groups)
    return model.model_copy(update=changes)
