"""The whole model: what is in the terminal, what happens to it, and what is written down."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.errors import ModelError, suggest
from rdcalcium.model.accounts import accounts, require_different
from rdcalcium.model.base import Part
from rdcalcium.model.buffers import Buffer, Calcium
from rdcalcium.model.cells import DiscretizationChoice
from rdcalcium.model.channels import Channels
from rdcalcium.model.flashes import Flash
from rdcalcium.model.imaging import Imaging, require_visible
from rdcalcium.model.lumens import lumens_of, require_lumens
from rdcalcium.model.names import MAGNESIUM
from rdcalcium.model.placeable import require_placeable, ruled
from rdcalcium.model.placement.zones import ActiveZones, Zone
from rdcalcium.model.pumps import Pump
from rdcalcium.model.quantity import Concentration, Diffusivity, PositiveTime, Quantity, Temperature
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.sensors import Probe, Sensor
from rdcalcium.model.shapes import Geometry
from rdcalcium.model.stimulus import Stimulus
from rdcalcium.model.stores import Lumen, Store
from rdcalcium.model.surroundings import Extracellular, Surroundings
from rdcalcium.model.tortuosity import Tortuosity
from rdcalcium.model.vesicles import Vesicles
from rdcalcium.units import nanometres

ON_MEMBRANE = 1e-6  # µm, a channel this near to a membrane that is known exactly is on it


class Magnesium(Part):
    """Free magnesium: clamped to one concentration, or a species that diffuses and is used up by what binds it.

    In the lumen of a store that has control volumes as much of it is free, and none crosses the membrane.
    """

    free: Concentration
    """How much of it is free: before the stimulus, or at all times where it is clamped."""
    diffusivity: Diffusivity | None = None
    """Makes it a species of its own; none: it is clamped, everywhere and at all times."""


class Run(Part):
    """How long, and how accurately."""

    duration: PositiveTime
    """End of the run, which starts at 0 ms."""
    tolerance: Annotated[float, Quantity("number", gt=0, lt=1)] = 1e-2
    """Largest error of a step relative to each concentration."""
    absolute_tolerance: Concentration | None = None
    """Error of a step allowed where a concentration is low, the same for calcium and every state of every buffer;
    none: tolerance × the resting level of each, or × 0.01 µM where that is lower."""
    precision: Literal["float64", "float32"] = "float64"
    """Of the concentrations; float32 takes half the memory, and is refused where the tolerance is too small for it."""
    method: Literal["RKC2", "RKL2"] = "RKC2"
    """Of time-stepping: stabilised Runge-Kutta-Chebyshev, or Runge-Kutta-Legendre; both of second order."""
    max_step: PositiveTime | None = None
    """Longest time step; none: as long as the tolerance allows."""
    rest: Literal["solve", "as typed"] = "solve"
    """Where the run begins: "solve" in the state in which nothing changes before the stimulus, found from the one that
    the model says, which stays as it is where it is at rest; "as typed" in that one, although it drifts."""
    trials: Annotated[int, Field(ge=1, strict=True)] = 1
    """How many, one after the other, each from rest, with random numbers of its own; above 1 only where something is
    random."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    """Of the random numbers: the same seed gives the same trials, on every backend. A deterministic run draws none."""


class Snapshots(Part):
    """When whole fields are written."""

    every: PositiveTime | None = None
    """Interval between snapshots, from 0 ms on; none: there is no such interval."""
    times: tuple[Annotated[float, Quantity("time", ge=0)], ...] = ()
    """Moments of other snapshots, such as the peaks of a train; none: there are no others."""
    fields: Literal["calcium", "all"] = "calcium"
    """Free calcium alone, or every state of every buffer as well."""


class Record(Part):
    """What is written, and how often."""

    every: PositiveTime | None = None
    """Interval between the rows of sensors, probes and stores, from 0 ms on and at the end. The steps stay as they are,
    and peaks are those of all of them, also of each stimulus; none: a row after each step, or with several trials 1/200
    of the duration, and of stores always that."""
    snapshots: Snapshots | None = None
    """Whole fields, for pictures and ParaView, besides those at rest and at the end, which are always written; with
    several trials those of the first; none: rest and end alone."""
    openings: bool = False
    """Whether openings.csv tells when each channel opens and closes, of channels that do so by themselves."""


class Model(Part):
    """A complete, checked description of one simulation; plain data, with no arrays and no backend."""

    of_files: ClassVar[Mapping[str, str]] = {
        "like": 'is for model files; in Python change the model that is loaded, load("keller2015").changed(…)',
        "without": "says what is left out of the model that a model file is like: add like = …",
    }
    title: str = "untitled"
    """One line, for headings."""
    references: tuple[str, ...] = ()
    """DOIs or keys of the library's references; those of the values used are added by themselves; none: no others."""
    notes: str = ""
    """Whatever a reader should know; it is kept with the run."""
    geometry: Geometry
    """The shape of the cytosol. Its walls are closed, but for channels and pumps: what moves is reflected by them."""
    discretization: DiscretizationChoice
    """The control volumes in which the equations are solved."""
    tortuosity: tuple[Tortuosity, ...] = ()
    """Where diffusion is slowed down; none: nowhere."""
    calcium: Calcium = Calcium()
    """Free calcium."""
    magnesium: Magnesium | None = None
    """Free magnesium, which some buffers bind; none: there is none."""
    extracellular: Extracellular | None = None
    """What is outside; none: currents through channels are those of their own extracellular calcium, and so are
    pumps whose law names it."""
    temperature: Temperature | None = None
    """Of the terminal; none: gates are as fast as they were measured, whatever the temperature was."""
    buffers: tuple[Buffer, ...] = ()
    """What binds calcium; none: nothing binds calcium."""
    stimulus: Stimulus | None = None
    """The membrane potential, for channels with a gate; none: no voltage is known."""
    active_zones: tuple[ActiveZones, ...] = ()
    """Discs of the membrane in which rules place channels, sensors and vesicles; none: no zones are told apart."""
    vesicles: tuple[Vesicles, ...] = ()
    """Vesicles that rules place; none: those of geometry.obstacles are all."""
    channels: tuple[Channels, ...] = ()
    """Where calcium enters; none: no calcium enters."""
    pumps: tuple[Pump, ...] = ()
    """What takes calcium out through surfaces; none: nothing leaves."""
    stores: tuple[Store, ...] = ()
    """What holds calcium inside the terminal; none: there are no stores."""
    flashes: tuple[Flash, ...] = ()
    """Flashes of light that break cages; none: it stays dark."""
    sensors: tuple[Sensor, ...] = ()
    """What releases vesicles; none: nothing is released."""
    probes: tuple[Probe, ...] = ()
    """Where concentrations are written besides the sensors; none: nowhere else."""
    imaging: tuple[Imaging, ...] = ()
    """Dyes as a microscope sees them; none: nobody looks."""
    run: Run
    """How long, and how accurately."""
    record: Record = Record()
    """What is written, and how often."""

    @property
    def copies(self) -> int:
        """How many computed parts make up the whole terminal (mirror planes)."""
        return self.geometry.copies

    @property
    def free_magnesium(self) -> float:
        """Before the stimulus, µM; 0 where there is none."""
        return self.magnesium.free if self.magnesium else 0.0

    @property
    def surroundings(self) -> Surroundings:
        """Temperature, and calcium on both sides of the membrane."""
        outside = self.extracellular.calcium if self.extracellular else None
        return Surroundings(self.temperature, outside, self.calcium.rest)

    @property
    def channels_within(self) -> tuple[Channels, ...]:
        """The channels with the gates and the currents that they have in these surroundings."""
        return tuple(group.within(self.surroundings) for group in self.channels)

    @property
    def pumps_within(self) -> tuple[Pump, ...]:
        """The pumps with the calcium outside that they have in these surroundings."""
        return tuple(pump.within(self.surroundings) for pump in self.pumps)

    @property
    def sensor_points(self) -> dict[str, tuple[float, float, float]]:
        """Name and position (µm) of every sensor."""
        return {k: p for s in self.sensors for k, p in zip(s.labels(), s.positions, strict=True)}

    @property
    def probe_points(self) -> dict[str, tuple[float, float, float]]:
        """Name and position (µm) of every probe."""
        return {probe.name: probe.position for probe in self.probes}

    @property
    def releasing(self) -> tuple[Sensor, ...]:
        """Sensors that release vesicles."""
        return tuple(sensor for sensor in self.sensors if sensor.releases)

    @property
    def watched(self) -> dict[str, tuple[float, float, float]]:
        """Name and position (µm) of every sensor, then of every probe: the order of all tables and arrays of them."""
        return self.sensor_points | self.probe_points

    @property
    def is_placed(self) -> bool:
        """Whether the places of everything are known: no rule waits to be followed."""
        return not ruled(self) and all(entry.is_placed for entry in self.active_zones)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """Every active zone whose place is known."""
        return tuple(zone for entry in self.active_zones if entry.is_placed for zone in entry.found_in(self.geometry))

    @property
    def lumens(self) -> dict[str, Lumen]:
        """Name of each store whose lumen has control volumes -> that lumen; compartments 1, 2, … in this order."""
        return lumens_of(self)

    @property
    def sees_one_volume(self) -> tuple[bool, ...]:
        """Of each watched point whether it sees the control volume around it as it is, because it binds there."""
        binds = (sensor.binds for sensor in self.sensors for _ in sensor.positions)
        return (*binds, *(False for _ in self.probes))

    def points_of_interest(self) -> dict[str, tuple[float, float, float]]:
        """Name and position (µm) of every channel, sensor and probe."""
        points: dict[str, tuple[float, float, float]] = {}
        for group in self.channels:
            points |= group.named_points()
        points |= {f"sensor {name!r}": point for name, point in self.sensor_points.items()}
        return points | {probe_label(name): point for name, point in self.probe_points.items()}

    def points_on_membrane(self) -> dict[str, tuple[float, float, float]]:
        """Name and position (µm) of every channel that must lie on the membrane."""
        groups = [group for group in self.channels if group.place == "membrane"]
        return {name: point for group in groups for name, point in group.named_points().items()}

    def pores(self) -> list[np.ndarray]:
        """Where calcium enters through the channels of each group, (channels, 3) µm.

        At their positions; on the membrane if these are a little off it, because it consists of triangles.
        """
        return [
            self.geometry.put_on(np.array(group.points).reshape(-1, 3), from_within=group.place == "membrane")
            for group in self.channels
        ]

    def with_buffer(self, buffer: Buffer) -> Model:
        """A copy with one more buffer, or with the buffer of that name replaced."""
        if not isinstance(buffer, Buffer):
            raise ModelError(
                f'{buffer!r} is no buffer; make one that says how much there is: buffer("EGTA", total="1 mM")'
            )
        others = tuple(b for b in self.buffers if b.name != buffer.name)
        return self.changed(buffers=(*others, buffer))

    def with_pump(self, pump: Pump) -> Model:
        """A copy with one more pump, or with the pump of that name replaced."""
        if not isinstance(pump, Pump):
            raise ModelError(f'{pump!r} is no pump; make one: pump("PMCA_matveev2006", surface="z_max")')
        others = tuple(p for p in self.pumps if p.name != pump.name)
        return self.changed(pumps=(*others, pump))

    @property
    def calcium_is_random(self) -> bool:
        """Whether its calcium differs from trial to trial, because channels open by chance."""
        return any(group.gating == "stochastic" for group in self.channels)

    @property
    def is_random(self) -> bool:
        """Whether two of its trials differ."""
        fusing = any(sensor.fusion == "stochastic" for sensor in self.sensors)
        return self.calcium_is_random or self.counts_photons or fusing

    @property
    def counts_photons(self) -> bool:
        """Whether images have the noise of photons."""
        return any(entry.photons is not None for entry in self.imaging)

    @property
    def computed_trials(self) -> int:
        """How often calcium is computed: in every trial, or once for all where vesicles alone are random."""
        return self.run.trials if self.calcium_is_random or self.counts_photons else 1

    def averaged(self) -> Model:
        """The same terminal, in which each channel conducts with its probability of being open."""
        groups = (g.model_copy(update={"gating": "deterministic"}) for g in self.channels)
        return self.model_copy(update={"channels": tuple(groups)})

    def refined(self, factor: float) -> Model:
        """The same terminal in cells whose every width is divided by a factor.

        Raises ModelError for a mesh file, which is used as it is.
        """
        if self.geometry.brings_cells:
            raise ModelError("refining needs a geometry that rdcalcium builds; a mesh file is used as it is")
        if not 0 < factor < math.inf:
            raise ModelError(f"cells cannot be divided by {factor}; give a number above 0, such as 1.5")
        return self.changed(discretization=self.discretization.scaled(1 / factor))

    def on_tetrahedra(self) -> Model:
        """The same terminal on tetrahedra: its own, or those that are as fine as its grid."""
        return self.changed(discretization=self.discretization.as_tetrahedra())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._names_differ()
        self._magnesium_known()
        self._cages_known()
        self._surfaces_are_walls()
        self._voltage_known()
        for group in self.channels:
            group.within(self.surroundings)
        for pump in self.pumps:
            pump.within(self.surroundings)
        self._trials_differ()
        self._openings_are_some()
        self.geometry.allow(self.discretization)
        require_placeable(self)
        require_lumens(self)
        self._points_in_cytosol()
        for imaging in self.imaging:
            require_visible(imaging, self.buffers, self.geometry)
        return self

    def _names_differ(self) -> None:
        """Parts of one kind, recorded points and lines of the ledger have names of their own."""
        for plural, parts in (
            ("buffers", self.buffers),
            ("active zones", self.active_zones),
            ("vesicles", self.vesicles),
            ("channels", self.channels),
            ("pumps", self.pumps),
            ("stores", self.stores),
            ("sensors", self.sensors),
            ("probes", self.probes),
            ("entries of imaging", self.imaging),
        ):
            names = [part.name for part in parts]
            twice = [n for n, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"two {plural} are called {twice[0]!r}; give each its own name")
        names = [label for sensor in self.sensors for label in sensor.labels()] + [p.name for p in self.probes]
        twice = [n for n, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"two recorded points are called {twice[0]!r}; give each its own name")
        clearance = self.calcium.clearance
        require_different([*accounts(self.buffers, self.pumps, self.stores, self.sensors, clearance)])

    def _voltage_known(self) -> None:
        """What depends on the voltage has one."""
        for pump in self.pumps:
            if pump.depends_on_voltage and self.stimulus is None:
                raise ValueError(f"pump {pump.name!r} names the voltage V: add a [stimulus]")
        if self.stimulus is None and any(group.needs_voltage for group in self.channels):
            raise ValueError("channels with a gate need a voltage: add a [stimulus]")

    def _trials_differ(self) -> None:
        """Several trials are asked for only where something is random."""
        if self.run.trials > 1 and not self.is_random:
            raise ValueError(
                f"run.trials is {self.run.trials}, and all of them would be alike: nothing in the model is random; "
                'leave it out, or say gating = "stochastic" of channels with a gate or fusion = "stochastic" of sensors'
            )

    def _openings_are_some(self) -> None:
        """Openings are asked for only of channels that open by themselves."""
        if self.record.openings and not any(group.conducts_by_itself for group in self.channels):
            raise ValueError(
                "record.openings asks when channels open, and none opens by itself: leave it out, or say "
                'gating = "stochastic" of channels with a gate'
            )

    def _surfaces_are_walls(self) -> None:
        """What is on a surface is not on a mirror plane, on whose other side the cytosol goes on."""
        for kind, parts in (("pump", self.pumps), ("store", self.stores)):
            for part in parts:
                if part.surface in self.geometry.mirror_surfaces:
                    raise ValueError(
                        f"{kind} {part.name!r} is on {part.surface}, a mirror plane, on whose other side the terminal "
                        "goes on; put it on a wall, or leave the plane out of geometry.symmetry"
                    )

    def _cages_known(self) -> None:
        """What a flash breaks is a buffer, and light breaks it."""
        cages = [buffer.name for buffer in self.buffers if buffer.photolysis()]
        for flash in self.flashes:
            if flash.cage not in [buffer.name for buffer in self.buffers]:
                raise ValueError(f"no buffer is called {flash.cage!r}; {suggest(flash.cage, cages, 'cages')}")
            if flash.cage not in cages:
                raise ValueError(
                    f"no step of buffer {flash.cage!r} is driven by light, such as 'CaDMn -> CaDMn_f : 0.67*light'"
                )

    def _magnesium_known(self) -> None:
        """What binds magnesium needs to know how much there is; all but buffers, where it is the same at all times."""
        transports = [transport for store in self.stores for transport in store.transports]
        schemes: list[tuple[str, str, KineticScheme | None]] = [
            *(("buffer", buffer.name, buffer.kinetics()) for buffer in self.buffers),
            *(("sensor", sensor.name, sensor.kinetics()) for sensor in self.sensors),
            *(("pump", pump.name, pump.kinetics) for pump in self.pumps),
            *(("transport", transport.name, transport.kinetics) for transport in transports),
        ]
        for kind, name, scheme in schemes:
            if scheme is None or not scheme.binds(MAGNESIUM):
                continue
            if self.magnesium is None:
                raise ValueError(f"{name!r} binds Mg: say how much there is, [magnesium] free = …")
            if kind != "buffer" and self.magnesium.diffusivity is not None:
                raise ValueError(
                    f"{kind} {name!r} binds Mg, which {kind}s know only where it is clamped: "
                    "leave magnesium.diffusivity out"
                )

    def _points_in_cytosol(self) -> None:
        """But for probes, which may lie in the lumen of a store too."""
        lumens = frozenset(lumen.region for lumen in self.lumens.values())
        probes = {probe_label(name) for name in self.probe_points}
        for name, point in self.points_of_interest().items():
            if not (name in probes and self.geometry.is_in(lumens, point)):
                self.geometry.require_inside(name, point)
        for name, point in self.points_on_membrane().items():
            nearest = self.geometry.nearest_on_membrane(point)
            if nearest and math.dist(point, nearest) > ON_MEMBRANE:
                raise ValueError(off_membrane(name, point, nearest))


def probe_label(name: str) -> str:
    """What messages call a probe."""
    return f"probe {name!r}"


def off_membrane(name: str, point: Sequence[float], nearest: Sequence[float], may_be_elsewhere: bool = True) -> str:
    """What to say of a channel, or a zone, at a point (µm) that is not on the membrane, whose nearest point is given.

    may_be_elsewhere  as channels may that are meant as sources in the cytosol
    """
    or_else = ', or say place = "anywhere" for a source in the cytosol' if may_be_elsewhere else ""
    return (
        f"{name} at {nanometres(point)} is {nanometres(math.dist(point, nearest), 3)} away from the membrane, which "
        f"is nearest at {nanometres(nearest)}; move it there{or_else}"
    )
