"""Dyes as a microscope sees them: what is looked at, how often, in which light, and how many photons come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Self

from pydantic import model_validator

from rdcalcium.errors import suggest
from rdcalcium.model.base import Name, Part
from rdcalcium.model.buffers import Buffer
from rdcalcium.model.optics import AnyOptics
from rdcalcium.model.quantity import PositiveTime, Quantity
from rdcalcium.model.shapes import Place, Shape
from rdcalcium.model.views import AnyView
from rdcalcium.units import milliseconds, nanometres, nanometres_to

Share = Annotated[float, Quantity("number", ge=0)]


class Imaging(Part):
    """The light of one dye in one view, again and again.

    Fluorescence is that of the dye in the cytosol alone: the point spread function is normalised over all space, and
    walls cut it off. Halves that mirror planes leave out are seen too.
    """

    name: Name
    """A text without colon, comma, quote, slash, line break or control character, different for each."""
    dye: str
    """Name of a buffer that has a `brightness`."""
    light: str | None = None
    """Excitation, one of those that the brightness of the dye knows; none: the only one."""
    ratio: tuple[str, ...] = ()
    """Two excitations, such as ["340 nm", "380 nm"], whose images are divided; none: one image."""
    reference: Annotated[float, Quantity("concentration", gt=0)] | None = None
    """A second dye that calcium does not change, as bright as this much of the first one in its free form: the image is
    divided by that of the second; none: there is no second dye."""
    view: AnyView
    """What is looked at."""
    optics: AnyOptics | None = None
    """The microscope that looks at a spot, a line or a frame; none: a region, whose mean needs none."""
    every: PositiveTime
    """Time from one sample, line or frame to the next; the first begins at 0 ms, and what is not over at the end of the
    run is left out."""
    exposure: PositiveTime | None = None
    """How long each sample, frame, or point of a line collects light, of which it is the mean; none: a moment."""
    background: Share = 0.0
    """Light that is not the dye's and is subtracted, relative to the dye at rest where it is brightest in the view."""
    autofluorescence: Share = 0.0
    """Light that is not the dye's and cannot be subtracted, relative to the same."""
    photons: Annotated[float, Quantity("number", gt=0)] | None = None
    """How many are counted on average in a sample, in each light, where the dye is brightest in the view at rest; none:
    no noise. What is measured with the noise stands beside what would be without."""

    @property
    def period_of_a_point(self) -> float:
        """Time that each point may be looked at before it is the turn of the next, ms."""
        return self.every / len(self.view.points) if self.view.scanned else self.every

    def lights(self, dye: Buffer) -> tuple[str, ...]:
        """Excitation of each image that is taken, known to the dye.

        Raises ValueError where there is no such light, or it is not said which of several.
        """
        known = dye.brightness
        wanted = self.ratio or ((self.light,) if self.light else tuple(known))
        for light in wanted:
            if light not in known:
                raise ValueError(
                    f"imaging {self.name!r}: dye {dye.name!r} does not know {light!r}; {suggest(light, known)}"
                )
        if len(wanted) > 1 and not self.ratio:
            raise ValueError(f"imaging {self.name!r}: say in which light, light = … or ratio = […]: {', '.join(known)}")
        return wanted

    @model_validator(mode="after")
    def _one_way_to_divide(self) -> Self:
        if self.ratio and (len(set(self.ratio)) != 2 or self.light or self.reference):
            raise ValueError(
                f"imaging {self.name!r}: ratio is of two different lights, such as ['340 nm', '380 nm'], "
                "and stands for itself, without light and reference"
            )
        return self

    @model_validator(mode="after")
    def _seen_through_optics(self) -> Self:
        if self.view.focused and self.optics is None:
            raise ValueError(
                f"imaging {self.name!r}: a {self.view.kind} is seen through a microscope; say which one, such as "
                'optics = { kind = "gaussian", lateral = "0.3 um", axial = "1.5 um" }'
            )
        if self.optics and not self.view.focused:
            raise ValueError(
                f"imaging {self.name!r}: of a region ({self.view.kind}) the mean is taken, without a microscope; "
                "leave out optics, or look at a spot, line or frame"
            )
        return self

    @model_validator(mode="after")
    def _exposed_within_the_period(self) -> Self:
        longest = self.period_of_a_point
        if self.exposure and self.exposure > longest * (1 + 1e-9):
            of = "its share of every" if self.view.scanned else "every"
            raise ValueError(
                f"imaging {self.name!r}: exposure = {milliseconds(self.exposure)} is longer than {of} = "
                f"{milliseconds(longest)}; make it shorter, or every longer"
            )
        return self


def require_visible(imaging: Imaging, buffers: Sequence[Buffer], geometry: Shape) -> None:
    """ValueError where an entry looks at no dye, in a light that the dye does not know, or beside the terminal."""
    dyes = [buffer.name for buffer in buffers if buffer.brightness]
    named = [buffer for buffer in buffers if buffer.name == imaging.dye]
    if not named:
        raise ValueError(
            f"imaging {imaging.name!r}: there is no dye {imaging.dye!r}; {suggest(imaging.dye, dyes, 'dyes')}"
        )
    if not named[0].brightness:
        raise ValueError(
            f"imaging {imaging.name!r}: buffer {imaging.dye!r} is no dye, for it has no brightness; "
            f"{suggest(imaging.dye, dyes, 'dyes')}"
        )
    imaging.lights(named[0])
    if (seen := imaging.view.corners) and geometry.bounds:
        _require_overlap(imaging, seen, whole(geometry.bounds, geometry.mirrors))


def whole(bounds: tuple[Place, Place], mirrors: dict[int, float]) -> tuple[Place, Place]:
    """Corners of the whole terminal, µm, from those of its computed part."""
    low, high = (list(corner) for corner in bounds)
    for axis, at in mirrors.items():
        low[axis], high[axis] = min(low[axis], 2 * at - high[axis]), max(high[axis], 2 * at - low[axis])
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _require_overlap(imaging: Imaging, seen: tuple[Place, Place], terminal: tuple[Place, Place]) -> None:
    for letter, first, last, low, high in _along_axes(seen, terminal):
        if last < low or first > high:
            raise ValueError(
                f"imaging {imaging.name!r}: the {imaging.view.kind} around "
                f"{nanometres(tuple((a + b) / 2 for a, b in zip(*seen, strict=True)))} is outside the terminal, whose "
                f"{letter} goes from {nanometres_to(low, high)}"
            )


def _along_axes(a: tuple[Place, Place], b: tuple[Place, Place]) -> Iterator[tuple[str, float, float, float, float]]:
    return zip("xyz", *a, *b, strict=True)
