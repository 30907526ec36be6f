"""From a model file to a Model, and from the library to a part of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rdcalcium.catalogue import entries
from rdcalcium.errors import ModelError, suggest
from rdcalcium.model import Buffer, Channels, Model, Pump, Sensor, StoreTransport, read_toml, validate


def load(source: str | Path) -> Model:
    """Read and check a model: the name of a library model, or the path of a model file.

    What a part `use`s is filled in from the library wherever the model does not say it itself.
    """
    path = _file_of(source)
    return resolve(read_toml(path), origin=path.name, folder=path.parent)


def _file_of(source: str | Path) -> Path:
    """The file of a model, which is named, or whose path is given."""
    path = Path(source)
    if path.suffix != ".toml" and not path.exists():
        known = entries("models")
        if str(source) not in known:
            raise ModelError(
                f"{str(source)!r} is neither a file nor a model of the library; {suggest(str(source), known)}"
            )
        path = Path(known[str(source)]["file"])
    return path


def loaded(model: Model | str | Path) -> Model:
    """A model, as it is; or that of the library, or of a file, which is named instead."""
    return model if isinstance(model, Model) else load(model)


def buffer(use: str | None = None, **values: Any) -> Buffer:
    """A buffer of the library, with some values said or replaced: buffer("EGTA", total="10 mM").

    Here, and of the other parts below, one that uses no entry says all keys of the model file by itself.
    """
    return Buffer(use=use, **values)


def channels(use: str | None = None, **values: Any) -> Channels:
    """Channels of the library at positions: channels("calyx_borst_sakmann1998", positions=[["0 nm", "0 nm"]])."""
    return Channels(use=use, **values)


def sensor(use: str | None = None, **values: Any) -> Sensor:
    """Sensors of the library at positions: sensor("felmy2003", positions=[["50 nm", "0 nm", "0 nm"]])."""
    return Sensor(use=use, **values)


def pump(use: str | None = None, **values: Any) -> Pump:
    """A pump of the library on a surface: pump("PMCA_matveev2006", surface="z_max")."""
    return Pump(use=use, **values)


def transport(use: str | None = None, **values: Any) -> StoreTransport:
    """What is in the membrane of a store: transport("SERCA_li_rinzel1994", parameters={"V_max": "2e-3 uM*um/ms"})."""
    return StoreTransport(use=use, **values)


def resolve(data: dict[str, Any], origin: str = "model", folder: Path | None = None) -> Model:
    """Check plain tables as a Model, or as changes of one that they are `like`; relative paths start at `folder`."""
    return _resolved(data, origin, Path.cwd() if folder is None else folder, ())


def _resolved(data: dict[str, Any], origin: str, folder: Path, followed: tuple[Path, ...]) -> Model:
    """The same, after the files that are like each other."""
    said = {key: _found(value, folder) for key, value in data.items() if key != "like"}
    if "like" not in data:
        return validate(said, origin)
    other = data["like"]
    if not isinstance(other, str):
        raise ModelError(
            f"{origin}: 'like' is {other!r}; write the name of a library model, or the path of a model file"
        )
    path = _file_of((folder / other).resolve() if other.endswith(".toml") else other)
    if path in followed:
        raise ModelError(f"{origin}: {' and '.join(p.name for p in followed)} are like each other; one must say it all")
    known = _resolved(read_toml(path), path.name, path.parent, (*followed, path))
    said = {key: _by_name(getattr(known, key, ()), value) for key, value in said.items()}
    return validate(known.merged(said), origin)


def _by_name(parts: Any, said: Any) -> Any:
    """Tables with names as changes of the parts with these names, beside the other parts; any other value as it is.

    parts  that are there
    """
    tables = said if isinstance(said, list) and isinstance(parts, tuple) else []
    places = {getattr(part, "name", None): place for place, part in enumerate(parts)} if tables else {}
    names = [table.get("name", table.get("use")) if isinstance(table, dict) else None for table in tables]
    if not any(name in places for name in names if name is not None):
        return said
    merged = [*parts]
    for name, table in zip(names, tables, strict=True):
        place = places.pop(name, None)  # a second table of that name is another part, which the model refuses
        if place is None:
            merged.append(table)
        else:
            merged[place] = parts[place].merged(table)
    return merged


def _found(value: Any, folder: Path) -> Any:
    """A value in whose tables each path of a file is made absolute."""
    if isinstance(value, list):
        return [_found(one, folder) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str((folder / one).resolve()) if _is_path(key, one) else _found(one, folder) for key, one in value.items()
    }


def _is_path(key: str, value: Any) -> bool:
    """Whether a key of a model file names a file; a waveform may be one of the library."""
    return isinstance(value, str) and (key == "file" or (key == "waveform" and value.endswith(".csv")))
