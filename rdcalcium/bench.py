"""What this machine can do: its memory bandwidth, and how near the main kernel comes to it."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.sparse import csr_array, diags_array

from rdcalcium.backends import Operations, compiled, cupy
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.grid import GridLayout, axis_coefficients, grid_conductance, open_faces
from rdcalcium.discretization.sliced_ell import SlicedEll, sliced_ell
from rdcalcium.geometry.grid import uniform_axis
from rdcalcium.model import Box, Buffer, Grid, Magnesium, Model, Run
from rdcalcium.system import System, build_system

CELL = 0.01  # µm
# Edges of a cubic lattice cut into tetrahedra (Freudenthal 1942): with the opposite ones, 14 neighbours.
EDGES = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1))
ARRAYS = 5  # moved by a stage: y0, f0, z1 and the old z2 are read, the new z2 is written
# Control volumes along one side of the cube: within the cache, beyond it; for NumPy what it does in seconds.
# No powers of two: fields that lie whole pages apart compete for the same lines of the cache.
SIDES = {"cuda": (50, 254), "compiled": (50, 154), "numpy": (30, 62)}
MESH_SIDES = {"cuda": (40, 160), "compiled": (32, 100), "numpy": (24, 40)}
QUICK_SIDES = (12, 24)

FIXED = Buffer(name="fixed", total=400, diffusivity=0, k_on=0.1, K_d=10)
ATP = Buffer(
    name="ATP",
    total=2000,
    diffusivity=0.22,
    scheme=("ATP + Ca <-> CaATP : 0.5, 100", "ATP + Mg <-> MgATP : 0.01, 1"),
)
DYE = Buffer(
    name="two sites",
    total=100,
    diffusivity=0.02,
    scheme=("B + Ca <-> CaB : 0.4, 0.3", "CaB + Ca <-> Ca2B : 0.2, 0.6"),
)
CHEMISTRIES = {3: (ATP,), 6: (FIXED, ATP, DYE)}  # number of fields -> buffers


# What is measured -----------------------------------------------------------------------------------------


def grid_system(side: int, fields: int) -> System:
    """A closed cube of side³ equal cells, without the parts that only a viewer needs."""
    axis = uniform_axis(0.0, side * CELL, CELL)
    mask = np.ascontiguousarray(open_faces(np.zeros((axis.size,) * 3, dtype=bool)).transpose(2, 1, 0)).reshape(-1)
    layout = GridLayout((axis.size,) * 3, (axis_coefficients(axis),) * 3, mask)
    volumes = np.full(mask.size, CELL**3)
    return _system("grid", volumes, lambda: grid_conductance(layout, volumes), layout, fields)


def mesh_system(side: int, fields: int) -> System:
    """A cube of side³ nodes with the 14 neighbours that a Delaunay mesh has on average, in a good order."""
    place = np.stack(np.unravel_index(np.arange(side**3), (side,) * 3))[::-1]
    matrix = csr_array((side**3, side**3))
    for edge in EDGES:
        step = edge[0] + side * (edge[1] + side * edge[2])
        inside = np.all(place + np.array(edge)[:, None] < side, axis=0)
        matrix += diags_array(inside[: side**3 - step] * CELL, offsets=step, shape=matrix.shape).tocsr()
    matrix.eliminate_zeros()
    conductance = csr_array(matrix + matrix.T)
    volumes = np.full(side**3, CELL**3)
    layout = sliced_ell(conductance, volumes)
    return _system("tetrahedra", volumes, lambda: conductance, layout, fields)


def _system(kind: str, volumes: np.ndarray, assemble: Callable[[], csr_array], layout: Any, fields: int) -> System:
    nothing: Any = None
    centres = np.zeros((0, 3))
    cells = Discretization(kind, volumes, assemble, centres, {}, nothing, layout, nothing, 12 / CELL**2)
    model = Model(
        geometry=Box(size=(1, 1, 1)),
        discretization=Grid(size_at_active_zone=(0.5, 0.5, 0.5)),
        magnesium=Magnesium(free=300),
        buffers=CHEMISTRIES[fields],
        run=Run(duration=1),
    )
    return build_system(model, cells)


def bytes_per_update(system: System, precision: str) -> float:
    """Bytes that one stage has to move for each control volume, if every cache works perfectly.

    A grid also reads its mask of open faces, a mesh an index and a weight for each stored neighbour; the
    gathered values count as the one array z1.
    """
    item = np.dtype(precision).itemsize
    states = ARRAYS * len(system.fields) * item
    layout = system.discretization.layout
    if isinstance(layout, SlicedEll):
        return states + (4 + item) * layout.column.size / system.discretization.size
    return states + 1


# Measuring ------------------------------------------------------------------------------------------------


def measure(quick: bool = False) -> dict[str, Any]:
    """All figures of this machine; `quick` only shows that the benchmark works.

    "bandwidth" holds one row for each device, number of threads and precision, "kernels" one for each case.
    """
    machine = _machine()  # before its load is our own
    seconds = 0.02 if quick else 0.4
    bandwidth, kernels = [], []
    for precision in ("float64", "float32"):
        for name, threads in _machines():
            triad = Triad(name, threads, precision, quick)
            triad.measure(seconds)
            for system in _systems(name, quick):
                row = _updates(_open(name, threads, system, precision), threads, seconds)
                # The triad before and after: other users of the machine come and go.
                row["triad GB/s"] = max(triad.rates[-1], triad.measure(seconds / 2))
                row["share of bandwidth"] = row["GB/s"] / row["triad GB/s"]
                kernels.append(row)
            bandwidth.append(triad.row())
    return {"machine": machine, "quick": quick, "bandwidth": bandwidth, "kernels": kernels}


def _machines() -> Iterator[tuple[str, int]]:
    """Backends that can run here, and the numbers of threads to try."""
    if cupy.missing() is None:
        yield "cuda", 0
    if compiled.find_compiler():
        yield from (("compiled", n) for n in sorted({1, compiled.threads()}))
    yield "numpy", 1


def _systems(name: str, quick: bool) -> Iterator[System]:
    """Grids and meshes within the cache and beyond it."""
    sides, mesh_sides = (QUICK_SIDES, QUICK_SIDES) if quick else (SIDES[name], MESH_SIDES[name])
    for side in sides:
        yield grid_system(side, 3)
    yield grid_system(3 * sides[1] // 4, 6)
    for side in mesh_sides:
        yield mesh_system(side, 3)


def _open(name: str, threads: int, system: System, precision: str) -> Operations:
    if name == "numpy":
        return NumpyOperations(system, precision)
    if name == "cuda":
        return cupy.make(system, precision)
    operations = compiled.make(system, precision)
    if threads == 1:
        operations.serial_below = math.inf
    return operations


class Triad:
    """Memory bandwidth: a = b + s c, counted as three arrays; on a GPU also a plain copy, counted as two."""

    def __init__(self, name: str, threads: int, precision: str, quick: bool):
        side = QUICK_SIDES[1] if quick else {"cuda": 500, "compiled": 280, "numpy": 200}[name]
        n = side**3
        self.gigabytes = n * np.dtype(precision).itemsize / 1e9
        self.do = do = _open(name, threads, grid_system(2, 3), precision)
        self.about = {"backend": name, "device": do.device, "threads": threads, "precision": precision, "values": n}
        if isinstance(do, KernelOperations):
            do.load(("triad",))
            a, b, c = (do.zeros(n) for _ in range(3))
            b[:], c[:] = 1, 2
            self.action = lambda: do.launch("triad", (n,), a, b, c, 3.0, n)
        else:
            a, b, c = np.zeros(n, precision), np.ones(n, precision), np.full(n, 2, precision)
            self.action = lambda: np.add(b, np.multiply(c, 3, out=a), out=a)
        self.copy = lambda: a.__setitem__(slice(None), b)
        self.rates: list[float] = []

    def measure(self, seconds: float) -> float:
        """GB/s now; kept in `rates`."""
        self.rates.append(3 * self.gigabytes / min(_times(self.do, self.action, seconds)))
        return self.rates[-1]

    def row(self) -> dict[str, Any]:
        """Best and median of all that was measured."""
        row = {**self.about, "GB/s": max(self.rates), "median GB/s": median(self.rates)}
        if self.do.name == "cuda":
            row["copy GB/s"] = 2 * self.gigabytes / min(_times(self.do, self.copy, 0.2))
        return row


def _updates(do: Operations, threads: int, seconds: float) -> dict[str, Any]:
    """Stages of the time-stepping scheme: control volumes per second and share of the bandwidth."""
    fields, n = do.system.shape
    y0, f0, z1, z2 = (do.from_host(np.full((fields, n), value)) for value in (1.0, 0.0, 1e-3, 1e-3))
    times = _times(do, lambda: do.stage(y0, f0, z1, z2, 1.0, -0.5, 1e-6, -1e-7), seconds)
    size = bytes_per_update(do.system, do.precision)
    return {
        "backend": do.name,
        "threads": threads,
        "kernel": f"rkc_stage_{'grid' if do.system.discretization.kind == 'grid' else 'mesh'}",
        "precision": do.precision,
        "fields": fields,
        "control volumes": n,
        "bytes per update": size,
        "Mupdates/s": n / min(times) / 1e6,
        "median Mupdates/s": n / median(times) / 1e6,
        "GB/s": size * n / min(times) / 1e9,
    }


def _times(do: Operations, action: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds for one action, at least five times and for about this long; a GPU is waited for."""
    wait = (lambda: do.download(do.p)) if isinstance(do, KernelOperations) else (lambda: None)
    action()
    wait()
    start = time.perf_counter()
    action()
    wait()
    batch = max(1, int(seconds / 20 / max(time.perf_counter() - start, 1e-7)))
    found: list[float] = []
    while len(found) < 5 or sum(found) * batch < seconds:
        start = time.perf_counter()
        for _ in range(batch):
            action()
        wait()
        found.append((time.perf_counter() - start) / batch)
    return found


