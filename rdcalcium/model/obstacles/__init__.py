"""Bodies in the cytosol, one file a kind, each found by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Field

from rdcalcium.model.discovery import kinds_of
from rdcalcium.model.obstacles.base import OBSTACLES, Obstacle
from rdcalcium.model.obstacles.ellipsoid import Ellipsoid
from rdcalcium.model.obstacles.ribbon import Ribbon
from rdcalcium.model.obstacles.rod import Rod
from rdcalcium.model.obstacles.sphere import Sphere
from rdcalcium.model.obstacles.t_bar import TBar
from rdcalcium.model.obstacles.tubule import Tubule

KINDS = kinds_of(Obstacle, __name__)


def _round_unless_said(given: Any) -> Any:
    """A table without a kind is that of a sphere."""
    return {"kind": "sphere", **given} if isinstance(given, dict) else given


if TYPE_CHECKING:
    AnyObstacle = Obstacle
else:
    AnyObstacle = Annotated[Union[KINDS], Field(discriminator="kind"), BeforeValidator(_round_unless_said)]  # noqa: UP007 (of kinds that are found)

__all__ = ["KINDS", "OBSTACLES", "AnyObstacle", "Ellipsoid", "Obstacle", "Ribbon", "Rod", "Sphere", "TBar", "Tubule"]
