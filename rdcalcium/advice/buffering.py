"""How strongly the buffers of a model bind calcium at rest."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model import Buffer, Model
from rdcalcium.model.names import CALCIUM
from rdcalcium.model.region import LumenRegion
from rdcalcium.units import figures

STEP = 1e-3  # of calcium at rest, by which it is raised


def binding_ratios(model: Model) -> Iterator[str]:
    """The binding ratio at rest of each buffer in the cytosol, and of those together that are everywhere."""
    ratios = {b.name: _ratio(model, b) for b in model.buffers if not isinstance(b.where, LumenRegion)}
    if not ratios:
        return
    parts = {buffer.name for buffer in model.buffers if buffer.where is not None}
    each = ", ".join(f"{name} {figures(ratio)}{' where it is' * (name in parts)}" for name, ratio in ratios.items())
    everywhere = [ratio for name, ratio in ratios.items() if name not in parts]
    together = f"; together {figures(sum(everywhere))}" if len(everywhere) > 1 else ""
    yield f"binding ratio at rest, bound for each free ion that is added: {each}{together}"


def _ratio(model: Model, buffer: Buffer) -> float:
    """d[bound] / d[Ca] in equilibrium, with magnesium as it is at rest."""
    rest = model.calcium.rest
    step = STEP * max(rest, STEP)
    low, high = (_bound(buffer, max(rest + way * step, 0.0), model.free_magnesium) for way in (-1, 1))
    return (high - low) / (rest + step - max(rest - step, 0.0))


def _bound(buffer: Buffer, calcium: float, magnesium: float) -> float:
    """Calcium that it holds in equilibrium, µM."""
    found = 0.0
    for pool in buffer.pools():
        shares, held = pool.scheme.equilibrium(calcium=calcium, magnesium=magnesium), pool.scheme.bound(CALCIUM)
        ions = [held[state] for state in pool.scheme.states]
        found += pool.total * float(shares @ ions)
    return found
