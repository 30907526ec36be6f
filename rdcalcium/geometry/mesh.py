"""Tetrahedra with named regions and surfaces: checked once, read from and written to the usual mesh files."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium import units

# Corners of the face opposite to each corner; outward for a tetrahedron of positive orientation.
FACES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])

# A tetrahedron is flat when 6 volume / (longest edge)³ is below this: above rounding, below any sliver.
FLATNESS = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class TetrahedralMesh:
    """The cytosol as tetrahedra, its parts and its surfaces by name.

    On construction inverted tetrahedra are reoriented, unused nodes are dropped, and every boundary face that
    no surface names joins the surface "membrane" ("unnamed" if the caller names a "membrane" already).
    Surfaces may overlap and may lie inside; each of their triangles is a face of a tetrahedron.

    points      (n, 3)  µm
    tetrahedra  (m, 4)  nodes, positively oriented
    regions     name -> (k,) tetrahedra
    surfaces    name -> (k, 3) nodes of triangles
    """

    points: np.ndarray
    tetrahedra: np.ndarray
    regions: Mapping[str, np.ndarray] = field(default_factory=dict)
    surfaces: Mapping[str, np.ndarray] = field(default_factory=dict)
    _boundary: np.ndarray = field(init=False)

    def __post_init__(self):
        points = np.array(self.points, dtype=np.float64)
        tetrahedra = np.array(self.tetrahedra, dtype=np.int64)
        _check_arrays(points, tetrahedra)
        surfaces = {name: _triangles(name, faces, len(points)) for name, faces in self.surfaces.items()}
        tetrahedra = _oriented(points, tetrahedra)
        used = np.zeros(len(points), dtype=bool)
        used[tetrahedra] = True
        for name, faces in surfaces.items():
            if not used[faces].all():
                raise ValueError(f"surface {name!r} has nodes that belong to no tetrahedron; remove its loose faces")
        new = np.cumsum(used) - 1
        self._set("points", points[used])
        self._set("tetrahedra", new[tetrahedra])
        self._set("regions", {name: _members(name, ids, len(tetrahedra)) for name, ids in self.regions.items()})
        self._set("surfaces", self._covered({name: new[faces] for name, faces in surfaces.items() if len(faces)}))

    def _set(self, name: str, value: object):
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        size = " × ".join(f"{length:.4g}" for length in high - low)
        parts = [f"{len(self.points)} nodes", f"{len(self.tetrahedra)} tetrahedra", f"{size} µm"]
        parts += [f"{kind}: {', '.join(names)}" for kind, names in self._names() if names]
        return f"TetrahedralMesh({'; '.join(parts)})"

    def _names(self):
        return ("regions", list(self.regions)), ("surfaces", list(self.surfaces))

    def volumes(self) -> np.ndarray:
        """Volume of each tetrahedron, (m,) µm³, V = (p₁−p₀)·[(p₂−p₀)×(p₃−p₀)] / 6."""
        return _six_volumes(self.points, self.tetrahedra) / 6

    def boundary(self) -> np.ndarray:
        """Faces that belong to exactly one tetrahedron, (k, 3) nodes, oriented outward."""
        return self._boundary

    def _covered(self, surfaces: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Check that surfaces consist of faces of the mesh, and name the rest of the boundary."""
        faces = self.tetrahedra[:, FACES].reshape(-1, 3)
        keys = row_keys(np.vstack([faces, *surfaces.values()]))
        keys, *named = np.split(keys, np.cumsum([len(faces), *map(len, surfaces.values())])[:-1])
        known, counts = np.unique(keys, return_counts=True)
        if counts.max() > 2:
            raise ValueError(f"{(counts > 2).sum()} faces belong to more than two tetrahedra: some overlap or repeat")
        for name, own in zip(surfaces, named, strict=True):
            if not _among(own, known).all():
                raise ValueError(f"surface {name!r} has triangles that are no face of a tetrahedron")
        outer = _among(keys, known[counts == 1])
        self._set("_boundary", faces[outer])
        free = ~np.isin(keys[outer], np.concatenate([*named, []]))
        if free.any():
            surfaces["unnamed" if "membrane" in surfaces else "membrane"] = self._boundary[free]
        return surfaces


