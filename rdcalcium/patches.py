"""What sits on surfaces and takes calcium from the cytosol there: mechanisms, and the control volumes under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rdcalcium.discretization import Discretization, SurfaceArea
from rdcalcium.errors import InputError, suggest
from rdcalcium.model import Model, Pump
from rdcalcium.model.expression import Expression

PUMPED = "pumped"  # account of what has left through a surface
CLEARANCE = "clearance"  # name of the mechanism that is everywhere
UNJUDGED = 1e30  # scale of a row whose error nobody looks at, and that single precision can hold
# Calcium, µM, between which the slope of a law is looked for, and by how much the true one may exceed what is found.
LEVELS, SAFETY = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, 400)]), 1.1


@dataclass(frozen=True)
class Row:
    """One number that a mechanism keeps at each of its sites.

    name     by which the rates of the mechanism know it
    rate     of its change, each ms: an expression of Ca (µM), the rows and the parameters
    start    at rest
    calcium  that one unit of it holds on 1 µm² of surface, µM µm: what it gains the cytosol loses
    scale    of which the tolerance is a share; UNJUDGED: its error follows that of others
    account  where the ledger finds this calcium: PUMPED; none: it holds none
    """

    name: str
    rate: Expression
    start: float = 0.0
    calcium: float = 0.0
    scale: float = UNJUDGED
    account: str = ""


@dataclass(frozen=True)
class Mechanism:
    """What happens at one site: rows x change by dx/dt = R(Ca, x), and calcium under 1 µm² of it by -Σ calcium_r R_r.

    So nothing is lost between the cytosol and the rows, whatever the rates are.

    parameters  numbers for the names in the rates
    """

    name: str
    rows: tuple[Row, ...]
    parameters: Mapping[str, float]

    @cached_property
    def calcium(self) -> np.ndarray:
        """What each row holds, (rows,) µM µm."""
        return np.array([row.calcium for row in self.rows])

    def rates(self, calcium: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Rate of change of every row at sites, (rows, sites) each ms.

        calcium  (sites,) µM
        rows     (rows, sites)
        """
        values: dict[str, float | np.ndarray] = {**self.parameters, "Ca": calcium}
        values |= {row.name: now for row, now in zip(self.rows, rows, strict=True)}
        return np.array([np.broadcast_to(row.rate.evaluate(values), calcium.shape) for row in self.rows])

    def flux(self, calcium: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Out of the cytosol, (sites,) µM µm ms⁻¹."""
        return self.calcium @ self.rates(calcium, rows)

    @cached_property
    def steepest(self) -> float:
        """Largest derivative of the flux by calcium, µm ms⁻¹, from difference quotients."""
        start = np.repeat([[row.start] for row in self.rows], len(LEVELS), axis=1)
        with np.errstate(all="ignore"):  # a law that overflows far from physiology is one that is never asked there
            slopes = np.abs(np.diff(self.flux(LEVELS, start)) / np.diff(LEVELS))
        return SAFETY * float(slopes.max(where=np.isfinite(slopes), initial=0.0))


@dataclass(frozen=True)
class Patch:
    """A mechanism at its sites, one in each control volume that touches them.

    volumes  (sites,)  control volumes, each once
    areas    (sites,)  µm²
    weights  (sites,)  µm⁻¹, area over volume
    """

    mechanism: Mechanism
    volumes: np.ndarray
    areas: np.ndarray
    weights: np.ndarray


class Segment(NamedTuple):
    """Where the state keeps one row of a patch behind its fields: `place` says which numbers these are."""

    patch: Patch
    row: Row
    place: slice


@dataclass(frozen=True)
class Patches:
    """All patches of a system.

    Their rows follow each other behind the fields of a state: one row of all sites, the next row, the next patch.
    """

    patches: tuple[Patch, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.patches)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Every row of every patch, in the order of the state."""
        return tuple(self._segments())

    def _segments(self) -> Iterator[Segment]:
        begin = 0
        for patch in self.patches:
            for row in patch.mechanism.rows:
                end = begin + len(patch.volumes)
                yield Segment(patch, row, slice(begin, end))
                begin = end

    @property
    def size(self) -> int:
        """How many numbers a state keeps for them."""
        return self.segments[-1].place.stop if self.segments else 0

    def split(self, values: np.ndarray) -> Iterator[tuple[Patch, np.ndarray]]:
        """Each patch, with its part (rows, sites) of the numbers of a state."""
        begin = 0
        for patch in self.patches:
            shape = (len(patch.mechanism.rows), len(patch.volumes))
            end = begin + shape[0] * shape[1]
            yield patch, values[begin:end].reshape(shape)
            begin = end

    @property
    def start(self) -> np.ndarray:
        """Their numbers at rest, (size,)."""
        values = np.zeros(self.size)
        for _, row, place in self.segments:
            values[place] = row.start
        return values

    @property
    def scales(self) -> np.ndarray:
        """Of which the tolerance is a share, for each row, (rows,)."""
        return np.array([segment.row.scale for segment in self.segments])

    def stiffness(self, size: int) -> float:
        """Bound on what they add to the spectral radius of the Jacobian, ms⁻¹; of `size` control volumes."""
        steep = np.zeros(size)
        for patch in self.patches:
            steep[patch.volumes] += patch.weights * patch.mechanism.steepest
        return float(steep.max(initial=0.0))


def build_patches(model: Model, discretization: Discretization) -> Patches:
    """Those of a model; InputError for a surface that the terminal does not have."""
    rest = model.calcium.rest
    patches = [_on_surface(_pump(pump, rest), pump.surface, discretization) for pump in model.pumps]
    if model.calcium.clearance:
        law, rate = Expression("rate * (Ca - rest)"), {"rate": model.calcium.clearance, "rest": rest}
        patches.append(_everywhere(pump_mechanism(CLEARANCE, law, rest, rate, balances=False), discretization))
    return Patches(tuple(patches))


def pump_mechanism(
    name: str, flux: Expression, rest: float, parameters: Mapping[str, float], balances: bool
) -> Mechanism:
    """A flux out of the cytosol, µM µm ms⁻¹, less the constant leak that balances it at rest (µM)."""
    leak = float(flux.evaluate({**parameters, "Ca": rest})) if balances else 0.0
    net = Expression(f"({flux.text}) - leak") if balances else flux
    return Mechanism(name, (Row("pumped", net, calcium=1.0, account=PUMPED),), {**parameters, "leak": leak})


def mechanism_names(model: Model) -> list[str]:
    """Of all mechanisms of a model, in the order of its patches."""
    return [pump.name for pump in model.pumps] + [CLEARANCE] * bool(model.calcium.clearance)


def _pump(pump: Pump, rest: float) -> Mechanism:
    """One of the model."""
    return pump_mechanism(pump.name, pump.flux, rest, pump.numbers, balances=pump.leak == "balances")


def _on_surface(mechanism: Mechanism, surface: str, discretization: Discretization) -> Patch:
    """Where a surface touches cytosol."""
    if surface not in discretization.surfaces:
        known = suggest(surface, discretization.surfaces, intro="it has")
        raise InputError(f"{mechanism.name!r} is on the surface {surface!r}, which the terminal does not have; {known}")
    touching: SurfaceArea = discretization.surfaces[surface]
    volumes = touching.indices
    return Patch(mechanism, volumes, touching.areas, touching.areas / discretization.volumes[volumes])


def _everywhere(mechanism: Mechanism, discretization: Discretization) -> Patch:
    """In every control volume that holds cytosol, by volume in the place of area."""
    volumes = np.flatnonzero(discretization.volumes > 0)
    return Patch(mechanism, volumes, discretization.volumes[volumes], np.ones(len(volumes)))
