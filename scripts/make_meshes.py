"""Make the sample meshes again, from their recipes in meshes/recipes.toml.

    python scripts/make_meshes.py [NAME …]

Each is small and coarse: to try things with, not to publish with.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import rdcalcium as rc
from rdcalcium.library import resolve

MESHES = Path(__file__).resolve().parents[1] / "meshes"


def recipes() -> dict[str, dict[str, Any]]:
    """Name of each sample -> the tables of its model."""
    return tomllib.loads((MESHES / "recipes.toml").read_text(encoding="utf-8"))


def model(recipe: dict[str, Any]) -> rc.Model:
    """The shape of a recipe, with the sizes of its edges."""
    cells = {"kind": "tetrahedra", **recipe["edges"]}
    tables = {"title": recipe["title"], "geometry": recipe["geometry"], "discretization": cells}
    return resolve({**tables, "run": {"duration": "1 ms"}})


def make(name: str, folder: Path = MESHES) -> Path:
    """Mesh a recipe and write it to a folder; the path of the file."""
    recipe = recipes()[name]
    path = folder / f"{name}.{recipe.get('format', 'msh')}"
    rc.write_mesh(rc.mesh(model(recipe)), path)
    return path


def main() -> None:
    """Write those that are asked for, or all."""
    known = recipes()
    for name in sys.argv[1:] or known:
        if name not in known:
            sys.exit(f"no recipe is called {name!r}; known: {', '.join(known)}")
        path = make(name)
        print(f"{path.name}: {rc.read_mesh(path)}, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
