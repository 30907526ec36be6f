"""The kinetic scheme of a site as text: the share of each state, and how it changes."""

from __future__ import annotations

from collections.abc import Mapping

from rdcalcium.model import KineticScheme
from rdcalcium.patches.assembly import Spelt


def shares(scheme: KineticScheme) -> dict[str, str]:
    """Of each state x0, x1 and so on, but of the first what these leave."""
    first, *others = scheme.states
    share = {state: f"x{i}" for i, state in enumerate(others)}
    return {first: f"(1 - {' - '.join(share.values())})", **share}


def changes(scheme: KineticScheme, names: Mapping[str, str]) -> dict[str, str]:
    """Rate of change of the share of each state; names are what the parameters are called."""
    share, found = shares(scheme), dict.fromkeys(scheme.states, "0")
    for step in scheme.transitions:
        ligand = f"*{names.get(step.ligand, step.ligand)}" if step.ligand else ""
        ways = [(step.source, step.target, step.forward, ligand)]
        if step.backward is not None:
            ways.append((step.target, step.source, step.backward, ""))
        for source, target, rate, times in ways:
            flow = f"({rate.into(Spelt(names))}){times}*{share[source]}"
            found[source] += f" - {flow}"
            found[target] += f" + {flow}"
    return found
