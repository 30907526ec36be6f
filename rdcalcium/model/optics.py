"""How a microscope sees a point: its point spread function as a Gaussian, whose optical axis is z."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import PositiveLength, Quantity

FORMULA_FROM = "zipfel2003"
HIGH_APERTURE = 0.7  # from which on the lateral fit of Zipfel et al. has another power

FWHM_PER_SD = 2 * math.sqrt(2 * math.log(2))  # of a Gaussian

Aperture = Annotated[float, Quantity("number", gt=0)]


class Optics(Part):
    """What every microscope says of itself."""

    kind: str

    @property
    @abstractmethod
    def spread(self) -> tuple[float, float]:
        """Standard deviations of the point spread function across the optical axis and along it, µm."""

    @property
    def sees_all_depths(self) -> bool:
        """Whether light from all depths counts alike."""
        return math.isinf(self.spread[1])

    @property
    def source(self) -> tuple[str, ...]:
        """References of its formula."""
        return ()


class GaussianOptics(Optics):
    """A point spread function that was measured, as with a bead."""

    kind: Literal["gaussian"] = "gaussian"
    lateral: PositiveLength
    """Full width at half maximum across the optical axis, which is z."""
    axial: PositiveLength
    """Full width at half maximum along the optical axis."""

    @property
    def spread(self) -> tuple[float, float]:
        """FWHM / (2 √(2 ln 2))."""
        return self.lateral / FWHM_PER_SD, self.axial / FWHM_PER_SD


class _Objective(Optics):
    """A lens at the limit of diffraction, whose focus is filled evenly."""

    numerical_aperture: Aperture
    """Of the objective."""
    wavelength: PositiveLength
    """In vacuum."""
    refractive_index: Annotated[float, Quantity("number", ge=1, le=2)] = 1.33
    """Of what is between the lens and the terminal; that of water unless it is said."""

    @property
    def source(self) -> tuple[str, ...]:
        """The fits to the focus of a lens."""
        return (FORMULA_FROM,)

    @property
    def focus(self) -> tuple[float, float]:
        """Distances at which the intensity in the focus falls to 1/e, across and along the axis, µm.

        0.320 λ / NA, or 0.325 λ / NA^0.91 above NA 0.7, and 0.532 λ / (n - √(n² - NA²)): Zipfel et al. 2003.
        """
        aperture, index = self.numerical_aperture, self.refractive_index
        lateral = 0.325 / aperture**0.91 if aperture > HIGH_APERTURE else 0.320 / aperture
        axial = 0.532 / (index - math.sqrt(index**2 - aperture**2))
        return lateral * self.wavelength, axial * self.wavelength

    @model_validator(mode="after")
    def _aperture_within_the_medium(self) -> Self:
        if self.numerical_aperture >= self.refractive_index:
            raise ValueError(
                f"numerical_aperture = {self.numerical_aperture:g} is not below the refractive_index = "
                f"{self.refractive_index:g} of the immersion, which no lens exceeds; oil has 1.515, water 1.33"
            )
        return self


class ConfocalOptics(_Objective):
    """A confocal microscope, whose pinhole lets about one Airy disc pass: it sees the focus of the excitation."""

    kind: Literal["confocal"] = "confocal"

    @property
    def spread(self) -> tuple[float, float]:
        """That of the intensity, exp(-r²/w²): w / √2."""
        lateral, axial = self.focus
        return lateral / math.sqrt(2), axial / math.sqrt(2)


class TwoPhotonOptics(_Objective):
    """A two-photon microscope, which sees the square of the intensity in the focus."""

    kind: Literal["two_photon"] = "two_photon"

    @property
    def spread(self) -> tuple[float, float]:
        """That of the squared intensity, exp(-2 r²/w²): w / 2."""
        lateral, axial = self.focus
        return lateral / 2, axial / 2


class WideFieldOptics(_Objective):
    """A camera behind an objective, which gathers light from all depths and blurs it across as in focus.

    The wavelength is that of the emission.
    """

    kind: Literal["wide_field"] = "wide_field"

    @property
    def spread(self) -> tuple[float, float]:
        """That of the intensity across; along the axis nothing is rejected."""
        return self.focus[0] / math.sqrt(2), math.inf


AnyOptics = Annotated[GaussianOptics | ConfocalOptics | TwoPhotonOptics | WideFieldOptics, Field(discriminator="kind")]
