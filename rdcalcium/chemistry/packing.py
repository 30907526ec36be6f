"""From the words of a model to its fields and reactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rdcalcium.chemistry.chemistry import Chemistry
from rdcalcium.chemistry.reactions import CALCIUM, MAGNESIUM, Field, FreeForm, Photolysis, Reaction, State
from rdcalcium.model import Buffer, Model, Pool, Store, names
from rdcalcium.model.region import LumenRegion
from rdcalcium.model.scheme import KineticScheme


def build_chemistry(model: Model) -> Chemistry:
    """The fields and reactions of a model: calcium first, magnesium if it moves, then the states of each buffer."""
    fields = [Field(names.CALCIUM, model.calcium.diffusivity, model.calcium.rest, 1)]
    if model.magnesium and model.magnesium.diffusivity is not None:
        fields.append(Field(names.MAGNESIUM, model.magnesium.diffusivity, model.magnesium.free, 0, magnesium=1))
    ions = Ions(model.calcium.rest, model.free_magnesium, moving=len(fields) > MAGNESIUM)
    reactions: list[Reaction] = []
    photolysis: list[Photolysis] = []
    lumens = {store.name: Inside(store, model.calcium.diffusivity) for store in model.stores if store.lumen}
    for buffer in model.buffers:
        inside = lumens[buffer.where.of] if isinstance(buffer.where, LumenRegion) else None
        for pool in buffer.pools():
            added, place = _pack_pool(buffer, pool, len(fields), ions, inside, bounded=bool(lumens))
            fields += added
            reactions += _reactions(buffer.name, pool.scheme, place, ions)
            driven = {(a, b): rate for (a, b), rate in buffer.photolysis().items() if a in place}
            photolysis += [Photolysis(buffer.name, place[a], place[b], rate) for (a, b), rate in driven.items()]
    totals = tuple((b.name, max(pool.total for pool in b.pools())) for b in model.buffers)
    return Chemistry(
        tuple(fields),
        tuple(reactions),
        totals,
        tuple(photolysis),
        {b.name: lumens[b.where.of].calcium for b in model.buffers if isinstance(b.where, LumenRegion)},
    )


@dataclass(frozen=True)
class Inside:
    """The lumen of a store, with calcium at rest (µM) and as many times the diffusivity as in the cytosol."""

    store: Store
    diffusivity: float

    @property
    def calcium(self) -> float:
        """At rest, µM."""
        return self.store.rest

    @property
    def mobility(self) -> float:
        """By how much control volumes of the lumen multiply diffusivities."""
        assert self.store.lumen is not None
        return (self.store.lumen.diffusivity or self.diffusivity) / self.diffusivity


@dataclass(frozen=True)
class Ions:
    """Free calcium and magnesium at rest, µM, and whether magnesium is a field: if not, it is clamped."""

    calcium: float
    magnesium: float
    moving: bool


def _pack_pool(
    buffer: Buffer, pool: Pool, first: int, ions: Ions, inside: Inside | None, bounded: bool
) -> tuple[list[Field], dict[str, State]]:
    """Fields of one pool of a buffer, which are numbered from `first` on, and which of them each state is.

    Where all states move alike, and the total is the same everywhere, it stays so: then the first state is that total
    minus the others, and needs no field.

    inside   the lumen in which it is; none: it is in the cytosol
    bounded  whether there are lumens, and so no buffer is everywhere
    """
    scheme, of_each, mobility = pool.scheme, buffer.diffusivities, inside.mobility if inside else 1.0
    diffusivity = {state: of_each[state] / mobility for state in scheme.states}
    calcium, magnesium = scheme.bound(names.CALCIUM), scheme.bound(names.MAGNESIUM)
    free = inside.calcium if inside else ions.calcium
    occupancy = dict(zip(scheme.states, scheme.equilibrium(0.0, free, ions.magnesium), strict=True))
    everywhere = buffer.where is None and not bounded
    spread_evenly = everywhere and len({*diffusivity.values()}) == 1
    states = scheme.states[1:] if spread_evenly else scheme.states
    fields = [
        Field(
            name=f"{buffer.name}.{state}",
            diffusivity=diffusivity[state],
            rest=pool.total * float(occupancy[state]),
            calcium=calcium[state],
            buffer=buffer.name,
            magnesium=magnesium[state] if ions.moving else 0,
            everywhere=everywhere,
        )
        for state in states
    ]
    place: dict[str, State] = {state: first + i for i, state in enumerate(states)}
    if spread_evenly:
        place[scheme.states[0]] = FreeForm(pool.total, tuple(range(first, first + len(states))))
    return fields, place


def _reactions(buffer: str, scheme: KineticScheme, place: Mapping[str, State], ions: Ions) -> Iterator[Reaction]:
    """One for each transition that goes on in the dark; its states are found by `place`."""
    binding = {names.CALCIUM: CALCIUM, names.MAGNESIUM: MAGNESIUM if ions.moving else None, None: None}
    for step, (forward, backward) in zip(scheme.transitions, scheme.rates(), strict=True):
        if names.LIGHT in step.forward.names:
            continue
        clamped = ions.magnesium if step.ligand == names.MAGNESIUM and not ions.moving else 1.0
        yield Reaction(
            buffer=buffer,
            ligand=binding[step.ligand],
            forward=float(forward) * clamped,
            backward=float(backward),
            source=place[step.source],
            target=place[step.target],
        )
