"""How far a run is: a bar in a terminal, a line now and then in a log; on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rdcalcium.runner import Progress


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """What a run calls to show its progress."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield LogLines()
        return
    columns = [BarColumn(), TextColumn("{task.description}")]
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("meshing and compiling", total=1.0)
        yield lambda p: bar.update(task, completed=p.t, total=p.duration, description=_in_words(p))


class LogLines:
    """Progress as lines, at every tenth of the run."""

    def __init__(self) -> None:
        self.tenth = -1

    def __call__(self, p: Progress) -> None:
        """Show a line if another tenth is done."""
        tenth = int(10 * p.t / p.duration)
        if tenth > self.tenth:
            self.tenth = tenth
            click.echo(_in_words(p), err=True)


def _in_words(p: Progress) -> str:
    left = "?" if p.remaining == float("inf") else f"{p.remaining:.0f} s"
    return (
        f"t = {p.t:.4g} of {p.duration:.4g} ms, step {1e3 * p.h:.3g} us (number {p.steps}), "
        f"{1e3 * p.rate:.3g} us of model time per s, {left} remaining"
    )
