"""Where a run begins: what its folder and its checkpoint say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.advice.rest import elsewhere, without_rest
from rdcalcium.model import Model
from rdcalcium.results import folder
from rdcalcium.results.about import Begins, Rest
from rdcalcium.results.folder import lost
from rdcalcium.steady_state.rest import Rested
from rdcalcium.system import Resting, System, resting_at
from rdcalcium.units import NANOMOLAR

CALCIUM, SITES, FIELDS, LUMENS = (f"resting {what}" for what in ("calcium", "sites", "fields", "lumens"))  # in it


def told(rested: Rested) -> Rest:
    """What run.json says."""
    drift, typed, level = rested.drift, rested.typed, rested.level
    found: Begins = "solved" if rested.solved else "at rest"
    return Rest(
        begins="as typed" if rested.asked else "without rest" if rested.why else found,
        why=rested.why or None,
        typed=typed.calcium,
        mean=level.calcium,
        lowest=rested.range[0],
        highest=rested.range[1],
        stores={name: [typed.lumens[name], lumen] for name, lumen in level.lumens.items()},
        drift=NANOMOLAR * drift.mean,
        largest=NANOMOLAR * drift.largest,
        at=[*drift.at],
        current=drift.current,
    )


def unrest(rested: Rested, model: Model) -> Iterator[str]:
    """Warnings, as `check` has them, where a run begins without a rest, or elsewhere than the model says."""
    if rested.why:
        yield from without_rest(model, rested.why, rested.drift)
    elif rested.solved:
        yield from elsewhere(model, rested.typed, rested.level)


def kept(system: System) -> dict[str, np.ndarray]:
    """The rest that was found, for a checkpoint: later trials begin there too."""
    if (resting := system.resting) is None:
        return {}
    fields = {} if resting.fields is None else {FIELDS: resting.fields}
    lumens = np.array([*resting.lumens.values()])
    return {CALCIUM: np.array(resting.calcium), SITES: resting.sites, LUMENS: lumens, **fields}


def begun(model: Model, system: System, path: Path, state: Mapping[str, Any], rest: Rest | None) -> System:
    """The system in the rest of a checkpoint, if run.json says that one was found.

    RunFolderError where it does not fit.
    """
    if rest is None or rest.begins != "solved":
        return system
    shapes = {CALCIUM: (), SITES: (system.patches.size,), LUMENS: (len(system.stored),)}
    shapes |= {FIELDS: system.shape} if FIELDS in state else {}
    for name, shape in shapes.items():
        if name not in state or state[name].shape != shape or not np.isfinite(state[name]).all():
            raise lost(
                f"{path / folder.CHECKPOINT} does not fit this model, or this version: {name!r} is no such state"
            )
    lumens = dict(zip(system.stored, state[LUMENS].tolist(), strict=True))
    return resting_at(model, system, Resting(float(state[CALCIUM]), state[SITES], state.get(FIELDS), lumens))
