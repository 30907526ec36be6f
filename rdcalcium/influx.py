"""What the channels bring into the control volumes over a step."""

from __future__ import annotations

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.currents import Currents, channel_currents
from rdcalcium.discretization import PointWeights
from rdcalcium.discretization.mirrors import computed_share
from rdcalcium.integrators.base import Coefficients
from rdcalcium.integrators.stepper import StepSources
from rdcalcium.model import Model
from rdcalcium.openings import Openings
from rdcalcium.patches import Patches
from rdcalcium.system import place_channels, place_sources


class Influx:
    """The currents of a model, and the control volumes under its pores, on a backend.

    Of a group whose channels open by themselves the current is that of an open one, and its shares are those of the
    channels that are open: they are the same from one opening or closing to the next, where a step ends.

    groups    positions of the channels of each group, (channels, 3) µm
    planes    mirror planes of the computed part, (axis, coordinate)
    sources   control volumes, and their shares of each group with all its channels; none of one that senses calcium
    openings  of each group in this trial; None where its channels conduct with a probability
    stops     ms, ascending: where a step must end in this trial; the last is the end of the run
    shares    (k, groups) µM ms⁻¹ per pA of one channel, of those that are open now
    amounts   (groups,) µM µm³ ms⁻¹ per pA, that enter through them
    flowing   the currents of the groups that have one
    changes   how often the open channels have changed, in all trials
    """

    def __init__(self, model: Model, operations: Operations):
        self.do = operations
        self.discretization = operations.system.discretization
        self.currents = channel_currents(model, float(operations.system.chemistry.rest[CALCIUM]))
        self.groups = model.pores()
        self.planes = list(model.geometry.mirrors.items())
        self.sources = place_sources(self.groups, self.planes, self.discretization)
        for g, group in enumerate(self.currents.groups):
            if group.follows_calcium == "patch":
                self.sources.shares[:, g] = 0.0  # patches bring in what enters through it
        self._cells = operations.indices(self.sources.cells)
        self._each = [
            place_channels(points, self.planes, self.discretization, self.cells) if group.gate else None
            for points, group in zip(self.groups, self.currents.groups, strict=True)
        ]
        self.changes = 0
        self._seed = model.run.seed
        self._fixed_stops = fixed_stops(model, self.currents, operations.system.patches)
        self.begin(1)

    def begin(self, trial: int) -> None:
        """Be at the beginning of a trial."""
        self.openings: list[Openings | None] = self.currents.openings(self._seed, trial)
        self._note_events()
        self.shares, self._since = self.sources.shares.copy(), -1
        self.follow(0.0)

    def renew(self, group: int, openings: Openings) -> None:
        """Take other openings of a group, which differ from those before in what has not been followed yet."""
        self.openings[group] = openings
        self._note_events()

    def _note_events(self) -> None:
        events = np.concatenate([np.zeros(0), *(o.events for o in self.openings if o)])
        self.events = np.unique(events[(events > 0) & (events < self._fixed_stops[-1])])
        self.stops = np.union1d(self._fixed_stops, self.events)

    def follow(self, t: float) -> None:
        """Take the channels that are open from t (ms) on."""
        since = int(np.searchsorted(self.events, t, side="right"))
        if since == self._since:
            return
        self._since, self.changes = since, self.changes + 1
        for g, (each, openings) in enumerate(zip(self._each, self.openings, strict=True)):
            if each is not None and openings is not None:
                self.shares[:, g] = each @ openings.are_open(t)
        self.amounts = self.discretization.volumes[self.cells] @ self.shares
        groups = zip(self.currents.groups, self.amounts, strict=True)
        self.flowing = Currents([group for group, amount in groups if amount or group.follows_calcium == "patch"])

    def following(self, t: float) -> float:
        """When the next channel opens or closes after t, ms; infinite after the last."""
        later = int(np.searchsorted(self.events, t, side="right"))
        return float(self.events[later]) if later < len(self.events) else np.inf

    def until(self, t: float) -> np.ndarray:
        """Where steps must end from t (ms) on, as far as the channels that are open do not change.

        Of one length for all t, so that a device may keep them in one place.
        """
        return np.sort(np.append(self._fixed_stops, min(self.following(t), self._fixed_stops[-1])))

    def conducting(self, times: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Channels of the computed part that let a current in at times (ms), or before what happens then.

        Of a group without openings all; one on a mirror plane counts by its share. (times, groups).
        """
        counts = np.tile(self.sources.counts, (len(times), 1))
        for g, openings in enumerate(self.openings):
            if openings is not None:
                shares = computed_share(self.groups[g], self.planes)
                counts[:, g] = openings.conducting(times, before, shares)
        return counts

    @property
    def cells(self) -> np.ndarray:
        """Control volumes under the pores, (k,)."""
        return self.sources.cells

    def at(self, points: PointWeights) -> np.ndarray:
        """Rate of change of calcium at points by the current of one channel, (points, groups) µM ms⁻¹ pA⁻¹."""
        cells = self.cells
        row = np.minimum(np.searchsorted(cells, points.indices), max(len(cells) - 1, 0))
        if not len(cells):
            return np.zeros((len(points.indices), len(self.groups)))
        under = cells[row] == points.indices
        return np.einsum("pk,pkg->pg", points.weights * under, self.shares[row])

    def seen(self, t: float, h: float, k: Coefficients) -> bool:
        """Whether the stages of a step notice what flows in it."""
        return self.flowing.resolved(t, h, k.c, k.weights)

    def steady(self, t: float, h: float) -> bool:
        """Whether what flows does not change during a step."""
        return self.flowing.steady(t, h)

    def mean(self, t: float, h: float) -> StepSources | None:
        """Sources that stay what they are on average during a step; None where there are no channels."""
        return self._sources(self.currents.mean(t, h)[None], np.ones(1), h) if self.groups else None

    def over_step(self, t: float, h: float, k: Coefficients) -> StepSources | None:
        """Sources at every stage of a step of h ms from t; None where there are no channels."""
        return self._sources(self.currents.over_step(t, h, k.c), k.weights, h) if self.groups else None

    def at_ends(self, t: float, h: float) -> StepSources | None:
        """Sources at both ends of a step, for those who look inside; None where there are no channels."""
        ends = np.array([0.0, 1.0])
        return self._sources(self.currents.over_step(t, h, ends), ends, h) if self.groups else None

    def _sources(self, currents: np.ndarray, weights: np.ndarray, h: float) -> StepSources:
        """Sources of currents (stages, groups) pA, which a scheme adds up with these weights."""
        rates = currents @ self.shares.T
        amount = h * self.amounts @ (weights @ currents)
        return StepSources(self._cells, self.do.values(rates[0]), self.do.values(rates - rates[0]), float(amount))


def fixed_stops(model: Model, currents: Currents, patches: Patches) -> np.ndarray:
    """Where a step must end in every trial, ms, ascending: also where light flashes, and what patches follow bends.

    The last is the end of the run.
    """
    duration, stops = model.run.duration, patches.stops
    flashes = [t for flash in model.flashes for t in flash.moments if 0 < t < duration]
    within = stops[(stops > 0) & (stops < duration)]
    return np.union1d(currents.events(duration), np.union1d(flashes, within))
