"""One run and its files, from the first step to the last: rows, checkpoints, and a folder that is always complete."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium import __version__
from rdcalcium.backends import Operations, open_backend
from rdcalcium.discretization.build import probes_in_lumens
from rdcalcium.integrators.base import MAX_STAGES
from rdcalcium.integrators.limits import HEADROOM
from rdcalcium.library import used_references
from rdcalcium.model import Model, write_toml
from rdcalcium.recorders.peaks import Peaks
from rdcalcium.recorders.schedule import schedules
from rdcalcium.results import Result, RunFolderError, folder
from rdcalcium.results.about import About, Rest, Status
from rdcalcium.results.csv_table import read_table
from rdcalcium.results.distances import keep_distances
from rdcalcium.results.inputs import keep_inputs, within
from rdcalcium.results.per_stimulus import add_counts
from rdcalcium.results.placement import keep_places
from rdcalcium.results.provenance import about_discretization, computed_by, scene
from rdcalcium.runner.beginnings import beginnings
from rdcalcium.runner.completeness import require_fitting
from rdcalcium.runner.microscope import Microscope
from rdcalcium.runner.recording import Recording, require_space, stimuli_of
from rdcalcium.runner.rest import kept
from rdcalcium.runner.summary import Spent, summarize
from rdcalcium.simulation import Simulation, SimulationError
from rdcalcium.system import System

SHOW_EVERY = 0.1  # s of wall time
FLUSH_EVERY = 1.0  # s
CHECKPOINT_EVERY = 60.0  # s
FIRST_CHECKPOINT = 5.0  # s
KNOWN_AFTER, KNOWN_SHARE = 10.0, 0.02  # s of wall time, or share of the run: the first steps are tiny, and tell nothing


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    t, duration  ms, of this trial
    trial, of    its number, and that of the last one
    h            last step, ms
    steps        taken so far
    rate         model time per wall time, ms s⁻¹
    remaining    estimated wall time, s; infinite before anything is known
    bound        what keeps steps as short as they are, in words, where they have all stages that there are
    """

    t: float
    duration: float
    h: float
    steps: int
    rate: float
    remaining: float
    trial: int = 1
    of: int = 1
    bound: str = ""

    @property
    def share(self) -> float:
        """Of the whole run that is done, 0 to 1."""
        return (self.trial - 1 + self.t / self.duration) / self.of


def checkpointed_model(model: Model, path: Path) -> str:
    """Text of model.toml, by which a checkpoint knows its model wherever the folder is."""
    return write_toml(within(model, path))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """A disk that is full, or gone, is one sentence."""
    try:
        yield
    except BrokenPipeError:  # whoever read the progress has left: nothing to do with the folder
        raise
    except OSError as error:
        raise RunFolderError(f"cannot write to {path}: {_reason(error)}; what was written before is kept") from error


def _reason(error: OSError) -> str:
    """What the operating system says, also where HDF5 wraps it into a report of its own."""
    wrapped = re.search(r"error message = '([^']*)'", str(error))
    return error.strerror or (wrapped[1] if wrapped else str(error).splitlines()[0])


