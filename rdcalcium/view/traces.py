"""Curves against time: voltage and current, [Ca²⁺] at every point, and release."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results.columns import (
    CALCIUM,
    CURRENT,
    RELEASE_PROBABILITY,
    RELEASE_RATE,
    TIME,
    VOLTAGE,
    Column,
    current,
)
from rdcalcium.results.folder import PROBES, SENSORS, STIMULUS
from rdcalcium.view.canvas import new_figure, save
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.style import CALCIUM_TITLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colours = Mapping[str, Any]  # of each point, by its name

WIDTH, HEIGHT = 7.0, 2.3  # inches, of one panel
TITLE_COLUMNS = 80  # letters that fit above a panel
KEY_COLUMNS = 4  # entries of the key beside each other
MANY = 12  # curves, beyond which each has no entry of its own in the key
FEW = 60  # rows, below which each is marked: nothing is known between them


def traces(run_folder: str | Path, path: str | Path) -> Path:
    """Voltage with current, [Ca²⁺] at every sensor and probe, and release, one above the other; returns the path.

    The end of the path chooses the format: .png, .pdf or .svg.
    """
    run = RunFolder(run_folder)
    panels = _panels(run)
    if not panels:
        raise InputError(f"{run.path} has no {STIMULUS}, {PROBES} or {SENSORS} with rows to draw")
    figure = new_figure((WIDTH, HEIGHT * len(panels) + 0.6))
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, draw in zip(axes, panels, strict=True):
        draw(axis)
        axis.spines["top"].set_visible(False)
    axes[-1].set_xlabel(TIME.heading)
    figure.suptitle(textwrap.fill(run.result.about.title, TITLE_COLUMNS), x=0.02, ha="left", fontsize=10)
    figure.align_ylabels()
    return save(figure, path)


def _panels(run: RunFolder) -> list[Callable[[Axes], None]]:
    """What draws each panel for which the folder has rows."""
    stimulus, calcium, rate = run.result.stimulus, run.traces(CALCIUM), run.traces(RELEASE_RATE)
    colours = _colours([*calcium, *(name for name in rate if name not in calcium)])
    panels: list[Callable[[Axes], None]] = []
    if len(stimulus) > 1 and len(stimulus[TIME.heading]):
        panels.append(lambda axis: _stimulus(axis, stimulus))
    if calcium:
        panels.append(lambda axis: _calcium(axis, calcium, colours))
    if rate:
        chance = run.traces(RELEASE_PROBABILITY)
        panels.append(lambda axis: _release(axis, rate, chance, colours, named=not set(rate) <= set(calcium)))
    return panels


def _stimulus(axis: Axes, table: Mapping[str, np.ndarray]) -> None:
    """The voltage on the left and the currents on the right; one of them alone has the left axis."""
    columns = {Column.read(heading): values for heading, values in table.items()}
    time = columns[TIME]
    currents = {column.place: values for column, values in columns.items() if column.quantity == CURRENT}
    lines = []
    if VOLTAGE in columns:
        lines += axis.plot(time, columns[VOLTAGE], color="#222222", lw=1.4, label="voltage")
        axis.set_ylabel(VOLTAGE.heading)
    if currents:
        side = _right_of(axis) if lines else axis
        for number, (name, values) in enumerate(currents.items()):
            label = f"current through {name}"
            lines += side.plot(time, values, color=f"C{number}", lw=1.2, label=label)
        side.set_ylabel(current("").heading)
    _key(axis, lines)


def _calcium(axis: Axes, curves: Mapping[str, Any], colours: Colours) -> None:
    lines = []
    for name, trace in curves.items():
        values = trace.where(trace > 0)
        lines += axis.plot(trace.time, values, color=colours[name], lw=1.2, label=name, marker=_marker(trace), ms=3)
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:g}")
    low, high = axis.get_ylim()
    axis.yaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")
    axis.set_ylabel(CALCIUM_TITLE)
    _key(axis, lines)


def _release(axis: Axes, rates: Mapping[str, Any], chances: Mapping[str, Any], colours: Colours, named: bool) -> None:
    """Rates as lines and probabilities as dashes; `named` where no other panel says which colour is whose."""
    lines, side = [], _right_of(axis)
    for name, rate in rates.items():
        look = {"color": colours[name], "lw": 1.2, "marker": _marker(rate), "ms": 3}
        lines += axis.plot(rate.time, rate, label=name, **look)
        side.plot(chances[name].time, chances[name], ls="--", **look)
    axis.set_ylabel("release rate (1/ms)")
    side.set_ylabel("release probability (dashed)")
    for one in (axis, side):
        one.set_ylim(bottom=0)
    _key(axis, lines if named else [])


def _marker(trace: Any) -> str | None:
    """Of each row, where they are few."""
    return "o" if trace.time.size < FEW else None


def _right_of(axis: Axes) -> Axes:
    """A second vertical axis."""
    right = axis.twinx()
    right.spines["top"].set_visible(False)
    return right


def _key(axis: Axes, lines: list[Any]) -> None:
    """Above the panel, where it covers no curve; of very many curves the first and the last."""
    if len(lines) > MANY:
        first, last = lines[0], lines[-1]
        lines = [first, last]
        first.set_label(f"{first.get_label()} (the others between)")
    if lines:
        axis.legend(
            handles=lines, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, ncols=KEY_COLUMNS,
            frameon=False, fontsize=8,
        )  # fmt: skip


def _colours(names: list[str]) -> Colours:
    """One colour for each point, the same in all panels."""
    import matplotlib

    return dict(zip(names, matplotlib.colormaps["viridis"](np.linspace(0, 0.9, max(len(names), 1))), strict=False))
