"""By which names the ledger knows what holds calcium, and what takes it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rdcalcium.model.buffers import Buffer
from rdcalcium.model.pumps import Pump
from rdcalcium.model.sensors import Sensor
from rdcalcium.model.stores import Store

CLEARANCE = "clearance"  # what leaves from everywhere, by calcium.clearance


class Account(NamedTuple):
    """A line of the ledger, and the part of the model that has it.

    kind   "bound to", "pumped by" or "stored in"
    name   of what holds or takes the calcium
    owner  such as "buffer 'EGTA'"
    """

    kind: str
    name: str
    owner: str


def of_sensor(sensor: Sensor) -> str:
    """The name under which the calcium stands that a sensor has bound."""
    return f"sensor {sensor.name}"


def require_different(accounts: Sequence[Account]) -> None:
    """Refuse two parts of which the ledger would not know which is which."""
    owners: dict[tuple[str, str], str] = {}
    for kind, name, owner in accounts:
        other = owners.setdefault((kind, name), owner)
        if other != owner:
            raise ValueError(
                f"{other} and {owner} would both be {f'{kind} {name}'!r} in the ledger; rename one of them"
            )


def accounts(
    buffers: Sequence[Buffer],
    pumps: Sequence[Pump],
    stores: Sequence[Store],
    sensors: Sequence[Sensor],
    clearance: float,
) -> Iterator[Account]:
    """Those of all parts of a model."""
    for buffer in buffers:
        yield Account("bound to", buffer.name, f"buffer {buffer.name!r}")
    for pump in pumps:
        yield Account("pumped by", pump.name, f"pump {pump.name!r}")
        if pump.binds:
            yield Account("bound to", pump.name, f"pump {pump.name!r}")
    if clearance:
        yield Account("pumped by", CLEARANCE, "calcium.clearance")
    for store in stores:
        yield Account("stored in", store.name, f"store {store.name!r}")
        if any(transport.binds for transport in store.transports):
            yield Account("bound to", store.name, f"a transport of store {store.name!r}")
    for sensor in sensors:
        if sensor.binds:
            yield Account("bound to", of_sensor(sensor), f"sensor {sensor.name!r}")