# Saying it ------------------------------------------------------------------------------------------------


def _machine() -> dict[str, Any]:
    """Hardware, versions and the date, so that a figure can be compared with another."""
    compiler = compiled.find_compiler()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "threads": compiled.threads(),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            "compiler": _first_line([compiler, "--version"]) if compiler else "none",
            **{name: _version(name) for name in ("rdcalcium", "numpy", "scipy", "cupy-cuda12x", "cupy-cuda13x")},
        },
    }


def _processor() -> str:
    try:
        match = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    return match[1] if match else platform.processor()


def _first_line(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.partition("\n")[0]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine = figures["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number != "none")
    lines = [
        f"{machine['processor']}, {machine['threads']} threads, {machine['date']}, load {machine['load']}",
        versions,
        *(["Quick: sizes far too small to judge this machine."] if figures["quick"] else []),
        "",
        *_markdown(("triad", "threads", "precision", "best GB/s", "median GB/s"), map(_triad, figures["bandwidth"])),
        "",
        *_markdown(KERNEL_COLUMNS, map(_kernel, figures["kernels"])),
    ]
    return "\n".join(lines)


KERNEL_COLUMNS = (
    *("kernel", "backend", "threads", "precision", "fields", "control volumes"),
    *("best M/s", "median M/s", "GB/s", "of triad"),
)


def _markdown(heading: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    heading = tuple(heading)
    for row in (heading, ("---",) * len(heading), *rows):
        yield "| " + " | ".join(row) + " |"


def _triad(row: dict[str, Any]) -> tuple[str, ...]:
    copy = f", copy {row['copy GB/s']:.0f} GB/s" if "copy GB/s" in row else ""
    name = f"{row['backend']} ({row['device']}{copy})"
    return name, str(row["threads"]), row["precision"], f"{row['GB/s']:.1f}", f"{row['median GB/s']:.1f}"


def _kernel(row: dict[str, Any]) -> tuple[str, ...]:
    words = [str(row[key]) for key in ("kernel", "backend", "threads", "precision", "fields", "control volumes")]
    numbers = [f"{row[key]:.1f}" for key in ("Mupdates/s", "median Mupdates/s", "GB/s")]
    return (*words, *numbers, f"{100 * row['share of bandwidth']:.0f} %")


def write(figures: dict[str, Any], path: Path) -> None:
    """The figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
