"""Model files: TOML in, TOML out, checked on the way."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from rdcalcium.errors import ModelError
from rdcalcium.model.checked import validate_as
from rdcalcium.model.model import Model


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file as they stand."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise ModelError(f"{path} is a folder, not a model file") from None
    except PermissionError:
        raise ModelError(f"{path} may not be read by this user") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not TOML: {error}") from None


def write_toml(model: Model) -> str:
    """The resolved model: every value said, with its unit; reading it back gives an equal model."""
    return tomli_w.dumps(_without_none(model.model_dump(mode="python")), multiline_strings=False)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None and v != {} and v != ()}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value


def validate(data: dict[str, Any], origin: str = "model") -> Model:
    """A checked Model from plain tables; ModelError says every mistake in them, one on each line."""
    return validate_as(Model, data, origin)
