"""How far a run or a movie is, and what takes long before: a bar in a terminal, lines in a log; on stderr."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

import click

from rdcalcium.units import milliseconds, time_span

if TYPE_CHECKING:
    from rdcalcium.runner import Progress

LOGGER = "rdcalcium"  # of the package, whose modules tell there what takes long
SILENT, LOOKS = 60.0, 20  # s, after which a log gets another line; how often the clock is looked at in that time


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """What a run calls to show its progress."""
    with _shown("meshing and compiling") as show:
        yield lambda p: show(p.share, in_words(p))


@contextmanager
def estimate_bar() -> Iterator[Callable[[float, str], None]]:
    """What an estimate calls with the share that is done, and words on what comes."""
    with _shown("planning") as show:
        yield show


@contextmanager
def frames_bar() -> Iterator[Callable[[int, int], None]]:
    """What a movie calls with the number of frames that are drawn, and of all."""
    with _shown("preparing") as show:
        yield lambda done, total: show(done / total, f"frame {done} of {total}")


@contextmanager
def working() -> Iterator[None]:
    """Shows what takes long in the block, as soon as something is told."""
    shown: list[_Display] = []
    with ExitStack() as stack:

        def tell(words: str) -> None:
            if not shown:
                shown.append(stack.enter_context(_display(words, None)))
            shown[0].say(words)

        with _listening(tell):
            yield


@contextmanager
def _shown(first: str) -> Iterator[Callable[[float, str], None]]:
    """What shows the share that is done, 0 to 1, with words that say more; `first` are those before it is called."""
    with _display(first, 1.0) as show, _listening(show.say):
        yield show


class _Display(Protocol):
    """What shows how far something is."""

    def __call__(self, share: float, words: str) -> None:
        """So far, 0 to 1."""

    def say(self, words: str) -> None:
        """What is done now, nobody knows how far."""


@contextmanager
def _display(first: str, total: float | None) -> Iterator[_Display]:
    """A bar in a terminal, which only moves where there is no total; lines in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    @dataclass
    class InTerminal:
        bar: Bar
        task: TaskID

        def __call__(self, share: float, words: str) -> None:
            self.bar.update(self.task, completed=share, description=words, since="")

        def say(self, words: str) -> None:
            self.bar.update(self.task, description=words, since=_Since(time.perf_counter()))

    console = Console(stderr=True)
    if not console.is_terminal:
        with LogLines(first) as lines:
            yield lines
        return
    words = TextColumn("{task.description}{task.fields[since]}")
    columns = [BarColumn(), TimeElapsedColumn(), words]  # time goes on in a long step too
    with Bar(*columns, console=console, transient=True) as bar:
        yield InTerminal(bar, bar.add_task(first, total=total, since=""))


@dataclass(frozen=True)
class _Since:
    """A moment, which as a text says how long ago it was when somebody looks."""

    moment: float

    def __str__(self) -> str:
        return f", {time.perf_counter() - self.moment:.0f} s so far"


@contextmanager
def _listening(tell: Callable[[str], None]) -> Iterator[None]:
    """Hands on what the package tells of its work."""
    logger, handler = logging.getLogger(LOGGER), logging.Handler(logging.INFO)
    handler.emit = lambda record: tell(record.getMessage())  # type: ignore[method-assign]
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class LogLines:
    """Progress as lines: at every tenth, and what was told last again after SILENT seconds without a line.

    words  those that were told last
    """

    def __init__(self, words: str):
        self.words, self.told = words, time.perf_counter()
        self.tenth, self.shown = -1, self.told
        self._ended, self._watching = Event(), Thread(target=self._watch, daemon=True)

    def __enter__(self) -> LogLines:
        """Look at the clock from now on."""
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        """No more of that."""
        self._ended.set()
        self._watching.join()

    def __call__(self, share: float, words: str) -> None:
        """Show a line if another tenth is done."""
        self.words, self.told = words, time.perf_counter()
        if int(10 * share) > self.tenth:
            self.tenth, self.shown = int(10 * share), self.told
            click.echo(words, err=True)

    def say(self, words: str) -> None:
        """Show a line."""
        self.words = words
        self.told = self.shown = time.perf_counter()
        click.echo(words, err=True)

    def _watch(self) -> None:
        """One step may take longer than that, and so may a mesh."""
        while not self._ended.wait(SILENT / LOOKS):
            now = time.perf_counter()
            if now - self.shown > SILENT:
                self.shown = now
                with suppress(OSError):  # whoever read it has left: the next call finds that out
                    click.echo(f"{self.words}; {now - self.told:.0f} s ago", err=True)


def in_words(p: Progress) -> str:
    """How far a run is, in a line."""
    trial = f"trial {p.trial} of {p.of}, " if p.of > 1 else ""
    if not p.h:
        return f"{trial}t = {p.t:.4g} of {milliseconds(p.duration, 4)}"
    far = f"{trial}t = {time_span(p.t, 4)} of {time_span(p.duration, 4)}, step {time_span(p.h)} (number {p.steps:,})"
    if p.bound:
        far += f", kept short by {p.bound}"
    if p.remaining == float("inf"):
        return far  # of a few tiny steps nothing can be said
    return f"{far}, {time_span(p.rate)} of model time per s, {p.remaining:.0f} s remaining"
