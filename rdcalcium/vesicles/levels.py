"""exp(hQ) at many levels of calcium: exponentials at few of them, and polynomials in calcium through these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NODES = 16  # in a stretch of calcium
LOWEST = 2.0**-10  # µM, below which calcium is one stretch


@dataclass(frozen=True)
class Stretch:
    """One stretch of calcium.

    middle, half  (µM) of it
    nodes         (nodes,) µM, with an exponential each
    matrices      (nodes, slots, slots)
    """

    middle: float
    half: float
    nodes: np.ndarray
    matrices: np.ndarray

    def after(self, y: np.ndarray, calcium: np.ndarray) -> np.ndarray:
        """What becomes of y (slots, positions) at levels (positions,) µM of the stretch."""
        at_nodes = (self.matrices.reshape(-1, len(y)) @ y).reshape(len(self.nodes), *y.shape)
        found: np.ndarray = np.einsum("kp,ksp->sp", self._weights(calcium), at_nodes)
        return found

    def _weights(self, calcium: np.ndarray) -> np.ndarray:
        """Of each node at each level, (nodes, positions)."""
        if len(self.nodes) < NODES:  # these levels and no others
            return np.equal.outer(self.nodes, calcium).astype(float)
        order = np.arange(NODES)
        angles = np.arccos(np.clip((calcium - self.middle) / self.half, -1, 1))
        share = np.where(order == 0, 1.0, 2.0) / NODES
        weights: np.ndarray = np.cos(np.outer(_angles(), order)) * share @ np.cos(np.outer(order, angles))
        return weights


class Levels:
    """What a while at constant calcium does, for levels of calcium that are told before.

    Calcium is cut into stretches, within each of which it does not more than double, and no rate changes by more than
    one over the while. In each, every entry of exp(hQ) is a smooth function of calcium, and the polynomial through
    Chebyshev's points is as exact as the numbers are. Where fewer levels than points are asked for, they have
    exponentials of their own.
    """

    def __init__(self, exponentials: Callable[[np.ndarray], np.ndarray], calcium: np.ndarray, bend: float):
        """Of levels (n,) µM.

        exponentials  takes levels (n,) to matrices (n, slots, slots)
        bend          by how much a rate times the while grows at most with calcium, µM⁻¹
        """
        self._bend, self._stretches = bend, {}
        levels = np.unique(calcium)
        first, width = self._places(levels)
        for low in np.unique(first).tolist():
            asked, half = levels[first == low], width[first == low][0] / 2
            nodes = asked if len(asked) < NODES else low + half + half * np.cos(_angles())
            self._stretches[low] = Stretch(low + half, half, nodes, exponentials(nodes))

    def after(self, y: np.ndarray, calcium: np.ndarray) -> np.ndarray:
        """What becomes of y (slots, positions) at some of the levels, (positions,) µM."""
        found, (first, _) = np.empty(y.shape), self._places(calcium)
        for low in np.unique(first).tolist():
            there = np.flatnonzero(first == low)
            found[:, there] = self._stretches[low].after(y[:, there], calcium[there])
        return found

    def _places(self, calcium: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the stretch of each level begins, and how wide it is, both in µM."""
        octave = np.ldexp(1.0, np.frexp(np.maximum(calcium, LOWEST))[1] - 1)
        width = octave / np.maximum(np.ceil(self._bend * octave), 1)
        first = octave + np.floor((calcium - octave) / width) * width
        low = calcium < LOWEST
        return np.where(low, 0.0, first), np.where(low, LOWEST, width)


def _angles() -> np.ndarray:
    """Of Chebyshev's points, whose cosines descend."""
    return np.pi * (np.arange(NODES) + 0.5) / NODES
