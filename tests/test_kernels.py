"""Every kernel agrees with arithmetic written independently of it, at awkward sizes and in both precisions.

The models are random: what is compared is arithmetic, not physiology. The sanitized build in test_backends.py
runs the same cases.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.sparse import coo_array, csr_array

from rdcalcium.backends import Operations, open_backend
from rdcalcium.backends.base import Array
from rdcalcium.backends.compiled import CompiledOperations
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.model_code import model_code
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.backends.program import STATES, Program, Status
from rdcalcium.backends.sources import kernel_names, signature
from rdcalcium.chemistry import CALCIUM, FreeForm
from rdcalcium.currents import Courses
from rdcalcium.discretization import Discretization, Level, PointWeights
from rdcalcium.discretization.coefficients import axis_coefficients
from rdcalcium.discretization.grid import CutLayout, GridLayout, grid_conductance, open_faces
from rdcalcium.discretization.network import network
from rdcalcium.discretization.sliced_ell import sliced_ell
from rdcalcium.geometry.axis import Axis
from rdcalcium.integrators.rkc import METHOD
from rdcalcium.model import Box, Grid, Model, Run
from rdcalcium.patches import Patch, Patches
from rdcalcium.stepping.device import rules
from rdcalcium.system import System, build_system
from rdcalcium.vesicles.chain import Rates
from rdcalcium.vesicles.flow import Flow
from tests.models import (
    ATP,
    CHEMISTRIES,
    FIXED,
    FOLLOWING,
    GATED,
    PUMP,
    SLOW_WHEN_BOUND,
    TWO_SITE,
    magnesium,
    patched_system,
)
from tests.support import PRECISIONS, LikeAGpu
from tests.tolerances import TOLERANCES

SIZES = (0, 1, 31, 32, 33, 1025)  # around a warp, and around a block of the CPU
SHAPES = {
    0: [(0, 1, 1), (3, 0, 2)],
    1: [(1, 1, 1)],
    31: [(31, 1, 1), (1, 31, 1)],
    32: [(32, 1, 1), (4, 2, 4), (1, 1, 32)],
    33: [(33, 1, 1), (3, 11, 1), (1, 3, 11)],
    1025: [(1025, 1, 1), (41, 5, 5), (5, 1, 205)],
}
Case = Callable[[KernelOperations, np.random.Generator], None]


# Random models --------------------------------------------


PATCHED = "patched, "  # before the name of a chemistry
# More fields than those for which kernels unroll products of fields and modes; most of them move.
MANY = {"ten fields": (FIXED, ATP, SLOW_WHEN_BOUND, *(TWO_SITE.changed(name=name) for name in ("one", "other")))}


def random_system(discretization: Discretization, chemistry: str, rng: np.random.Generator) -> System:
    """A real chemistry on a discretization of no particular place, with patches on some of it if they are asked for."""
    cells = discretization.size if chemistry.startswith(PATCHED) else 0
    model = Model(
        geometry=Box(size=(1, 1, 1)),
        discretization=Grid(size_at_active_zone=0.5),
        magnesium=magnesium(chemistry.removeprefix(PATCHED)),
        buffers=(CHEMISTRIES | MANY)[chemistry.removeprefix(PATCHED)],
        run=Run(duration=1),
    )
    return replace(build_system(model, discretization), patches=random_patches(cells, rng))


def random_patches(n: int, rng: np.random.Generator) -> Patches:
    """Two pumps and what has states of its own, on halves of the control volumes that overlap; none without any."""
    patches = []
    for mechanism in (PUMP, GATED, PUMP):
        volumes = np.sort(rng.permutation(n)[: (n + 1) // 2])
        areas, weights = rng.uniform(0.5, 1.5, (2, len(volumes)))
        patches.append(Patch(mechanism, volumes, areas, weights))
    return Patches(tuple(patches)) if n else Patches()


def slow_patches(system: System, y: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What calcium and the rows of all patches change by, site by site; (n,) and (patches.size,) float64."""
    calcium, change, begin = np.zeros(y.shape[1]), np.zeros_like(rows, dtype=np.float64), 0
    for patch in system.patches.patches:
        sites = len(patch.volumes)
        first = rows[begin : begin + sites]
        store = 0.01 * sum(a * float(x) for a, x in zip(patch.extents, first, strict=True))
        for i, volume in enumerate(patch.volumes):
            Ca = float(y[CALCIUM, volume])
            if patch.mechanism is PUMP:
                rates = [0.7 * Ca * Ca / (0.09 + Ca * Ca) - 0.1]
                flux = rates[0]
            else:
                _, h, bound = (float(rows[begin + r * sites + i]) for r in range(3))
                rates = [
                    (math.expm1(Ca) / Ca if Ca else 1.0) * h - math.log(2 + bound) + 0.5 * store,
                    0.4 * (1 - h) * math.exp(-Ca) - math.tanh(Ca) * h * 1.5,
                    1.5 * Ca * (1 - bound) * math.sqrt(h + 1),
                ]
                flux = 2.5 * rates[2] - 0.5 * rates[0]
            change[[begin + r * sites + i for r in range(len(rates))]] = rates
            calcium[volume] -= patch.weights[i] * flux
        begin += len(patch.mechanism.rows) * sites
    return calcium, change


def random_axis(n: int, rng: np.random.Generator, mirror: bool, periodic: bool = False) -> Axis:
    """Cells of widths 0.5 to 1.5; with `mirror` the unknown of the first sits on its lower face."""
    edges = np.concatenate([[0.0], np.cumsum(rng.uniform(0.5, 1.5, n))])
    centres = (edges[1:] + edges[:-1]) / 2
    if mirror and n:
        centres[0] = edges[0]
    return Axis(edges, centres, periodic)


