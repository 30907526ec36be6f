"""Rules by which channels, sensors and vesicles are placed, one file each, found by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from rdcalcium.model.discovery import kinds_of
from rdcalcium.model.placement.base import Rule

KINDS = kinds_of(Rule, __name__)

if TYPE_CHECKING:
    AnyRule = Rule
else:
    AnyRule = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007 (of kinds that are found)

__all__ = ["KINDS", "AnyRule", "Rule"]
