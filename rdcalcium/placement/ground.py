"""Parts of a plane in which feet lie: discs and rectangles."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rdcalcium.units import SAME_PLACE


class Ground(Protocol):
    """A part of a plane around its origin; all lengths in µm."""

    @property
    def reach(self) -> float:
        """From the origin to the farthest point, µm."""

    @property
    def area(self) -> float:
        """µm²."""

    @property
    def room(self) -> float:
        """Radius of the largest disc in it, µm."""

    def sample(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Points that are anywhere in it with the same probability, (number, 2)."""

    def contains(self, feet: np.ndarray) -> np.ndarray:
        """Which of some points (n, 2) are in it, (n,)."""

    def shrunk(self, margin: float) -> Ground:
        """What is farther from its edge than that; empty where nothing is."""


@dataclass(frozen=True)
class Disc:
    """All within a radius of a centre."""

    radius: float
    centre: tuple[float, float] = (0.0, 0.0)

    @property
    def reach(self) -> float:
        """From the origin, beyond the centre."""
        return math.hypot(*self.centre) + self.radius

    @property
    def area(self) -> float:
        """π r²."""
        return math.pi * self.radius**2

    @property
    def room(self) -> float:
        """Itself."""
        return self.radius

    def sample(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Uniform by area: the square of the distance from the centre is uniform."""
        away, angle = self.radius * np.sqrt(rng.random(number)), 2 * np.pi * rng.random(number)
        return np.array(self.centre) + away[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def contains(self, feet: np.ndarray) -> np.ndarray:
        """Within the radius."""
        inside: np.ndarray = np.linalg.norm(feet - np.array(self.centre), axis=1) <= self.radius + SAME_PLACE
        return inside

    def shrunk(self, margin: float) -> Disc:
        """Of a smaller radius."""
        return replace(self, radius=max(self.radius - margin, 0.0))


@dataclass(frozen=True)
class Rectangle:
    """All between two corners; its centre may be elsewhere than the origin."""

    low: tuple[float, float]
    high: tuple[float, float]

    @property
    def reach(self) -> float:
        """To the farthest corner."""
        return float(np.linalg.norm(np.abs([self.low, self.high]).max(axis=0)))

    @property
    def area(self) -> float:
        """Product of the sides."""
        return float(np.prod(np.subtract(self.high, self.low)))

    @property
    def room(self) -> float:
        """Half of the shorter side."""
        return float(np.subtract(self.high, self.low).min() / 2)

    def sample(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Uniform along both sides."""
        return rng.uniform(self.low, self.high, (number, 2))

    def contains(self, feet: np.ndarray) -> np.ndarray:
        """Between the corners."""
        low, high = np.array(self.low) - SAME_PLACE, np.array(self.high) + SAME_PLACE
        return np.asarray(((feet >= low) & (feet <= high)).all(axis=1))

    def shrunk(self, margin: float) -> Rectangle:
        """With closer corners."""
        (a, b), (c, d), half = self.low, self.high, np.subtract(self.high, self.low) / 2
        x, y = min(margin, half[0]), min(margin, half[1])
        return Rectangle((a + x, b + y), (c - x, d - y))
