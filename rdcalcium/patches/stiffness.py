"""How fast a mechanism can react, from its Jacobian at many levels of calcium."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from rdcalcium.chemistry.chemistry import FULL
from rdcalcium.patches.base import BOUND, Mechanism, Patch, Stiffness

# Calcium, µM, at which the Jacobian is looked at. A bound holds up to its level: these are 7.5 % apart, so that it is a
# third too high at most where rates grow with the fourth power of calcium.
LEVELS = np.concatenate([[1e-3], np.geomspace(1e-2, 1e3, 160)])
SAFETY = 1.2  # by which the true radius may exceed what is found with rows at rest and with rows that have settled
NUDGE = 1e-6  # relative change by which a derivative is taken
TINY = 1e-12  # ms⁻¹, which keeps what is never left from having no steady state
ROUNDS = 5  # of Newton's method, of which one is exact for rates that are straight lines in the rows, as most are


def stiffness(patch: Patch) -> Stiffness:
    """How it reacts while calcium is below each of LEVELS, at its steepest site."""
    weight, total = float(patch.weights.max(initial=0.0)), float(patch.extents.sum())
    return _stiffness(patch.mechanism, np.array([weight]), total)


def stiffness_across(mechanism: Mechanism, weights: tuple[float, float], beyond: float) -> tuple[Stiffness, Stiffness]:
    """The same of both sides of a membrane with control volumes there, while calcium beyond is below some levels.

    The radii are those of both sides together, and are counted with the first. The first row, what has crossed, is
    replaced by the calcium beyond the membrane, which changes at the same rate times its weight. Where a control volume
    has several sites their weights add up, which bounds the radius of all together: as that of a graph with two sides
    is bounded by its largest degrees.

    weights  largest of a control volume on this side and beyond, µm⁻¹
    beyond   calcium there at rest, µM
    """
    found = []
    for now in at_extremes(mechanism):
        first, *others = now.rows
        for level in (0.0, beyond, FULL * beyond):
            at_level = replace(now, rows=(replace(first, start=level), *others))
            found.append([_stiffness(at_level, np.array(weights), 1.0, by=side) for side in (0, 1)])
    near, far = (steepest(side) for side in zip(*found, strict=True))
    return near, replace(far, radii=np.zeros_like(far.radii))


def at_extremes(mechanism: Mechanism) -> Iterator[Mechanism]:
    """The mechanism as it begins, and when each course that it follows is lowest and highest."""
    if not mechanism.courses:
        yield mechanism
        return
    *rows, clock = mechanism.rows
    courses = mechanism.courses.values()
    moments = {float(c.times[place]) for c in courses for place in (0, c.values.argmin(), c.values.argmax())}
    for moment in sorted(moments):
        yield replace(mechanism, rows=(*rows, replace(clock, start=moment)))


def steepest(stiffnesses: Iterable[Stiffness]) -> Stiffness:
    """The largest numbers of several, at the same levels."""
    found = [*stiffnesses]
    most = (np.max([getattr(one, name) for one in found], axis=0) for name in ("radii", "slopes"))
    return Stiffness(found[0].levels, *most)


def _stiffness(mechanism: Mechanism, weights: np.ndarray, total: float, by: int = 0) -> Stiffness:
    """Of calcium, and of rows, the first of which change by their rates times `weights`, the others as they are.

    Those that follow calcium are not among them: what others do to each other by way of these is, as if they were slow
    and as if they were at once where they tend to.

    by  0: slopes are those by calcium; 1: by the first row
    """
    start = np.repeat(mechanism.start[:, None], len(LEVELS), axis=1)
    scaled = np.append(weights, np.ones(1 + len(mechanism.rows) - len(weights)))[:, None]
    with np.errstate(all="ignore"):  # far from physiology a law may overflow
        settled = _settled(mechanism, start, total)
        slopes = [jacobian(mechanism, LEVELS, rows, total) for rows in (start, settled)]
        slopes = [matrix for found in slopes for matrix in _without(found, 1 + mechanism.following)]
        others = np.delete(scaled, 1 + mechanism.following, axis=0)
        found = [
            [_radii(matrix * others) for matrix in slopes],
            [np.abs(matrix[:, 0, by]) for matrix in slopes],
        ]
    most = [SAFETY * np.nan_to_num(np.fmax.reduce(each), posinf=0.0) for each in found]
    return Stiffness(LEVELS, *(np.maximum.accumulate(numbers) for numbers in most))


def _without(matrices: np.ndarray, which: np.ndarray) -> list[np.ndarray]:
    """Jacobians (…, n, n) without some of their rows: with these as they are, and where the others bring them."""
    others = np.delete(np.arange(matrices.shape[-1]), which)
    alone = matrices[:, others][:, :, others]
    if not len(which):
        return [alone]
    inner = matrices[:, which][:, :, which] - TINY * np.eye(len(which))
    through = np.linalg.solve(inner, matrices[:, which][:, :, others])
    return [alone, alone - matrices[:, others][:, :, which] @ through]


def _radii(matrices: np.ndarray) -> np.ndarray:
    """Spectral radius of each, ms⁻¹; NaN where there is none."""
    finite = np.isfinite(matrices).all(axis=(1, 2))
    radii = np.full(len(matrices), np.nan)
    radii[finite] = np.abs(np.linalg.eigvals(matrices[finite])).max(axis=1)
    return radii


def _settled(mechanism: Mechanism, rows: np.ndarray, total: float) -> np.ndarray:
    """Rows that hold no store and no account in their steady state at every level of calcium, (rows, levels)."""
    own = mechanism.rows[:-1] if mechanism.courses else mechanism.rows  # without a clock, which never settles
    gates = [i for i, row in enumerate(own) if row.account in ("", BOUND)]
    rows = rows.copy()
    for _ in range(ROUNDS if gates else 0):
        slopes = jacobian(mechanism, LEVELS, rows, total)[:, 1:, 1:][:, gates][:, :, gates]
        rates = mechanism.rates(LEVELS, rows, total * rows[0])[gates]
        change = np.linalg.solve(slopes - TINY * np.eye(len(gates)), rates.T[..., None])[..., 0].T
        rows[gates] = np.clip(rows[gates] - change, 0.0, 1.0)
    return rows


def jacobian(mechanism: Mechanism, calcium: np.ndarray, rows: np.ndarray, total: float) -> np.ndarray:
    """Derivatives at sites by calcium and by each row, as if all sites went together; (sites, 1 + rows, 1 + rows).

    First those of -flux, then of each row.

    total  extent of all sites
    """

    def all_rates(state: np.ndarray) -> np.ndarray:
        rates = mechanism.rates(state[0], state[1:], total * state[1])
        return np.vstack([-(mechanism.calcium @ rates), rates])

    state = np.vstack([calcium, rows])
    columns = []
    for which in range(len(state)):
        nudge = NUDGE * np.maximum(np.abs(state[which]), NUDGE)
        low, high = state.copy(), state.copy()
        low[which] -= nudge
        high[which] += nudge
        columns.append(((all_rates(high) - all_rates(low)) / (2 * nudge)).T)
    return np.stack(columns, axis=2)
