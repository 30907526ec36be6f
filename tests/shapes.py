"""One terminal or more of every shape, and one of everything that stands in them, with their sizes by formulae."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rdcalcium.model import (
    Axon,
    Bouton,
    Box,
    CalyxLobe,
    Cylinder,
    Described,
    Ellipsoid,
    Ellipsoidal,
    Hemisphere,
    Obstacle,
    Ribbon,
    Rod,
    Sector,
    Sphere,
    Spherical,
    TBar,
    Tubule,
)

PI = math.pi
R = 0.3
FROM_FILES = {"mesh", "surface"}  # kinds whose sizes the file says


class Size(NamedTuple):
    """Volume, µm³, and areas of the surfaces, µm²; of what stands in a terminal that of its own surface."""

    volume: float
    areas: Mapping[str, float]


def cap(radius: float, angle: float) -> float:
    """Area of a sphere within an angle of an axis."""
    return 2 * PI * radius**2 * (1 - math.cos(angle))


def of_ellipsoid(a: float, b: float, c: float) -> float:
    """∫ |∂x/∂u × ∂x/∂v| over latitude and longitude, by the rule of midpoints."""
    u, v = np.meshgrid((np.arange(400) + 0.5) * PI / 400, (np.arange(800) + 0.5) * PI / 400)
    n = [b * c * np.sin(u) ** 2 * np.cos(v), a * c * np.sin(u) ** 2 * np.sin(v), a * b * np.sin(u) * np.cos(u)]
    return float(np.sqrt(sum(k**2 for k in n)).sum() * (PI / 400) ** 2)


def of_bouton(radius: float, axon: float, length: float, count: int) -> Size:
    """A ball with round axons through its surface: what of each is in the ball is there once."""
    inside = math.sqrt(radius**2 - axon**2)
    shared = 2 * PI / 3 * (radius**3 - inside**3)
    volume = 4 / 3 * PI * radius**3 + count * (PI * axon**2 * (radius + length) - shared)
    side = 2 * PI * axon * (radius + length - inside) - cap(radius, math.asin(axon / radius))
    return Size(volume, {"membrane": 4 * PI * radius**2 + count * side, "axon": PI * axon**2})


def of_lobe(lobe: CalyxLobe) -> Size:
    """A part of a shell."""
    r, far, angle = lobe.radius, lobe.radius + lobe.thickness, lobe.angle
    volume = 2 * PI / 3 * (1 - math.cos(angle)) * (far**3 - r**3)
    rim = PI * math.sin(angle) * (far**2 - r**2)
    return Size(volume, {"membrane": cap(r, angle), "outer": cap(far, angle), "rim": rim})


def of_ribbon(ribbon: Ribbon) -> Size:
    """An ellipsoid, and the stalk from the membrane to its underside, by the rule of Gauss."""
    a, b, c = ribbon.semi_axes
    half = np.array(ribbon.stalk) / 2
    nodes, weights = np.polynomial.legendre.leggauss(20)

    def under(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        height: np.ndarray = ribbon.elevation + c * (1 - np.sqrt(1 - (x / a) ** 2 - (y / b) ** 2))
        return height

    x, y = np.meshgrid(half[0] * nodes, half[1] * nodes, indexing="ij")
    both = np.outer(half[0] * weights, half[1] * weights)
    root = np.sqrt(1 - (x / a) ** 2 - (y / b) ** 2)
    covered = (both * np.sqrt(1 + (c * x / a**2 / root) ** 2 + (c * y / b**2 / root) ** 2)).sum()
    sides = 2 * (
        half[0] * weights @ under(half[0] * nodes, half[1]) + half[1] * weights @ under(half[0], half[1] * nodes)
    )
    volume = 4 / 3 * PI * a * b * c + float((both * under(x, y)).sum())
    return Size(volume, {"ribbon": of_ellipsoid(a, b, c) - float(covered) + float(sides)})


LOBE = CalyxLobe(radius=1.0, thickness=0.2, extent=0.8)
ONE = Bouton(semi_axes=(R, R, R), axons=(Axon(radius=0.08, length=0.2),))
EN_PASSANT = Bouton(
    semi_axes=(R, R, R),
    axons=(
        Axon(radius=0.08, length=0.2, direction=(0, 2, 0)),
        Axon(radius=0.08, length=0.2, direction=(0.0, -1.0, 0.5), name="other"),
    ),
)
TWO = of_bouton(R, 0.08, 0.2, 2)
WALLS = {"membrane": 0.12, "z_max": 0.12, "x_min": 0.06, "x_max": 0.06, "y_min": 0.08, "y_max": 0.08}
SHAPES: dict[str, tuple[Described, Size]] = {
    "box": (Box(size=(0.4, 0.3, 0.2)), Size(0.024, WALLS)),
    "hemisphere": (
        Hemisphere(radius=R),
        Size(2 / 3 * PI * R**3, {"membrane": PI * R**2, "dome": 2 * PI * R**2}),
    ),
    "cylinder": (
        Cylinder(radius=R, height=0.4),
        Size(PI * R**2 * 0.4, {"membrane": PI * R**2, "side": 2 * PI * R * 0.4, "top": PI * R**2}),
    ),
    "cone": (
        Cylinder(radius=0.2, top_radius=0.1, height=0.3),
        Size(
            PI * 0.3 / 3 * (0.04 + 0.02 + 0.01),
            {"membrane": PI * 0.04, "top": PI * 0.01, "side": PI * 0.3 * math.hypot(0.3, 0.1)},
        ),
    ),
    "sphere": (Spherical(radius=R), Size(4 / 3 * PI * R**3, {"membrane": 4 * PI * R**2})),
    "ellipsoid": (
        Ellipsoidal(semi_axes=(0.3, 0.3, 0.15)),
        Size(4 / 3 * PI * 0.3**2 * 0.15, {"membrane": of_ellipsoid(0.3, 0.3, 0.15)}),
    ),
    "bouton": (ONE, of_bouton(R, 0.08, 0.2, 1)),
    "en passant": (EN_PASSANT, Size(TWO.volume, {**TWO.areas, "other": TWO.areas["axon"]})),
    "sector": (
        Sector(radius=0.5, angle=math.degrees(0.6)),
        Size(
            2 * PI / 3 * 0.5**3 * (1 - math.cos(0.6)),
            {"membrane": cap(0.5, 0.6), "side": PI * 0.5**2 * math.sin(0.6)},
        ),
    ),
    "calyx lobe": (LOBE, of_lobe(LOBE)),
}


def _round(radius: float, length: float, ends: float) -> Size:
    """A tube with so many ends that are half balls, and as many that are flat as make up two."""
    flat = 2 - ends
    volume = PI * radius**2 * length + ends * 2 / 3 * PI * radius**3
    return Size(volume, {"": 2 * PI * radius * length + ends * 2 * PI * radius**2 + flat * PI * radius**2})


RIBBON = Ribbon(foot=(0.0, 0.35, 0.0), semi_axes=(0.16, 0.1, 0.13), elevation=0.05, stalk=(0.1, 0.08))
T_BAR = TBar(foot=(0.35, 0.0, 0.0), pedestal_radius=0.06, pedestal_height=0.08, table_radius=0.15, table_thickness=0.06)
# Clear of each other in a box of 1.2 × 1.2 × 0.6 µm on z = 0.
OBSTACLES: dict[str, tuple[Obstacle, Size]] = {
    "sphere": (
        Sphere(centre=(-0.35, -0.35, 0.15), radius=0.1),
        Size(4 / 3 * PI * 0.1**3, {"vesicle": 4 * PI * 0.1**2}),
    ),
    "ellipsoid": (
        Ellipsoid(centre=(0.0, 0.0, 0.3), semi_axes=(0.15, 0.1, 0.12), axis=(1, 1, 0), second_axis=(0, 0, 1)),
        Size(4 / 3 * PI * 0.15 * 0.1 * 0.12, {"mitochondrion": of_ellipsoid(0.15, 0.1, 0.12)}),
    ),
    "tubule": (
        Tubule(path=((-0.4, 0.1, 0.15), (-0.4, 0.4, 0.15)), radius=0.08),
        Size(_round(0.08, 0.3, 2).volume, {"ER": _round(0.08, 0.3, 2).areas[""]}),
    ),
    "cylinder": (
        Rod(base=(0.25, -0.4, 0.15), top=(0.4, -0.25, 0.3), radius=0.08, name="rod"),
        Size(_round(0.08, 0.15 * math.sqrt(3), 0).volume, {"rod": _round(0.08, 0.15 * math.sqrt(3), 0).areas[""]}),
    ),
    "ribbon": (RIBBON, of_ribbon(RIBBON)),
    "T-bar": (
        T_BAR,
        Size(
            PI * (0.06**2 * 0.08 + 0.15**2 * 0.06),
            {"T-bar": 2 * PI * (0.06 * 0.08 + 0.15 * 0.06) + PI * (2 * 0.15**2 - 0.06**2)},
        ),
    ),
}
