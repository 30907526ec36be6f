"""Abaqus .inp files: nodes, elements, and the sets and surfaces that name them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.contents import Contents, first_of_each
from rdcalcium.geometry.formats.base import MeshFormat
from rdcalcium.geometry.formats.triangles import all_triangles
from rdcalcium.geometry.mesh import FACES, TetrahedralMesh, among, row_keys
from rdcalcium.geometry.through_meshio import call_meshio

# Corners of the faces S1 to S4 of a C3D4 element (Abaqus, "Three-dimensional solid elements").
_ABAQUS_FACES = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]])
_ABAQUS_TRIANGLES = ("S3", "STRI3", "CPS3", "CPE3", "CAX3", "R3D3", "M3D3", "SFM3D3", "DS3")
_ABAQUS_SOLIDS = ("C3D", "DC3D", "AC3D")  # but C3D4, which are read


def read_abaqus(path: Path) -> Contents:
    """Abaqus: sets of tetrahedra are regions; sets of triangles or nodes and *SURFACE are surfaces.

    Read here because meshio 5.3 loses *SURFACE and sets of sets, and misplaces sets named on *ELEMENT lines.
    """
    try:
        return _Abaqus(_abaqus_keywords(path)).contents()
    except (ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path.name} cannot be read as .inp: {error}") from error


def write_abaqus(mesh: TetrahedralMesh, path: Path) -> None:
    """Element sets of tetrahedra and of triangles."""
    triangles, places = all_triangles(mesh)
    sets = {name: [ids, []] for name, ids in mesh.regions.items()}
    sets |= {name: [[], ids] for name, ids in places.items()}
    cells = [("tetra", mesh.tetrahedra), ("triangle", triangles)]
    call_meshio(
        lambda meshio: meshio.write(
            path, meshio.Mesh(mesh.points, cells, cell_sets=sets), file_format="abaqus", float_fmt=".17g"
        ),
        path,
    )


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
                raise InputError("*INCLUDE is not followed; merge the files first")
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

    def contents(self) -> Contents:
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
        return Contents(
            np.array(self.points, dtype=float).reshape(-1, 3),
            tetrahedra,
            {name: ids for name, ids in regions.items() if len(ids)},
            {name: faces[first_of_each(faces)] for name, faces in found.items() if len(faces)},
            others,
            ", ".join(f"{count} {kind}" for kind, count in self.others.items() if kind.startswith(_ABAQUS_SOLIDS)),
        )

    def _boundary_on(self, tetrahedra: np.ndarray, labels: list[int]) -> np.ndarray:
        """Boundary faces of which every corner is in the set."""
        inside = np.zeros(len(self.points), dtype=bool)
        inside[[self.nodes[label] for label in labels]] = True
        faces = tetrahedra[:, FACES].reshape(-1, 3)
        faces = faces[inside[faces].all(axis=1)]
        keys, counts = np.unique(row_keys(faces), return_counts=True)
        return faces[among(row_keys(faces), keys[counts == 1])] if len(faces) else faces


FORMAT = MeshFormat((".inp",), read_abaqus, write_abaqus, not_kept=',"', trims_names=True, names_once=True)
