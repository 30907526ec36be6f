"""run.json: what a run says about itself, each key spelt once, beside the attribute that it becomes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from rdcalcium.model.levels import LEAST_REST
from rdcalcium.results.folder import ABOUT, RunFolderError, lost, write_atomically
from rdcalcium.results.scene import Scene
from rdcalcium.units import counted, figures, level, milliseconds, nanometres

Begins = Literal["at rest", "solved", "as typed", "without rest"]
Status = Literal["running", "finished", "interrupted", "failed"]


class Entry(BaseModel):
    """A table of run.json. Attributes are made by their names, and written under their keys, which hold the unit."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, arbitrary_types_allowed=True)

    def to_json(self) -> dict[str, Any]:
        """The table; what is None is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Machine(Entry):
    """What a run ran on, and with.

    reason    why this backend was chosen
    versions  name -> version of all that computed
    """

    backend: str
    reason: Annotated[str, Field(alias="backend chosen because")]
    device: str
    processor: str
    threads: int
    system: str
    versions: dict[str, str]


class Volumes(Entry):
    """Sizes of the control volumes; figures of quality, which differ from kind to kind, stand beside under their names.

    count     control volumes, those of lumens of stores too
    volume    µm³, of the cytosol of the computed part
    surfaces  name -> µm²
    lumens    region that the lumen of a store fills -> µm³; none: none has control volumes
    widths    sensor or probe -> mean width of tetrahedra between it and the nearest channel, µm; none: a grid
    remarks   sentences on the file that they come from; none: there is no file, or nothing to say of it
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float]

    kind: str
    count: Annotated[int, Field(alias="control volumes")]
    volume: Annotated[float, Field(alias="volume (um^3)")]
    surfaces: Annotated[dict[str, float], Field(alias="surfaces (um^2)")]
    lumens: Annotated[dict[str, float] | None, Field(alias="lumens (um^3)")] = None
    widths: Annotated[dict[str, float] | None, Field(alias="widths from the channels (um)")] = None
    remarks: list[str] | None = None

    @property
    def quality(self) -> dict[str, float]:
        """Figures of quality by name, such as "smallest cell (nm)"."""
        return self.__pydantic_extra__


class Point(Entry):
    """What one sensor or probe saw.

    peak                 of calcium, µM
    time_of_peak         ms
    release_probability  at the end; none at a probe
    cumulative_release   releases expected until the end; none where no vesicle comes back

    Of several trials these are means, and with `_sd` their standard deviations.
    """

    peak: Annotated[float, Field(alias="peak calcium (uM)")]
    time_of_peak: Annotated[float, Field(alias="time of peak (ms)")]
    release_probability: Annotated[float | None, Field(alias="release probability")] = None
    cumulative_release: Annotated[float | None, Field(alias="cumulative release")] = None
    peak_sd: Annotated[float | None, Field(alias="SD of peak calcium (uM)")] = None
    time_of_peak_sd: Annotated[float | None, Field(alias="SD of time of peak (ms)")] = None
    release_probability_sd: Annotated[float | None, Field(alias="SD of release probability")] = None
    cumulative_release_sd: Annotated[float | None, Field(alias="SD of cumulative release")] = None

    def __str__(self) -> str:
        """In a line."""
        text = f"peak {self.peak:.3g} uM at {self.time_of_peak:.3g} ms"
        if self.release_probability is not None:
            text += f", release probability {self.release_probability:.3g}"
        if self.cumulative_release is not None:
            text += f", {self.cumulative_release:.3g} releases"
        return text


class Amounts(Entry):
    """The calcium ledger at the end, µM µm³: see rdcalcium.recorders.ledger.Balance."""

    entered: float
    free: float
    bound: dict[str, float]
    initial: float
    pumped: dict[str, float] = Field(default_factory=dict)
    stored: dict[str, float] = Field(default_factory=dict)
    missing: float
    relative_error: Annotated[float, Field(alias="relative error")]