def row_keys(rows: np.ndarray) -> np.ndarray:
    """One integer per row of nodes, equal where rows hold the same nodes in any order; (k, c) -> (k,)."""
    rows = np.sort(rows, axis=1)
    base = int(rows.max(initial=0)) + 1
    keys = rows[:, 0]
    for column in rows.T[1:]:
        if keys.max(initial=0) >= 2**62 // base:  # would overflow: renumber first
            keys = np.unique(keys, return_inverse=True)[1]
        keys = keys * base + column
    return keys


def _among(keys: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    place = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return ordered[place] == keys


def _six_volumes(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    a, b, c, d = (points[tetrahedra[:, k]] for k in range(4))
    return np.einsum("ij,ij->i", b - a, np.cross(c - a, d - a))


def _check_arrays(points: np.ndarray, tetrahedra: np.ndarray) -> None:
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"points have shape {points.shape}; expected (n, 3) coordinates in µm")
    if tetrahedra.ndim != 2 or tetrahedra.shape[1] != 4 or not len(tetrahedra):
        raise ValueError(f"tetrahedra have shape {tetrahedra.shape}; expected (m, 4) nodes, m > 0")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise ValueError(f"{len(bad)} points are not finite, the first is point {bad[0]}: {points[bad[0]]}")
    if tetrahedra.min() < 0 or tetrahedra.max() >= len(points):
        raise ValueError(f"tetrahedra name nodes {tetrahedra.min()} to {tetrahedra.max()} of {len(points)} points")


def flatness(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """|6 volume| / (longest extent)³ of each tetrahedron, (m,): 0.5 when regular, 0 when flat."""
    longest = np.ptp(points[tetrahedra], axis=1).max(axis=1)
    return np.abs(_six_volumes(points, tetrahedra)) / np.where(longest > 0, longest, 1.0) ** 3


def _oriented(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """Swap two corners of inverted tetrahedra; refuse flat ones."""
    flat = np.flatnonzero(flatness(points, tetrahedra) <= FLATNESS)
    if len(flat):
        raise ValueError(
            f"{len(flat)} tetrahedra have no volume, the first is {flat[0]} "
            f"with nodes {tetrahedra[flat[0]].tolist()}; "
            "remesh or repair the surface that they came from"
        )
    inverted = _six_volumes(points, tetrahedra) < 0
    tetrahedra[inverted] = tetrahedra[inverted][:, [0, 1, 3, 2]]
    return tetrahedra


def _triangles(name: str, faces: np.ndarray, nodes: int) -> np.ndarray:
    faces = np.array(faces, dtype=np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min(initial=0) < 0 or faces.max(initial=0) >= nodes:
        raise ValueError(f"surface {name!r} is not a (k, 3) table of nodes 0 to {nodes - 1}")
    return faces


def _members(name: str, ids: np.ndarray, count: int) -> np.ndarray:
    ids = np.unique(np.asarray(ids, dtype=np.int64))
    if len(ids) and (ids[0] < 0 or ids[-1] >= count):
        raise ValueError(f"region {name!r} names tetrahedra {ids[0]} to {ids[-1]} of {count}")
    return ids


@dataclass
class _Contents:
    """What a file holds, before any check: regions as tetrahedra, surfaces as corners of triangles."""

    points: np.ndarray
    tetrahedra: np.ndarray
    regions: dict[str, np.ndarray] = field(default_factory=dict)
    surfaces: dict[str, np.ndarray] = field(default_factory=dict)
    others: str = ""


def read_mesh(
    path: str | Path, length_unit: str | float = "um", required_surfaces: Sequence[str] = ()
) -> TetrahedralMesh:
    """Read Gmsh (.msh 2.2 or 4.1), VTU, XDMF or Abaqus (.inp) with its named regions and surfaces.

    Names come from physical groups (Gmsh), from element, node and face sets (Abaqus), and in VTU and XDMF
    from cell arrays "surface:<name>" and "region:<name>" that hold 0 or 1, as write_mesh makes them. A group
    with a number alone is called "surface_3" or "region_3" (Gmsh) or "<array>_3" (any other integer cell
    array).

    length_unit        unit of the coordinates in the file, or its length in µm
    required_surfaces  names without which the caller cannot go on
    """
    path = Path(path)
    reader = _choice(path, {".msh": _read_gmsh, ".vtu": _read_arrays, ".xdmf": _read_arrays, ".inp": _read_abaqus})
    if not path.exists():
        raise FileNotFoundError(f"there is no mesh file {path}")
    contents = reader(path)
    if not len(contents.tetrahedra):
        raise ValueError(f"{path.name} has no tetrahedra; it holds {contents.others or 'no cells'}; save a volume mesh")
    scale = length_unit if isinstance(length_unit, int | float) else units.parse(f"1 {length_unit}", "length")
    try:
        mesh = TetrahedralMesh(contents.points * scale, contents.tetrahedra, contents.regions, contents.surfaces)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    for name in required_surfaces:
        if name not in mesh.surfaces:
            raise ValueError(
                f"surface {name!r} of {path.name} has no faces; it names: {', '.join(sorted(mesh.surfaces))}"
            )
    return mesh


def write_mesh(mesh: TetrahedralMesh, path: str | Path) -> None:
    """Write Gmsh 2.2 (.msh), VTU, XDMF or Abaqus (.inp), in µm, so that read_mesh finds every name again."""
    path = Path(path)
    make, file_format, options = _choice(
        path,
        {
            # meshio writes no entities in Gmsh 4.1, and with them would go the physical groups
            ".msh": (_gmsh_blocks, "gmsh22", {}),
            ".vtu": (_array_blocks, "vtu", {}),
            ".xdmf": (_array_blocks, "xdmf", {}),
            ".inp": (_abaqus_blocks, "abaqus", {"float_fmt": ".17g"}),
        },
    )
    _meshio(lambda meshio: meshio.write(path, make(mesh, meshio), file_format=file_format, **options), path)


def _choice(path: Path, table: dict[str, Any]) -> Any:
    try:
        return table[path.suffix.lower()]
    except KeyError:
        known = ", ".join(table)
        raise ValueError(
            f"{path.name}: {path.suffix or 'no suffix'!r} is not a mesh format known here; available: {known}"
        ) from None


def _meshio(action: Callable, path: Path) -> Any:
    """Call meshio, which prints and exits on some failures; turn these into warnings and a ValueError."""
    import meshio

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = action(meshio)
    except OSError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{said.getvalue()} {'' if isinstance(error, SystemExit) else error}".split())
        raise ValueError(f"{path.name} cannot be read or written as {path.suffix}: {reason or 'corrupt'}") from error
    if said.getvalue().strip():
        warnings.warn(f"{path.name}: {' '.join(said.getvalue().split())}", stacklevel=4)
    return result


def _read_arrays(path: Path) -> _Contents:
    """VTU and XDMF: names of 0/1 arrays "surface:…" and "region:…", or integer tags of any array."""
    raw = _meshio(lambda meshio: meshio.read(path, file_format=path.suffix[1:].lower()), path)
    groups = [
        (kind, name, block, data == value)
        for array, blocks in raw.cell_data.items()
        for block, data in enumerate(blocks)
        for kind, name, value in _array_names(array, data, raw.cells[block].dim)
    ]
    return _contents(raw, groups)


def _array_names(array: str, data: np.ndarray, dimension: int) -> list[tuple[str, str, int]]:
    kind, _, name = array.partition(":")
    if kind in ("surface", "region") and name:
        return [(kind, name, 1)] if kind == _kind(dimension) else []
    if data.ndim != 1 or data.dtype.kind not in "iu":
        return []
    tags = np.unique(data[data != 0])
    if len(tags) > 200:  # identities of cells, not names of parts
        return []
    label = _kind(dimension) if array in ("gmsh:physical", "medit:ref") else array
    return [(_kind(dimension), f"{label}_{tag}", tag) for tag in tags]


def _kind(dimension: int) -> str:
    return {2: "surface", 3: "region"}.get(dimension, "")


def _read_gmsh(path: Path) -> _Contents:
    """Gmsh: physical groups; an entity in several groups lists its elements several times in format 2.2."""
    try:
        raw = _meshio(lambda meshio: meshio.read(path, file_format="gmsh"), path)
    except ValueError as error:
        return _read_with_gmsh(path, error)
    names = _physical_names(path)
    groups = []
    for block, tags in enumerate(raw.cell_data.get("gmsh:physical", [])):
        dimension = raw.cells[block].dim
        for tag in np.unique(tags[tags != 0]):
            name = names.get((dimension, int(tag)), f"{_kind(dimension)}_{tag}")
            groups.append((_kind(dimension), name, block, tags == tag))
    for name, blocks in raw.cell_sets.items():
        for block, members in enumerate(blocks):
            if name in raw.field_data and raw.field_data[name][1] == raw.cells[block].dim and np.size(members):
                groups.append((_kind(raw.cells[block].dim), name, block, np.asarray(members)))
    return _contents(raw, groups)


def _read_with_gmsh(path: Path, error: ValueError) -> _Contents:
    """Through Gmsh itself: meshio 5.3 cannot read files of format 4.1 with elements outside every group."""
    import meshio

    from rdcalcium.geometry.builders import gmsh_model

    with gmsh_model() as gmsh:
        try:
            gmsh.merge(str(path))
        except Exception:
            raise error from None
        tags, nodes, _ = gmsh.model.mesh.getNodes()
        order = np.argsort(tags)

        def block(kind: str, entity: int = -1) -> tuple[str, np.ndarray]:
            code, corners = {"triangle": (2, 3), "tetra": (4, 4)}[kind]
            labels = gmsh.model.mesh.getElementsByType(code, entity)[1]
            return kind, order[np.searchsorted(tags[order], labels)].reshape(-1, corners)

        blocks, groups = [block("tetra")], []
        for dimension, tag in [group for group in gmsh.model.getPhysicalGroups() if _kind(group[0])]:
            name = gmsh.model.getPhysicalName(dimension, tag) or f"{_kind(dimension)}_{tag}"
            for entity in gmsh.model.getEntitiesForPhysicalGroup(dimension, tag):
                groups.append((_kind(dimension), name, len(blocks), slice(None)))
                blocks.append(block("triangle" if dimension == 2 else "tetra", entity))
    return _contents(meshio.Mesh(nodes.reshape(-1, 3), blocks), groups)


def _physical_names(path: Path) -> dict[tuple[int, int], str]:
    """(dimension, tag) -> name; meshio's own table drops a name that a surface and a volume share."""
    text = path.read_bytes().partition(b"$PhysicalNames")[2].partition(b"$EndPhysicalNames")[0]
    lines = [line.split(maxsplit=2) for line in text.decode().splitlines()]
    return {(int(line[0]), int(line[1])): line[2].strip().strip('"') for line in lines if len(line) == 3}


# Corners of the faces S1 to S4 of a C3D4 element (Abaqus, "Three-dimensional solid elements").
_ABAQUS_FACES = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]])
_ABAQUS_TRIANGLES = ("S3", "STRI3", "CPS3", "CPE3", "CAX3", "R3D3", "M3D3", "SFM3D3", "DS3")


def _read_abaqus(path: Path) -> _Contents:
    """Abaqus: sets of tetrahedra are regions; sets of triangles or nodes and *SURFACE are surfaces.

    Read here because meshio 5.3 loses *SURFACE and sets of sets, and misplaces sets named on *ELEMENT lines.
    """
    try:
        return _Abaqus(_abaqus_keywords(path)).contents()
    except (ValueError, KeyError, IndexError) as error:
        raise ValueError(f"{path.name} cannot be read as .inp: {error}") from error


def _abaqus_keywords(path: Path) -> list[tuple[str, dict[str, str], list[list[str]]]]:
    """Keyword, its parameters and the fields of its data lines, in order."""
    keywords: list[tuple[str, dict[str, str], list[list[str]]]] = []
    for line in path.read_text(errors="replace").splitlines():
        fields = [word.strip() for word in line.split(",")]
        if line.startswith("**") or not line.strip():
            continue
        if line.startswith("*"):
            pairs = [word.partition("=") for word in fields[1:]]
            parameters = {key.strip().upper(): value.strip().strip('"') for key, _, value in pairs}
            keywords.append((fields[0][1:].strip().upper(), parameters, []))
        elif keywords:
            keywords[-1][2].append([word for word in fields if word])
    return keywords


class _Abaqus:
    """Nodes, elements and sets of one file, by their labels."""

    def __init__(self, keywords: list):
        self.nodes: dict[int, int] = {}
        self.points: list[list[float]] = []
        self.tetrahedra: dict[int, list[int]] = {}
        self.triangles: dict[int, list[int]] = {}
        self.others: dict[str, int] = {}
        self.sets: dict[str, dict[str, list[int]]] = {"NSET": {}, "ELSET": {}}
        self.faces: dict[str, list[list[int]]] = {}
        for keyword, parameters, lines in keywords:
            if keyword == "INCLUDE":
                raise ValueError("*INCLUDE is not followed; merge the files first")
            action = getattr(self, f"read_{keyword.lower()}", None)
            if action and lines:
                action(parameters, lines)

    def read_node(self, parameters: dict[str, str], lines: list[list[str]]) -> None:
        for line in lines:
            self.nodes[int(line[0])] = len(self.points)
            self.points.append([float(word) for word in line[1:4]])
        self._add("NSET", parameters.get("NSET"), [int(line[0]) for line in lines])

    def read_element(self, parameters: dict[str, str], lines: list[list[str]]) -> None:
        kind = parameters["TYPE"].upper()
        corners = 4 if kind.startswith("C3D4") else 3
        if corners == 3 and not kind.startswith(_ABAQUS_TRIANGLES):
            self.others[kind] = self.others.get(kind, 0) + len(lines)
            return
        table = self.tetrahedra if corners == 4 else self.triangles
        for line in lines:
            table[int(line[0])] = [self.nodes[int(word)] for word in line[1 : corners + 1]]
        self._add("ELSET", parameters.get("ELSET"), [int(line[0]) for line in lines])

    def read_nset(self, parameters: dict[str, str], lines: list[list[str]]) -> None:
        self._add("NSET", parameters["NSET"], self._labels("NSET", parameters, lines))

    def read_elset(self, parameters: dict[str, str], lines: list[list[str]]) -> None:
        self._add("ELSET", parameters["ELSET"], self._labels("ELSET", parameters, lines))

    def read_surface(self, parameters: dict[str, str], lines: list[list[str]]) -> None:
        """Each line is an element set or label and a face S1 … S4, or (TYPE=NODE) a node set or label."""
        if parameters.get("TYPE", "ELEMENT").upper() == "NODE":
            self._add("NSET", parameters["NAME"], self._labels("NSET", {}, [line[:1] for line in lines]))
            return
        faces = self.faces.setdefault(parameters["NAME"], [])
        for line in lines:
            for label in self._labels("ELSET", {}, [line[:1]]):
                if label in self.triangles:
                    faces.append(self.triangles[label])
                elif label in self.tetrahedra:
                    corners = _ABAQUS_FACES[int(line[1].upper().lstrip("S")) - 1]
                    faces.append([self.tetrahedra[label][k] for k in corners])

    def _add(self, kind: str, name: str | None, labels: list[int]) -> None:
        if name:
            self.sets[kind].setdefault(name, []).extend(labels)

    def _labels(self, kind: str, parameters: dict[str, str], lines: list[list[str]]) -> list[int]:
        labels: list[int] = []
        for line in lines:
            if "GENERATE" in parameters:
                first, last, *step = map(int, line)
                labels += range(first, last + 1, *step)
                continue
            for word in line:
                labels += [int(word)] if word.isdigit() else self.sets[kind][word]
        return labels

    def contents(self) -> _Contents:
        tetrahedra = np.array(list(self.tetrahedra.values()), dtype=np.int64).reshape(-1, 4)
        place = {label: k for k, label in enumerate(self.tetrahedra)}
        regions, surfaces = {}, {}
        for name, labels in self.sets["ELSET"].items():
            regions[name] = np.array([place[k] for k in labels if k in place], dtype=np.int64)
            surfaces[name] = [self.triangles[k] for k in labels if k in self.triangles]
        for name, faces in self.faces.items():
            surfaces[name] = surfaces.get(name, []) + faces
        found = {name: np.array(faces, dtype=np.int64) for name, faces in surfaces.items() if faces}
        for name, labels in self.sets["NSET"].items():
            if name not in found:
                found[name] = self._boundary_on(tetrahedra, labels)
        counts = {"S3": len(self.triangles)} | self.others
        others = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        return _Contents(
            np.array(self.points, dtype=float).reshape(-1, 3),
            tetrahedra,
            {name: ids for name, ids in regions.items() if len(ids)},
            {name: faces[_first(faces)] for name, faces in found.items() if len(faces)},
            others,
        )

    def _boundary_on(self, tetrahedra: np.ndarray, labels: list[int]) -> np.ndarray:
        """Boundary faces of which every corner is in the set."""
        inside = np.zeros(len(self.points), dtype=bool)
        inside[[self.nodes[label] for label in labels]] = True
        faces = tetrahedra[:, FACES].reshape(-1, 3)
        faces = faces[inside[faces].all(axis=1)]
        keys, counts = np.unique(row_keys(faces), return_counts=True)
        return faces[_among(row_keys(faces), keys[counts == 1])] if len(faces) else faces


def _contents(raw: Any, groups: list) -> _Contents:
    """Collect blocks of tetrahedra and named groups of (kind, name, block, members) from a meshio mesh."""
    rows, start = [np.empty((0, 4), dtype=np.int64)], {}
    for block, cells in enumerate(raw.cells):
        if cells.type == "tetra":
            start[block] = sum(map(len, rows))
            rows.append(np.asarray(cells.data, dtype=np.int64))
    tetrahedra, new = _without_repeats(np.vstack(rows))
    regions: dict[str, list] = {}
    surfaces: dict[str, list] = {}
    for kind, name, block, members in groups:
        cells = raw.cells[block]
        if cells.type == "tetra" and kind == "region":
            regions.setdefault(name, []).append(new[start[block] + np.arange(len(cells.data))[members]])
        elif cells.type == "triangle" and kind == "surface":
            surfaces.setdefault(name, []).append(cells.data[members])
    others = ", ".join(f"{len(cells.data)} {cells.type}" for cells in raw.cells)
    return _Contents(np.asarray(raw.points), tetrahedra, _joined(regions), _joined(surfaces), others)


def _joined(groups: dict[str, list]) -> dict[str, np.ndarray]:
    joined = {name: np.concatenate(parts) for name, parts in groups.items()}
    return {name: rows[_first(rows)] if rows.ndim == 2 else rows for name, rows in joined.items() if len(rows)}


def _first(rows: np.ndarray) -> np.ndarray:
    return np.sort(np.unique(row_keys(rows), return_index=True)[1])


def _without_repeats(tetrahedra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tetrahedra without repeats, and where each old one went."""
    _, first, inverse = np.unique(row_keys(tetrahedra), return_index=True, return_inverse=True)
    kept, place = np.unique(first, return_inverse=True)
    return tetrahedra[kept], place[inverse]


def _all_triangles(mesh: TetrahedralMesh) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Triangles of all surfaces, each once, and the places of each surface among them."""
    rows = np.vstack(list(mesh.surfaces.values()))
    _, first, inverse = np.unique(row_keys(rows), return_index=True, return_inverse=True)
    places = np.split(inverse, np.cumsum([len(faces) for faces in mesh.surfaces.values()])[:-1])
    return rows[first], dict(zip(mesh.surfaces, places, strict=True))


def _array_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    triangles, places = _all_triangles(mesh)
    counts = len(mesh.tetrahedra), len(triangles)
    data = {f"region:{name}": [_mask(counts[0], ids), _mask(counts[1], [])] for name, ids in mesh.regions.items()}
    data |= {f"surface:{name}": [_mask(counts[0], []), _mask(counts[1], ids)] for name, ids in places.items()}
    return meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra), ("triangle", triangles)], cell_data=data)


