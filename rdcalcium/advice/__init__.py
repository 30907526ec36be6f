"""What to know about a model before it runs: size, memory, cost, and where the cells are too wide for it."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from rdcalcium import memory
from rdcalcium.advice.areas import followed
from rdcalcium.advice.bodies import bodies
from rdcalcium.advice.buffering import binding_ratios
from rdcalcium.advice.cells import cell_sizes
from rdcalcium.advice.clefts import gaps
from rdcalcium.advice.cost import WARNING, cost, crawling, step_bound
from rdcalcium.advice.images import images
from rdcalcium.advice.open_channels import open_channels
from rdcalcium.advice.placement import left_out, placement
from rdcalcium.advice.quality import judge_mesh
from rdcalcium.advice.resolution import captures, distances, pumped, senses
from rdcalcium.advice.rest import beginning
from rdcalcium.advice.size import does_not_fit, fewer_on_tetrahedra, memory_line, single_precision, sizes
from rdcalcium.advice.temperature import temperature
from rdcalcium.advice.trials import randomness
from rdcalcium.backends import choose
from rdcalcium.chemistry import Chemistry, build_chemistry
from rdcalcium.currents import Currents, channel_currents
from rdcalcium.discretization import Locator
from rdcalcium.discretization.space import Space
from rdcalcium.errors import ModelWarning
from rdcalcium.geometry.planning import planned_size
from rdcalcium.library import loaded, used_references
from rdcalcium.model import Model, doubts
from rdcalcium.placement import placed
from rdcalcium.precision import require_precision
from rdcalcium.recorders.schedule import schedules
from rdcalcium.system import System, chemistry_at

__all__ = ["check", "crawling", "left_out", "resolution_warnings", "warn_the_caller"]


def check(model: Model | str | Path, *, device: int | None = None, told: Collection[str] = ()) -> list[str]:
    """Short sentences on a model, the sizes first; those that ask for a change begin with "warning".

    model   or the name of one of the library, or the path of a model file
    device  number of the GPU that a run would take, of those that `rdcalcium list devices` shows; none: the first one
    told    names of sensors and probes of which `estimate_error` tells what cells leave: rules of thumb are silent then

    What a run would refuse before its first step, such as a tolerance that single precision does not hold, is the same
    RdcalciumError here; but of a model that does not fit into memory the sentences say so.
    """
    given = loaded(model)
    model = placed(given)
    currents = _refused_by_a_run(model)
    name, reason = choose("auto", device)
    questions = [WARNING + question for question in (*doubts(model), *left_out(given, model))]
    backend = f"backend that auto takes: {name}, because {reason}"
    planned = planned_size(model)
    if any(m.short for m in memory.memories(model, planned, name, device)):
        fewer = fewer_on_tetrahedra(model, planned)
        return [*does_not_fit(model, planned, name, device), *fewer, backend, *questions, *_references(model)]
    cells, chemistry = cell_sizes(model), build_chemistry(model)
    require_precision(model, chemistry, cells.volume, cells.radius)
    begins = beginning(model, cells.make)
    calcium, stored = begins.level.calcium, begins.level.lumens
    resting = chemistry_at(model, calcium, stored)
    return [
        *memory_line(model, cells, name, device),
        *fewer_on_tetrahedra(model, cells.count + cells.solid),
        backend,
        *questions,
        *sizes(model, cells, resting, stored),
        *placement(model, cells.made),
        *binding_ratios(model, calcium),
        *open_channels(model, currents),
        *cost(model, step_bound(model, cells, chemistry)),
        *single_precision(model, cells, chemistry),
        *begins.sentences,
        *temperature(model),
        *randomness(model),
        *images(model),
        *_resolution(model, cells.locator, cells.space, resting, cells.count, told),
        *followed(model, cells.make),
        *model.geometry.remarks,
        *(judge_mesh(model, cells.made) if cells.made else ()),
        *_references(model),
    ]


def resolution_warnings(model: Model, system: System) -> list[str]:
    """Of what `check` says, the warnings about the control volumes, for a run that has made them."""
    made = system.discretization
    lines = [
        *_resolution(model, made.locator, made.space, system.chemistry, made.size),
        *followed(model, lambda: made),
        *judge_mesh(model, made),
    ]
    return [line.removeprefix(WARNING) for line in lines if line.startswith(WARNING)]


def warn_the_caller(sentences: Iterable[str]) -> None:
    """As Python warns, of the line that called the function which calls this."""
    for sentence in sentences:
        warnings.warn(sentence, ModelWarning, stacklevel=3)


def _resolution(
    model: Model, locator: Locator, space: Space, chemistry: Chemistry, count: int, told: Collection[str] = ()
) -> Iterator[str]:
    """Whether so many control volumes are fine enough; a single one is not meant to resolve anything."""
    if count == 1:
        yield "one well-mixed compartment: all concentrations are the same everywhere"
        return
    yield from distances(model, locator, told)
    yield from gaps(model, locator)
    yield from bodies(model, space)
    yield from senses(model, locator)
    yield from pumped(model)
    yield from captures(model, locator, space, chemistry, told)


def _refused_by_a_run(model: Model) -> Currents:
    """Make what a run makes before its first step, so that its refusals are told here too; its currents."""
    currents = channel_currents(model)
    schedules(model)
    return currents


def _references(model: Model) -> Iterator[str]:
    """What to cite."""
    for paper in used_references(model):
        yield f"reference: {paper['citation']}"
