"""The reference of the model file says what the models say, and its examples are models."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdcalcium import library
from rdcalcium.model import Model, ModelError, doubts
from rdcalcium.model.base import Part
from rdcalcium.model.docstrings import docstring
from rdcalcium.model.kinds import kind_name, kinds_in
from tests.support import ROOT
from tests.surface_files import CORNERS, SIDES, write_obj, write_ply

PAGE = ROOT / "docs" / "model-file.md"
BASE: dict[str, Any] = {
    "geometry": {"kind": "box", "size": ["1 um", "1 um", "0.5 um"]},
    "discretization": {"kind": "grid", "size_at_active_zone": "10 nm"},
    "run": {"duration": "20 ms"},
}


def examples() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def parts(kind: type[Part] = Model) -> set[type[Part]]:
    """Every kind of table."""
    inside = [parts(t) for field in kind.model_fields.values() for t in kinds_in(field.annotation)]
    return {kind}.union(*inside)


def kinds(tables: Any) -> set[str]:
    """Every `kind` that stands in some tables."""
    inside = tables.values() if isinstance(tables, dict) else tables if isinstance(tables, list) else ()
    own = {tables["kind"]} if isinstance(tables, dict) and "kind" in tables else set()
    return own.union(*(kinds(value) for value in inside))


def test_the_page_is_what_the_script_writes() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "docs.py"))["reference"]()
    assert PAGE.read_text(encoding="utf-8") == written, "run: python scripts/docs.py"


@pytest.mark.parametrize("example", examples(), ids=lambda text: ", ".join(text.splitlines()[:2]))
def test_an_example_of_the_page_is_a_model(example: str, tmp_path: Path) -> None:
    (tmp_path / "from_neuron.csv").write_text("0,-80\n1,20\n2,-80\n")
    (tmp_path / "recorded.csv").write_text("0,0\n1,-120\n2,0\n")
    terminal = 1000 * CORNERS - np.array([500, 500, 0])
    write_obj(tmp_path / "bouton.obj", terminal, [("usemtl active zone", SIDES[:2]), ("usemtl rest", SIDES[2:])])
    write_ply(tmp_path / "mitochondrion.ply", 100 * CORNERS + 300, SIDES)
    model = library.resolve({**BASE, **tomllib.loads(example)}, folder=tmp_path)
    assert doubts(model) == []


def test_there_is_an_example_of_every_kind_and_every_list() -> None:
    shown = [tomllib.loads(example) for example in examples()]
    defined = {kind_name(part) for part in parts()} - {None}
    assert defined - kinds(shown) == set()
    assert set(Model.model_fields) - {key for tables in shown for key in tables} == {"title", "references", "notes"}


@pytest.mark.parametrize("part", sorted(parts(), key=str), ids=lambda part: part.__name__)
def test_every_key_says_what_it_means(part: type[Part]) -> None:
    assert part.__doc__
    for key in part.model_fields:
        assert docstring(part, key) or key == "kind", f"{part.__name__}.{key}"


def test_what_must_be_said_must_be_said() -> None:
    for key in BASE:
        with pytest.raises(ModelError, match=f"'{key}' is missing"):
            library.resolve({k: v for k, v in BASE.items() if k != key})
