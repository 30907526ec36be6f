"""From a model file to a Model: what a part `use`s is filled in from the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rdcalcium.library.catalogue import FOLDER, entries, entry
from rdcalcium.library.waveform import read_waveform
from rdcalcium.model import Buffer, Model, ModelError, read_toml, validate
from rdcalcium.model.mistakes import suggest
from rdcalcium.model.toml import validate_as

# Two of these three make a one-site buffer. A model that says one of them keeps one of the entry, and the third
# follows: k_on stays where it can, because it is what diffusion allows.
_KEPT_BESIDE = {"k_on": "k_off", "k_off": "k_on", "K_d": "k_on"}


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


def buffer(use: str, **values: Any) -> Buffer:
    """A buffer of the library, with some values replaced: buffer("EGTA", total="10 mM")."""
    return validate_as(Buffer, _filled("buffers", {"use": use, **values}), f"buffer {use!r}")


def resolve(data: dict[str, Any], origin: str = "model", folder: Path | None = None) -> Model:
    """Check plain tables as a Model, after filling in library values; relative paths start at `folder`."""
    folder = Path.cwd() if folder is None else folder
    data = dict(data)
    for kind in ("buffers", "channels", "sensors"):
        if isinstance(data.get(kind), list):
            data[kind] = [_filled(kind, part) for part in data[kind]]
    if isinstance(data.get("stimulus"), dict):
        data["stimulus"] = _with_waveform(data["stimulus"], folder)
    geometry = data.get("geometry")
    if isinstance(geometry, dict) and isinstance(geometry.get("file"), str):
        data["geometry"] = {**geometry, "file": str((folder / geometry["file"]).resolve())}
    return validate(data, origin)


def _filled(kind: str, part: Any) -> Any:
    """A part with the values of the entry that it uses; what the part says itself replaces what the entry says."""
    if not isinstance(part, dict) or not isinstance(part.get("use"), str):
        return part
    found = entry(kind, part["use"])
    for rate in _KEPT_BESIDE.keys() - _kept_rates(part):
        found.pop(rate, None)
    filled = {"name": part["use"], **found, **part}
    if isinstance(part.get("parameters"), dict):  # one by one
        filled["parameters"] = {**found.get("parameters", {}), **part["parameters"]}
    return filled


def _kept_rates(part: dict[str, Any]) -> set[str]:
    """Which of k_on, k_off and K_d an entry still says beside those that a part of the model says."""
    said = _KEPT_BESIDE.keys() & part.keys()
    if not said:
        return set(_KEPT_BESIDE)
    return {_KEPT_BESIDE[rate] for rate in said} if len(said) == 1 else set()


def _with_waveform(stimulus: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A stimulus with the table of the waveform that it names."""
    name = stimulus.get("waveform")
    if not isinstance(name, str):
        return stimulus
    if name.endswith(".csv"):
        path = (folder / name).resolve()
        return {**stimulus, "waveform": str(path), "table": read_waveform(path)}
    found = entry("waveforms", name)
    return {"source": found["source"], **stimulus, "table": read_waveform(FOLDER / "waveforms" / found["file"])}
