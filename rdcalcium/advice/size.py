"""How large a model is: control volumes, memory, calcium at rest, and what single precision costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rdcalcium import memory
from rdcalcium.advice.areas import areas
from rdcalcium.advice.besides import besides
from rdcalcium.advice.cells import CellSizes, nm
from rdcalcium.chemistry import CALCIUM, Chemistry
from rdcalcium.discretization.build import probes_in_lumens
from rdcalcium.discretization.parts import share
from rdcalcium.errors import InputError
from rdcalcium.geometry.planning import planned_size
from rdcalcium.model import Model, Tetrahedra
from rdcalcium.model.region import LumenRegion
from rdcalcium.precision import rounding_costs
from rdcalcium.units import counted, nanometres_to

MANY = 100_000  # cells of a grid; fewer cost little
FEWER = 10  # times the control volumes of tetrahedra as fine, that a grid has


def memory_line(model: Model, cells: CellSizes, backend: str, device: int | None) -> Iterator[str]:
    """Control volumes, as a run counts them, and the memory that they need."""
    besides = f", and {cells.solid:,} solid cells" if cells.solid else ""
    what = counted(cells.count, "control volume")
    yield from memory_of(model, what, besides, cells.count + cells.solid, backend, device)


def does_not_fit(model: Model, planned: int, backend: str, device: int | None) -> Iterator[str]:
    """The same for cells that are too many to be made, so that nobody knows how many are solid."""
    yield from memory_of(model, f"{planned:,} control volumes and solid cells", "", planned, backend, device)


def fewer_on_tetrahedra(model: Model, cells: int) -> Iterator[str]:
    """Whether tetrahedra would do with far fewer control volumes than the cells of a grid, solid ones included."""
    if isinstance(model.discretization, Tetrahedra) or cells < MANY:
        return
    try:
        nodes = planned_size(model.on_tetrahedra())
    except InputError:  # its geometry is for grids alone
        return
    if 0 < FEWER * nodes <= cells:
        yield (
            f"tetrahedra as fine where it matters would be about {nodes:,} control volumes, {cells / nodes:.2g} times "
            "fewer than cells of this grid, which are narrow along whole axes: see --tetrahedra"
        )


def memory_of(model: Model, what: str, besides: str, size: int, backend: str, device: int | None) -> Iterator[str]:
    """What control volumes are called, how many fields they have, and the memory that so many (`size`) take."""
    about = f"{what} × {counted(memory.count_fields(model), 'field')}{besides}; memory about "
    budgets = [*memory.memories(model, size, backend, device)]
    yield about + ", ".join(f"{_bytes(m.needed)} of {_bytes(m.available)} available on {m.place}" for m in budgets)
    for m in budgets:
        if m.short:
            wider = memory.wider_cells(m.needed, m.available)
            yield f"warning: this does not fit; cells about {wider:.2g} times as wide would"


def _bytes(count: float) -> str:
    return f"{count / 2**30:.4g} GiB" if count >= 2**29 else f"{count / 2**20:.3g} MiB"


def sizes(model: Model, cells: CellSizes, chemistry: Chemistry, stored: Mapping[str, float]) -> Iterator[str]:
    """Cells, volume, the calcium in it at rest, and where buffers are that are not everywhere.

    stored  free calcium in each store at rest, µM
    """
    yield f"cells of {nanometres_to(cells.smallest, cells.largest, 3)}"
    total = model.copies * cells.volume
    limited = {b.name: b.where for b in model.buffers if b.where}
    parts = {name: _part(cells, share(model, cells.space, where)) for name, where in limited.items()}
    rest = np.array([field.rest * parts.get(field.buffer, 1.0) for field in chemistry.fields])
    cytosolic = np.array([field.buffer not in chemistry.lumens for field in chemistry.fields])
    at_rest, free = float((cytosolic * chemistry.calcium_content) @ rest), float(chemistry.rest[CALCIUM])
    yield (
        f"volume of the terminal {total:.5g} um^3; calcium at rest {total * at_rest:.5g} uM um^3, "
        f"of which free {total * free:.3g} uM um^3"
    )
    if along := [f"{'xyz'[axis]}, every {nm(period)}" for axis, period in model.geometry.periods.items()]:
        yield f"the terminal is one tile of many, along {' and along '.join(along)}: all amounts are those of one"
    yield from besides(model, cells, free)
    yield from areas(model, cells)
    yield from _lumens(model, cells, chemistry, stored)
    yield from _probes_inside(model, cells)
    for name, part in parts.items():
        where, nowhere = limited[name], "" if part else "warning: "
        whole = f"the lumen of store {where.of!r}" if isinstance(where, LumenRegion) else f"{part:.3%} of the terminal"
        yield f"{nowhere}buffer {name!r} is in {total * part:.4g} um^3 before the stimulus, {whole}"
    for slow in model.tortuosity:
        part = _part(cells, share(model, cells.space, slow.where)) if slow.where else 1.0
        much = f"{slow.factor**2:.4g} times as slow in {total * part:.4g} um^3, {part:.3%} of the terminal"
        yield f"{'' if part else 'warning: '}diffusion is {much}"


def _lumens(model: Model, cells: CellSizes, chemistry: Chemistry, stored: Mapping[str, float]) -> Iterator[str]:
    """Volume of each lumen, and the calcium in it at rest."""
    stores = [store for store in model.stores if store.lumen]
    for number, store in enumerate(stores, start=1):
        volume = model.copies * float(cells.volumes() @ cells.space.part(number))
        inside = [b.name for b in model.buffers if isinstance(b.where, LumenRegion) and b.where.of == store.name]
        bound = sum(field.calcium * field.rest for field in chemistry.fields if field.buffer in inside)
        total, free = volume * (stored[store.name] + bound), volume * stored[store.name]
        at_rest = f"calcium in it at rest {total:.5g} uM um^3, of which free {free:.3g} uM um^3"
        yield f"lumen of store {store.name!r}: {volume:.4g} um^3; {at_rest}"


def _probes_inside(model: Model, cells: CellSizes) -> Iterator[str]:
    """Which probes are in a lumen."""
    for name, store in probes_in_lumens(model, cells.locator, cells.space).items():
        yield f"probe {name!r} lies in the lumen of store {store!r}"


def _part(cells: CellSizes, share: np.ndarray) -> float:
    """Of the volume of the cytosol, where this share of each control volume is."""
    return float(cells.volumes() @ share / cells.volume)


def single_precision(model: Model, cells: CellSizes, chemistry: Chemistry) -> Iterator[str]:
    """What it costs, where it costs steps."""
    if found := rounding_costs(model, chemistry, cells.volume, cells.radius):
        rounding, asked = (float(f"{steps:.1g}") for steps in found)
        yield (
            f'warning: precision = "float32" at run.tolerance = {model.run.tolerance:g} may take about {rounding:,.0f} '
            f"steps for its rounding besides about {asked:,.0f} that the solution asks for, and one evaluation more in "
            'each: precision = "float64", or a larger tolerance, takes none of them'
        )
