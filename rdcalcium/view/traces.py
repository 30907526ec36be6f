"""Curves against time: voltage, currents, [Ca²⁺] at every point and in stores, and release."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results.columns import (
    CALCIUM,
    RELEASE_PROBABILITY,
    RELEASE_RATE,
    TIME,
    VOLTAGE,
    Column,
    current,
)
from rdcalcium.results.folder import PROBES, SENSORS, STIMULUS
from rdcalcium.view.canvas import SMALL, columns_of_key, new_figure, save
from rdcalcium.view.curves import curve
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.style import CALCIUM_TITLE, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colours = Mapping[str, Any]  # of each point, by its name

WIDTH, HEIGHT = 7.0, 2.3  # inches, of one panel
TITLE_COLUMNS = 80  # letters that fit above a panel
BESIDE = 1.0  # inches of it, which the words of the axes take
MANY = 12  # curves, beyond which each has no entry of its own in the key
FEW = 60  # rows, below which each is marked: nothing is known between them
SHOULDER = 0.05  # of the height of a peak, down to which it is counted
SHORT = 0.05  # of the run; a peak that lasts longer can be seen in it
BEFORE, AFTER = 0.5, 2.0  # times that a peak lasts, which are shown on either side of it


def traces(run_folder: str | Path, path: str | Path) -> Path:
    """Voltage, currents, [Ca²⁺] at every sensor and probe and in each store, and release, one above the other.

    Of several trials the mean is drawn, with its standard deviation as a band, and a few single trials as thin lines.
    Where the highest peak is short beside the run, as in a train, a second column shows the time around it. The end of
    the path, which is returned, chooses the format: .png, .pdf or .svg.
    """
    run = RunFolder(run_folder)
    panels = _panels(run)
    if not panels:
        raise InputError(f"{run.path} has no {STIMULUS}, {PROBES} or {SENSORS} with rows to draw")
    windows = [None, *_around_the_peak(run)]
    figure = new_figure((WIDTH * len(windows), HEIGHT * len(panels) + 0.6))
    grid = figure.subplots(len(panels), len(windows), sharex="col", squeeze=False)
    for column, window in zip(grid.T, windows, strict=True):
        for axis, draw in zip(column, panels, strict=True):
            draw(axis)
            axis.spines[["top", "right"]].set_visible(False)
        column[-1].set_xlabel(TIME.heading + (", around the highest peak" if window else ""))
        if window:
            column[-1].set_xlim(*window)
    figure.suptitle(textwrap.fill(run.result.about.title, TITLE_COLUMNS), x=0.02, ha="left", fontsize=10)
    figure.align_ylabels()
    return save(figure, path)


def _panels(run: RunFolder) -> list[Callable[[Axes], None]]:
    """What draws each panel for which the folder has rows."""
    columns, calcium, rate = run.stimulus(), run.traces(CALCIUM), run.traces(RELEASE_RATE)
    colours = _colours([*calcium, *(name for name in rate if name not in calcium)])
    panels: list[Callable[[Axes], None]] = []
    if VOLTAGE in columns:
        panels.append(lambda axis: _voltage(axis, columns))
    if currents := run.currents():
        panels.append(lambda axis: _currents(axis, currents))
    if cytosol := {name: trace for name, trace in calcium.items() if name not in run.in_lumens}:
        panels.append(lambda axis: _calcium(axis, cytosol, colours))
    panels += [partial(_store, curves=curves, colours=colours) for curves in _stores(run, calcium)]
    if rate:
        chance = run.traces(RELEASE_PROBABILITY)
        panels.append(lambda axis: _release(axis, rate, chance, colours, named=not set(rate) <= set(calcium)))
    if states := run.fullest_states():
        panels.append(lambda axis: _occupancy(axis, states))
    return panels


def _stores(run: RunFolder, calcium: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each store the free calcium in it, on average and at the probes there, of all `calcium`, by their names."""
    free, probes = run.stores(), run.in_lumens
    names = dict.fromkeys([*free, *probes.values()])
    return [
        ({f"in {name}": free[name]} if name in free else {})
        | {probe: calcium[probe] for probe, store in probes.items() if store == name and probe in calcium}
        for name in names
    ]


def _around_the_peak(run: RunFolder) -> list[tuple[float, float]]:
    """The window of time around the highest peak in the cytosol, where one is worth its own picture."""
    curves = [trace for name, trace in run.first_traces(CALCIUM).items() if name not in run.in_lumens]
    if not curves:
        return []
    highest = max(curves, key=lambda one: float(one.max()))
    return around(highest.time.values, highest.values, run.peak_time())


