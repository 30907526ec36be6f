"""What can be computed and was hardly meant: values far from physiology, and what happens after the end of the run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rdcalcium.catalogue import entries
from rdcalcium.model.base import LibraryPart
from rdcalcium.model.buffers import Buffer
from rdcalcium.model.cell_doubts import cells_without_use
from rdcalcium.model.flash_doubts import lost_light
from rdcalcium.model.model import Model
from rdcalcium.model.obstacle_doubts import off_the_membrane, outside, over_mirrors, overlaps
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.sensor_doubts import never_fuse
from rdcalcium.model.store_doubts import pumps_on_stores
from rdcalcium.model.surroundings_doubts import (
    OTHER_TEMPERATURE,
    currents_without_saturation,
    gates_much_faster,
    pumps_in_other_calcium,
    sensors_at_other_temperatures,
)
from rdcalcium.model.train import PoissonTrain, RegularTrain
from rdcalcium.model.transports import Transport
from rdcalcium.units import UNITS, milliseconds, show


class Usual(NamedTuple):
    """Between what a quantity usually is, in the unit of its kind, and what it may be that was meant."""

    kind: str
    low: float
    high: float
    slip: str


USUAL = {
    "resting calcium": Usual("concentration", 0, 1, "50 nM is 0.05"),
    "magnesium": Usual("concentration", 10, 1e4, "1 mM is 1000"),
    "total": Usual("concentration", 0, 1e5, "1 mM is 1000"),
    "diffusivity": Usual("diffusivity", 0, 1, "220 um^2/s is 0.22"),
    "binding rate": Usual("binding rate", 0, 50, "1e8 /M/s is 0.1"),  # 32 for the second ion of calmodulin
    "flux": Usual("surface flux", 0, 10, "60 ions/um^2/ms is 0.1"),
    "density": Usual("surface density", 0, 3e4, "it is that of molecules, 200 or so"),
    "current": Usual("current", 0, 10, "it is that of one channel, 0.1 or so"),
    "conductance": Usual("conductance", 0, 100, "it is that of one channel, 2 or so"),
    "permeability": Usual("permeability", 0, 1e-3, "2e-19 m^3/s is 2e-4"),
    "temperature": Usual("temperature", 5, 45, "body temperature is 37"),
    "extracellular calcium": Usual("concentration", 10, 1e5, "2 mM is 2000"),
    "rate of a train": Usual("rate", 0, 2, "100 Hz is 0.1"),
    "extent": Usual("length", 0.01, 100, "500 nm is 0.5"),
    "wavelength": Usual("length", 0.2, 2, "488 nm is 0.488"),
    "width": Usual("length", 0.05, 20, "300 nm is 0.3"),
}

OTHER_AFFINITY = 1.5  # by which factor K_d may differ from that of the library, as temperature and pH make it
VOLTS_WITHIN = 1.0  # mV; an action potential in V is smaller
SECONDS_BELOW = 0.05  # ms; an action potential in s is shorter
MOST_STEPS = 1e9  # of 10 us or more each, hours
GATED_AT = (0.0, -80.0, 40.0)  # mV, where the rates of gates are looked at
UNBALANCED = 1.02  # what the last digit of rates in print makes of a cycle
REST_BELOW = -20.0  # mV; resting potentials are


def doubts(model: Model) -> list[str]:
    """Questions to whoever wrote a model that is valid, each a sentence."""
    unusual = [text for what, name, value in _values(model) if (text := _unusual(what, USUAL[name], value))]
    others = (
        *(_mirrored, _affinities, _unbalanced, _waveform, _temperatures, _too_late, _endless),
        *(sensors_at_other_temperatures, currents_without_saturation, pumps_in_other_calcium, gates_much_faster),
        *(pumps_on_stores, lost_light, overlaps, over_mirrors, outside, off_the_membrane, cells_without_use),
    )
    idle = [text for sensor in model.sensors if (text := never_fuse(sensor))]
    return [*dict.fromkeys([*unusual, *idle, *(text for ask in others for text in ask(model))])]


def _mirrored(model: Model) -> Iterator[str]:
    """Channels whose mirror images would open at the same moments."""
    groups = [group.name for group in model.channels if group.gating == "stochastic"]
    if groups and model.copies > 1:
        yield (
            f"channels {groups[0]!r} are stochastic, and the mirror planes of the geometry make copies of each, which "
            "open and close with it: is that meant? Without symmetry every channel is its own"
        )


def _unusual(what: str, usual: Usual, value: float) -> str | None:
    if usual.low <= value <= usual.high or not value:
        return None
    side, limit = ("above", usual.high) if value > usual.high else ("below", usual.low)
    return (
        f"{what} is {show(value, usual.kind)}, {side} {show(limit, usual.kind)}: is that meant? "
        f"A number without a unit is in {UNITS[usual.kind]}; {usual.slip}"
    )


def _values(model: Model) -> Iterator[tuple[str, str, float]]:
    """What a value is called, its name in USUAL, and the value."""
    yield "resting calcium", "resting calcium", model.calcium.rest
    yield "the diffusivity of calcium", "diffusivity", model.calcium.diffusivity
    if model.temperature is not None:
        yield "the temperature", "temperature", model.temperature
    if model.extracellular:
        yield "extracellular calcium", "extracellular calcium", model.extracellular.calcium
    if model.magnesium:
        yield "free magnesium", "magnesium", model.magnesium.free
    for buffer in model.buffers:
        yield f"the total of buffer {buffer.name!r}", "total", buffer.total
        for diffusivity in sorted({*buffer.diffusivities.values()}):
            yield f"the diffusivity of buffer {buffer.name!r}", "diffusivity", diffusivity
        scheme = buffer.kinetics()
        fastest = max(float(rate[0]) for t, rate in zip(scheme.transitions, scheme.rates(), strict=True) if t.ligand)
        yield f"the binding rate of buffer {buffer.name!r}", "binding rate", fastest
    for transport in _transports(model):
        for name, value in transport.with_units().items():
            if value.kind == "surface flux":
                yield f"{name} of {transport.name!r}", "flux", float(value)
        yield f"the density of {transport.name!r}", "density", transport.density or 0.0
    for group in model.channels:
        law = group.current
        yield f"the {law.quantity} of channels {group.name!r}", law.quantity, law.largest
    for whose, train in _trains(model):
        yield f"the rate of the train of {whose}", "rate of a train", train.rate
    for what, extent in model.geometry.extents():
        yield what, "extent", extent
    for entry in model.imaging:
        for key in ("wavelength", "lateral", "axial"):
            if (length := getattr(entry.optics, key, None)) is not None:
                yield f"{key} of imaging {entry.name!r}", "wavelength" if key == "wavelength" else "width", length


def _transports(model: Model) -> tuple[Transport, ...]:
    """Pumps, and what is in the membranes of stores."""
    return (*model.pumps, *(transport for store in model.stores for transport in store.transports))


def _trains(model: Model) -> Iterator[tuple[str, RegularTrain | PoissonTrain]]:
    """Trains that have a rate, and what they are of."""
    trains = {"the stimulus": getattr(model.stimulus, "train", None)}
    trains |= {f"channels {group.name!r}": getattr(group.current, "train", None) for group in model.channels}
    for whose, train in trains.items():
        if isinstance(train, RegularTrain | PoissonTrain):
            yield whose, train


def _temperatures(model: Model) -> Iterator[str]:
    """Gates that are as fast as at another temperature than that of the action potential."""
    there = model.stimulus.temperature if model.stimulus else None
    if there is None:
        return
    for group in model.channels_within:
        here = group.measured_at
        if group.gate and here is not None and abs(here - there) > OTHER_TEMPERATURE:
            yield (
                f"the action potential is that of {show(there, 'temperature')}, and the gate of channels "
                f"{group.name!r} as fast as at {show(here, 'temperature')}: is that meant? If not, say the temperature "
                "of the model, and Q10 of the channels"
            )


def _affinities(model: Model) -> Iterator[str]:
    """Buffers of the library whose K_d changed because k_on or k_off alone was said."""
    for buffer in model.buffers:
        if buffer.use is None or buffer.k_on is None or buffer.k_off is None or buffer.K_d is not None:
            continue
        entry = Buffer(use=buffer.use, total=buffer.total)
        if entry.scheme:
            continue
        ((k_on, k_off),) = entry.kinetics().rates()
        kept = [name for name, old in (("k_on", k_on), ("k_off", k_off)) if old == getattr(buffer, name)]
        old, new = k_off / k_on, buffer.k_off / buffer.k_on
        if len(kept) == 1 and not 1 / OTHER_AFFINITY <= new / old <= OTHER_AFFINITY:
            yield (
                f"the K_d of buffer {buffer.name!r} is {new:.4g} uM, that of {buffer.use!r} in the library {old:.4g} uM"
                f", because {kept[0]} stays as it is there: is that meant? If not, say K_d as well"
            )


def _unbalanced(model: Model) -> Iterator[str]:
    """Schemes with a cycle that turns in one direction at rest, unless the library says that it does."""
    parts = (*model.buffers, *(group for group in model.channels if group.gate), *model.sensors)
    schemes: list[tuple[LibraryPart, KineticScheme]] = [(part, part.kinetics()) for part in parts]
    schemes += [(part, part.kinetics) for part in _transports(model) if part.kinetics]
    for part, scheme in schemes:
        voltages = GATED_AT if scheme.depends_on_voltage else GATED_AT[:1]
        known = entries(part.shelf)[part.use].get("cycles", {}) if part.use else {}
        found = [(abs(math.log(c.ratio)), v, str(c)) for v in voltages for c in scheme.cycles(v) if str(c) not in known]
        far, voltage, cycle = max(found, default=(0.0, 0.0, ""))
        if far > math.log(UNBALANCED):
            where = f" at {voltage:g} mV" if scheme.depends_on_voltage else ""
            where += " at 1 uM of calcium" if scheme.depends_on_calcium else ""
            yield (
                f"the cycle {cycle} of {part.name!r} does not balance: the product of its rates one way round is "
                f"{math.exp(far):.3g} times that of the other{where}, so that it turns at rest, which takes energy: "
                "is that meant?"
            )


def _waveform(model: Model) -> Iterator[str]:
    """Whether the rows of the waveform are in ms and mV, and begin at rest."""
    for file, rows in (model.stimulus.recordings if model.stimulus else {}).items():
        name = f"waveform {Path(file).name!r}"
        times, voltages = zip(*rows, strict=True)
        if max(map(abs, voltages)) <= VOLTS_WITHIN:
            yield f"{name} stays between -1 and 1 mV: is its second column in V? It is read in mV"
        elif voltages[0] > REST_BELOW:
            first = show(voltages[0], "voltage")
            yield f"{name} begins at {first}: is that the resting potential? Gates start in equilibrium with it"
        if (length := times[-1] - times[0]) < SECONDS_BELOW:
            yield f"{name} lasts {show(length, 'time')}: is its first column in s? It is read in ms"


def _too_late(model: Model) -> Iterator[str]:
    """What would happen, or be written, after the end of the run."""
    end = model.run.duration
    groups = [{f"the current of channels {g.name!r}": g.current.begins} for g in model.channels]
    for starts in (*groups, model.stimulus.beginnings if model.stimulus else {}):
        late = [f"{what} begins at {show(start, 'time')}" for what, start in starts.items() if start >= end]
        if late:
            others = f" and {len(late) - 1} more after it" if late[1:] else ""
            yield f"{late[0]}{others}, but the run ends at {show(end, 'time')}"
    snapshots = model.record.snapshots
    intervals = {"record.every": model.record.every, "record.snapshots.every": snapshots and snapshots.every}
    for key, interval in intervals.items():
        if interval and interval > end:
            yield f"{key} is {show(interval, 'time')}, and the run {show(end, 'time')}: it adds nothing to the ends"
    for entry in model.imaging:
        if entry.every and entry.every > end:
            yield (
                f"imaging {entry.name!r} has a sample every {show(entry.every, 'time')}, and the run lasts "
                f"{show(end, 'time')}: is one sample meant?"
            )
    if late := [show(t, "time") for t in (snapshots.times if snapshots else ()) if t > end]:
        yield f"no snapshot is taken at {' or '.join(late)}, for the run ends at {show(end, 'time')}"


def _endless(model: Model) -> Iterator[str]:
    """A longest step that makes a run endless."""
    longest, duration = model.run.max_step, model.run.duration
    if longest and (steps := duration / longest) >= MOST_STEPS:
        yield (
            f"run.max_step is {milliseconds(longest)}, so the run takes at least {steps:.2g} steps for its "
            f"{show(duration, 'time')}: is that meant?"
        )
