"""Bodies as plain data, which JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Solid
from rdcalcium.solids.block import Block
from rdcalcium.solids.capsule import Capsule
from rdcalcium.solids.combined import Common, Joined, Without
from rdcalcium.solids.frustum import Frustum
from rdcalcium.solids.surface import Surface
from rdcalcium.solids.turned import Turned
from rdcalcium.surfaces import ClosedSurface, Triangles

BODIES = (Ball, Block, Capsule, Common, Frustum, Joined, Surface, Turned, Without)
KINDS: Mapping[str, Any] = {kind.__name__: kind for kind in (*BODIES, ClosedSurface, Triangles)}


def to_data(solid: Solid) -> dict[str, Any]:
    """The name of its class as "solid", and what it is made of; from_data reads it back."""
    own: Any = solid
    return {"solid": type(solid).__name__, **{field.name: _plain(getattr(own, field.name)) for field in fields(own)}}


def from_data(entry: Mapping[str, Any]) -> Solid:
    """What to_data wrote; KeyError, TypeError or ValueError where that is damaged."""
    solid: Solid = KINDS[entry["solid"]](**{key: _read(value) for key, value in entry.items() if key != "solid"})
    return solid


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return to_data(value)  # type: ignore[arg-type]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return from_data(value) if "solid" in value else value
    return tuple(_read(one) for one in value) if isinstance(value, list) else value
