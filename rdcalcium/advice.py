"""What to know about a model before it runs: size, memory, cost, and where the cells are too wide for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rdcalcium import memory
from rdcalcium.backends import choose
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize, grid_axes, planned_size
from rdcalcium.discretization.grid import axis_coefficients
from rdcalcium.geometry.grid import Axis
from rdcalcium.integrators import METHODS
from rdcalcium.library import used_references
from rdcalcium.model import Box, Buffer, Grid, Model
from rdcalcium.system import System, build_system

NEAR = 3  # cells from the pore within which the discrete calcium differs from the exact one
CAPTURE = 2  # cells that the capture length of a buffer should span
NEGATIVE = 1e-3  # Σ|negative| / Σ positive couplings of a mesh above which dips below zero are to be expected
STEP = 0.01  # ms, a typical step while channels are open

Point = tuple[float, float, float]


def advise(model: Model) -> list[str]:
    """Short sentences on a model, the sizes first; those that ask for a change begin with "warning"."""
    name, reason = choose("auto")
    size = planned_size(model)
    lines = [*_memory(model, size, name), f"backend that auto takes: {name}, because {reason}"]
    if memory.memory_needed(model, size, name) > memory.memory_available():
        return [*lines, *_references(model)]
    cells = _cells(model)
    if not isinstance(model.discretization, Grid):
        lines[0] = _memory(model, cells.size, name)[0]
    return [
        *lines,
        *_sizes(model, cells),
        *_cost(model, cells),
        *_distances(model, cells),
        *_gaps(model, cells),
        *_captures(model, cells),
        *_quality(cells),
        *_references(model),
    ]


@dataclass(frozen=True)
class Cells:
    """What advice needs of a discretization.

    size      control volumes
    smallest  µm, narrowest cell or shortest edge
    largest   µm
    volume    µm³ of cytosol
    radius    µm⁻², bound on the spectral radius of the discrete Laplacian
    axes      of a grid; empty on a mesh
    made      the mesh itself; None for a grid, which is not made
    """

    size: int
    smallest: float
    largest: float
    volume: float
    radius: float
    axes: tuple[Axis, ...] = ()
    made: Discretization | None = None

    def width(self, point: Point, axes: tuple[int, ...] = (0, 1, 2)) -> float:
        """Widest side (µm) of the cell at a point, along some axes; on a mesh the edges there."""
        if self.made is not None:
            return float(self.made.locator.cell_size(np.array([point]))[0])
        return max(float(self.axes[a].widths[self.axes[a].find(np.array(point[a]))]) for a in axes)


def _cells(model: Model) -> Cells:
    box, choice = model.geometry, model.discretization
    if not isinstance(choice, Grid) or not isinstance(box, Box):
        return _mesh_cells(discretize(model))
    axes = grid_axes(model, box, choice)
    radius = 0.0
    for axis in axes:  # Gershgorin, axis by axis: twice the largest sum of both coefficients
        lower, upper = np.split(axis_coefficients(axis), 2)
        radius += 2 * float((lower + upper).max())
    return Cells(
        size=math.prod(axis.size for axis in axes),
        smallest=float(min(axis.widths.min() for axis in axes)),
        largest=float(max(axis.widths.max() for axis in axes)),
        volume=_box_volume(box),
        radius=radius,
        axes=axes,
    )


def _box_volume(box: Box) -> float:
    """Volume of the computed part without its obstacles, as far as they lie inside and apart; µm³."""
    spheres = 0.0
    for sphere in box.obstacles:
        share = 1.0
        for axis, letter in enumerate("xyz"):
            if letter in box.symmetry and abs(sphere.centre[axis]) < 1e-9:
                share /= 2
        spheres += share * 4 / 3 * math.pi * sphere.radius**3
    return float(np.prod(np.subtract(box.upper, box.lower))) - spheres


def _mesh_cells(made: Discretization) -> Cells:
    tetrahedra = made.cells.points[made.cells.connectivity]
    pairs = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    edges = np.stack([np.linalg.norm(tetrahedra[:, i] - tetrahedra[:, j], axis=1) for i, j in pairs])
    smallest, largest = float(edges.min()), float(edges.max())
    return Cells(made.size, smallest, largest, made.total_volume, made.radius, made=made)


def _memory(model: Model, size: int, backend: str) -> list[str]:
    needed, available = memory.memory_needed(model, size, backend), memory.memory_available()
    fields = memory.count_fields(model)
    about = f"{size:,} control volumes × {fields} fields" if size else f"{fields} fields on the mesh of the file"
    lines = [f"{about}; memory about {_bytes(needed)} of {_bytes(available)} available"]
    if needed > available:
        wider = (needed / max(available, 1)) ** (1 / 3)
        lines.append(f"warning: this does not fit; cells about {wider:.2g} times as wide would")
    return lines


def _bytes(count: float) -> str:
    return f"{count / 2**30:.4g} GiB" if count >= 2**29 else f"{count / 2**20:.3g} MiB"


def _nm(length: float) -> str:
    return f"{1e3 * length:.3g} nm"


def _sizes(model: Model, cells: Cells) -> Iterator[str]:
    """Cells, volume, and the calcium in it at rest."""
    yield f"cells of {_nm(cells.smallest)} to {_nm(cells.largest)}"
    total = model.copies * cells.volume
    bound = sum(_bound_at_rest(buffer, model) for buffer in model.buffers)
    rest = model.calcium.rest
    yield (
        f"volume of the terminal {total:.5g} um^3; calcium at rest {total * (rest + bound):.5g} uM um^3, "
        f"of which free {total * rest:.3g}"
    )


def _bound_at_rest(buffer: Buffer, model: Model) -> float:
    """Calcium bound to a buffer before the stimulus, µM."""
    scheme = buffer.kinetics()
    occupancy = scheme.equilibrium(0.0, model.calcium.rest, model.magnesium.free if model.magnesium else 0.0)
    ions = scheme.bound("Ca")
    return buffer.total * sum(ions[s] * float(p) for s, p in zip(scheme.states, occupancy, strict=True))


def _cost(model: Model, cells: Cells) -> Iterator[str]:
    """Stiffness at rest, and what a step costs."""
    radius = _stiffness(model, cells)
    stages = METHODS[model.run.method].stages_for(STEP, radius)
    yield (
        f"spectral radius {radius:.3g} per ms at rest; a step of {1e3 * STEP:g} us takes "
        f"{stages} stages, an explicit Euler step could be {2e6 / radius:.3g} ns"
    )


def _stiffness(model: Model, cells: Cells) -> float:
    """Bound on the spectral radius of the Jacobian at rest, ms⁻¹, as the run itself finds it."""
    shape = _OnlyRadius(cells.radius)
    system: System = build_system(model, shape)  # type: ignore[arg-type]
    return system.stiffness(model.calcium.rest)


@dataclass(frozen=True)
class _OnlyRadius:
    """All of a discretization that the stiffness of a system asks for."""

    radius: float


def _watched(model: Model) -> dict[str, Point]:
    """Sensors and probes by name."""
    points = {f"sensor {label!r}": p for s in model.sensors for label, p in zip(s.labels(), s.positions, strict=True)}
    return points | {f"probe {probe.name!r}": probe.position for probe in model.probes}


def _distances(model: Model, cells: Cells) -> Iterator[str]:
    """How far each sensor and probe is from the channels, in cells."""
    pores = [p for group in model.channels for p in group.points]
    if not pores:
        return
    for name, point in _watched(model).items():
        distance, pore = min((math.dist(point, pore), pore) for pore in pores)
        width = max(cells.width(pore, _along(point, pore)), cells.width(point, _along(point, pore)))
        far = f"{distance / width:.3g} cells of {_nm(width)}"
        text = f"{name} is {_nm(distance)} from the nearest channel, {far}"
        if distance >= NEAR * width * (1 - 1e-9):
            yield text
        else:
            error = "11 % low at 1 cell, 1 % at 2" if cells.axes else "several per cent off"
            finer = distance / NEAR
            yield f"warning: {text}; calcium there may be {error}: cells of {_nm(finer)} would be fine enough"


def _along(a: Point, b: Point) -> tuple[int, ...]:
    """Axes along which two points are apart, so that a flat cell is measured along the way between them."""
    apart = [abs(x - y) for x, y in zip(a, b, strict=True)]
    far = max(apart)
    return tuple(i for i, x in enumerate(apart) if x >= far / 2) if far else (0, 1, 2)


def _gaps(model: Model, cells: Cells) -> Iterator[str]:
    """Whether the cleft between the membrane and an obstacle above a sensor or probe is resolved."""
    if not isinstance(model.geometry, Box):
        return
    for name, point in _watched(model).items():
        above = [(gap, s.name) for s in model.geometry.obstacles if (gap := _gap(point, s.centre, s.radius)) > 0]
        if not above:
            continue
        gap, obstacle = min(above)
        height = cells.width((point[0], point[1], 0.0), (2,))
        high = f"{gap / height:.3g} cells of {_nm(height)}"
        text = f"{name} lies in the gap of {_nm(gap)} under {obstacle!r}, {high}"
        if gap >= height * (1 - 1e-9):
            yield text
        else:
            yield f"warning: {text}: calcium finds one whole cell there; choose a smaller size along z"


def _gap(point: Point, centre: Point, radius: float) -> float:
    """Clearance (µm) between the membrane at z = 0 and a sphere, straight over a point; 0 if not under it."""
    aside = math.hypot(point[0] - centre[0], point[1] - centre[1])
    if aside >= radius or point[2] > centre[2]:
        return 0.0
    return max(centre[2] - math.sqrt(radius**2 - aside**2), 0.0)


def _captures(model: Model, cells: Cells) -> Iterator[str]:
    """Buffers that take up calcium within less than two cells of the channels."""
    pores = [p for group in model.channels for p in group.points]
    if not pores:
        return
    width = max(cells.width(p, (0, 1)) for p in pores)
    for buffer in model.buffers:
        rate = capture_rate(buffer, model)
        if rate <= 0:
            continue
        length = math.sqrt(model.calcium.diffusivity / rate)
        if length < CAPTURE * width:
            yield (
                f"warning: buffer {buffer.name!r} captures calcium within {_nm(length)} and the cells at the "
                f"channels are {_nm(width)}; cells of {_nm(length / CAPTURE)} would resolve it"
            )


def capture_rate(buffer: Buffer, model: Model) -> float:
    """Rate at which a buffer at rest takes up calcium, Σ k_on [free form], ms⁻¹."""
    scheme = buffer.kinetics()
    occupancy = scheme.equilibrium(0.0, model.calcium.rest, model.magnesium.free if model.magnesium else 0.0)
    share = dict(zip(scheme.states, occupancy.tolist(), strict=True))
    steps = zip(scheme.transitions, scheme.rates(), strict=True)
    rates = [float(forward) * share[t.source] for t, (forward, _) in steps if t.ligand == "Ca"]
    return buffer.total * sum(rates)


def _quality(cells: Cells) -> Iterator[str]:
    """The couplings of a mesh."""
    if cells.made is None:
        return
    report = cells.made.report
    ratio = float(report.get("negative_ratio", 0.0))
    text = (
        f"negative couplings weigh {ratio:.2g} of the positive ones "
        f"({100 * float(report.get('negative_couplings', 0.0)):.2g} % of the edges)"
    )
    high = ratio > NEGATIVE
    yield f"warning: {text}; a Delaunay mesh has none: concentrations may dip below zero" if high else text
    pieces = int(report.get("pieces", 1))
    if pieces > 1:
        yield f"warning: the mesh consists of {pieces} parts that are not connected"


def _references(model: Model) -> Iterator[str]:
    """What to cite."""
    for paper in used_references(model):
        yield f"reference: {paper['citation']}"
