"""The whole model: what is in the terminal, what happens to it, and what is written down."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.model.base import Concentration, Part, PositiveTime, Quantity
from rdcalcium.model.buffers import Buffer, Calcium
from rdcalcium.model.geometry import Box, DiscretizationChoice, Geometry, Grid, MeshFile
from rdcalcium.model.sensors import Probe, Sensor
from rdcalcium.model.stimulus import ActionPotential, Channels


class Magnesium(Part):
    """Free magnesium, clamped to one concentration."""

    free: Concentration


class Run(Part):
    """How long, and how accurately."""

    duration: PositiveTime
    tolerance: Annotated[float, Quantity("number", gt=0, lt=1)] = 1e-2
    """Largest error of a step relative to each concentration."""
    absolute_tolerance: Concentration | None = None
    """Error of a step allowed where calcium is low; none: tolerance × its resting level."""
    precision: Literal["float64", "float32"] = "float64"
    method: Literal["RKC2", "RKL2"] = "RKC2"
    """Of time-stepping: stabilised Runge-Kutta-Chebyshev, or Runge-Kutta-Legendre; both of second order."""
    max_step: PositiveTime | None = None
    """Longest time step; none: as long as the tolerance allows."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    """Of the random numbers; a deterministic run draws none and only notes it."""


class Snapshots(Part):
    """When whole fields are written."""

    every: PositiveTime
    fields: Literal["calcium", "all"] = "calcium"


class Record(Part):
    """What is written besides the probes."""

    snapshots: Snapshots | None = None


class Model(Part):
    """A complete, checked description of one simulation; plain data, with no arrays and no backend."""

    title: str = "untitled"
    references: tuple[str, ...] = ()
    """DOIs or keys of the library's references."""
    notes: str = ""
    geometry: Geometry
    discretization: DiscretizationChoice
    calcium: Calcium = Calcium()
    magnesium: Magnesium | None = None
    buffers: tuple[Buffer, ...] = ()
    stimulus: ActionPotential | None = None
    channels: tuple[Channels, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    probes: tuple[Probe, ...] = ()
    run: Run
    record: Record = Record()

    @property
    def copies(self) -> int:
        """How many computed parts make up the whole terminal (mirror planes)."""
        return self.geometry.copies if isinstance(self.geometry, Box) else 1

    def points_of_interest(self) -> dict[str, tuple[float, float, float]]:
        """Name and position (µm) of every channel, sensor and probe."""
        points: dict[str, tuple[float, float, float]] = {}
        for group in self.channels:
            points |= {f"channels {group.name!r}, number {i + 1}": p for i, p in enumerate(group.points)}
        for sensor in self.sensors:
            points |= {f"sensor {k!r}": p for k, p in zip(sensor.labels(), sensor.positions, strict=True)}
        points |= {f"probe {probe.name!r}": probe.position for probe in self.probes}
        return points

    def with_buffer(self, buffer: Buffer) -> Model:
        """A copy with one more buffer, or with the buffer of that name replaced."""
        others = tuple(b for b in self.buffers if b.name != buffer.name)
        return self.changed(buffers=(*others, buffer))

    def changed(self, **parts: object) -> Model:
        """A copy with some parts replaced, checked again as a whole."""
        from rdcalcium.model.toml import validate  # which reads and writes models, and so imports this module

        return validate({**dict(self), **parts})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for plural, parts in (
            ("buffers", self.buffers),
            ("channels", self.channels),
            ("sensors", self.sensors),
            ("probes", self.probes),
        ):
            names = [part.name for part in parts]
            twice = [n for n in names if names.count(n) > 1]
            if twice:
                raise ValueError(f"two {plural} are called {twice[0]!r}; give each its own name")
        labels = [label for sensor in self.sensors for label in sensor.labels()] + [p.name for p in self.probes]
        twice = [n for n in labels if labels.count(n) > 1]
        if twice:
            raise ValueError(f"two recorded points are called {twice[0]!r}; give each its own name")
        if self.magnesium is None:
            for buffer in self.buffers:
                if any(t.ligand == "Mg" for t in buffer.kinetics().transitions):
                    raise ValueError(f"buffer {buffer.name!r} binds Mg: say how much there is, [magnesium] free = …")
        if self.stimulus is None and any(group.gate for group in self.channels):
            raise ValueError("channels with a gate need a voltage: add a [stimulus]")
        if isinstance(self.geometry, MeshFile) and isinstance(self.discretization, Grid):
            raise ValueError('a mesh file is solved on its own tetrahedra: set [discretization] kind = "tetrahedra"')
        if isinstance(self.geometry, Box):
            self._points_in_cytosol(self.geometry)
        return self

    def _points_in_cytosol(self, box: Box) -> None:
        for name, point in self.points_of_interest().items():
            text = "(" + ", ".join(f"{1e3 * x:.6g}" for x in point) + ") nm"
            for axis in range(3):
                slack = 1e-9 * box.size[axis]
                if not box.lower[axis] - slack <= point[axis] <= box.upper[axis] + slack:
                    raise ValueError(
                        f"{name} at {text} is outside the terminal, whose {'xyz'[axis]} goes from "
                        f"{1e3 * box.lower[axis]:.6g} to {1e3 * box.upper[axis]:.6g} nm"
                    )
            for i, sphere in enumerate(box.obstacles):
                if sphere.contains(point):
                    centre = ", ".join(f"{1e3 * x:.6g}" for x in sphere.centre)
                    raise ValueError(
                        f"{name} at {text} is inside obstacle {i + 1}, {sphere.name!r} at ({centre}) nm "
                        f"with radius {1e3 * sphere.radius:.6g} nm"
                    )
        for group in self.channels:
            for i, p in enumerate(group.points):
                on_wall = any(abs(p[a] - end) < 1e-6 for a in range(3) for end in self._walls(box, a))
                if not on_wall:
                    raise ValueError(
                        f"channels {group.name!r}, number {i + 1}, is not on the membrane: its z is "
                        f"{1e3 * p[2]:.6g} nm, the presynaptic membrane is at z = 0"
                    )

    @staticmethod
    def _walls(box: Box, axis: int) -> tuple[float, ...]:
        """Coordinates of the membranes across an axis; a mirror plane is none."""
        if "xyz"[axis] in box.symmetry:
            return (box.upper[axis],)
        return box.lower[axis], box.upper[axis]
