"""Meshes of simple terminals, made by Gmsh: a box with vesicles above its membrane, and a ball."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import TetrahedralMesh, flatness

SCALE = 1e3  # Gmsh works in nm: OpenCASCADE has absolute tolerances (1e-7)
NEAR = 1e-6  # nm, a node this near to a plane or a point is on it

ATTEMPTS = 8
FLATTEST = 1e-9  # 6 volume / (longest extent)³ of the flattest tetrahedron that is kept

# Delaunay in three dimensions, and no optimiser: they undo Delaunay.
OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.Algorithm": 6,
    "Mesh.Algorithm3D": 1,
    "Mesh.Optimize": 0,
    "Mesh.OptimizeNetgen": 0,
    "Mesh.RandomSeed": 1,
    "Mesh.MeshSizeFactor": 1,
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
}

_lock = threading.Lock()


@contextmanager
def gmsh_model() -> Iterator[Any]:
    """A silent Gmsh with an empty model; a session that the caller has open is left as it was."""
    import gmsh

    with _lock:
        opened = bool(gmsh.isInitialized())
        if not opened:
            gmsh.initialize(["gmsh"], readConfigFiles=False, interruptible=False)
        before = gmsh.model.getCurrent() if opened else None
        kept = {name: gmsh.option.getNumber(name) for name in OPTIONS}
        try:
            for name, value in OPTIONS.items():
                gmsh.option.setNumber(name, value)
            gmsh.model.add("rdcalcium")
            yield gmsh
        finally:
            if opened:
                gmsh.model.remove()
                gmsh.model.setCurrent(before)
                for name, value in kept.items():
                    gmsh.option.setNumber(name, value)
            else:
                gmsh.finalize()


def sphere_mesh(radius: float, size: float) -> TetrahedralMesh:
    """A ball around the origin, its surface named "membrane".

    radius  µm
    size    µm, length of edges
    """
    with gmsh_model() as gmsh:
        gmsh.model.occ.addSphere(0, 0, 0, radius * SCALE)
        gmsh.model.occ.synchronize()
        points, tetrahedra, faces = _meshed(gmsh, _background(gmsh, [], size * SCALE))
    return TetrahedralMesh(points / SCALE, tetrahedra, surfaces={"membrane": faces})


def box_mesh(
    size: Sequence[float],
    spheres: Sequence[tuple[Sequence[float], float]] = (),
    points: Sequence[Sequence[float]] = (),
    size_at_active_zone: float = 0.005,
    size_in_bulk: float = 0.06,
    *,
    sensors: Sequence[Sequence[float]] = (),
    size_in_gap: float = 0.005,
    growth: float = 0.1,
    symmetry: Sequence[str] = (),
) -> TetrahedralMesh:
    """A box of cytosol on its membrane z = 0, with spherical vesicles cut out.

    The box is -size/2 … size/2 in x and y and 0 … size in z. Its surfaces are "membrane" (z = 0), "x_min",
    "x_max", "y_min", "y_max", "z_max", and "vesicles". Edges are size_at_active_zone long at sensors and all
    over the active zone (the rectangle around the channels), three tenths of the radius at a vesicle, and as
    long as a gap between vesicles or to the membrane is wide; they grow with the distance from all of these
    up to size_in_bulk. Gaps narrower than size_in_gap are not resolved, because edges across the crevice
    between two touching vesicles would set the number of time steps (measured: 23 times the spectral radius).
    The result is reproducible.

    size      (3,) µm
    spheres   (centre, radius) of each vesicle, µm; they may overlap and may cross the box
    points    (c, 3) or, at z = 0, (c, 2) channels, µm; each becomes a node
    sensors   (s, 3) positions in the cytosol, µm; nodes, except nearer to a wall than half of size_in_gap:
              edges so short would slow every step, and interpolation is of second order anyway
    growth    of the edge length per distance
    symmetry  axes of which only the half ≥ 0 is meshed; "x_min" or "y_min" is then the mirror
    """
    low, high = _box(size, symmetry)
    balls = [(np.array(centre, dtype=float) * SCALE, float(radius) * SCALE) for centre, radius in spheres]
    channels, probes = _positions(points, "channel", low, high), _positions(sensors, "sensor", low, high)
    fine, bulk = size_at_active_zone * SCALE, size_in_bulk * SCALE
    wanted = np.vstack([channels, _clear_of_walls(probes, balls, low, high, size_in_gap * SCALE / 2)])
    zone = (channels.min(axis=0), channels.max(axis=0), fine) if len(channels) else None
    sources = [(point, 0.0, fine) for point in probes]
    sources += [(centre, radius, 0.3 * radius) for centre, radius in balls]
    sources += [(point, 0.0, gap) for point, gap in _gaps(balls, bulk) if gap > size_in_gap * SCALE]
    with gmsh_model() as gmsh:
        _cut_box(gmsh, low, high, balls, wanted)
        nodes, tetrahedra, faces = _meshed(gmsh, _background(gmsh, sources, bulk, growth, zone))
    nodes = _snapped(nodes, wanted)
    return TetrahedralMesh(nodes / SCALE, tetrahedra, surfaces=_box_surfaces(nodes, faces, low, high))


def _box(size: Sequence[float], symmetry: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array(size, dtype=float) * SCALE
    if lengths.shape != (3,) or not (lengths > 0).all():
        raise InputError(f"a box needs three positive lengths, not {(lengths / SCALE).tolist()} µm")
    unknown = set(symmetry) - {"x", "y"}
    if unknown:
        raise InputError(f"unknown symmetry {sorted(unknown)}; available: x, y")
    low = np.array([0.0 if "x" in symmetry else -lengths[0] / 2, 0.0 if "y" in symmetry else -lengths[1] / 2, 0.0])
    return low, np.array([lengths[0] / 2, lengths[1] / 2, lengths[2]])


def _positions(points: Sequence[Sequence[float]], kind: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Positions in nm, (k, 3), inside the box."""
    rows = [[*point, 0.0] if len(point) == 2 else [*point] for point in points]
    positions = np.array(rows, dtype=float).reshape(-1, 3) * SCALE
    for k in np.flatnonzero(((positions < low - NEAR) | (positions > high + NEAR)).any(axis=1)):
        raise InputError(f"{kind} {k} at {(positions[k] / SCALE).tolist()} µm lies outside the box")
    return positions


