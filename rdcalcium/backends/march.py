"""Explicit steps as launches of kernels that know by themselves how far they are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.backends.base import Array
from rdcalcium.backends.program import LOG, MARCH, RULES, STATES, Marcher, Phase, Program, Status, Stretch, When

if TYPE_CHECKING:
    from rdcalcium.backends.kernels import KernelOperations

CAPACITY = 64  # steps in the log
ROOMS = (8, 16, 32, 64, 128, 256, 512, 1024)  # numbers of stages that a round is made for
GROWTH = 1.25  # of the number of stages from one step to the next, about
PARTIAL = 128  # errors that one thread looks at in the end


class KernelMarcher(Marcher):
    """Launches rounds of kernels; what a round does depends on what the device has come to.

    A round plans a step unless one is under way, takes `stages` of its stages, and if these are the last ones, ends it.
    So the host need not know how many stages a step has: too few only cost another round, and too many do nothing.
    """

    def __init__(self, do: KernelOperations, program: Program):
        self.do, self.program = do, program
        self.fields, self.points = do.system.shape[0], len(program.points.indices)
        self.groups, self.cells = program.shares.shape[1], len(program.cells)
        self.width = len(LOG) + 2 * self.fields * self.points
        self.most_stages = int(program.ladder.stages[-1])
        self.upload()

    def upload(self) -> None:
        """All tables, and room for the state of the march, its log, currents and errors."""
        up, real, program = self.do.upload, self.do.real, self.program
        rules = {**program.rules, "capacity": CAPACITY}
        self.march = up(np.zeros(len(MARCH)))
        self.rules = up(np.array([rules[name] for name in RULES], dtype=float))
        self.stops, self.binding = up(program.stops), up(program.binding)
        ladder, courses = program.ladder, program.courses
        self.stages, self.reach = up(ladder.stages.astype(float)), up(ladder.reach)
        self.table = (up(ladder.first.astype(np.int64)), up(ladder.rows))
        self.courses = (up(courses.first.astype(np.int64)), up(courses.knots), up(courses.pieces))
        self.charge, self.amounts = up(courses.charge), up(program.amounts)
        self.source = (self.do.indices(program.cells), up(program.shares))
        self.current = up(np.zeros((self.most_stages + 1, self.groups)))
        self.atol = up(program.atol.astype(real))
        self.worst = self.do.zeros(self.do.system.shape[1])
        self.errors = (self.do.zeros(self.do.reduction_threads), self.do.zeros(PARTIAL))
        self.look = (self.do.indices(program.points.indices), up(program.points.weights.astype(float)))
        self.cytosolic = up(program.cytosolic.astype(float))
        self.log = up(np.zeros((CAPACITY, self.width)))
        self.at = up(np.zeros(len(STATES), dtype=np.int64))

    def renew(self, stops: np.ndarray, shares: np.ndarray, amounts: np.ndarray) -> None:
        """Where they are: the launches that were recorded look there."""
        for place, values in ((self.stops, stops), (self.source[1], shares), (self.amounts, amounts)):
            place[:] = self.do.upload(values)

    def go(self, march: Mapping[str, float], states: Sequence[Array], rounds: int) -> Stretch:
        """Launch rounds until there is something to ask."""
        self.begin(march, states)
        self.drive(rounds)
        return self.stretch(states)

    def begin(self, march: Mapping[str, float], states: Sequence[Array]) -> None:
        """Hand the device what it starts from."""
        self.march[:] = self.do.upload(np.array([march.get(name, 0.0) for name in MARCH], dtype=float))
        self.at[:] = self.do.upload(np.array([self.do.address(state) for state in states], dtype=np.int64))

    @abstractmethod
    def drive(self, rounds: int) -> None:
        """Launch so many rounds, or fewer if there is something to ask."""

    def now(self, name: str) -> float:
        """A value of `MARCH` on the device."""
        return float(self.do.download(self.march)[MARCH.index(name)])

    def stretch(self, states: Sequence[Array]) -> Stretch:
        """What the device has come to."""
        march = dict(zip(MARCH, self.do.download(self.march).tolist(), strict=True))
        place = {self.do.address(state): state for state in states}
        log = self.do.download(self.log[: int(march["logged"])])
        # One array a step: all of them together would be new memory each time, which costs more than the copy.
        watched = [row[len(LOG) :].reshape(2, self.fields, self.points).copy() for row in log]
        now = tuple(place[address] for address in self.do.download(self.at).tolist())
        return Stretch(
            march, now, log[:, : len(LOG)].copy(), [step[0] for step in watched], [step[1] for step in watched]
        )

    def plan(self) -> None:
        """The length of a step and its currents, unless one is under way."""
        launch, program = self.do.launch, self.program
        sizes = (len(program.stops), len(program.ladder.stages), len(program.binding), self.points, self.width)
        tables = (self.stops, self.stages, self.reach, self.binding, self.cytosolic, self.log)
        launch("plan", (1,), self.march, self.rules, *tables, *sizes, 1)
        count = self.current.size
        launch("currents", (count,), self.march, *self.table, *self.courses, self.current, self.groups, count)
        flows = (*self.table, *self.courses, self.charge, self.amounts, self.current)
        launch("see", (1,), self.march, self.rules, *flows, self.groups, 1)

    def step(self, stages: int) -> None:
        """So many stages, and the end of the step if they are its last."""
        do = self.do
        values = do.values_of_a_state
        self.inject(When.BEGINS, 1.0, 0.0, stages)
        do.launch("begin", (values,), self.march, self.at, *self.table, values)
        self.add_up(When.BEGINS, 0)
        of_cells, of_sites = (*do.neighbours, do.p), (*do.at_sites, do.total, do.added)
        for offset in range(1, stages + 1):
            do.on_cells("march_stage", self.march, self.at, *self.table, *of_cells, offset)
            self.add_up(When.STAGES, offset)
            do.on_sites("march_patch_stage", self.march, self.at, *self.table, *of_sites, offset)
            source = (*self.source, self.current, offset, self.groups)
            do.launch("inject_stage", (self.cells,), self.march, self.at, *self.table, *source, self.cells)
        self.inject(When.ARRIVES, 0.0, 1.0, stages)
        do.on_cells("march_arrive", self.march, self.rules, self.at, *of_cells, self.atol, self.worst, stages)
        self.add_up(When.ARRIVES, stages)
        do.on_sites("march_patch_arrive", self.march, self.rules, self.at, *of_sites, self.atol, self.worst, stages)
        self.inject(When.ARRIVES, -1.0, -1.0, stages)
        self.judge(stages)

    def add_up(self, when: When, more: int) -> None:
        """What lies in the stores when a step begins, or what an increment of it adds."""
        do = self.do
        partial, total = (do.partial_total, do.total) if when == When.BEGINS else (do.partial_added, do.added)
        do.on_stores("march_patch_totals", partial, total, self.march, self.at, ends=(int(when), more))

    def inject(self, when: When, a: float, b: float, stages: int) -> None:
        """Sources of both ends of the step into the rate of change at its beginning, or out of it."""
        source = (*self.source, self.current, int(when), a, b, stages, self.groups)
        self.do.launch("inject", (self.cells,), self.march, self.at, *source, self.cells)

    def judge(self, stages: int) -> None:
        """Accept the step or not, and note what there is to see."""
        launch, (fields, n) = self.do.launch, self.do.system.shape
        many, few = self.errors
        launch("largest", (many.size,), self.march, self.worst, many, stages, n, many.size, block=1, work=n)
        launch("largest", (few.size,), self.march, many, few, stages, many.size, few.size, block=1)
        states = (self.march, self.rules, self.stops, few, self.at, self.log)
        launch("judge", (1,), *states, few.size, stages, len(self.program.stops), self.width, 1)
        corners = self.program.points.indices.shape[1]
        watched = (*self.look, self.log, corners, fields, n, self.width, self.points)
        launch("note", (self.points,), self.march, self.at, *watched)


class AheadMarcher(KernelMarcher):
    """Launches a round before it is known what the one before came to, so that the device never waits for the host.

    The number of stages of a round is a guess, from the step before the last.
    """

    _guess = ROOMS[0]

    def drive(self, rounds: int) -> None:
        """Look one round late, but at the last one, so that no step is left under way or to be halved.

        Rounds in vain do nothing.
        """
        for number in count():
            self.round(next(room for room in ROOMS if room >= self._guess or room == ROOMS[-1]))
            self.send(number % 2)
            looked_at = number - 1 if number + 1 < rounds else number
            if looked_at < 0:
                continue
            march = dict(zip(MARCH, self.receive(looked_at % 2).tolist(), strict=True))
            self._guess = int(GROWTH * march["stages"])
            last = looked_at == number and march["phase"] == Phase.NEW
            if last or march["status"] != Status.GOING:
                return

    @abstractmethod
    def round(self, stages: int) -> None:
        """Launch a round of so many stages."""

    @abstractmethod
    def send(self, slot: int) -> None:
        """After what was launched, begin to copy the state of the march to one of two places on the host."""

    @abstractmethod
    def receive(self, slot: int) -> np.ndarray:
        """What was sent there, when it has come; values of `MARCH`."""