def random_grid(
    shape: tuple[int, int, int], rng: np.random.Generator, faces: str = "whole", periodic: tuple[int, ...] = ()
) -> Discretization:
    """A stretched grid of this shape with mirror planes in x and y and a fifth of its cells solid.

    faces     "weighted" where they conduct differently, "cut" where a membrane crosses cells besides; "whole" else
    periodic  axes that are periodic, without a mirror plane
    """
    ends = [a in periodic and n > 1 for a, n in enumerate(shape)]
    axes = tuple(random_axis(n, rng, a < 2 and a not in periodic, ends[a]) for a, n in enumerate(shape))
    solid = rng.random(shape) < 0.2
    widths = [axis.widths for axis in axes]
    volumes = np.where(solid, 0.0, widths[0][:, None, None] * widths[1][:, None] * widths[2])
    x_fastest = volumes.transpose(2, 1, 0).reshape(-1)
    mask = np.ascontiguousarray(open_faces(solid, None, tuple(ends)).transpose(2, 1, 0)).reshape(-1)
    n = math.prod(shape)
    layout = GridLayout(shape, tuple(axis_coefficients(axis) for axis in axes), mask, periodic=tuple(ends))
    if faces != "whole":
        layout = layout.weighted(tuple(rng.uniform(0.1, 1.0, n) for _ in range(3)))
    matrix = grid_conductance(layout, x_fastest) if n else csr_array((0, 0))
    if faces == "cut":
        fill = rng.uniform(0.1, 1.0, n)
        layout, x_fastest = (
            CutLayout(**{part.name: getattr(layout, part.name) for part in fields(layout)}, room=1 / fill),
            fill * x_fastest,
        )
    return network("grid", x_fastest, lambda: matrix, layout, 1.0)


