"""Release in a calcium that is known: recorded, measured or made up, without a terminal around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rdcalcium.errors import InputError
from rdcalcium.library import papers
from rdcalcium.model import Sensor
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.given import SomeSensor, concentration, course, some_sensor, whole
from rdcalcium.vesicles.sampled import Fusions
from rdcalcium.vesicles.sites import Vesicles
from rdcalcium.vesicles.supplied import drawn

if TYPE_CHECKING:
    import xarray

REST = 0.05  # µM, that of a model which does not say another


def release(
    sensor: SomeSensor,
    times: ArrayLike,
    calcium: ArrayLike,
    *,
    rest: float | str = REST,
    magnesium: float | str = 0.0,
) -> xarray.Dataset:
    """What a sensor does in a given course of calcium.

        times = np.linspace(0, 20, 2001)
        steps = rc.release("schneggenburger_neher2000", times, [[1, 2, 5, 10, 20, 50]])
        steps.release_rate.max("time")  # the dose-response curve: peak rates after steps from rest

    sensor     name of one in the library, or a Sensor, whose positions do not matter; one of your own may be a table:
               {"scheme": ["X + Ca <-> XCa : k_on, k_off", "XCa -> fused : gamma"], "parameters": {...}}
    times      (n,) ms, ascending, or texts such as "2 ms"; a time that is there twice is a jump of calcium
    calcium    (n,) µM at these times, which straight lines join; (n, traces) for several at once, (1, traces) for
               levels that stay; or a number; texts such as "10 uM" are read too
    rest       µM, at which the sensor has come to rest before the first time, unless it says how it starts; where no
               vesicle comes back, those that have not fused by then begin
    magnesium  µM, for sensors that bind it

    returns    an xarray.Dataset over `time`, and over `trace` where calcium has two dimensions: calcium, release_rate
               (1/ms), release_probability, cumulative_release, and the occupancy of each `state`; of one site. Of a
               sensor without a released state the occupancy alone. The references of its values are in
               attrs["references"]

    Raises InputError for times that do not ascend, for calcium that does not fit them or is below zero, and for what is
    no concentration.
    """
    part = some_sensor(sensor)
    rest, magnesium = concentration(rest, "rest"), concentration(magnesium, "magnesium")
    t, c = course(times, calcium)
    vesicles = Vesicles(Chain(part, magnesium))
    return _dataset(part, vesicles, t, c, _followed(vesicles, rest, t, c.reshape(len(t), -1)))


def fusions(
    sensor: SomeSensor,
    times: ArrayLike,
    calcium: ArrayLike,
    *,
    vesicles: int = 1,
    trials: int = 1,
    seed: int = 1,
    rest: float | str = REST,
    magnesium: float | str = 0.0,
) -> xarray.Dataset:
    """When single vesicles fuse in a given course of calcium: each site is drawn by itself from its chain.

        drawn = rc.fusions("felmy2003", times, calcium, vesicles=10, trials=1000)
        latencies = drawn.time.groupby(drawn.trial).min()

    vesicles  sites in each trace
    trials    how often, each with random numbers of its own: the first are the same however many follow
    seed      of the random numbers: the same seed, the same fusions

    The other arguments are those of `release`, whose expectations these are drawn from. Returns an xarray.Dataset over
    `fusion`, in the order of time: trial and vesicle, from 1, trace, from 0, and time in ms.
    """
    part = some_sensor(sensor)
    if not part.releases:
        raise InputError(f"sensor {part.name!r} has no released state, so that no vesicle of it can fuse")
    rest, magnesium = concentration(rest, "rest"), concentration(magnesium, "magnesium")
    vesicles, trials, seed = whole(vesicles, "vesicles", 1), whole(trials, "trials", 1), whole(seed, "seed", 0)
    t, c = course(times, calcium)
    chain, c = Chain(part, magnesium), c.reshape(len(t), -1)
    expected = Vesicles(chain)
    sites = drawn(chain, part.name, seed, range(1, trials + 1), c.shape[1], vesicles)
    sites.begin(chain.start(rest), float(t[0]))
    found = []
    for h, before, after in zip(np.diff(t).tolist(), c, c[1:], strict=False):
        if h:
            sites.follow([*expected.stretches((before, 0.5 * (before + after), after), h)])
            found.append(sites.fusions())
    return _events(part, found)


def _events(sensor: Sensor, found: Sequence[Fusions]) -> xarray.Dataset:
    """Every fusion with its names."""
    import xarray

    parts = {
        "trial": [f.trial for f in found],
        "trace": [f.position for f in found],
        "vesicle": [f.vesicle + 1 for f in found],
        "time": [f.time for f in found],
    }
    return xarray.Dataset(
        {
            key: ("fusion", np.concatenate(rows), {"units": "ms"} if key == "time" else {})
            for key, rows in parts.items()
        },
        attrs={"sensor": sensor.name, "references": [paper["citation"] for paper in papers(sensor.source)]},
    )


def _followed(vesicles: Vesicles, rest: float, times: np.ndarray, calcium: np.ndarray) -> np.ndarray:
    """What the sites have come to at each time, (times, slots, traces)."""
    y, lengths = vesicles.start(rest, calcium.shape[1]), np.diff(times)
    steps = [
        ((before, 0.5 * (before + after), after), float(f"{h:.12g}"))  # steps that are alike but for rounding
        for h, before, after in zip(lengths, calcium, calcium[1:], strict=False)
        if h
    ]
    states = [y, *vesicles.along(y, steps)]
    return np.array(states)[np.append(0, np.cumsum(lengths > 0))]


def _dataset(sensor: Sensor, do: Vesicles, times: np.ndarray, calcium: np.ndarray, y: np.ndarray) -> xarray.Dataset:
    """All of it by name and with units; y (times, slots, traces)."""
    import xarray

    rows, shape, over = [*zip(y, calcium.reshape(len(times), -1), strict=True)], calcium.shape, ("time", "trace")
    found = {"calcium": (calcium, "uM")}
    if sensor.releases:
        found |= {
            "release_rate": (np.array([do.rate(state, c) for state, c in rows]), "1/ms"),
            "release_probability": (np.array([do.probability(state) for state, _ in rows]), ""),
            "cumulative_release": (np.array([do.releases(state) for state, _ in rows]), ""),
        }
    variables = {key: (over[: len(shape)], value.reshape(shape), {"units": u}) for key, (value, u) in found.items()}
    shares = np.array([do.occupancy(state).T for state, _ in rows]).reshape(*shape, -1)
    return xarray.Dataset(
        {**variables, "occupancy": ((*over[: len(shape)], "state"), shares, {"units": ""})},
        coords={"time": ("time", times, {"units": "ms"}), "state": list(do.chain.states)},
        attrs={"sensor": sensor.name, "references": [paper["citation"] for paper in papers(sensor.source)]},
    )
