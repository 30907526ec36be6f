"""Boutons with the axon that they sit on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.orientation import Direction, unit
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.ellipsoidal import AroundEllipsoid
from rdcalcium.solids import Ball, Frustum, Joined
from rdcalcium.solids.base import place
from rdcalcium.units import nanometres


class Axon(Part):
    """The first piece of an axon that leaves a bouton.

    Its end reflects, as all walls do: the axon is closed. A pump there may stand for what diffuses away along it.
    """

    name: str = "axon"
    """What its end is called; its side belongs to the membrane. Two of a bouton have different names."""
    direction: Direction = (1.0, 0.0, 0.0)
    """Where it goes from the middle of the bouton; any length, no unit."""
    radius: PositiveLength
    """Of the axon."""
    length: PositiveLength
    """Of its axis, from the surface of the bouton on."""


class Bouton(AroundEllipsoid):
    """An ellipsoid around 0, flat or round, from which an axon goes, or two of them if it is a bouton en passant."""

    kind: Literal["bouton"] = "bouton"
    axons: tuple[Axon, ...] = ()
    """Its axons; none: it is an ellipsoid."""

    @property
    def outline(self) -> Joined:
        """Ellipsoid and axons."""
        return Joined(tuple(self.parts.values()))

    @property
    def parts(self) -> Mapping[str, Ball | Frustum]:
        """The ellipsoid, and the axons by their names."""
        return {self.kind: self.ellipsoid, **{axon.name: self._stub(axon) for axon in self.axons}}

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """The ends of those axons that go along x, y or z and reach furthest there, and mirrors."""
        ends = {}
        for axon, stub in zip(self.axons, self.outline.parts[1:], strict=True):
            axis = int(np.abs(axon.direction).argmax())
            end = int(axon.direction[axis] > 0)
            straight = np.count_nonzero(axon.direction) == 1
            if straight and stub.bounds[end][axis] == self.bounds[end][axis]:
                ends[axon.name] = (axis, end)
        return {**super().walls, **ends}

    def extents(self) -> Iterator[tuple[str, float]]:
        """Widths, and those of the axons."""
        yield from super().extents()
        for axon in self.axons:
            yield f"the diameter of {axon.name!r}", 2 * axon.radius
            yield f"the length of {axon.name!r}", axon.length

    def _stub(self, axon: Axon) -> Frustum:
        """From the middle of the bouton on."""
        along = unit(axon.direction)
        surface = 1 / float(np.linalg.norm(along / np.array(self.semi_axes)))
        called = (self.membrane_surface, self.membrane_surface, axon.name)
        return Frustum((0.0, 0.0, 0.0), place((surface + axon.length) * along), axon.radius, axon.radius, called)

    def _reach_across(self, along: np.ndarray) -> float:
        """Shortest semi-axis (µm) of the ellipse in the plane through the middle that is normal to an axon.

        With two unit vectors e of that plane, the largest eigenvalue of e·A⁻²·e is its inverse square.
        """
        _, axes = np.linalg.eigh(np.outer(along, along))
        plane = axes[:, :2]
        curved = plane.T @ np.diag(np.array(self.semi_axes) ** -2.0) @ plane
        return float(np.linalg.eigvalsh(curved)[-1] ** -0.5)

    @model_validator(mode="after")
    def _axons_fit(self) -> Self:
        for axon in self.axons:
            widest = self._reach_across(unit(axon.direction))
            if axon.radius >= widest:
                raise ValueError(
                    f"{axon.name!r} has a radius of {nanometres(axon.radius)}, and the bouton itself one of "
                    f"{nanometres(widest)} across it; make the axon thinner"
                )
        if any(axon.name == self.kind for axon in self.axons):
            raise ValueError(f"an axon is called {self.kind!r}, as what it goes from; give it another name")
        if len({axon.name for axon in self.axons}) < len(self.axons):
            raise ValueError("two axons of the bouton have the same name; call them axon_1 and axon_2, say")
        return self