def random_mesh(n: int, rng: np.random.Generator) -> Discretization:
    """Random symmetric couplings: rows of very different lengths, and one row without any."""
    some, long = rng.integers(max(n, 1), size=(3 * n, 2)), np.flatnonzero(rng.random(n) < 0.3)
    some = some[(some.min(axis=1) >= n // 8) | (rng.random(len(some)) < 0.2)]
    pairs = np.vstack([some, np.stack([0 * long, long], axis=1)])  # one row is long
    pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & (pairs != n // 2).all(axis=1)]
    upper = coo_array((rng.uniform(0.1, 1.0, len(pairs)), pairs.T), shape=(n, n))
    matrix = csr_array(upper + upper.T)
    volumes = rng.uniform(0.5, 1.5, n)
    return network("tetrahedra", volumes, lambda: matrix, sliced_ell(matrix, volumes), 1.0)


# Arithmetic written independently of the package --------------------------------------------


def slow_rhs(system: System, y: np.ndarray) -> np.ndarray:
    """Diffusion from the matrix of conductances, reactions one term at a time; (fields, n) float64."""
    y = y.astype(np.float64)
    g = system.discretization.conductance
    volume = np.where(system.discretization.volumes > 0, system.discretization.volumes, 1.0)
    out = np.array([d * (g @ u - g.sum(1) * u) / volume for d, u in zip(system.chemistry.diffusivity, y, strict=True)])
    for r in system.chemistry.reactions:
        source, target = (
            s.total - sum(y[o] for o in s.others) if isinstance(s, FreeForm) else y[s] for s in (r.source, r.target)
        )
        flux = r.forward * source * (1.0 if r.ligand is None else y[r.ligand]) - r.backward * target
        for taken in ([] if r.ligand is None else [r.ligand]) + ([] if isinstance(r.source, FreeForm) else [r.source]):
            out[taken] -= flux
        if not isinstance(r.target, FreeForm):
            out[r.target] += flux
    return out.reshape(y.shape)


def random_whole(do: Operations, rng: np.random.Generator, low: float = 0.0) -> tuple[np.ndarray, np.ndarray, Any]:
    """Likewise, with numbers for the patches: fields, rows, and both on the device."""
    fields, rows = (rng.uniform(low, 1.0, shape).astype(do.real) for shape in (do.system.shape, do.system.patches.size))
    return fields, rows, do.from_host(fields, rows)


def random_state(do: KernelOperations, rng: np.random.Generator, low: float = 0.0) -> tuple[np.ndarray, Any]:
    """Uniform numbers up to 1 in the precision of the run, on the host (fields, n) and on the device."""
    host = rng.uniform(low, 1.0, do.system.shape).astype(do.real)
    return host, do.from_host(host)


def assert_close(do: KernelOperations, got: np.ndarray, expected: np.ndarray, scale: np.ndarray | None = None) -> None:
    """Within the tolerance of the precision, relative to the largest size of each field."""
    assert_within(TOLERANCES[f"kernel, {do.precision}"], got, expected, expected if scale is None else scale)


def assert_single(got: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> None:
    """Within the tolerance of single precision, of which the modes always are."""
    assert_within(TOLERANCES["kernel, float32"], got, expected, scale)


def assert_within(tolerance: float, got: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> None:
    """Relative to the largest scale of each row."""
    assert got.shape == expected.shape
    if expected.size:
        assert np.all(np.abs(got - expected) <= tolerance * np.abs(scale).max(axis=-1, keepdims=True))


# One claim for each kernel --------------------------------------------


def check_scale(do: KernelOperations, rng: np.random.Generator) -> None:
    x, on_device = random_state(do, rng, -1.0)
    out = do.new()
    do.scale(-1.7, on_device, out)
    assert np.array_equal(do.to_host(out), x * do.real.type(-1.7))


def check_advance(do: KernelOperations, rng: np.random.Generator) -> None:
    """The end and what it carries have twice the digits of the state."""
    y, z = 1000 * rng.uniform(0.5, 1.0, do.system.shape), rng.uniform(-1, 1, do.system.shape)
    carried = 1e-3 * np.finfo(do.real).eps * rng.uniform(-1, 1, do.system.shape)
    y, z, carried = (a.astype(do.real) for a in (y, z, carried))
    end, carried_end = do.new(), do.new()
    do.advance(*(do.from_host(a) for a in (y, carried, z)), end, carried_end)
    increment = z + carried
    assert np.array_equal(do.to_host(end), y + increment)
    exact = y.astype(np.longdouble) + increment.astype(np.longdouble)
    assert np.array_equal(do.to_host(end).astype(np.longdouble) + do.to_host(carried_end), exact)


def check_error_norm(do: KernelOperations, rng: np.random.Generator) -> None:
    hosts, devices = zip(*(random_state(do, rng, -1.0) for _ in range(5)), strict=True)
    y0, y1, z, f0, f1 = (h.astype(np.float64) for h in hosts)
    a, b, rtol, atol = 0.12, 0.8, 0.01, rng.uniform(0.01, 0.1, len(y0))
    norms = [
        abs(a * (f0[f, i] + f1[f, i]) - b * z[f, i]) / (atol[f] + rtol * max(abs(y0[f, i]), abs(y1[f, i])))
        for f, i in np.ndindex(*y0.shape)
    ]
    got = do.error_norm(*devices, a, b, rtol, atol)
    assert got == pytest.approx(max(norms, default=0.0), rel=TOLERANCES[f"kernel, {do.precision}"])
    if norms:
        where = np.unravel_index(rng.integers(y0.size), y0.shape)
        for number in (np.nan, np.inf):
            spoilt = hosts[2].copy()
            spoilt[where] = number
            assert do.error_norm(*devices[:2], do.from_host(spoilt), *devices[3:], a, b, rtol, atol) == np.inf


def check_weighted_sum(do: KernelOperations, rng: np.random.Generator) -> None:
    x, on_device = random_state(do, rng, -1.0)
    volumes = do.system.discretization.volumes
    for got, field in zip(do.weighted_sums(on_device), x, strict=True):
        terms = volumes * field.astype(np.float64)
        assert got == pytest.approx(math.fsum(terms), rel=0, abs=1e-15 * np.abs(terms).sum())
    # One thread over terms that cancel: the compensation keeps what a plain sum loses.
    n = do.system.shape[1]
    huge = np.where(np.arange(n) % 2 == 0, 1.0, 1 / 1024).astype(do.real)
    weight = np.where(np.arange(n) % 2 == 0, 2.0**60 * (-1.0) ** (np.arange(n) // 2), 1024.0)
    partial = do.upload(np.zeros(1))
    do.launch("weighted_sum", (1,), do.upload(weight), do.upload(huge), partial, n, 1)
    assert float(do.download(partial)[0]) == math.fsum(weight * huge)


def check_add_at(do: KernelOperations, rng: np.random.Generator) -> None:
    target, on_device = random_state(do, rng)
    n = do.system.shape[1]
    cells = rng.permutation(n)[: (n + 1) // 2]
    values = rng.uniform(-1, 1, len(cells)).astype(do.real)
    do.add_at(on_device, do.indices(cells), do.values(values), 0.7)
    for cell, value in zip(cells, values.astype(np.float64), strict=True):
        target[CALCIUM, cell] += 0.7 * value
    assert_close(do, do.to_host(on_device), target)


def check_gather(do: KernelOperations, rng: np.random.Generator) -> None:
    y, on_device = random_state(do, rng)
    n = do.system.shape[1]
    for points in (0, 1, 33) if n else (0,):
        for corners in (1, 4, 8):
            indices = rng.integers(0, max(n, 1), (points, corners))
            weights = rng.dirichlet(np.ones(corners), points).reshape(points, corners)
            got = do.gather(on_device, do.points(PointWeights(indices, weights)))
            assert got.dtype == np.float64
            expected = np.array([[w @ field[k] for k, w in zip(indices, weights, strict=True)] for field in y])
            assert np.allclose(got, expected.reshape(got.shape), rtol=1e-14, atol=0)


def check_triad(do: KernelOperations, rng: np.random.Generator) -> None:
    (b, on_b), (c, on_c), (_, out) = (random_state(do, rng) for _ in range(3))
    do.triad(on_b, on_c, 3.0, out)
    assert_close(do, do.to_host(out), b + 3.0 * c)


def check_rhs(do: KernelOperations, rng: np.random.Generator) -> None:
    y, on_device = random_state(do, rng)
    _, out = random_state(do, rng)  # overwritten, not added to
    do.rhs(on_device, out)
    twin = NumpyOperations(do.system)
    expected = twin.new()
    twin.rhs(y.astype(np.float64), expected)
    assert_close(do, do.to_host(out), expected)
    assert np.allclose(expected, slow_rhs(do.system, y), rtol=1e-12, atol=1e-12 * np.abs(expected).max(initial=0))


def check_stage(do: KernelOperations, rng: np.random.Generator) -> None:
    """F(y0 + z1) - F(y0), which the kernel expands, is the difference of two whole right-hand sides."""
    (y0, on_y0), (z1, on_z1) = random_state(do, rng), random_state(do, rng, -1.0)
    (f0, on_f0), (z2, on_z2) = random_state(do, rng, -1.0), random_state(do, rng, -1.0)
    mu, nu, mu_h, gamma_h = 1.9, -0.9, 0.02, -0.01
    do.stage(on_y0, on_f0, on_z1, on_z2, mu, nu, mu_h, gamma_h)
    y, z, f = (a.astype(np.float64) for a in (y0, z1, f0))
    change = slow_rhs(do.system, y + z) - slow_rhs(do.system, y)
    slow = mu * z + nu * z2.astype(np.float64) + mu_h * (f + change) + gamma_h * f
    assert_close(do, do.to_host(on_z2), slow, scale=slow + np.abs(slow_rhs(do.system, y)) * mu_h)
    twin, expected = NumpyOperations(do.system), z2.astype(np.float64)
    twin.stage(y, f, z, expected, mu, nu, mu_h, gamma_h)
    assert_close(do, do.to_host(on_z2), expected)


def check_arrive(do: KernelOperations, rng: np.random.Generator) -> None:
    """In one pass what advance, rhs and error_norm do one after the other."""
    low = (0.0, 0.0, -1.0, -1.0)
    (y, on_y), (carried, _), (_, on_z), (_, on_f0) = (random_state(do, rng, lowest) for lowest in low)
    on_carried = do.from_host(carried * np.finfo(do.real).eps)
    end, carried_end, f1, worst = do.new(), do.new(), do.new(), do.zeros(do.system.shape[1])
    a, b, rtol, atol = 0.12, 0.8, 0.01, rng.uniform(0.01, 0.1, len(y))
    out = (end, carried_end, f1, worst, a, b, rtol)
    do.on_cells("arrive", on_y, on_carried, on_z, on_f0, *do.neighbours, do.p, do.upload(atol.astype(do.real)), *out)
    plain_end, plain_carried, plain_f1 = do.new(), do.new(), do.new()
    do.advance(on_y, on_carried, on_z, plain_end, plain_carried)
    do.rhs(plain_end, plain_f1)
    assert np.array_equal(do.to_host(end), do.to_host(plain_end))
    assert np.array_equal(do.to_host(carried_end), do.to_host(plain_carried))
    expected = slow_rhs(do.system, do.to_host(plain_end))
    assert_close(do, do.to_host(f1), expected)
    largest = float(do.to_host(worst).max(initial=0.0))
    norm = do.error_norm(on_y, plain_end, on_z, on_f0, plain_f1, a, b, rtol, atol)
    assert largest == pytest.approx(norm, rel=10 * TOLERANCES[f"kernel, {do.precision}"])


def whole(do: Operations, state: Array) -> np.ndarray:
    """Fields and rows of the patches in one."""
    return np.concatenate([do.to_host(state).ravel(), do.sites(state)])


def slow_whole(system: System, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The right-hand side of fields and rows in one."""
    fields = slow_rhs(system, y)
    calcium, change = slow_patches(system, y, rows)
    fields[CALCIUM] += calcium
    return np.concatenate([fields.ravel(), change])


def check_patch_rhs(do: KernelOperations, rng: np.random.Generator) -> None:
    """Of fields and rows; and with all operations on whole states, and the sums of the rows."""
    y, rows, on_y = random_whole(do, rng)
    twin = NumpyOperations(do.system)
    for operations, state in ((do, on_y), (twin, twin.from_host(y, rows))):
        out, other = operations.new(), operations.new()
        operations.rhs(state, out)
        expected = slow_whole(do.system, y, rows)
        assert_close(do, whole(operations, out), expected)
        operations.scale(-0.5, out, other)
        assert_close(do, whole(operations, other), -0.5 * expected)
        operations.triad(state, out, 2.0, out)
        start = np.concatenate([y.ravel(), rows]).astype(np.float64)
        assert_close(do, whole(operations, out), start + 2 * expected)
        operations.advance(state, operations.new(), other, out, operations.new())
        assert_close(do, whole(operations, out), start - 0.5 * expected)
        sums = [s.patch.extents @ rows[s.place].astype(np.float64) for s in do.system.patches.segments]
        assert operations.site_sums(state) == pytest.approx(sums, rel=1e-13, abs=1e-300)


def check_patch_totals(do: KernelOperations, rng: np.random.Generator) -> None:
    """What all sites hold of the first row of a patch with a store; of no other patch."""
    _, rows, on_y = random_whole(do, rng)
    do.add_up_stores(on_y, do.added)
    for got, (patch, held) in zip(do.download(do.added), do.system.patches.split(rows), strict=True):
        held_at = [float(a) * float(x) for a, x in zip(patch.extents, held[0], strict=True)]
        expected = math.fsum(held_at) if patch.mechanism is GATED else 0.0
        assert float(got) == pytest.approx(expected, rel=1e-13)


def check_patch_settle(do: KernelOperations, rng: np.random.Generator) -> None:
    """A matrix for each patch, on the rows of every site; fields stay as they are."""
    (_, rows, on_u), (fields, before, on_out) = (random_whole(do, rng) for _ in range(2))
    split = [own.astype(np.float64) for _, own in do.system.patches.split(rows)]
    matrices = [rng.uniform(-1, 1, (len(own), len(own))) for own in split]
    expected = np.concatenate([np.zeros(0), *((m @ own).ravel() for m, own in zip(matrices, split, strict=True))])
    twin = NumpyOperations(do.system)
    on_twin = [twin.from_host(np.zeros(do.system.shape), rows), twin.from_host(fields, before)]
    for operations, states in ((do, [on_u, on_out]), (twin, on_twin)):
        for keep, was in ((True, before.astype(np.float64)), (False, np.zeros(len(before)))):
            operations.settle(matrices, *states, keep)
            assert_close(do, operations.sites(states[1]), was + expected, np.ones(len(rows)))
        assert np.array_equal(operations.to_host(states[1]), fields.astype(np.float64))


def check_patch_stage(do: KernelOperations, rng: np.random.Generator) -> None:
    y, rows, on_y = random_whole(do, rng)
    (z1, z1_rows, on_z1), (f0, f0_rows, on_f0), (z2, z2_rows, on_z2) = (random_whole(do, rng, -0.5) for _ in range(3))
    z1, z1_rows, on_z1 = abs(z1), abs(z1_rows), do.from_host(abs(z1), abs(z1_rows))
    mu, nu, mu_h, gamma_h = 1.9, -0.9, 0.02, -0.01
    twin = NumpyOperations(do.system)
    on_twin = [twin.from_host(*pair) for pair in ((y, rows), (f0, f0_rows), (z1, z1_rows), (z2, z2_rows))]
    z, f, older = (np.concatenate([a.ravel(), b]) for a, b in ((z1, z1_rows), (f0, f0_rows), (z2, z2_rows)))
    double = [a.astype(np.float64) for a in (y, rows, z1, z1_rows)]
    before, after = (
        slow_whole(do.system, *double[:2]),
        slow_whole(do.system, double[0] + double[2], double[1] + double[3]),
    )
    slow = mu * z + nu * older + mu_h * (f + after - before) + gamma_h * f
    for operations, states in ((do, [on_y, on_f0, on_z1, on_z2]), (twin, on_twin)):
        operations.stage(*states, mu, nu, mu_h, gamma_h)
        assert_close(do, whole(operations, states[3]), slow, scale=slow + np.abs(before) * mu_h)


def check_patch_follow(do: KernelOperations, rng: np.random.Generator) -> None:
    """Two states of each site, by the two stages of Alexander's method; nothing else changes."""
    volumes = np.sort(rng.permutation(do.system.shape[1])[: (do.system.shape[1] + 1) // 2])
    areas, weights = rng.uniform(0.5, 1.5, (2, len(volumes)))
    others = random_patches(do.system.shape[1], rng).patches
    patch = Patch(FOLLOWING, volumes, areas, weights)
    do = type(do)(replace(do.system, patches=Patches((*others, patch))), do.precision)
    (y, rows, on_y), (z1, z1_rows, on_z1), (z2, z2_rows, on_z2) = (random_whole(do, rng) for _ in range(3))
    twin = NumpyOperations(do.system)
    on_twin = [twin.from_host(*pair) for pair in ((y, rows), (z1, z1_rows), (z2, z2_rows))]
    first, span = len(rows) - 3 * len(volumes), 0.1
    expected = z2_rows.astype(np.float64)
    old, begins, ends = (x[first:].astype(np.float64).reshape(3, -1) for x in (rows, z1_rows, z2_rows))
    held = [0.01 * float(areas @ (old[0] + z[0])) for z in (begins, ends)]
    for i, volume in enumerate(volumes):
        calcium = [float(y[CALCIUM, volume]) + float(z[CALCIUM, volume]) for z in (z1, z2)]
        found = alexander(old[1:, i] + begins[1:, i], calcium, held, span) - old[1:, i]
        expected[first + len(volumes) * np.array([1, 2]) + i] = found
    for operations, states in ((do, [on_y, on_z1, on_z2]), (twin, on_twin)):
        operations.follow(*states, span)
        assert_close(do, operations.sites(states[2]), expected, np.ones(len(rows)))
        assert np.array_equal(operations.to_host(states[2]), z2.astype(np.float64))


def alexander(p: np.ndarray, calcium: list[float], held: list[float], h: float) -> np.ndarray:
    """x and y of FOLLOWING after h, in a calcium and a store that change evenly between two numbers each."""
    gamma, slopes, now = 1 - math.sqrt(0.5), [], p
    for share, before in ((gamma, 0.0), (1.0, 1 - gamma)):
        c, s = ((1 - share) * ends[0] + share * ends[1] for ends in (calcium, held))
        opens = 1e6 * c**4
        a = np.array([[-opens - 3 - s, 2 - opens], [3.0, -2.0]])
        known = p + before * h * (slopes[0] if slopes else 0.0)
        now = np.linalg.solve(np.eye(2) - gamma * h * a, known + gamma * h * np.array([opens, 0.0]))
        slopes.append((now - known) / (gamma * h))
    return now


def check_patch_arrive(do: KernelOperations, rng: np.random.Generator) -> None:
    """In two passes what advance, rhs and error_norm do one after the other."""
    (_, _, on_y), (_, _, on_z), (_, _, on_f0) = (random_whole(do, rng, low) for low in (0.0, 0.0, -1.0))
    end, carried_end, f1, worst = do.new(), do.new(), do.new(), do.zeros(do.system.shape[1])
    a, b, rtol, atol = 0.12, 0.8, 0.01, rng.uniform(0.01, 0.1, len(do.system.lengths)).astype(do.real)
    states, out = (on_y, do.new(), on_z, on_f0), (do.upload(atol), end, carried_end, f1, worst, a, b, rtol)
    do.on_cells("arrive", *states, *do.neighbours, do.p, *out)
    do.add_up_stores(on_y, do.total)
    do.add_up_stores(on_z, do.added)
    do.on_sites("patch_arrive", *states, *do.at_sites, do.total, do.added, *out)
    plain_end, plain_carried, plain_f1 = do.new(), do.new(), do.new()
    do.advance(on_y, states[1], on_z, plain_end, plain_carried)
    do.rhs(plain_end, plain_f1)
    assert np.array_equal(whole(do, end), whole(do, plain_end))
    assert np.array_equal(whole(do, carried_end), whole(do, plain_carried))
    assert_close(do, whole(do, f1), whole(do, plain_f1))
    largest = float(do.to_host(worst).max(initial=0.0))
    norm = do.error_norm(on_y, plain_end, on_z, on_f0, plain_f1, a, b, rtol, atol)
    assert largest == pytest.approx(norm, rel=10 * TOLERANCES[f"kernel, {do.precision}"])
    f_0, f_1, z, y_0, y_1 = (whole(do, s) for s in (on_f0, plain_f1, on_z, on_y, plain_end))
    allowed = np.repeat(atol.astype(np.float64), do.system.lengths) + rtol * np.maximum(abs(y_0), abs(y_1))
    expected = np.max(abs(a * (f_0 + f_1) - b * z) / allowed, initial=0.0)
    assert norm == pytest.approx(expected, rel=10 * TOLERANCES[f"kernel, {do.precision}"])


RAMP = np.array([[2.0, 30.0, 0.0, 0.0]])  # pA, and pA/ms


def check_march(do: KernelOperations, rng: np.random.Generator) -> None:
    """One step that the device plans, takes, accepts and notes by itself, a few stages at a time, from a wrong start.

    It is compared with the recursion on whole states and whole right-hand sides, with sources at every stage.
    """
    if isinstance(do, CompiledOperations):
        do = LikeAGpu(do.system, do.precision)
    (fields, n), h, stages = do.system.shape, 1e-3, 5
    cells = np.sort(rng.permutation(n)[:3])
    shares = rng.uniform(0, 100, (len(cells), 1))
    indices = rng.integers(0, max(n, 1), (3 if n else 0, 4))
    points = PointWeights(indices, rng.dirichlet(np.ones(4), len(indices)).reshape(-1, 4))
    courses = Courses(np.array([0, 1]), np.array([-1.0, 1.0]), RAMP, np.array([0.0, 4.0 + 60.0]))
    atol = rng.uniform(1.0, 10.0, fields)
    radius = METHOD.reach(stages) / h * 0.99
    chosen = rules(METHOD) | {"rtol": 10.0, "longest": 1.0, "diffusion": radius, "unseen": 10.0, "safety": 1e-6}
    stops, binding = np.array([0.5, 2.0]), np.zeros((0, 2))
    volumes = do.system.discretization.volumes[cells]
    everywhere = np.ones(len(points.indices), dtype=bool)
    given = (courses, atol, stops, binding, cells, shares, volumes @ shares, points, everywhere)
    program = Program(chosen, METHOD.ladder(), *given)
    (y, on_y), *rest = (random_state(do, rng) for _ in range(len(STATES)))
    states = [on_y, do.new(), do.new(), *(device for _, device in rest[:4])]
    do.rhs(on_y, states[2])
    marcher = do.marcher(program)
    marcher.begin({"h": h, "until": 0.0, "many": 1e9}, states)
    for _ in range(2):
        marcher.plan()
        marcher.step(2)
    got = marcher.stretch(states)
    assert (got.status, got.march["stages"], got.march["rejected"]) == (Status.DUE, stages, 0)

    k = METHOD.coefficients(stages)
    knots = -1.0
    flows = [2.0 + 30.0 * (c * h - knots) for c in k.c]

    def rate(state: np.ndarray, j: int) -> np.ndarray:
        found = slow_rhs(do.system, state)
        found[CALCIUM, cells] += shares[:, 0] * flows[j]
        return found

    y = y.astype(np.float64)
    f0 = rate(y, 0)
    older, z = np.zeros_like(y), k.mu_t[1] * h * f0
    for j in range(2, stages + 1):
        step = k.mu_t[j] * h * rate(y + z, j - 1) + k.gamma_t[j] * h * f0
        older, z = z, k.mu[j] * z + k.nu[j] * older + step
    f1 = rate(y + z, stages)
    scale = np.abs(y) + np.abs(h * f0) + np.abs(h * f1)
    assert_close(do, do.to_host(got.states[0]), y + z, scale)
    plain = slow_rhs(do.system, y + z)
    assert_close(do, do.to_host(got.states[2]), plain, np.abs(plain) + np.abs(f0) + scale)
    slopes, increment = METHOD.estimate
    errors = np.abs(slopes * h * (f0 + f1) - increment * z) / (atol[:, None] + 10.0 * np.maximum(y, np.abs(y + z)))
    assert got.march["last_error"] == pytest.approx(
        errors.max(initial=1e-10), abs=TOLERANCES[f"kernel, {do.precision}"]
    )
    assert got.log[0].tolist() == pytest.approx([h, h, stages, h * float(volumes @ shares[:, 0]) * (k.weights @ flows)])
    for (values, state), limit in zip(
        ((got.values[0], y + z), (got.rates[0], plain)), (scale, np.abs(plain) + np.abs(f0) + scale), strict=True
    ):
        expected = (state[:, indices] * points.weights).sum(axis=-1)
        size = np.repeat(limit.max(axis=1, initial=0.0)[:, None], len(indices), axis=1)
        assert_close(do, values, expected, size)


def random_level(do: KernelOperations, rng: np.random.Generator) -> tuple[Level, np.ndarray, int]:
    """The finest level of the mesh of a system, the shift of each mode, and the unknowns of the level below."""
    n = do.system.shape[1]
    conductance = do.system.discretization.conductance
    coarse = max(n // 3, 1)
    prolong = csr_array(rng.uniform(0, 1, (n, coarse)) * (rng.uniform(0, 1, (n, coarse)) < 0.2))
    weights = csr_array(conductance.multiply(1 / do.system.discretization.volumes[:, None]))
    level = Level(weights, np.asarray(weights.sum(axis=1)).ravel(), 2.0, csr_array(prolong.T), prolong)
    shifts = rng.uniform(0.5, 2.0, do.system.chemistry.moving) * max(level.diagonal.max(initial=0.0), 1.0)
    return level, shifts, coarse


def random_modes(do: KernelOperations, rng: np.random.Generator, n: int) -> tuple[np.ndarray, Array]:
    """The same values on the host, (modes, n), and on the device, (n, modes) filled up with zeros."""
    device = do.modes(n)
    host = rng.uniform(-1, 1, (n, do.system.chemistry.moving)).astype(np.float32)
    device[:, : host.shape[1]] = do.upload(host)
    return host.T.astype(np.float64), device


def modes_of(do: KernelOperations, device: Array) -> np.ndarray:
    """The modes on the host, (modes, n); what fills them up must be zero still."""
    moving = do.system.chemistry.moving
    host = do.to_host(device)
    assert not np.any(host[:, moving:])
    return host[:, :moving].T


def matrix_of(level: Level, shift: float) -> np.ndarray:
    """A = shift - L, dense."""
    return shift * np.eye(level.size) + np.diag(level.diagonal) - level.laplacian.toarray()


def check_defect(do: KernelOperations, rng: np.random.Generator) -> None:
    level, shifts, _ = random_level(do, rng)
    (x, on_x), (b, on_b), (_, out) = (random_modes(do, rng, level.size) for _ in range(3))
    do.defect(do.level(level), on_x, on_b, out, do.mode_values(shifts))
    slow = np.array([b_q - matrix_of(level, s) @ x_q for b_q, x_q, s in zip(b, x, shifts, strict=True)])
    assert_single(modes_of(do, out), slow, scale=slow + shifts.max() * np.abs(x))


def check_relax(do: KernelOperations, rng: np.random.Generator) -> None:
    level, shifts, _ = random_level(do, rng)
    (x, on_x), (b, on_b), (d, on_d), (_, out) = (random_modes(do, rng, level.size) for _ in range(4))
    on_level, keep, gain = do.level(level), 0.3, 0.9
    for known in (True, False):
        do.relax(on_level, on_x if known else None, on_b, on_d, out, do.mode_values(shifts), keep, gain)
        start = x if known else np.zeros_like(x)
        rest = np.array([b_q - matrix_of(level, s) @ x_q for b_q, x_q, s in zip(b, start, shifts, strict=True)])
        d = (keep * d if known else 0.0) + gain * rest / (shifts[:, None] + level.diagonal)
        assert_single(modes_of(do, on_d), d, scale=np.ones_like(d))
        assert_single(modes_of(do, out), start + d, scale=np.ones_like(d))


def check_transfer(do: KernelOperations, rng: np.random.Generator) -> None:
    level, _, coarse = random_level(do, rng)
    on_level = do.level(level)
    (fine, on_fine), (few, on_few) = random_modes(do, rng, level.size), random_modes(do, rng, coarse)
    do.prolong(on_level, on_few, on_fine)
    fine = fine + few @ level.prolong.toarray().T
    assert_single(modes_of(do, on_fine), fine, scale=np.ones_like(fine))
    do.restrict(on_level, on_fine, on_few)
    few = modes_of(do, on_fine) @ level.restrict.toarray().T
    assert_single(modes_of(do, on_few), few, scale=np.abs(few) + np.abs(fine).max(initial=0.0))


def check_solve_dense(do: KernelOperations, rng: np.random.Generator) -> None:
    n = min(do.system.shape[1], 40)
    (b, on_b), (_, out) = (random_modes(do, rng, n) for _ in range(2))
    inverse = rng.uniform(-1, 1, (n, n, len(b)))
    do.solve_dense(do.mode_values(inverse), on_b, out)
    assert_single(modes_of(do, out), np.einsum("ijq,qj->qi", inverse, b), np.full(b.shape, n))


def check_to_modes(do: KernelOperations, rng: np.random.Generator) -> None:
    (u, on_u), (x, on_x) = random_state(do, rng), random_modes(do, rng, do.system.shape[1])
    matrix = rng.uniform(-1, 1, (len(x), len(u)))
    do.to_modes(do.values(matrix), on_u, on_x)
    assert_single(modes_of(do, on_x), matrix @ u.astype(np.float64), scale=np.abs(matrix) @ np.abs(u))


def check_from_modes(do: KernelOperations, rng: np.random.Generator) -> None:
    (u, on_u), (out, on_out) = (random_state(do, rng) for _ in range(2))
    x, on_x = random_modes(do, rng, do.system.shape[1])
    fixed = do.system.chemistry.diffusivity == 0
    back = rng.uniform(-1, 1, (len(u), len(x)))
    direct = rng.uniform(-1, 1, (len(u), len(u))) * np.outer(fixed, fixed)
    for keep in (True, False):
        do.from_modes(do.values(back), on_x, do.values(direct), on_u, on_out, keep)
        out = back @ x + direct @ u.astype(np.float64) + (out if keep else 0.0)
        assert_close(do, do.to_host(on_out), out, scale=np.abs(back) @ np.abs(x) + np.abs(direct) @ np.abs(u) + 1)


def check_series(do: KernelOperations, rng: np.random.Generator) -> None:
    """A circle of four states and a counter, one of whose rates is given; from quiet sites to very busy ones."""
    sites, length = do.system.shape[1], 0.3
    change = np.array([[-1, 0, 0, 1], [1, -1, 0, 0], [0, 1, -1, 0], [0, 0, 1, -1], [0, 0, 1, 0]], dtype=float)
    rates = Rates(np.array([0.0, 0.7, 0.0, 2.0]), np.array([0.4, 0.0, 0.0, 0.0]), np.array([-1, -1, 0, -1]))
    flow = Flow(np.arange(4), change, np.arange(5) < 4)
    y, calcium = rng.uniform(0, 1, (5, sites)), 10 ** rng.uniform(-2, 3, (2, sites))
    given = rng.uniform(0, 5, (2, 1, sites))
    found = do.series(flow, rates).after(y, calcium, given, length)
    for stretch in range(2):
        for i in range(sites):
            each = rates.at(calcium[stretch, i : i + 1], given[stretch, :, i : i + 1])[:, 0]
            y[:, i] = expm(length * (change * each) @ np.eye(4, 5)) @ y[:, i]
    np.testing.assert_allclose(found, y, rtol=1e-11, atol=1e-13)


@dataclass(frozen=True)
class Check:
    """How a kernel is tested: on which systems, and by which claim."""

    claim: Case
    kind: str = "mesh"
    chemistries: tuple[str, ...] = ("fixed",)


CHECKS = {
    "scale": Check(check_scale),
    "advance": Check(check_advance),
    "error_norm": Check(check_error_norm),
    "weighted_sum": Check(check_weighted_sum),
    "add_at": Check(check_add_at),
    "gather": Check(check_gather),
    "triad": Check(check_triad),
    "series": Check(check_series),
    "relax": Check(check_relax, chemistries=tuple(CHEMISTRIES)),
    "defect": Check(check_defect, chemistries=tuple(CHEMISTRIES)),
    "transfer": Check(check_transfer, chemistries=tuple(CHEMISTRIES)),
    "solve_dense": Check(check_solve_dense, chemistries=tuple(CHEMISTRIES)),
    "to_modes": Check(check_to_modes, chemistries=(*CHEMISTRIES, "ten fields")),
    "from_modes": Check(check_from_modes, chemistries=(*CHEMISTRIES, "ten fields")),
    "rhs_grid": Check(check_rhs, "grid", tuple(CHEMISTRIES)),
    "rhs_mesh": Check(check_rhs, "mesh", tuple(CHEMISTRIES)),
    "stage_grid": Check(check_stage, "grid", tuple(CHEMISTRIES)),
    "stage_mesh": Check(check_stage, "mesh", tuple(CHEMISTRIES)),
    "arrive_grid": Check(check_arrive, "grid", tuple(CHEMISTRIES)),
    "arrive_mesh": Check(check_arrive, "mesh", tuple(CHEMISTRIES)),
    "rhs_grid, weighted": Check(check_rhs, "weighted", ("six fields",)),
    "rhs_grid, cut": Check(check_rhs, "cut", ("six fields",)),
    "stage_grid, weighted": Check(check_stage, "weighted", ("six fields",)),
    "stage_grid, cut": Check(check_stage, "cut", ("six fields",)),
    "arrive_grid, weighted": Check(check_arrive, "weighted", ("six fields",)),
    "arrive_grid, cut": Check(check_arrive, "cut", ("six fields",)),
    "rhs_grid, periodic": Check(check_rhs, "periodic whole", ("fixed", "six fields")),
    "stage_grid, periodic": Check(check_stage, "periodic whole", ("fixed", "six fields")),
    "arrive_grid, periodic": Check(check_arrive, "periodic whole", ("six fields",)),
    "rhs_grid, periodic weighted": Check(check_rhs, "periodic weighted", ("six fields",)),
    "stage_grid, periodic cut": Check(check_stage, "periodic cut", ("six fields",)),
    "patch_rhs": Check(check_patch_rhs, "mesh", (f"{PATCHED}fixed",)),
    "patch_totals": Check(check_patch_totals, "mesh", (f"{PATCHED}fixed",)),
    "patch_add_up": Check(check_patch_totals, "grid", (f"{PATCHED}fixed",)),
    "patch_settle": Check(check_patch_settle, "grid", (f"{PATCHED}fixed",)),
    "patch_stage": Check(check_patch_stage, "grid", (f"{PATCHED}fixed",)),
    "patch_follow": Check(check_patch_follow, "grid", (f"{PATCHED}fixed",)),
    "patch_arrive": Check(check_patch_arrive, "mesh", (f"{PATCHED}fixed",)),
    "march_stage_grid": Check(check_march, "grid", ("fixed", "six fields")),
    "march_stage_mesh": Check(check_march, "mesh", ("fixed", "six fields")),
    "march_stage_grid, weighted": Check(check_march, "weighted", ("six fields",)),
    "march_stage_grid, cut": Check(check_march, "cut", ("six fields",)),
    "march_stage_grid, periodic": Check(check_march, "periodic whole", ("six fields",)),
}
# A step that a device takes by itself needs all that read how far it is.
CODE = model_code(patched_system("grid"))
TOGETHER = {name for name in kernel_names() if "March" in [a.type for a in signature(name, CODE).arguments]}


def every_case(name: str, n: int) -> Iterator[tuple[str, System, np.random.Generator]]:
    """Description, system and random numbers of each case of one kernel at one size."""
    check = CHECKS[name]
    for chemistry in check.chemistries:
        for shape in [(n,)] if check.kind == "mesh" else SHAPES[n]:
            rng = np.random.default_rng(zlib.crc32(f"{name} {chemistry} {shape}".encode()))
            if check.kind == "mesh":
                cells = random_mesh(n, rng)
            else:
                is_periodic, faces = "periodic" in check.kind, check.kind.split()[-1]
                # Along both axes, or along one of them alone.
                ends = ((0, 1), (0,), (1,))[rng.integers(3)] if is_periodic else ()
                cells = random_grid(shape, rng, "whole" if faces == "grid" else faces, ends)
            yield f"{name}, {chemistry}, {shape}", random_system(cells, chemistry, rng), rng


def test_every_kernel_file_is_tested() -> None:
    assert {name.partition(",")[0] for name in CHECKS} | TOGETHER == {*kernel_names()}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", CHECKS)
def test_a_kernel_agrees_with_its_twin(name: str, n: int, precision: str, kernel_backend: str) -> None:
    for _, system, rng in every_case(name, n):
        CHECKS[name].claim(open_backend(kernel_backend, system, precision), rng)


@pytest.mark.parametrize("n", SIZES)
def test_the_numpy_error_norm_is_infinite_where_something_is_not_a_number(n: int) -> None:
    for _, system, rng in every_case("error_norm", n):
        CHECKS["error_norm"].claim(NumpyOperations(system), rng)
