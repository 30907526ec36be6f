"""The kinetic scheme of a site as text: the share of each state, and how it changes."""

from __future__ import annotations

from collections.abc import Mapping

from rdcalcium.model import KineticScheme
from rdcalcium.patches.spelt import Spelt


def shares(scheme: KineticScheme, first: int = 0) -> dict[str, str]:
    """Of each state x0, x1 and so on, from a first number on, but of the first state what these leave."""
    empty, *others = scheme.states
    share = {state: f"x{i}" for i, state in enumerate(others, start=first)}
    return {empty: f"(1 - {' - '.join(share.values())})", **share}


def changes(scheme: KineticScheme, names: Mapping[str, str], first: int = 0) -> dict[str, str]:
    """Rate of change of the share of each state; names are what parameters and ligands are called."""
    share, found = shares(scheme, first), dict.fromkeys(scheme.states, "0")
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