def _clear_of_walls(points: np.ndarray, spheres: list, low: np.ndarray, high: np.ndarray, least: float) -> np.ndarray:
    """The points that keep the least distance from every wall, planes that they lie on apart."""
    to_planes = np.minimum(points - low, high - points)
    walls = [np.where(to_planes < NEAR, np.inf, to_planes).min(axis=1)]
    walls += [np.linalg.norm(points - centre, axis=1) - radius for centre, radius in spheres]
    return points[np.min(walls, axis=0) >= least]


def _gaps(spheres: list[tuple[np.ndarray, float]], limit: float) -> Iterator[tuple[np.ndarray, float]]:
    """Middle and width of each gap narrower than the limit, between spheres and to the membrane."""
    for k, (centre, radius) in enumerate(spheres):
        if 0 < (gap := centre[2] - radius) < limit:
            yield np.array([centre[0], centre[1], gap / 2]), gap
        for other, other_radius in spheres[:k]:
            distance = float(np.linalg.norm(other - centre))
            if 0 < (gap := distance - radius - other_radius) < limit:
                yield centre + (other - centre) / distance * (radius + gap / 2), gap


def _background(gmsh: Any, sources: list, bulk: float, growth: float = 0.1, zone: tuple | None = None) -> int:
    """Field of sizes: the least, over all sources, of size + growth · distance, up to bulk.

    sources  (centre, radius, size) of balls
    zone     (low corner, high corner, size) of the active zone, or None
    """
    fields = [_field(gmsh, "MathEval", F=repr(float(bulk)))]
    for centre, radius, size in sources:
        x, y, z = map(float, centre)
        fields.append(
            _field(gmsh, "Ball", Radius=radius, XCenter=x, YCenter=y, ZCenter=z, **_graded(size, bulk, growth))
        )
    if zone:
        corners = {
            f"{axis}{end}": float(zone[i][k]) for k, axis in enumerate("XYZ") for i, end in enumerate(("Min", "Max"))
        }
        fields.append(_field(gmsh, "Box", **corners, **_graded(zone[2], bulk, growth)))
    least = gmsh.model.mesh.field.add("Min")
    gmsh.model.mesh.field.setNumbers(least, "FieldsList", fields)
    return least