def _mask(count: int, members: Any) -> np.ndarray:
    mask = np.zeros(count, dtype=np.int32)
    mask[np.asarray(members, dtype=np.int64)] = 1
    return mask


def _refuse_shared_names(mesh: TetrahedralMesh) -> None:
    shared = sorted(set(mesh.regions) & set(mesh.surfaces))
    if shared:
        raise ValueError(f"in this format no region and surface can share a name; rename {', '.join(shared)}")


def _gmsh_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    _refuse_shared_names(mesh)
    nowhere = np.setdiff1d(np.arange(len(mesh.tetrahedra)), np.concatenate([*mesh.regions.values(), []]))
    blocks = [("tetra", mesh.tetrahedra[nowhere], 0)] if len(nowhere) else []
    numbered = enumerate(mesh.regions.items(), start=1)
    blocks += [("tetra", mesh.tetrahedra[ids], tag) for tag, (_, ids) in numbered]
    numbered = enumerate(mesh.surfaces.items(), start=1)
    blocks += [("triangle", faces, tag) for tag, (_, faces) in numbered]
    tags = [np.full(len(rows), tag, dtype=np.int32) for _, rows, tag in blocks]
    raw = meshio.Mesh(mesh.points, [(kind, rows) for kind, rows, _ in blocks])
    raw.cell_data = {"gmsh:physical": tags, "gmsh:geometrical": [tag + 1 for tag in tags]}
    raw.field_data = {name: np.array([tag, 3]) for tag, name in enumerate(mesh.regions, start=1)}
    raw.field_data |= {name: np.array([tag, 2]) for tag, name in enumerate(mesh.surfaces, start=1)}
    return raw


def _abaqus_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    _refuse_shared_names(mesh)
    triangles, places = _all_triangles(mesh)
    sets = {name: [ids, []] for name, ids in mesh.regions.items()}
    sets |= {name: [[], ids] for name, ids in places.items()}
    return meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra), ("triangle", triangles)], cell_sets=sets)
