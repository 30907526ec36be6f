"""Anywhere, all places being alike."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Counted


class Uniform(Counted):
    """At random, each place being as likely as any other that the spacing leaves."""

    kind: Literal["uniform"] = "uniform"
