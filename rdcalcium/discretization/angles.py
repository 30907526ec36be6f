"""How well shaped tetrahedra are: their dihedral angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.discretization.dual import EDGES
from rdcalcium.geometry.vectors import blocks

SLIVER = 10.0  # degrees; tetrahedra with a smaller angle, or one as near to 180, are told
BINS = 18  # of ten degrees each


@dataclass(frozen=True, eq=False)
class Angles:
    """Dihedral angles of tetrahedra, degrees: 70.5 in a regular one; near 0 and 180 in flat ones.

    smallest, largest  of all
    histogram          share of all angles in each of 18 bins of ten degrees, (18,)
    slivers            tetrahedra with an angle below 10 or above 170
    flattest           middle of the one with the smallest angle, (3,) µm
    """

    smallest: float
    largest: float
    histogram: np.ndarray
    slivers: int
    flattest: np.ndarray


def angles_of(points: np.ndarray, tetrahedra: np.ndarray) -> Angles:
    """Those of all tetrahedra."""
    counts, least, most = np.zeros(BINS, dtype=np.int64), np.empty(len(tetrahedra)), np.empty(len(tetrahedra))
    for block in blocks(len(tetrahedra)):
        angles = dihedral_angles(points[tetrahedra[block]])
        counts += np.histogram(angles, BINS, (0.0, 180.0))[0]
        least[block], most[block] = angles.min(axis=0), angles.max(axis=0)
    return Angles(
        smallest=float(least.min()),
        largest=float(most.max()),
        histogram=counts / counts.sum(),
        slivers=int(((least < SLIVER) | (most > 180 - SLIVER)).sum()),
        flattest=points[tetrahedra[least.argmin()]].mean(axis=0),
    )


def dihedral_angles(corners: np.ndarray) -> np.ndarray:
    """Angle inside at each of the six edges of tetrahedra (m, 4, 3), in the order of EDGES; (6, m) degrees.

    At edge ij it is that between the faces which meet there, with outward normals n_k and n_l: cos θ = -n_k·n_l.
    """
    u, v, w = (corners[:, k] - corners[:, 0] for k in (1, 2, 3))
    vw, wu, uv = np.cross(v, w), np.cross(w, u), np.cross(u, v)
    normals = np.stack([vw + wu + uv, -vw, -wu, -uv])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    cosines = np.stack([-np.einsum("ij,ij->i", normals[k], normals[l]) for *_, k, l in EDGES])
    return np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
