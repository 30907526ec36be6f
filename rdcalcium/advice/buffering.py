"""How strongly the buffers of a model bind calcium at rest."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model import Buffer, Model
from rdcalcium.model.names import CALCIUM
from rdcalcium.model.region import LumenRegion
from rdcalcium.units import figures, level

STEP = 1e-3  # of calcium at rest, by which it is raised


def binding_ratios(model: Model, rest: float) -> Iterator[str]:
    """The binding ratio at resting calcium, µM, of each buffer in the cytosol, and of those together everywhere."""
    ratios = {
        b.name: _ratio(b, rest, model.free_magnesium) for b in model.buffers if not isinstance(b.where, LumenRegion)
    }
    if not ratios:
        return
    parts = {buffer.name for buffer in model.buffers if buffer.where is not None}
    each = ", ".join(f"{name} {figures(ratio)}{' where it is' * (name in parts)}" for name, ratio in ratios.items())
    everywhere = [ratio for name, ratio in ratios.items() if name not in parts]
    together = f"; together {figures(sum(everywhere))}" if len(everywhere) > 1 else ""
    yield f"binding ratio at rest, {level(rest)}, bound for each free ion that is added: {each}{together}"


def _ratio(buffer: Buffer, rest: float, magnesium: float) -> float:
    """d[bound] / d[Ca] in equilibrium, with calcium and magnesium as they are at rest, µM."""
    step = STEP * max(rest, STEP)
    low, high = (_bound(buffer, max(rest + way * step, 0.0), magnesium) for way in (-1, 1))
    return (high - low) / (rest + step - max(rest - step, 0.0))


def _bound(buffer: Buffer, calcium: float, magnesium: float) -> float:
    """Calcium that it holds in equilibrium, µM."""
    found = 0.0
    for pool in buffer.pools():
        shares, held = pool.scheme.equilibrium(calcium=calcium, magnesium=magnesium), pool.scheme.bound(CALCIUM)
        ions = [held[state] for state in pool.scheme.states]
        found += pool.total * float(shares @ ions)
    return found