def _graded(size: float, bulk: float, growth: float) -> dict[str, float]:
    size = min(size, bulk)
    return {"VIn": size, "VOut": bulk, "Thickness": (bulk - size) / growth}


def _field(gmsh: Any, kind: str, **values: float | str) -> int:
    tag = gmsh.model.mesh.field.add(kind)
    for key, value in values.items():
        (gmsh.model.mesh.field.setString if isinstance(value, str) else gmsh.model.mesh.field.setNumber)(
            tag, key, value
        )
    return tag


def _cut_box(gmsh: Any, low: np.ndarray, high: np.ndarray, spheres: list, points: np.ndarray) -> None:
    """The box without the spheres, with the points as vertices in the face, edge or volume around them."""
    occ = gmsh.model.occ
    body = [(3, occ.addBox(*low, *(high - low)))]
    if spheres:
        balls = [(3, occ.addSphere(*centre, radius)) for centre, radius in spheres]
        body, _ = occ.cut(body, balls)
    if len(points):
        occ.fragment(body, [(0, occ.addPoint(*point)) for point in points])
    occ.synchronize()


def _meshed(gmsh: Any, background: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mesh the model; nodes (n, 3) nm, tetrahedra (m, 4) and boundary triangles (k, 3).

    Now and then Delaunay leaves a tetrahedron without volume; slightly shorter edges give another mesh.
    """
    gmsh.model.mesh.field.setAsBackgroundMesh(background)
    trouble: object = "tetrahedra without volume"
    for attempt in range(ATTEMPTS):
        gmsh.option.setNumber("Mesh.MeshSizeFactor", 1 - 0.01 * attempt)
        try:
            gmsh.model.mesh.clear()
            gmsh.model.mesh.generate(3)
        except Exception as error:  # the only class that Gmsh raises
            trouble = error
            continue
        nodes, tetrahedra, faces = _extracted(gmsh)
        if len(tetrahedra) and flatness(nodes, tetrahedra).min() > FLATTEST:
            return nodes, tetrahedra, faces
    raise InputError(
        f"Gmsh could not mesh this geometry in {ATTEMPTS} attempts ({trouble}); "
        "try another size_at_active_zone or size_in_bulk, or move vesicles that just touch"
    )


def _extracted(gmsh: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes of tetrahedra alone: a vertex inside a vesicle is a node too, for Gmsh."""
    tags, nodes, _ = gmsh.model.mesh.getNodes()
    tetrahedra, faces = (gmsh.model.mesh.getElementsByType(kind)[1].astype(np.int64) for kind in (4, 2))
    used = np.unique(tetrahedra)
    order = np.argsort(tags)
    nodes = nodes.reshape(-1, 3)[order[np.searchsorted(tags[order], used)]]
    return (
        nodes,
        np.searchsorted(used, tetrahedra).reshape(-1, 4),
        np.searchsorted(used, faces).reshape(-1, 3),
    )


def _snapped(nodes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Put the nearest node exactly at each wanted point, where it is to rounding already."""
    for point in wanted:
        distance = np.linalg.norm(nodes - point, axis=1)
        if distance.min() > NEAR:
            raise InputError(f"no node at {(point / SCALE).tolist()} µm: the point lies inside a vesicle")
        nodes[distance.argmin()] = point
    return nodes


def _box_surfaces(nodes: np.ndarray, faces: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict[str, np.ndarray]:
    """Sort triangles by the plane that holds all their nodes; the rest is on vesicles."""
    planes = {"membrane": (2, low), "z_max": (2, high)}
    planes |= {
        f"{axis}_{end}": (k, plane) for k, axis in enumerate("xy") for end, plane in (("min", low), ("max", high))
    }
    surfaces = {}
    rest = np.ones(len(faces), dtype=bool)
    for name, (axis, plane) in planes.items():
        on = (np.abs(nodes[faces][:, :, axis] - plane[axis]) < NEAR).all(axis=1)
        surfaces[name] = faces[on]
        rest &= ~on
    surfaces["vesicles"] = faces[rest]
    return {name: triangles for name, triangles in surfaces.items() if len(triangles)}
