"""Membranes of stores: what goes into a well-mixed lumen, or into the control volumes of one, and comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.errors import InputError
from rdcalcium.model import Model
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import CALCIUM, STORE
from rdcalcium.model.stores import Store
from rdcalcium.patches.assembly import Assembly
from rdcalcium.patches.base import BOUND, CROSSED, STORED, Mechanism, Patch, Row, Stiffness
from rdcalcium.patches.spelt import Spelt
from rdcalcium.patches.stiffness import stiffness_across

NOTHING = Expression("0")
SWAPPED = Spelt({CALCIUM: STORE, STORE: CALCIUM})  # names as they are on the other side of a membrane


def lumen_patches(model: Model, discretization: Discretization) -> Iterator[tuple[Patch, Stiffness]]:
    """Two patches for each membrane of a lumen that has control volumes, and how both together react.

    Each side keeps the same rows, which change alike; so what one side loses the other one gains, to rounding.
    """
    for number, store in enumerate((store for store in model.stores if store.lumen), start=1):
        assert store.lumen is not None
        at, volumes = discretization.membranes[store.lumen.region], discretization.volumes
        outer, inner = membrane_mechanisms(store, model.calcium.rest, model.free_magnesium)
        outside = Patch(
            outer, at.outside, at.areas, at.areas / volumes[at.outside], beyond=at.inside, parts=(0, number)
        )
        inside = Patch(inner, at.inside, at.areas, at.areas / volumes[at.inside], beyond=at.outside, parts=(number, 0))
        out, into = stiffness_across(outer, (_most(outside), _most(inside)), store.rest)
        yield outside, out
        yield inside, into


def _most(patch: Patch) -> float:
    """Largest sum of the weights of the sites of a control volume, µm⁻¹."""
    return float(np.bincount(patch.volumes, patch.weights).max())


def membrane_mechanisms(store: Store, rest: float, magnesium: float = 0.0) -> tuple[Mechanism, Mechanism]:
    """What happens at the membrane of a store, seen from the cytosol and from the lumen; rest and magnesium in µM.

    The first row is what has crossed 1 µm². What transports themselves have bound is taken from the cytosol.
    """
    outer = _across(store, rest, magnesium, Row("x0", NOTHING, calcium=1.0, account=CROSSED))
    outer, rows = replace(outer, store=1.0), outer.rows
    swapped = [replace(row, rate=Expression(row.rate.into(SWAPPED)), calcium=0.0) for row in rows]
    swapped = [replace(row, account="" if row.account == BOUND else row.account) for row in swapped]
    swapped[0] = replace(swapped[0], calcium=-1.0)
    return outer, replace(outer, rows=tuple(swapped), fluxes={}, states={})


def store_mechanism(store: Store, rest: float, area: float, copies: int, magnesium: float = 0.0) -> Mechanism:
    """What goes into a well-mixed store and comes out; its first row is all that lies in it, on an area of its surface.

    rest       µM of calcium in the cytosol
    area       of its surface in the whole terminal, µm²
    copies     computed parts that make up the terminal
    magnesium  µM in the cytosol
    """
    assert store.volume is not None  # that of a lumen without control volumes
    held = store.volume * (1 + store.binding_ratio) * store.rest / area
    first = Row("x0", NOTHING, start=held, calcium=1.0, scale=held, account=STORED)
    return replace(_across(store, rest, magnesium, first), store=copies / (store.volume * (1 + store.binding_ratio)))


def _across(store: Store, rest: float, magnesium: float, first: Row) -> Mechanism:
    """All transports and the leak of a store; what they take in is the rate of the first row.

    rest, magnesium  µM of calcium and magnesium in the cytosol
    """
    parts = Assembly(rest, {STORE: store.rest}, magnesium)
    parts.rows.append(first)
    for transport in store.transports:
        parts.add(transport)
    inwards, crossing = " + ".join(parts.transported), [*parts.fluxes]
    if store.leak == "balances":
        fluxes = [parts.at_rest(flux) for flux in parts.transported]
        leak = f"- {parts.place(_permeability(store, rest, fluxes))}*({STORE} - Ca)"
        inwards, crossing = f"({inwards}) {leak}", [*crossing, leak]
    parts.rows[0] = replace(first, rate=Expression(inwards))
    fluxes_of = dict(zip(store.ways, map(Expression, crossing), strict=True))
    rows, more = parts.with_clock(), _states(store, parts)
    return Mechanism(store.name, rows, parts.parameters, courses=parts.courses, fluxes=fluxes_of, states=more)


def _states(store: Store, parts: Assembly) -> dict[str, Expression]:
    """Gates and states of all transports, such as "h of IP3R"."""
    named = zip(store.ways, parts.variables, strict=False)  # the leak comes last, and has none
    return {f"{variable} of {way}": Expression(text) for way, held in named for variable, text in held.items()}


def exchanged(store: Store, rest: float, magnesium: float = 0.0) -> tuple[float, float]:
    """What the transports of a store take up and let out at rest, µM µm ms⁻¹; rest and magnesium in µM."""
    parts = Assembly(rest, {STORE: store.rest}, magnesium)
    for transport in store.transports:
        parts.add(transport)
    return _both_ways([parts.at_rest(flux) for flux in parts.transported])


def _both_ways(fluxes: Sequence[float]) -> tuple[float, float]:
    """The sum of those that go in, and of those that come out."""
    return sum(flux for flux in fluxes if flux > 0), -sum(flux for flux in fluxes if flux < 0)


def _permeability(store: Store, rest: float, fluxes: Sequence[float]) -> float:
    """Of the leak that lets out at rest what the transports take up then in sum (µM µm ms⁻¹), µm ms⁻¹."""
    uptake = sum(fluxes)
    if store.rest == rest and uptake == 0:
        return 0.0
    if store.rest == rest or uptake / (store.rest - rest) < 0:
        taken, let_out = _both_ways(fluxes)
        raise InputError(
            f"no leak balances the store {store.name!r} at rest, with {store.rest:g} uM inside and {rest:g} uM outside"
            f": its transports take up {taken:.4g} uM um/ms and let out {let_out:.4g}; "
            + _way_out(store, rest, taken, let_out)
        )
    return uptake / (store.rest - rest)


def _way_out(store: Store, rest: float, taken: float, let_out: float) -> str:
    """What would help; fluxes at rest in µM µm ms⁻¹."""
    free = '; or say leak = "none"'
    if store.rest > rest and taken > 0:
        return f"let uptake be more than {let_out / taken:.3g} times as strong, or release as much weaker{free}"
    if store.rest > rest:
        return f"nothing enters it, as a positive flux does: look at the signs of its transports{free}"
    return f"change its transports or its rest{free}"
