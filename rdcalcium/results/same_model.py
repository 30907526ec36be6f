"""Whether two runs are of one model, whatever its cells are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rdcalcium.errors import RdcalciumError
from rdcalcium.library import resolve
from rdcalcium.model import Model, read_toml, write_toml
from rdcalcium.results.folder import MODEL
from rdcalcium.results.run import Result

FILES = ("file", "waveform")  # keys of files, of which a run keeps copies under names of its own
WORDS = ("title", "notes", "references", "record", "discretization")  # which change nothing that is compared


def model_of(folder: Path) -> Model:
    """The model of a run folder."""
    path = folder / MODEL
    return resolve(read_toml(path), origin=str(path), folder=folder)


def difference(one: Model, other: Model) -> str:
    """The first table in which two models differ besides their cells, such as "buffers"; nothing if there is none."""
    a, b = (_tables(model) for model in (one, other))
    return next((key for key in [*a, *(key for key in b if key not in a)] if a.get(key) != b.get(key)), "")


def others_of_model(folders: Iterable[Path], made: Sequence[Result]) -> Iterator[Result]:
    """Finished runs in some folders that are of the same model as those that were made, and not among them."""
    own, model = {result.folder for result in made}, model_of(made[-1].folder)
    for path in folders:
        with suppress(RdcalciumError):  # no run, or a damaged one
            result = Result(path)
            if path not in own and result.about.status == "finished" and not difference(model_of(path), model):
                yield result


def _tables(model: Model) -> dict[str, Any]:
    """What a model says of its terminal; a mesh file is its cells."""
    tables = tomllib.loads(write_toml(model))
    if model.geometry.brings_cells:
        del tables["geometry"]
    return {key: _without_folders(value) for key, value in tables.items() if key not in WORDS}


def _without_folders(value: Any) -> Any:
    """Tables in which files have their names alone."""
    if isinstance(value, list):
        return [_without_folders(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: Path(one).stem if key in FILES else _without_folders(one) for key, one in value.items()}
