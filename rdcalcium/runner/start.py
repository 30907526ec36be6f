"""Beginning a run, and going on with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rdcalcium.advice import crawling, left_out, resolution_warnings, warn_the_caller
from rdcalcium.backends import choose
from rdcalcium.discretization.build import discretize
from rdcalcium.geometry.planning import planned_size
from rdcalcium.library import loaded, resolve
from rdcalcium.machine import OtherPrograms
from rdcalcium.memory import check_memory
from rdcalcium.model import Model, doubts, read_toml
from rdcalcium.placement import placed
from rdcalcium.precision import require_precision
from rdcalcium.results import Result, RunFolderError, folder
from rdcalcium.results.about import About
from rdcalcium.runner.busy import waiting
from rdcalcium.runner.execution import Execution, Progress, checkpointed_model
from rdcalcium.runner.rest import begun, told, unrest
from rdcalcium.steady_state.rest import at_rest
from rdcalcium.system import System, build_system


def run(
    model: Model | str | Path,
    backend: str = "auto",
    out: str | Path | None = None,
    *,
    device: int | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] = lambda p: None,
    should_stop: Callable[[], bool] = lambda: False,
    warn: Callable[[list[str]], None] = warn_the_caller,
) -> Result:
    """Simulate a model and return its Result.

    model        or the name of one of the library, or the path of a model file
    backend      "auto", "cuda", "compiled" or "numpy"
    out          run folder; none: a new folder among the temporary files. It stays, for the Result reads from it
                 and rdcalcium.view can show it: `result.folder` is its place, to be moved or deleted by you
    device       number of the GPU, of those that `rdcalcium list devices` shows; none: the first one
    threads      on the CPU, which do not change the numbers; none: as OMP_NUM_THREADS says, else one for each core that
                 this process may use
    overwrite    replace an earlier run in that folder
    progress     called about ten times a second
    should_stop  asked before every step; on True the run is saved so that it can be resumed
    warn         called with sentences about what was hardly meant, and then about a terminal that has no rest, or one
                 that is not as typed, about cells that are too wide, steps that will be very short, and cores that are
                 busy, all before the first step; by default each is a ModelWarning

    Raises RunFolderError where the folder cannot be used, also because another run is writing to it.
    """
    given = loaded(model)
    model = placed(given)
    name, reason = choose(backend, device, threads)
    with folder.new_run(out, overwrite) as path:
        warn([*doubts(model), *left_out(given, model)])
        others = OtherPrograms()
        rested = at_rest(model, prepare(model, name, device))
        system, rest = rested.system, told(rested)
        before = [*unrest(rested, model), *resolution_warnings(model, system), *crawling(model, system)]
        warn([*before, *waiting(name, system, threads, others)])
        execution = Execution(model, path, system, name, reason, device, threads, None, rest, given)
        return execution.go(progress, should_stop)


def resume(
    path: str | Path,
    backend: str = "auto",
    *,
    device: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] = lambda p: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Go on with an interrupted run from its last checkpoint; with the same backend the numbers are the same.

    The other arguments are those of `run`. Raises RunFolderError where there is nothing to go on with.
    """
    path = Path(path)
    about = About.read(path)
    with folder.claimed(path):
        if about.status == "finished":
            raise RunFolderError(f"the run in {path} is finished; there is nothing to resume")
        folder.require_writable(path)
        state = folder.read_checkpoint(path)
        model = resolve(read_toml(path / folder.MODEL), origin=str(path / folder.MODEL), folder=path)
        if str(state.get("model")) != checkpointed_model(model, path):
            raise RunFolderError(
                f"{path / folder.MODEL} is not the model that the checkpoint belongs to; restore it, or run it anew"
            )
        before = about.machine.backend
        name, reason = choose(before if backend == "auto" else backend, device, threads)
        reason = about.machine.reason if backend == "auto" and name == before else reason
        system = begun(model, prepare(model, name, device), path, state, about.rest)
        execution = Execution(model, path, system, name, reason, device, threads, state, about.rest)
        return execution.go(progress, should_stop)


def prepare(model: Model, backend: str, device: int | None = None) -> System:
    """Mesh or grid of a model, and the arrays on it; where memory is short, refused before they are made.

    A tolerance that single precision would not hold is refused too.
    """
    check_memory(model, planned_size(model), backend, device)
    discretization = discretize(model)
    check_memory(model, discretization.size, backend, device)
    system = build_system(model, discretization)
    require_precision(model, system.chemistry, discretization.total_volume, discretization.radius)
    return system
