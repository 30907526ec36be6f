"""The names that `import rdcalcium` gives are said once, and what type checkers and its docstring show are the same."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rdcalcium as rc
from rdcalcium.backends import choose
from rdcalcium.model import Run, write_toml
from tests.models import small_model
from tests.support import need_backend


@pytest.mark.parametrize("name", rc.__all__)
def test_a_public_name_is_there_and_explains_itself(name: str) -> None:
    assert getattr(rc, name).__doc__
    assert name in dir(rc)


def test_type_checkers_see_the_public_names_at_their_homes() -> None:
    tree = ast.parse(Path(rc.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {alias.asname: node.module for node in imports for alias in node.names} == rc._HOMES


def test_the_docstring_of_the_package_uses_names_that_there_are() -> None:
    code = str(rc.__doc__).partition("\n")[2]
    assert set(re.findall(r"\brc\.(\w+)", code)) <= set(rc.__all__)


def test_the_package_alone_imports_none_of_its_rooms() -> None:
    """`import rdcalcium` is quick because each name is fetched when it is first asked for."""
    code = "import rdcalcium, sys; print(*(name for name in sys.modules if name.startswith('rdcalcium.')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_a_run_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    """What takes long to import is asked for by those who need it: gates, pictures, meshes, a GPU that is there."""
    need_backend("compiled")
    (tmp_path / "m.toml").write_text(write_toml(small_model(run=Run(duration=0.01))))
    code = f"import sys, rdcalcium as rc; rc.run({str(tmp_path / 'm.toml')!r}); print(*sys.modules)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    imported = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    slow = {"scipy.integrate", "pyvista", "vtk", "gmsh", "meshio", "matplotlib", "pyamg", "xarray", "pandas"}
    assert imported & slow == set()
    assert ("cupy" in imported) == (choose("auto")[0] == "cuda")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = rc.lode
