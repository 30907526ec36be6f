"""The headings of the tables of a run: composed here, and read back here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rdcalcium.model import Buffer, Imaging, Sensor, names
from rdcalcium.model.stores import Store

CALCIUM = names.CALCIUM  # the field of free calcium
RELEASE_RATE, RELEASE_PROBABILITY, RELEASES = "release rate", "release probability", "cumulative release"
_OCCUPANCY = "occupancy of "  # of a state of a sensor that releases nothing
OPEN_PROBABILITY, OPEN_CHANNELS, CURRENT = "open probability", "open channels", "current"

FLUORESCENCE, CHANGE, RATIO, APPARENT, PHOTONS = "F", "dF/F", "ratio", "apparent Ca", "photons"  # of dyes
MEASURED = " measured"  # with the noise of photons

# What can be written after a dot in Python; the states of buffers keep their exact names, which tell "a b" from "a_b".
VARIABLES = {
    CALCIUM: "calcium",
    RELEASE_RATE: "release_rate",
    RELEASE_PROBABILITY: "release_probability",
    RELEASES: "cumulative_release",
    OPEN_PROBABILITY: "open_probability",
    OPEN_CHANNELS: "open_channels",
    CHANGE: "dF_over_F",
    CHANGE + MEASURED: "dF_over_F_measured",
    RATIO + MEASURED: "ratio_measured",
    APPARENT: "apparent_calcium",
    APPARENT + MEASURED: "apparent_calcium_measured",
    "lowest Ca": "lowest_calcium",
    "highest Ca": "highest_calcium",
    "total Ca": "total_calcium",
    "peak Ca": "peak_calcium",
    "time of peak": "time_of_peak",
    "first release probability": "first_release_probability",
    "mean fusions": "mean_fusions",
    "variance of fusions": "variance_of_fusions",
}


@dataclass(frozen=True)
class Column:
    """What a column holds; its heading is "place: quantity (unit)", such as "sensor 1: EGTA.bound (uM)".

    quantity  a field, such as "Ca" or "buffer.state", or words of ours; without a unit it ends in no bracket
    unit      none: a pure number
    place     the sensor, probe or group of channels that it is about, whose name has no colon; none: the whole terminal
    """

    quantity: str
    unit: str = ""
    place: str = ""

    @property
    def heading(self) -> str:
        """The text above the column; `read` is its inverse."""
        place = f"{self.place}: " if self.place else ""
        return place + self.quantity + (f" ({self.unit})" if self.unit else "")

    @classmethod
    def read(cls, heading: str) -> Column:
        """The column that has this heading."""
        place, colon, rest = heading.partition(": ")
        if not colon:
            place, rest = "", heading
        quantity, bracket, unit = rest.rpartition(" (")
        if not bracket or not unit.endswith(")"):
            return cls(rest, "", place)
        return cls(quantity, unit.removesuffix(")"), place)

    @property
    def variable(self) -> str:
        """Its name among the traces of its place: that of the field, or one of `VARIABLES`."""
        return VARIABLES.get(self.quantity, self.quantity)


TRIAL = Column("trial")  # first in the tables of a run with several; from 1 on
SENSOR, VESICLE = Column("sensor"), Column("vesicle")  # its name, and the number of its site, from 1 on
GROUP, CHANNEL = Column("channels"), Column("channel")  # their name, and the number of one of them, from 1 on
CLOSES, GATING = Column("closes", "ms"), Column("gating")  # of an opening; and why it came, by chance or as prescribed
TIME, VOLTAGE = Column("time", "ms"), Column("voltage", "mV")
CHARGE, IONS = Column("charge", "pA ms"), Column("ions")  # that entered the whole terminal in a trial
OPENED, OPENINGS, PEAK, PEAK_TIME = "channels that opened", "openings", "peak Ca", "time of peak"
ALL_SENSORS = "all sensors"  # place of what all vesicles together do over the trials
COUNTS = tuple(Column(what, "", ALL_SENSORS) for what in ("failures", "mean fusions", "variance of fusions"))
NAMES = {SENSOR.quantity, GROUP.quantity, GATING.quantity}  # whose columns hold words
WHOLE = {TRIAL.quantity, VESICLE.quantity, CHANNEL.quantity, OPENED, OPENINGS}  # whose columns hold whole numbers
AMOUNT = "uM um^3"  # unit of the ledger
ENTERED, FREE, MISSING = (Column(quantity, AMOUNT) for quantity in ("entered", "free", "missing"))
RELATIVE_ERROR = Column("relative error")


def concentration(field: str, place: str = "") -> Column:
    """A field at a sensor or probe; without a place in every cell, as a snapshot has it."""
    return Column(field, "uM", place)


def seen_by(sensor: Sensor, label: str = "") -> list[Column]:
    """What is written of a sensor at each time: rate of release and what it has come to, or its states.

    label  of one of its positions
    """
    if sensor.releases:
        return [Column(RELEASE_RATE, "1/ms", label), *released_by(sensor, label)]
    return [Column(_OCCUPANCY + state, "", label) for state in sensor.kinetics().states]


def occupancies(variables: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Those of a place that are the occupancy of a state, with the name of the state."""
    return ((name, name.removeprefix(_OCCUPANCY)) for name in map(str, variables) if name.startswith(_OCCUPANCY))


