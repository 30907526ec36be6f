"""A steady state, as a reader looks at it: at sensors and probes, in the whole terminal, and what flows through it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.results.columns import concentration
from rdcalcium.results.run import Points
from rdcalcium.steady_state.newton import Convergence
from rdcalcium.units import milliseconds

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, repr=False)
class SteadyState:
    """What a model tends to while its currents stay what they are at one moment.

    probes["sensor 1"].calcium is an xarray.DataArray of one value, with its unit in attrs["units"]; so is
    probes["sensor 1"]["EGTA.bound"].

    title        of the model
    time         of the currents, ms
    fields       names of what is computed, calcium first
    positions    name and position (µm) of every sensor, then of every probe
    values       (fields, points) µM at these; calcium with what the control volumes miss of it near a pore
    centres      (n, 3) µm, of the control volumes in the cytosol, and in lumens of stores
    y            (fields, n) µM in these
    parts        (n,) 0 in the cytosol, 1 in the first lumen of a store, …; none: there are no lumens
    free, bound  calcium in the whole terminal, and bound to each buffer, pump or sensor by its name, µM µm³
    stored       in each store by its name, free and bound, µM µm³
    entering     calcium through all channels of the whole terminal, pA
    leaving      through each surface that is held, and each pump, by its name, pA
    copies       parts of the terminal, of which one is computed and mirror planes make the others
    convergence  how it was found
    """

    title: str
    time: float
    fields: tuple[str, ...]
    positions: dict[str, tuple[float, float, float]]
    values: np.ndarray
    centres: np.ndarray
    y: np.ndarray
    parts: np.ndarray | None
    free: float
    bound: dict[str, float]
    stored: dict[str, float]
    entering: float
    leaving: dict[str, float]
    copies: int
    convergence: Convergence

    def __repr__(self) -> str:
        """Title, and the moment of the currents."""
        return f"<SteadyState {self.title!r} under the currents of {milliseconds(self.time)}>"

    @property
    def missing(self) -> float:
        """What enters and is not found leaving, pA; zero but for what the solver leaves."""
        return self.entering - sum(self.leaving.values())

    @cached_property
    def probes(self) -> Points:
        """Name of each sensor and probe -> xarray.Dataset of every field there."""
        return Points(
            {point: _dataset(self.fields, v, ()) for point, v in zip(self.positions, self.values.T, strict=True)}
        )

    @cached_property
    def snapshot(self) -> xarray.Dataset:
        """Every field in every control volume, over "volume", with x, y and z of their centres in µm.

        Where a store has a lumen of control volumes the compartment too, as in a snapshot of a run.
        """
        places: dict[str, tuple[str, np.ndarray, dict[str, str]]]
        places = {axis: ("volume", x, {"units": "um"}) for axis, x in zip("xyz", self.centres.T, strict=True)}
        if self.parts is not None:
            places["compartment"] = ("volume", self.parts, {})
        return _dataset(self.fields, self.y, ("volume",)).assign_coords(places)


def _dataset(fields: tuple[str, ...], values: np.ndarray, dimensions: tuple[str, ...]) -> xarray.Dataset:
    """Fields with their units, by the names that they have in a run."""
    import xarray

    columns = zip(map(concentration, fields), values, strict=True)
    return xarray.Dataset({column.variable: (dimensions, v, {"units": column.unit}) for column, v in columns})
