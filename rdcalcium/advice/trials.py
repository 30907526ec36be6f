"""What is random in a model, and what makes it the same again."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model import Model
from rdcalcium.recorders.schedule import row_times
from rdcalcium.units import counted, time_span


def randomness(model: Model) -> Iterator[str]:
    """What comes by chance, in how many trials, and with which seed; of a deterministic model nothing."""
    names = [repr(group.name) for group in model.channels if group.gating == "stochastic"]
    counting = [repr(entry.name) for entry in model.imaging if entry.photons is not None]
    fusing = [repr(sensor.name) for sensor in model.sensors if sensor.fusion == "stochastic"]
    kinds = (("channels", names), ("photons of", counting), ("vesicles of", fusing))
    random = [f"{what} {', '.join(some)}" for what, some in kinds if some]
    if not random:
        return
    times = row_times(model)
    rows = "" if times is None else f", rows every {time_span(float(times[1]))}"
    alike = " and ".join(
        what for what, some in zip(("openings", "photons", "fusions"), (names, counting, fusing), strict=True) if some
    )
    yield (
        f"stochastic: {', '.join(random)}; {counted(model.run.trials, 'trial')} with seed {model.run.seed}, "
        f"which gives the same {alike} on every backend{rows}"
    )
