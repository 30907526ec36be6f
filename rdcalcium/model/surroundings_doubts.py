"""Temperature and calcium outside that a model says, and that some of its parts do not follow, or too much."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model.current_law import GatedCurrent
from rdcalcium.model.gated_currents import HALF_SATURATION
from rdcalcium.model.model import Model
from rdcalcium.model.names import OUTSIDE
from rdcalcium.units import show

OTHER_TEMPERATURE = 5.0  # degC, beyond which rates are clearly others
USUAL_FACTOR = (1.0, 6.0)  # Q10 of gates
USUAL_CALCIUM = 2500.0  # µM outside, up to which a current that does not saturate is not far too large


def sensors_at_other_temperatures(model: Model) -> Iterator[str]:
    """Sensors whose rates are for another temperature than that of the model, or of each other."""
    known = {sensor.name: sensor.measured_at for sensor in model.sensors if sensor.measured_at is not None}
    if model.temperature is not None:
        for name, there in known.items():
            if abs(there - model.temperature) > OTHER_TEMPERATURE:
                yield (
                    f"the rates of sensor {name!r} are for {show(there, 'temperature')}, and the model is at "
                    f"{show(model.temperature, 'temperature')}, which sensors do not follow by themselves: is that "
                    "meant? If not, say how many times as fast it is there, speed, and measured_at"
                )
        return
    if known and max(known.values()) - min(known.values()) > OTHER_TEMPERATURE:
        cold, warm = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
        yield (
            f"the rates of sensor {cold!r} are for {show(known[cold], 'temperature')} and those of {warm!r} for "
            f"{show(known[warm], 'temperature')}: is that meant? If not, say speed and measured_at of one of them"
        )


def pumps_in_other_calcium(model: Model) -> Iterator[str]:
    """Pumps that say another calcium outside than the model does."""
    outside = model.surroundings.outside
    for pump in model.pumps:
        own = pump.first.get(OUTSIDE)
        if outside is not None and own is not None and OUTSIDE in pump.offered and float(own) != outside:
            yield (
                f"pump {pump.name!r} says {OUTSIDE} = {show(float(own), 'concentration')}, and the calcium of "
                f"[extracellular] is {show(outside, 'concentration')}: is that meant? If not, leave {OUTSIDE} out of "
                "its parameters, and it follows"
            )


def currents_without_saturation(model: Model) -> Iterator[str]:
    """Currents by the constant field in much calcium, where those of real channels saturate."""
    for group in model.channels_within:
        law = group.current
        outside = law.grows_with if isinstance(law, GatedCurrent) else None
        if outside is not None and outside > USUAL_CALCIUM:
            yield (
                f"the {law.kind} current of channels {group.name!r} grows in proportion to the calcium outside, "
                f"{show(outside, 'concentration')}, and that of real ones saturates, half at about "
                f"{show(HALF_SATURATION, 'concentration')}: is that meant? If not, say a smaller permeability, or an "
                "ohmic current with measured_in, which saturates"
            )


def gates_much_faster(model: Model) -> Iterator[str]:
    """Gates that no channel has: slower where it is warmer, or faster by a large factor."""
    low, high = USUAL_FACTOR
    for group in model.channels:
        if group.Q10 is not None and not low <= group.Q10 <= high:
            side, limit = ("above", high) if high < group.Q10 else ("below", low)
            yield (
                f"Q10 of channels {group.name!r} is {group.Q10:g}, {side} {limit:g}: is that meant? It is how many "
                "times as fast the gate is where it is 10 degC warmer, 2 to 2.5 for calcium channels"
            )
