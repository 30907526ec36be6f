"""What release is asked for without a terminal: a sensor, a course of calcium, concentrations and whole numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rdcalcium.catalogue import entry
from rdcalcium.errors import InputError, ModelWarning
from rdcalcium.model import Sensor
from rdcalcium.model.quantity import LIMITS
from rdcalcium.model.sensor_doubts import never_fuse
from rdcalcium.units import UNITS, parse

SomeSensor = str | Sensor | Mapping[str, Any]


def some_sensor(sensor: SomeSensor) -> Sensor:
    """A sensor by name or by its keys, somewhere; a warning to the caller's caller if it never releases."""
    if not isinstance(sensor, str | Sensor | Mapping):
        raise InputError(f"{sensor!r} is no sensor; give the name of one in the library, a Sensor, or a table of keys")
    if isinstance(sensor, str):
        entry("sensors", sensor)  # tells the nearest names where there is none
        sensor = {"use": sensor}
    name = {} if isinstance(sensor, Sensor) or "use" in sensor else {"name": "sensor"}
    part = sensor if isinstance(sensor, Sensor) else Sensor(**{**name, "positions": ((0.0, 0.0, 0.0),), **sensor})
    if doubt := never_fuse(part):
        warnings.warn(doubt, ModelWarning, stacklevel=3)
    return part


def course(times: ArrayLike, calcium: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) ms, and calcium (n,) or (n, traces) µM."""
    t, c = _numbers(times, "times", "time"), _numbers(calcium, "calcium", "concentration")
    if t.ndim != 1 or len(t) < 2:
        raise InputError(f"times must be a row of at least two, in ms; these have the shape {t.shape}")
    if np.any(back := np.diff(t) < 0):
        i = int(np.argmax(back))
        raise InputError(f"times must ascend, in ms; here {t[i + 1]:g} comes after {t[i]:g}")
    if c.ndim > 2 or not c.size or (c.ndim and c.shape[0] not in (1, len(t))) or (c.ndim == 1 and len(c) != len(t)):
        raise InputError(
            f"calcium of the shape {c.shape} does not fit {len(t)} times; give a value for each time, or for levels "
            "that stay the same a row of them, [[1, 2, 5, 10]]"
        )
    if c.min() < 0:
        raise InputError(f"calcium must be numbers from 0 uM on; the lowest here is {c.min():g}")
    return t, np.array(np.broadcast_to(c, (len(t), *c.shape[1:])))


def _numbers(values: ArrayLike, what: str, kind: str) -> np.ndarray:
    """As an array, also from texts with units; each of a size that its kind can have."""
    try:
        found = np.asarray(values)
    except ValueError:
        raise InputError(f"{what} must be a row of numbers, or rows of one length; these are of several") from None
    if found.dtype.kind not in "iuf":
        found = np.array([parse(one, kind) for one in found.ravel().tolist()]).reshape(found.shape)
    found, most = found.astype(float), LIMITS[kind].most
    if np.any(wrong := ~(np.abs(found) <= most)):
        raise InputError(f"{what} must be numbers up to {most:g} {UNITS[kind]}; one of these is {found[wrong][0]:g}")
    return found


def concentration(value: float | str, what: str) -> float:
    """A number of µM, or a text with a unit, that is not below zero."""
    found, most = parse(value, "concentration"), LIMITS["concentration"].most
    if not 0 <= found <= most:
        raise InputError(f"{what} is {value!r}; it is a concentration from 0 to {most:g} uM")
    return found


def whole(value: int, what: str, least: int) -> int:
    """A whole number from a least one on."""
    try:
        found = index(value)
    except TypeError:
        raise InputError(f"{what} is {value!r}; it is a whole number from {least} on") from None
    if found < least:
        raise InputError(f"{what} is {value!r}; it is a whole number from {least} on")
    return found