class Summary(Entry):
    """What a reader of a run wants to know first.

    time            that was reached, ms
    trials          that are complete; none where there is one alone
    failures        share of trials in which no vesicle of any site is released, expected; none without sensors
    drawn_failures  share of the complete trials in which none of the vesicles that are drawn fuses; none without those
    points          by the name of the sensor or probe
    ledger          of the last trial
    lowest          of all concentrations in the snapshots, µM
    wall_time       s
    peak_memory     MiB, the most that the whole process has held since it began
    began           sentence on where the run began, if not at rest as its model says; it stands beside, in run.json
    """

    time: Annotated[float, Field(alias="time (ms)")]
    trials: Annotated[int | None, Field(alias="complete trials")] = None
    failures: Annotated[float | None, Field(alias="failures to be expected")] = None
    drawn_failures: Annotated[float | None, Field(alias="share of failures")] = None
    points: dict[str, Point]
    ledger: Annotated[Amounts, Field(alias="ledger (uM um^3)")]
    lowest: Annotated[float, Field(alias="lowest value (uM)")]
    steps: int
    rejected: Annotated[int, Field(alias="rejected steps")]
    evaluations: int
    wall_time: Annotated[float, Field(alias="wall time (s)")]
    peak_memory: Annotated[float, Field(alias="peak memory of the process (MiB)")]
    began: Annotated[str, Field(exclude=True)] = ""

    @property
    def stepped(self) -> str:
        """How far the run came, and in how many steps: of several trials in all of them together."""
        steps, time = counted(self.steps, "step"), milliseconds(self.time, 4)
        return f"{time} in {steps}" if self.trials is None else f"{time}, in {steps} of all trials together"

    @property
    def drawn(self) -> str:
        """The failures that were counted, and of what; nothing where no vesicle is drawn in several trials."""
        return "" if self.drawn_failures is None else f"share of failures of drawn vesicles {self.drawn_failures:.3g}"

    def __str__(self) -> str:
        """A line for each point, then where it began, the calcium and the steps."""
        width = max(map(len, self.points), default=0)
        lines = [f"{name:{width}}  {point}" for name, point in self.points.items()]
        trials = [] if self.trials is None else [counted(self.trials, "trial")]
        failures = [] if self.failures is None else [f"failures to be expected {self.failures:.3g}"]
        drawn = [self.drawn] if self.drawn else []
        ledger = self.ledger
        return "\n".join(
            [
                *lines,
                *([self.began] if self.began else []),
                f"calcium (uM um^3): {ledger.initial:.6g} at first, {ledger.entered:.6g} entered, "
                f"{ledger.missing:.2g} missing",
                ", ".join([*trials, *failures, *drawn, f"{self.stepped}; wall time {self.wall_time:.1f} s"]),
            ]
        )


class Rest(Entry):
    """Where a run begins, and how fast calcium drifts there before anything happens.

    begins   "at rest", as the model says it and without drift; "solved", at rest elsewhere; "as typed", with a drift,
             because the model asks for that; "without rest", with a drift, because no rest was found
    why      none was found
    typed    calcium that the model says, µM
    mean, lowest, highest  over the control volumes, µM
    stores   name -> free calcium that the model says, and that the store begins with, µM
    drift    of calcium in the whole cytosol with its buffers in equilibrium, nM/ms
    largest  of free calcium in one control volume without open channels, before buffers and neighbours take part,
             nM/ms
    at       µm, where that is
    current  of channels that are open in the state of the model, pA; 0 where a rest was found
    """

    begins: Begins
    why: str | None = None
    typed: Annotated[float, Field(alias="calcium of the model (uM)")]
    mean: Annotated[float, Field(alias="calcium at time zero (uM)")]
    lowest: Annotated[float, Field(alias="lowest (uM)")]
    highest: Annotated[float, Field(alias="highest (uM)")]
    stores: Annotated[dict[str, list[float]], Field(alias="stores (uM)")] = {}
    drift: Annotated[float, Field(alias="residual drift (nM/ms)")]
    largest: Annotated[float, Field(alias="largest residual drift (nM/ms)")]
    at: Annotated[list[float], Field(alias="at (um)")]
    current: Annotated[float, Field(alias="current of channels (pA)")] = 0.0

    @property
    def told(self) -> str:
        """The sentence; nothing of a run that begins as its model says, where nothing drifts."""
        return self.sentence if self.begins != "at rest" or self.largest else ""

    @property
    def sentence(self) -> str:
        """What was done, from what to what, and what is left."""
        begun = f"the run begins with {level(self.typed)} as typed, from where calcium drifts {self._drift}"
        if self.begins == "as typed":
            return f'rest: not looked for, because the model says rest = "as typed"; {begun}'
        if self.begins == "without rest":
            return f"rest: none was found, for {self.why}; {begun}"
        levels = [_settled("calcium", self.typed, self.mean, self._range)]
        levels += [_settled(f"store {name}", typed, found) for name, (typed, found) in self.stores.items()]
        stays = abs(self.largest) <= TOLD_STILL * max(self.mean, LEAST_REST)
        left = f"there it stays, to {abs(self.largest):.1g} nM/ms" if stays else f"it still drifts {self._drift}"
        return f"rest: {', '.join(levels)}; {left}"

    @property
    def _drift(self) -> str:
        return drift_in_words(self.drift, self.largest, self.at, self.current)

    @property
    def _range(self) -> str:
        """Over the control volumes, where they differ."""
        low, high = level(self.lowest), level(self.highest)
        return "" if low == high else f" on average, {low} to {high} in its control volumes"


