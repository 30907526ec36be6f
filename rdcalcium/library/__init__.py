"""Literature values as data, and the models that can be run by name."""

from __future__ import annotations

import csv
import math
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rdcalcium.model import Buffer, Model, ModelError, read_toml, validate
from rdcalcium.model.base import LibraryPart
from rdcalcium.model.toml import suggest, validate_as

KINDS = ("buffers", "channels", "sensors", "waveforms", "models")
_FOLDER = files("rdcalcium.library")
_NOT_MODEL_KEYS = {"description", "like"}


@cache
def entries(kind: str) -> dict[str, dict[str, Any]]:
    """All entries of one kind ("buffers", "channels", "sensors", "waveforms", "models"): name -> values."""
    if kind not in KINDS:
        raise ModelError(f"the library has no {kind!r}; {suggest(kind, list(KINDS))}")
    if kind == "models":
        paths = sorted((Path(str(_FOLDER)) / "models").glob("*.toml"))
        return {p.stem: {"description": read_toml(p).get("title", ""), "file": str(p)} for p in paths}
    file = _FOLDER / "waveforms" / "waveforms.toml" if kind == "waveforms" else _FOLDER / f"{kind}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: {**table.get(entry.get("like", ""), {}), **entry} for name, entry in table.items()}


@cache
def references() -> dict[str, dict[str, str]]:
    """Papers by key: citation and doi."""
    return tomllib.loads((_FOLDER / "references.toml").read_text(encoding="utf-8"))


def entry(kind: str, name: str) -> dict[str, Any]:
    """Values of one library entry, as they would stand in a model file."""
    known = entries(kind)
    if name not in known:
        raise ModelError(f"the library has no {kind.removesuffix('s')} {name!r}; {suggest(name, list(known))}")
    return {k: v for k, v in known[name].items() if k not in _NOT_MODEL_KEYS}


def buffer(use: str, **values: Any) -> Buffer:
    """A buffer of the library, with some values replaced: buffer("EGTA", total="10 mM")."""
    return validate_as(Buffer, _filled("buffers", {"use": use, **values}), f"buffer {use!r}")


def load(source: str | Path) -> Model:
    """Read and check a model: the name of a library model, or the path of a model file.

    What a part `use`s is filled in from the library wherever the model does not say it itself.
    """
    path = Path(source)
    if path.suffix != ".toml" and not path.exists():
        known = entries("models")
        if str(source) not in known:
            raise ModelError(
                f"{str(source)!r} is neither a file nor a model of the library; {suggest(str(source), list(known))}"
            )
        path = Path(known[str(source)]["file"])
    return resolve(read_toml(path), origin=path.name, folder=path.parent)


def resolve(data: dict[str, Any], origin: str = "model", folder: Path | None = None) -> Model:
    """Check plain tables as a Model, after filling in library values; relative paths start at `folder`."""
    folder = Path.cwd() if folder is None else folder
    data = dict(data)
    for kind in ("buffers", "channels", "sensors"):
        if isinstance(data.get(kind), list):
            data[kind] = [_filled(kind, part) if isinstance(part, dict) else part for part in data[kind]]
    if isinstance(data.get("stimulus"), dict):
        data["stimulus"] = _with_waveform(data["stimulus"], folder)
    geometry = data.get("geometry")
    if isinstance(geometry, dict) and isinstance(geometry.get("file"), str):
        data["geometry"] = {**geometry, "file": str((folder / geometry["file"]).resolve())}
    return validate(data, origin)


def _filled(kind: str, part: dict[str, Any]) -> dict[str, Any]:
    """A part of a model with the values of the library entry that it uses under its own."""
    if not isinstance(part.get("use"), str):
        return part
    base = entry(kind, part["use"])
    if kind == "buffers" and {"k_on", "k_off", "K_d"} & part.keys():
        base = {k: v for k, v in base.items() if k not in ("k_on", "k_off", "K_d")} | (
            {k: base[k] for k in ("k_on", "k_off") if k in base and len({"k_on", "k_off", "K_d"} & part.keys()) == 1}
        )
        if "K_d" in part:
            base.pop("k_off", None)
    parameters = {**base.get("parameters", {}), **part.get("parameters", {})}
    filled = {"name": part["use"], **base, **part}
    return {**filled, "parameters": parameters} if parameters else filled


def _with_waveform(stimulus: dict[str, Any], folder: Path) -> dict[str, Any]:
    name = stimulus.get("waveform")
    if not isinstance(name, str):
        return stimulus
    if name.endswith(".csv"):
        path = (folder / name).resolve()
        return {**stimulus, "waveform": str(path), "table": read_waveform(path)}
    found = entry("waveforms", name)
    path = Path(str(_FOLDER)) / "waveforms" / found["file"]
    return {"source": found.get("source", []), **stimulus, "table": read_waveform(path)}


def read_waveform(path: Path) -> list[tuple[float, float]]:
    """Rows of time (ms) and voltage (mV) of a CSV file; lines of text and comments are passed over."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].lstrip().startswith("#")]
    except OSError as error:
        raise ModelError(f"cannot read the waveform {path}: {error.strerror or error}") from None
    try:
        numbers = [(float(row[0]), float(row[1])) for row in rows[_is_header(rows) :]]
    except (ValueError, IndexError):
        raise ModelError(f"{path} is not a table of two columns, time (ms) and voltage (mV)") from None
    if not all(math.isfinite(t) and math.isfinite(v) for t, v in numbers):
        raise ModelError(f"the waveform {path} has a row that is not finite")
    if len(numbers) < 2:
        raise ModelError(f"the waveform {path} has fewer than two rows")
    return numbers


def _is_header(rows: list[list[str]]) -> int:
    try:
        float(rows[0][0])
    except (ValueError, IndexError):
        return 1
    return 0


def used_references(model: Model) -> list[dict[str, str]]:
    """The papers whose values a model uses: key (or the DOI said in the model), citation, doi."""
    keys = list(model.references)
    parts: list[LibraryPart] = [*model.buffers, *model.channels, *model.sensors]
    keys += [key for part in parts for key in part.source]
    keys += model.stimulus.source if model.stimulus else ()
    if model.calcium.diffusivity == type(model.calcium)().diffusivity:
        keys.append("allbritton1992")
    by_doi = {paper["doi"]: key for key, paper in references().items()}
    unique = dict.fromkeys(by_doi.get(key, key) for key in keys)
    return [{"key": key, **references().get(key, {"citation": key, "doi": key})} for key in unique]
