"""What is random in a model, and what makes it the same again."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model import Model
from rdcalcium.recorders.schedule import row_times
from rdcalcium.units import counted, time_span


def randomness(model: Model) -> Iterator[str]:
    """Which channels open by chance, in how many trials, and with which seed; of a deterministic model nothing."""
    names = [repr(group.name) for group in model.channels if group.gating == "stochastic"]
    if not names:
        return
    times = row_times(model)
    rows = "" if times is None else f", rows every {time_span(float(times[1]))}"
    yield (
        f"stochastic: channels {', '.join(names)}; {counted(model.run.trials, 'trial')} with seed {model.run.seed}, "
        f"which gives the same openings on every backend{rows}"
    )
