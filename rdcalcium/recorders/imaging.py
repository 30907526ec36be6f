"""Dyes as a microscope sees them: fluorescence, its change, ratios, and the photons that are counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.model import Imaging, Model
from rdcalcium.randomness import generator
from rdcalcium.recorders.dye_light import Calibration, DyeLight
from rdcalcium.recorders.exposure import Exposures
from rdcalcium.recorders.sight import sight
from rdcalcium.system import System


@dataclass(frozen=True, eq=False)
class Seen:
    """What one sample shows at each point of a view.

    light    (images, points) µM of the free dye that would be as bright, background included; µM µm if light comes from
             all depths
    change   (points,) ΔF/F of the first image; none where the second one is of the same dye
    ratio    (points,) of the first image to the second; none where there is one
    calcium  (points,) µM, what a calibrated dye in equilibrium would tell; none for a dye of more than one site
    """

    light: np.ndarray
    change: np.ndarray | None
    ratio: np.ndarray | None
    calcium: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample, line or frame of a readout.

    index     its number
    seen      as it is, without noise
    photons   (images, points) that were counted; none where no photons are
    measured  what they tell; none where no photons are
    """

    index: int
    seen: Seen
    photons: np.ndarray | None = None
    measured: Seen | None = None


class Readout:
    """One entry of [[imaging]]: what it sees of each control volume, when it looks, and what is compared with what.

    total  (images, points) light of the sample that is under way, so far
    rest   (images + 1, points) light of the dyes at rest; last how much of the dye is seen, in all its states
    """

    def __init__(self, imaging: Imaging, model: Model, system: System):
        self.imaging, self.seed = imaging, model.run.seed
        self.dye = next(buffer for buffer in model.buffers if buffer.name == imaging.dye)
        self.exposures = Exposures.of(imaging, model)
        self.sight = sight(imaging, model, system.discretization)
        self.sums = self.sight(np.ones(system.discretization.size))  # what 1 µM everywhere gives
        counting = dict.fromkeys(self.dye.kinetics().states, 1.0)  # a light in which all states are alike
        lights = [self.dye.brightness[light] for light in imaging.lights(self.dye)]
        self.shine = DyeLight.of(self.dye, [*lights, counting], system.chemistry)
        self.total = np.zeros((self.images, len(self.sums)))
        self.begin(system.rest)
        if imaging.photons is not None and not self._brightest.min() > 0:
            raise InputError(
                f"imaging {imaging.name!r} sees no light of dye {imaging.dye!r} at rest, by which its photons would be "
                "counted: leave out photons, or look where the dye is"
            )

    @property
    def images(self) -> int:
        """How many are taken at once: two where they are divided."""
        return len(self.imaging.lights(self.dye)) + (self.imaging.reference is not None)

    @property
    def looked(self) -> int:
        """How many numbers a look has."""
        return len(self.shine.fields) * len(self.sums)

    def look(self, state: np.ndarray) -> np.ndarray:
        """What all light follows from, linear in a state (fields, n) µM: (fields of the dye, points)."""
        return np.stack([self.sight(state[field]) for field in self.shine.fields])

    def begin(self, state: np.ndarray) -> None:
        """Take a state as that at rest, with which all others are compared."""
        self.rest = self._light(self.look(state))

    def collect(self, due: np.ndarray, looked: np.ndarray, trial: int = 1) -> Iterator[Sample]:
        """Take looks of a trial, and tell the samples that are complete with them.

        due     (looks,) numbers in the schedule
        looked  (looks, numbers of a look)
        """
        light = np.stack([self._light(one.reshape(-1, len(self.sums)))[:-1] for one in looked])
        for index, mean in self.exposures.gather(self.total, due, light):
            yield self._sample(index, mean, trial)

    def _light(self, looked: np.ndarray) -> np.ndarray:
        """Of the dyes, in each image, and last how much of the dye there is, (images + 1, points)."""
        *images, amount = self.shine(self.sums, looked)
        second = [] if self.imaging.reference is None else [self.imaging.reference * self.sums]
        return np.stack([*images, *second, amount])

    @property
    def _brightest(self) -> np.ndarray:
        """Light of the dyes at rest where it is brightest, of each image, (images, 1)."""
        return self.rest[:-1].max(axis=1, keepdims=True)

    @property
    def _background(self) -> np.ndarray:
        return self.imaging.background * self._brightest

    @property
    def _autofluorescence(self) -> np.ndarray:
        return self.imaging.autofluorescence * self._brightest

    def _sample(self, index: int, light: np.ndarray, trial: int) -> Sample:
        """What was collected, without noise, and as photons tell it.

        light  (images, points) of the dyes
        """
        whole = light + self._autofluorescence + self._background
        if self.imaging.photons is None:
            return Sample(index, self._told(whole))
        numbers = generator(self.seed, trial, "photons", self.imaging.name, index)
        per_light = self.imaging.photons / self._brightest
        counted = numbers.poisson(np.maximum(per_light * whole, 0.0)).astype(float)
        return Sample(index, self._told(whole), counted, self._told(counted / per_light))

    def _told(self, light: np.ndarray) -> Seen:
        """What is made of light, (images, points): the background is known, and subtracted first."""
        kept = light - self._background
        at_rest = self.rest[:-1] + self._autofluorescence
        with np.errstate(divide="ignore", invalid="ignore"):  # where the view sees no dye
            ratio = kept[0] / kept[1] if self.images > 1 else None
            change = None if self.imaging.ratio else (kept[0] - at_rest[0]) / at_rest[0]
        measured = kept[0] if ratio is None else ratio
        return Seen(light, change, ratio, self._calibration.calcium(measured) if self._calibration else None)

    @cached_property
    def _calibration(self) -> Calibration | None:
        """By the light of the dye in each state, and of what the first image is divided by; (states, points) each."""
        states, amount = self.dye.kinetics().states, self.rest[-1]
        images = [
            np.outer([self.dye.brightness[light][state] for state in states], amount)
            for light in self.imaging.lights(self.dye)
        ]
        if self.imaging.reference is not None:
            images.append(np.tile(self.imaging.reference * self.sums, (len(states), 1)))
        if len(images) == 1:
            images.append(np.ones_like(images[0]))
        return Calibration.of(self.dye, *images)
