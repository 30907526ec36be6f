"""Runs of one model on cells of several sizes: what each found, and how far from what cells of no size would find."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.geometry.mean_width import mean_widths
from rdcalcium.model import Model
from rdcalcium.patches.base import BOUND, PUMPED, STORED
from rdcalcium.patches.beside_pores import beside_pores
from rdcalcium.results.columns import ENTERED, FREE, PEAK, RELEASE_PROBABILITY, RELEASES, Column
from rdcalcium.results.folder import CONVERGENCE, RunFolderError, writable, write_atomically
from rdcalcium.results.run import Result
from rdcalcium.results.same_model import difference, model_of
from rdcalcium.results.tables import OF_ACCOUNT
from rdcalcium.richardson import ORDER, extrapolated, observed_orders
from rdcalcium.units import counted

if TYPE_CHECKING:
    import xarray

APART = 1.1  # ratio of the widest cells to the narrowest, below which their difference tells nothing


def convergence(runs: Iterable[Result | str | Path]) -> xarray.Dataset:
    """What the cells leave of error in finished runs of one model on two or more sizes of cells.

    runs  or their folders, in any order

    Over `quantity` (its heading, such as "sensor 1: peak Ca (uM)") and `level` (the widest cells first):
    value         (quantity, level)  what each run found
    cell_width    (quantity, level)  of the cells by which it is extrapolated, in µm: on tetrahedra the mean one between
                                     the nearest channel and its sensor or probe; else the mean one of all
    extrapolated  (quantity,)        on cells of no size, by Richardson's extrapolation
    error         (quantity,)        of the finest run, as a share of that
    order         (quantity,)        that three levels show; nan where they show none, or there are two
    and of each level `width`, the mean one of its cells in µm, `control_volumes` and `folder`. The attribute `order` is
    the one of the extrapolation: 2, but 1 where pumps on the membrane at the channels matter, patches/beside_pores.py.

    What steps leave is in it too, which [run] tolerance bounds. Raises RunFolderError where runs are not finished, not
    of one model, or on the same cells, and where channels open by chance in each as its own calcium has it.
    """
    levels = sorted((_of(run) for run in runs), key=lambda level: level[0].about.discretization.count)
    _require_comparable(levels)
    found = [result for result, _ in levels]
    made = [result.about.discretization for result in found]
    widths = mean_widths([model for _, model in levels], [one.count for one in made], [one.volume for one in made])
    tables = [_quantities(result) for result in found]
    names = [name for name in tables[-1] if all(name in table for table in tables)]
    values = np.array([[table[name] for name in names] for table in tables]).reshape(len(found), len(names))
    order = 1 if any(beside_pores(model).matters for _, model in levels) else ORDER
    return _dataset(found, widths, _widths_of(names, found, widths), names, values, order)


def _widths_of(names: list[str], runs: list[Result], means: np.ndarray) -> np.ndarray:
    """Of cells for each quantity, (levels, quantities) µm: on tetrahedra those on the way to its sensor or probe."""
    known = [run.about.discretization.widths or {} for run in runs]
    found = []
    for name in names:
        widths = np.array([each.get(Column.read(name).place, np.nan) for each in known])
        told = (widths[:-1] > APART * widths[1:]).all()
        found.append(widths if told else means)
    return np.array(found).reshape(len(names), len(runs)).T


def require_alike(model: Model) -> None:
    """RunFolderError where runs of a model on other cells differ by chance too."""
    for group in model.channels:
        if group.gating == "stochastic" and group.follows_calcium:
            raise RunFolderError(
                f"channels {group.name!r} open by chance, as the calcium at their pores has it, so that runs on other "
                'cells draw other openings: compare runs with gating = "deterministic"'
            )


def write_convergence(found: xarray.Dataset) -> Path:
    """Write it as a table into the folder of the finest run; returns the path."""
    path, text = Path(str(found.folder.values[-1])) / CONVERGENCE, io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    cells = [f"on {counted(n, 'control volume')}" for n in found.control_volumes.values.tolist()]
    table.writerow(["quantity", *cells, "extrapolated", "error of the finest run", "observed order"])
    columns = (found[name].values.tolist() for name in ("quantity", "value", "extrapolated", "error", "order"))
    for name, values, limit, error, order in zip(*columns, strict=True):
        table.writerow([name, *values, limit, error, "" if np.isnan(order) else order])
    with writable(path.parent):
        write_atomically(path, text.getvalue().encode())
    return path


def _of(run: Result | str | Path) -> tuple[Result, Model]:
    """A run and its model."""
    result = run if isinstance(run, Result) else Result(run)
    if result.about.status != "finished":
        raise RunFolderError(f"the run in {result.folder} is not finished but {result.about.status}; resume it first")
    return result, model_of(result.folder)


def _require_comparable(levels: list[tuple[Result, Model]]) -> None:
    """At least two, of one model, on cells of sizes that differ."""
    if len(levels) < 2:
        raise RunFolderError(f"{counted(len(levels), 'run')} to compare; give two or more, on cells of different sizes")
    finest, model = levels[-1]
    require_alike(model)
    for (coarse, other), (fine, _) in pairwise(levels):
        if differs := difference(other, model):
            raise RunFolderError(
                f"the runs in {coarse.folder} and {finest.folder} are of different models: they differ in {differs}; "
                "compare runs that differ in their cells alone"
            )
        a, b = (run.about.discretization.count for run in (coarse, fine))
        if b < APART**2 * a:
            raise RunFolderError(
                f"the runs in {coarse.folder} and {fine.folder} have {a:,} and {b:,} control volumes, too much alike "
                "to tell what cells leave: refine one of them by 1.5 or more"
            )


def _quantities(result: Result) -> dict[str, float]:
    """What is compared: peaks and release at each point, and where the calcium is at the end."""
    found: dict[Column, float | None] = {}
    for name, point in result.summary.points.items():
        found[Column(PEAK, "uM", name)] = point.peak
        found[Column(RELEASE_PROBABILITY, "", name)] = point.release_probability
        found[Column(RELEASES, "", name)] = point.cumulative_release
    ledger = result.summary.ledger
    found |= {ENTERED: ledger.entered, FREE: ledger.free}
    for account, amounts in ((BOUND, ledger.bound), (PUMPED, ledger.pumped), (STORED, ledger.stored)):
        found |= {OF_ACCOUNT[account](name): amount for name, amount in amounts.items()}
    return {column.heading: value for column, value in found.items() if value is not None}


def _dataset(
    runs: list[Result], means: np.ndarray, widths: np.ndarray, names: list[str], values: np.ndarray, order: int
) -> xarray.Dataset:
    """All of it, of mean widths of cells (levels,), and widths and values (levels, quantities)."""
    import xarray

    line = extrapolated(widths, values, order)
    orders = observed_orders(widths[-3:], values[-3:]) if len(runs) > 2 else np.full(len(names), np.nan)
    columns = {"extrapolated": line.limit, "error": line.errors(values)[-1], "order": orders}
    return xarray.Dataset(
        {
            "value": (("quantity", "level"), values.T),
            "cell_width": (("quantity", "level"), widths.T, {"units": "um"}),
        }
        | {name: ("quantity", x) for name, x in columns.items()},
        coords={
            "quantity": names,
            "width": ("level", means, {"units": "um"}),
            "control_volumes": ("level", [run.about.discretization.count for run in runs]),
            "folder": ("level", [str(run.folder) for run in runs]),
        },
        attrs={"order": order},
    )