def around(times: np.ndarray, calcium: np.ndarray, at: float) -> list[tuple[float, float]]:
    """Beginning and end (ms) of the time around a peak; nothing where there is none, or it fills much of the run.

    It is within the run, and lasts while calcium is above the SHOULDER of what the peak adds to the beginning.

    times    (rows,) ms
    calcium  (rows,) µM
    at       time of the peak, ms
    """
    rise, peak = calcium - calcium[0], int(np.abs(times - at).argmin())
    if rise[peak] <= 0:
        return []
    low = np.flatnonzero(rise <= SHOULDER * rise[peak])
    first, last = low[low < peak].max(initial=0), low[low > peak].min(initial=len(times) - 1)
    begin, end = times[first], times[last]
    if end - begin > SHORT * (times[-1] - times[0]):
        return []
    from_, until = begin - BEFORE * (end - begin), end + AFTER * (end - begin)
    return [(float(max(from_, times[0])), float(min(until, times[-1])))]


def _voltage(axis: Axes, columns: Mapping[Column, np.ndarray]) -> None:
    voltage = np.atleast_2d(columns[VOLTAGE])[0]  # that of every trial
    _key(axis, axis.plot(columns[TIME], voltage, color=INK, lw=1.2, label="voltage"))
    axis.set_ylabel(VOLTAGE.heading)


def _currents(axis: Axes, currents: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Of each group of channels, inward downwards."""
    lines = []
    for number, (name, (times, values)) in enumerate(currents.items()):
        lines += curve(axis, times, values, color=f"C{number}", label=f"current through {name}")
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, 0), max(high, 0))
    axis.set_ylabel(current("").heading)
    _key(axis, lines)


def _calcium(axis: Axes, curves: Mapping[str, Any], colours: Colours) -> None:
    lines = []
    for name, trace in curves.items():
        values = trace.where(trace > 0)
        lines += curve(axis, trace.time, values, color=colours[name], label=name, marker=_marker(trace), ms=3)
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:g}")
    low, high = axis.get_ylim()
    axis.yaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")
    axis.set_ylabel(CALCIUM_TITLE)
    _key(axis, lines)


def _store(axis: Axes, curves: Mapping[str, Any], colours: Colours) -> None:
    """Free calcium in one store, from the lowest to the highest: a small part of it moves."""
    lines = []
    for name, free in curves.items():
        colour = colours.get(name, INK)
        lines += curve(axis, free.time, free, color=colour, label=name, marker=_marker(free), ms=3)
    axis.ticklabel_format(axis="y", useOffset=False)
    axis.set_ylabel(CALCIUM_TITLE)
    _key(axis, lines)


def _release(axis: Axes, rates: Mapping[str, Any], chances: Mapping[str, Any], colours: Colours, named: bool) -> None:
    """Rates as lines and probabilities as dashes; `named` where no other panel says which colour is whose."""
    lines, side = [], _right_of(axis)
    for name, rate in rates.items():
        look = {"color": colours[name], "marker": _marker(rate), "ms": 3}
        lines += curve(axis, rate.time, rate, label=name, **look)
        curve(side, rate.time, chances[name], ls="--", **look)
    axis.set_ylabel("release rate (1/ms)")
    side.set_ylabel("release probability (dashed)")
    for one in (axis, side):
        one.set_ylim(bottom=0)
    _key(axis, lines if named else [])


def _occupancy(axis: Axes, states: Mapping[str, Any]) -> None:
    """Shares of sensors that release nothing in a state."""
    lines = []
    for (name, share), colour in zip(states.items(), _colours([*states]).values(), strict=True):
        lines += curve(axis, share.time, share, color=colour, label=name, marker=_marker(share), ms=3)
    axis.set_ylabel("occupancy")
    axis.set_ylim(bottom=0)
    _key(axis, lines)


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
        columns = columns_of_key([one.get_label() for one in lines], WIDTH - BESIDE)
        axis.legend(
            handles=lines, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, ncols=columns,
            frameon=False, fontsize=SMALL,
        )  # fmt: skip


def _colours(names: list[str]) -> Colours:
    """One colour for each point, the same in all panels."""
    import matplotlib

    return dict(zip(names, matplotlib.colormaps["viridis"](np.linspace(0, 0.9, max(len(names), 1))), strict=False))
