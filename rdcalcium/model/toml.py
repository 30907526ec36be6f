"""Model files: TOML in, TOML out, checked on the way."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from rdcalcium.errors import ModelError
from rdcalcium.model.base import Part
from rdcalcium.model.checked import validate_as
from rdcalcium.model.docstrings import key_meaning
from rdcalcium.model.model import Model


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file as they stand."""
    path = Path(path)
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise ModelError(f"{path} is a folder, not a model file") from None
    except PermissionError:
        raise ModelError(f"{path} may not be read by this user") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise ModelError(f"{path} cannot be read: it has too many brackets within brackets") from None


def write_toml(model: Model) -> str:
    """The resolved model: every value said, with its unit; reading it back gives an equal model.

    What is not there and has no value to write, such as a longest step, is a comment that says what that means.
    """
    tables = _said(model)
    if model.geometry.brings_cells:
        sizes = ("size_at_active_zone", "size_in_bulk", "growth")  # those of the file
        tables["discretization"] = {k: v for k, v in tables["discretization"].items() if k not in sizes}
    text = tomli_w.dumps(tables, multiline_strings=False)
    text = _NOT_SAID.sub(r"# \1 is not said: \2", text)
    return _LIST.sub(lambda found: _in_one_line(found[0]), text)


_MARK = "\0"  # begins a text that becomes a comment
_NOT_SAID = re.compile(r'^(\w+) = "\\u0000(.*)"$', re.MULTILINE)
_LIST = re.compile(r"\[\n[^\[\]]*\n *\]")  # that holds no list, and no text with a bracket
_WIDTH = 100  # characters of the longest list that is written in one line


def _said(part: Part) -> dict[str, Any]:
    """A part as tables, without what is empty by default; where its docstring says what "none" means, with that."""
    tables: dict[str, Any] = {}
    of_parts = {key for key, own in part if _is_part(own)}
    written = part.model_dump(mode="python", exclude=of_parts)
    for key, own in part:
        if key not in written and key not in of_parts:  # filled in from what is written, such as rows of a waveform
            continue
        field, value = type(part).model_fields[key], written.get(key, own)
        if value in (None, ()) and (none := key_meaning(type(part), key)[1]):
            tables[key] = _MARK + none
        elif isinstance(own, Part):
            tables[key] = _said(own)
        elif key in of_parts:
            tables[key] = [_said(one) for one in own]
        elif value not in (None, (), {}) or value not in (None, field.get_default(call_default_factory=True)):
            tables[key] = value
    return tables


def _is_part(own: object) -> bool:
    """Whether it is a part of its own, or a list of such."""
    return isinstance(own[0] if isinstance(own, tuple) and own else own, Part)


def _in_one_line(text: str) -> str:
    items = [line.strip() for line in text.splitlines()[1:-1]]
    line = f"[{' '.join(items).rstrip(',')}]"
    return line if len(line) <= _WIDTH else text


def validate(data: dict[str, Any], origin: str = "model") -> Model:
    """A checked Model from plain tables; ModelError says every mistake in them, one on each line."""
    return validate_as(Model, data, origin)