def released_by(sensor: Sensor, label: str) -> list[Column]:
    """Probability of release at a sensor; where vesicles come back also how many are expected so far."""
    found = [Column(RELEASE_PROBABILITY, "", label)] if sensor.releases else []
    return [*found, Column(RELEASES, "", label)] if sensor.refills else found


def open_probability(group: str) -> Column:
    """That of the channels of a group."""
    return Column(OPEN_PROBABILITY, "", group)


def open_channels(group: str) -> Column:
    """How many channels of a group are open in the whole terminal, where they open by themselves."""
    return Column(OPEN_CHANNELS, "", group)


def current(group: str) -> Column:
    """Of all channels of a group in the whole terminal; inward is negative."""
    return Column(CURRENT, "pA", group)


def pumped_by(mechanism: str) -> Column:
    """Calcium that a mechanism has taken out, in the ledger."""
    return Column(f"pumped by {mechanism}", AMOUNT)


def of_channels(group: str) -> list[Column]:
    """How many channels of a group opened in a trial, and how often all of them together, in the computed part."""
    return [Column(OPENED, "", group), Column(OPENINGS, "", group)]


def peak(point: str) -> list[Column]:
    """The highest calcium of a trial at a sensor or probe, and when."""
    return [Column(PEAK, "uM", point), Column(PEAK_TIME, "ms", point)]


def store(store: Store) -> list[Column]:
    """Calcium in a store, free and in all; what crosses its membrane into it; gates and states of its transports."""
    free = ["lowest Ca", "highest Ca"] if store.lumen else []
    named = zip(store.ways, store.transports, strict=False)
    return [
        *(concentration(quantity, store.name) for quantity in (CALCIUM, *free, "total Ca")),
        *(Column(f"flux through {way}", f"{AMOUNT}/ms", store.name) for way in store.ways),
        *(Column(f"{variable} of {way}", "", store.name) for way, one in named for variable in one.variables),
    ]


def stored_in(store: str) -> Column:
    """Calcium in a store, free and bound, in the ledger."""
    return Column(f"stored in {store}", AMOUNT)


def per_stimulus(sensor: str) -> tuple[Column, Column]:
    """Releases of a site until the next stimulus, and the probability of its first one, if it has had none before."""
    return Column("releases", "", sensor), Column("first release probability", "", sensor)


def bound_to(buffer: str) -> Column:
    """Calcium bound to a buffer, in the ledger."""
    return Column(f"bound to {buffer}", AMOUNT)


def imaging(entry: Imaging, dye: Buffer) -> tuple[Column, ...]:
    """Of one entry of [[imaging]]: fluorescence, what it tells, photons, and what those tell.

    Fluorescence is in µM of the free dye that would be as bright; in µM µm where light comes from all depths.
    """
    lights, place = entry.lights(dye), entry.name
    images = (
        [f" at {light}" for light in lights] if entry.ratio else ["", " of the reference"][: 1 + bool(entry.reference)]
    )
    unit = "uM um" if entry.optics and entry.optics.sees_all_depths else "uM"
    told = [] if entry.ratio else [Column(CHANGE, "", place)]
    told += [Column(RATIO, "", place)] if images[1:] else []
    told += [Column(APPARENT, "uM", place)] if len(dye.kinetics().transitions) == 1 else []
    columns = [*(Column(FLUORESCENCE + image, unit, place) for image in images), *told]
    if entry.photons is not None:
        columns += [Column(PHOTONS + image, "", place) for image in images]
        columns += [Column(one.quantity + MEASURED, one.unit, place) for one in told]
    return tuple(columns)
