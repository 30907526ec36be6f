"""Who takes the steps of a run: the host, one by one, or a device that takes many by itself."""

from __future__ import annotations

from rdcalcium.stepping.base import Pace, Setting, TakenStep, Way
from rdcalcium.stepping.device import on_device
from rdcalcium.stepping.gates import Gates
from rdcalcium.stepping.host import HostSteps

__all__ = ["Gates", "HostSteps", "Pace", "Setting", "TakenStep", "Way", "on_device"]
