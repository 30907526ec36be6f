"""How far a run or a movie is: a bar in a terminal, a line now and then in a log; on stderr."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rdcalcium.units import milliseconds, time_span

if TYPE_CHECKING:
    from rdcalcium.runner import Progress

SILENT = 60.0  # s, after which a log gets another line


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """What a run calls to show its progress."""
    with _shown("meshing and compiling") as show:
        yield lambda p: show(p.share, in_words(p))


@contextmanager
def frames_bar() -> Iterator[Callable[[int, int], None]]:
    """What a movie calls with the number of frames that are drawn, and of all."""
    with _shown("preparing") as show:
        yield lambda done, total: show(done / total, f"frame {done} of {total}")


@contextmanager
def _shown(first: str) -> Iterator[Callable[[float, str], None]]:
    """What shows the share that is done, 0 to 1, with words that say more; `first` are those before it is called."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield LogLines()
        return
    columns = [BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}")]  # time goes on in a long step too
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(first, total=1.0)
        yield lambda share, words: bar.update(task, completed=share, description=words)


class LogLines:
    """Progress as lines, at every tenth, and after each SILENT seconds in which there was none."""

    def __init__(self) -> None:
        self.tenth, self.shown = -1, -math.inf

    def __call__(self, share: float, words: str) -> None:
        """Show a line if another tenth is done, or if the last one is long ago."""
        tenth, now = int(10 * share), time.perf_counter()
        if tenth > self.tenth or now - self.shown > SILENT:
            self.tenth, self.shown = tenth, now
            click.echo(words, err=True)


def in_words(p: Progress) -> str:
    """How far a run is, in a line."""
    trial = f"trial {p.trial} of {p.of}, " if p.of > 1 else ""
    if not p.h:
        return f"{trial}t = {p.t:.4g} of {milliseconds(p.duration, 4)}"
    far = f"{trial}t = {time_span(p.t, 4)} of {time_span(p.duration, 4)}, step {time_span(p.h)} (number {p.steps:,})"
    if p.bound:
        far += f", held there by {p.bound}"
    if p.remaining == float("inf"):
        return far  # of a few tiny steps nothing can be said
    return f"{far}, {time_span(p.rate)} of model time per s, {p.remaining:.0f} s remaining"
