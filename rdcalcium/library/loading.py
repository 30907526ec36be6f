"""From a model file to a Model, and from the library to a part of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rdcalcium.catalogue import entries
from rdcalcium.errors import ModelError, suggest
from rdcalcium.library.likeness import differences, other_file, with_changes
from rdcalcium.model import Buffer, Channels, Model, Pump, Sensor, StoreTransport, read_toml, validate
from rdcalcium.model.waveform import is_file


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
    said = {key: _found(value, folder) for key, value in data.items()}
    if "like" not in data:
        return validate(said, origin)
    said, without = {key: value for key, value in said.items() if key not in Model.of_files}, data.get("without", [])
    path = other_file(data["like"], folder, origin)
    if path in followed:
        circle = f"{' and '.join(p.name for p in followed)} are like each other" if followed[1:] else "is like itself"
        raise ModelError(f"{origin}: {circle}; one must say it all")
    known = _resolved(read_toml(path), path.name, path.parent, (*followed, path))
    return validate(with_changes(known, said, without, origin, f"{data['like']}"), origin)


def likeness(source: str | Path) -> Iterator[str]:
    """In which parts a model file differs from the one that it is like, in one line; nothing where it says it all."""
    path = _file_of(source)
    data = read_toml(path)
    if "like" in data:
        other = load(other_file(data["like"], path.parent, path.name))
        found = [*differences(other, load(path))]
        yield f"like {data['like']}; {'; '.join(found) or 'nothing is different'}"


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
    return isinstance(value, str) and (key == "file" or (key == "waveform" and is_file(value)))
