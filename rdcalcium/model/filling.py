"""What a part does not say itself, taken from the library entry that it uses."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from rdcalcium.catalogue import entry

# Two of these three make a one-site buffer. Who says one of them keeps one of those that were there, and the third
# follows: k_on stays where it can, because it is what diffusion allows.
_KEPT_BESIDE = {"k_on": "k_off", "k_off": "k_on", "K_d": "k_on"}
ONE_SITE = frozenset(_KEPT_BESIDE)
SCHEMES = {"scheme", "gate"}  # whose rates the parameters are for


def filled(shelf: str, part: dict[str, Any]) -> dict[str, Any]:
    """A part with the values of the entry that it uses; what the part says itself replaces what the entry says.

    shelf  kind of entry, one of catalogue.SHELVES
    """
    part = {key: value for key, value in part.items() if value is not None}
    if not isinstance(part.get("use"), str):
        return part
    found = entry(shelf, part["use"])
    for rate in ONE_SITE - kept_rates(part):
        found.pop(rate, None)
    complete = {"name": part["use"], **found, **part}
    if isinstance(part.get("parameters"), dict) and not SCHEMES & part.keys():  # one by one
        complete["parameters"] = {**found.get("parameters", {}), **part["parameters"]}
    return complete


def kept_rates(said: Container[str]) -> frozenset[str]:
    """Which of k_on, k_off and K_d stay beside those that are said."""
    new = [rate for rate in _KEPT_BESIDE if rate in said]
    if not new:
        return ONE_SITE
    return frozenset({_KEPT_BESIDE[new[0]]} if len(new) == 1 else ())