TOLD_STILL = 1e-3  # nM/ms for each µM there is: less than a millionth of it in a ms is told as no drift


def drift_in_words(mean: float, largest: float, at: Sequence[float], current: float) -> str:
    """By how much calcium drifts, nM/ms: on average with its buffers, and at most by itself, where (µm) that is.

    current  of channels, pA, without which the average would be another
    """
    said = f"by {figures(mean, 2)} nM/ms on average over the cytosol, with its buffers"
    if current:
        said += f", while channels let in {figures(current)} pA"
    if largest:
        where = nanometres(at, 4)
        said += f", and by {figures(largest)} nM/ms at most, at {where}, before buffers and neighbours take part"
    return said


def _settled(what: str, typed: float, found: float, more: str = "") -> str:
    """From one level to another, µM."""
    before, after = level(typed), level(found)
    return f"{what} {before}{' as typed' if before == after else f' -> {after}'}{more}"


def _scene(entry: Any) -> Scene:
    return entry if isinstance(entry, Scene) else Scene.from_json(entry)


class About(Entry):
    """The whole of run.json.

    started     date and time
    version     of rdcalcium
    references  of the papers whose values the run used: key, citation, doi
    begins      ms, when each part of the stimulus begins, each current and each flash, by what they belong to
    rest        where it begins; none in folders of earlier versions
    lumens      name of each probe that is in the lumen of a store: that store
    fields      names of what was computed, calcium first
    summary     none until the run has stopped
    """

    title: str
    status: Status
    started: str
    version: Annotated[str, Field(alias="rdcalcium")]
    references: list[dict[str, str]]
    seed: int
    precision: str
    machine: Machine
    discretization: Volumes
    begins: dict[str, list[float]] = {}
    rest: Rest | None = None
    lumens: Annotated[dict[str, str] | None, Field(alias="probes in lumens")] = None
    fields: list[str]
    scene: Annotated[Scene, BeforeValidator(_scene), PlainSerializer(Scene.to_json)]
    summary: Summary | None = None

    def write(self, folder: Path) -> None:
        """Write it into a run folder."""
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        write_atomically(folder / ABOUT, text.encode())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read that of a run folder; raises RunFolderError where there is none, or it is damaged."""
        path = folder / ABOUT
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            begun = folder.is_dir() and not any(folder.iterdir())
            why = "; a run that was killed before its first step leaves it so: run the model again" if begun else ""
            raise RunFolderError(f"{folder} is not a run folder: it has no {ABOUT}{why}") from None
        except NotADirectoryError:
            raise RunFolderError(f"{folder} is a file; give the folder of a run") from None
        except ValidationError as error:
            raise lost(f"{path} is damaged: {_first(error)}") from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise lost(f"{path} is damaged") from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, in one line."""
    wrong = error.errors()[0]
    place = "".join(f"{key!r}: " for key in wrong["loc"])
    return place + wrong["msg"].removeprefix("Value error, ")