class Execution:
    """One run in its folder. Make it, which writes the first files, then `go`."""

    def __init__(
        self,
        model: Model,
        path: Path,
        system: System,
        backend: str,
        reason: str,
        device: int | None,
        threads: int | None,
        state: dict[str, Any] | None,
        rest: Rest | None = None,
        given: Model | None = None,
    ):
        """Begin a run, or go on from the `state` of a checkpoint.

        rest     where it begins, for run.json
        given    the model with its rules of placement; none: it has none, or the run goes on with places
        reason   why this backend was chosen, for run.json
        device   number of the GPU, if one was asked for
        threads  on the CPU, if a number was asked for
        """
        self.model, self.path, self.given = model, path, given or model
        self.begun = time.perf_counter()
        self.before = 0.0  # s, of the runs that this one goes on with
        self.step, self.stages = 0.0, 0  # the last one, ms, and how many stages it took
        self.spent = Spent()  # by the trials before this one
        operations = open_backend(backend, system, model.run.precision, device, threads)
        self.simulation = Simulation(model, operations)
        self.microscope = Microscope(model, system)
        self.about = _about(model, operations, reason, rest)
        self.when = schedules(model)
        with _writing(path):
            self._go_on(state) if state else self._begin()

    def _begin(self) -> None:
        """First files. An earlier run gives way only now that everything else has succeeded."""
        require_space(self.path, self.model, self.simulation.system, self.when, self.microscope.size)
        self.model = keep_inputs(self.model, self.path)
        folder.remove_run(self.path)
        try:
            folder.write_atomically(self.path / folder.MODEL, self._model_text.encode())
            keep_places(self.path, self.given, within(self.model, self.path))
            keep_distances(self.path, self.model)
            self.about.write(self.path)
            self.recording = Recording(self.path, self.model, self.simulation, self.when, self.microscope, None)
            self.recording.look(self.simulation.now())
            self._save()  # whatever ends the run from here on, Ctrl-C in Python too, it can go on
        except BaseException:
            with suppress(OSError):
                self.about.model_copy(update={"status": "failed"}).write(self.path)
            raise

    def _go_on(self, state: dict[str, Any]) -> None:
        """Back to a checkpoint; where that fails the folder says what it said before."""
        own = {"peaks": Peaks(len(self.model.watched)).values, "lowest": 0.0, "released": 0, "wall": self.before}
        own |= stimuli_of(self.simulation).saved()
        own |= self.microscope.state()
        own |= {"spent": np.array(astuple(self.spent))}
        require_fitting(self.path, state, self.simulation.state() | own)
        self.before, self.spent = float(state["wall"]), Spent(*state["spent"].tolist())
        self.simulation.restore(state)
        self.recording = Recording(self.path, self.model, self.simulation, self.when, self.microscope, state)
        self.about.write(self.path)

    def go(self, progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Result:
        """Advance to the end, or until asked to stop; the folder is complete either way."""
        try:
            with _writing(self.path):
                self._advance(progress, should_stop)
                self._complete()
        except BaseException as error:
            # The state may be that of half a step: the last checkpoint stands.
            if self.about.status == "running":
                with suppress(OSError):
                    self._tell("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        finally:
            self.recording.close()
        return Result(self.path)

    def _advance(self, progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> None:
        simulation = self.simulation
        shown = flushed = -np.inf
        started, done_before = time.perf_counter(), self._done()
        saved = started - max(CHECKPOINT_EVERY - FIRST_CHECKPOINT, 0.0)
        while not should_stop() and not self.finished:
            if simulation.finished:
                self._next_trial()
            self._stretch()
            if simulation.finished:
                self.recording.end_trial()
            now = time.perf_counter()
            if now - shown > SHOW_EVERY or self.finished:
                progress(self._progress(now - started, self._done() - done_before))
                shown = now
            if now - flushed > FLUSH_EVERY:
                self.recording.flush()
                flushed = now
            if now - saved > CHECKPOINT_EVERY:
                self._save()
                saved = now
        self.recording.write_sent()

    @property
    def finished(self) -> bool:
        """Whether the last trial is at its end."""
        return self.simulation.finished and self.simulation.trial == self.model.computed_trials

    def _done(self) -> float:
        """Model time of all trials so far, ms."""
        return (self.simulation.trial - 1) * self.model.run.duration + self.simulation.t

    def _next_trial(self) -> None:
        """Be at rest again."""
        self.spent = self.spent.and_of(self.simulation)
        self.simulation.begin(self.simulation.trial + 1)
        self.recording.begin_trial()

    def _stretch(self) -> None:
        """Some steps, none after one in which the state is looked at; those before a run breaks off are kept too."""
        try:
            moments = self.simulation.stretch(until=self.recording.following(self.simulation.t))
        except SimulationError as error:
            for moment in error.before:
                self.recording.look(moment)
            self.recording.write_sent()
            raise
        for moment in moments:
            self.recording.look(moment)
            self.step, self.stages = moment.h, moment.evaluations

    def _progress(self, wall: float, done: float) -> Progress:
        """What is shown after `wall` s in which `done` ms were simulated."""
        simulation, duration, rate = self.simulation, self.model.run.duration, done / wall
        whole = self.model.computed_trials * duration
        known = wall > KNOWN_AFTER or done > KNOWN_SHARE * whole or self.finished
        remaining = (whole - self._done()) / rate if known and rate else np.inf
        number = (simulation.trial, self.model.computed_trials)
        return Progress(simulation.t, duration, self.step, simulation.steps, rate, remaining, *number, self._bound())

    def _bound(self) -> str:
        """What makes steps short whose stages cannot be more; nothing where it is the tolerance."""
        if self.stages < MAX_STAGES:
            return ""
        times, more = HEADROOM
        return self.simulation.system.step_bound.most(times * self.simulation.points.highest_calcium + more)

    def _wall(self) -> float:
        return self.before + time.perf_counter() - self.begun

    @cached_property
    def _model_text(self) -> str:
        return checkpointed_model(self.model, self.path)

    def _save(self) -> None:
        own = {"model": np.array(self._model_text), "wall": self._wall(), "spent": np.array(astuple(self.spent))}
        state = self.simulation.state() | self.recording.state() | own | kept(self.simulation.system)
        folder.write_checkpoint(self.path, state)

    def _complete(self) -> None:
        """Leave a complete folder: tables, summary, and a checkpoint if the run can go on.

        It is finished when all is there: a run that ends before goes on from its last checkpoint.
        """
        self.microscope.write_table(self.path)
        if not self.finished:
            self._save()
            return self._tell("interrupted")
        self.recording.flush()
        add_counts(self.path, self.model)
        self.recording.copy_tables()
        self._tell("finished")
        (self.path / folder.CHECKPOINT).unlink(missing_ok=True)

    def _tell(self, status: Status) -> None:
        with suppress(OSError):  # a disk that is full does not keep run.json from saying so
            self.recording.flush()
        spent, recording = self.spent.and_of(self.simulation), self.recording
        trials, fused = read_table(self.path / folder.TRIALS), read_table(self.path / folder.RELEASES)
        summary = summarize(self.simulation, recording.peaks, recording.lowest, self._wall(), spent, trials, fused)
        about = self.about.model_copy(update={"status": status, "summary": summary})
        about.write(self.path)
        self.about = about


def _about(model: Model, operations: Operations, reason: str, rest: Rest | None) -> About:
    """What run.json says before the first step."""
    discretization = operations.system.discretization
    return About(
        title=model.title,
        status="running",
        started=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        version=__version__,
        references=used_references(model),
        seed=model.run.seed,
        precision=model.run.precision,
        machine=computed_by(operations, reason),
        discretization=about_discretization(discretization, model),
        begins=beginnings(model),
        rest=rest,
        lumens=probes_in_lumens(model, discretization.locator, discretization.space) or None,
        fields=[f.name for f in operations.system.fields],
        scene=scene(model, discretization),
    )
