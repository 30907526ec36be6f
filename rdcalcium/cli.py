"""The command line: run, check, view, list and bench; nothing else."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rdcalcium import __version__
from rdcalcium.errors import RdcalciumError

if TYPE_CHECKING:
    from rdcalcium.model import Model
    from rdcalcium.results import Result
    from rdcalcium.runner import Progress

INTERRUPTED = 130  # exit status, as after Ctrl-C in a shell

out_option = click.option("--out", type=click.Path(path_type=Path), help="Run folder [default: runs/MODEL].")
backend_option = click.option("--backend", default="auto", show_default=True, help="auto, cuda, compiled or numpy.")


def main() -> None:
    """Entry point: mistakes of the user become one sentence and exit status 1."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        _fail("stopped", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except RdcalciumError as error:
        _fail(str(error))
    except OSError as error:  # a file or folder, named in its text
        _fail(str(error) or type(error).__name__)
    except MemoryError:
        _fail("this machine has too little memory for that; choose wider cells")


def _fail(message: str, status: int = 1) -> None:
    click.echo(f"rdcalcium: {message}", err=True)
    sys.exit(status)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rdcalcium")
def cli() -> None:
    """Calcium reaction-diffusion in the presynaptic terminal.

    MODEL is the name of a library model (see `rdcalcium list models`) or the path of a model file.
    """


@cli.command()
@click.argument("model", required=False)
@out_option
@backend_option
@click.option("--refine", type=click.FloatRange(1, 8), help="Divide every cell size by this factor.")
@click.option("--tetrahedra", is_flag=True, help="Solve on tetrahedra instead of the model's grid.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier run in the same folder.")
@click.option("--resume", "resumed", type=click.Path(path_type=Path), metavar="RUN", help="Go on with a stopped run.")
def run(
    model: str | None,
    out: Path | None,
    backend: str,
    refine: float | None,
    tetrahedra: bool,
    overwrite: bool,
    resumed: Path | None,
) -> None:
    """Simulate MODEL; progress and a summary are shown, everything is written to a run folder."""
    if (model is None) == (resumed is None):
        raise click.UsageError("give either a MODEL or --resume RUN")
    if resumed is not None:
        if refine or tetrahedra or out:
            raise click.UsageError(
                "--resume goes on with the run as it is; --out, --refine and --tetrahedra do not apply"
            )
        from rdcalcium import runner

        with _stoppable() as should_stop, _progress_bar() as progress:
            result = runner.resume(resumed, backend, progress=progress, should_stop=should_stop)
        return _report(result)
    loaded = _load(model, refine, tetrahedra)  # a mistake in it is told at once: the runner is imported after it
    from rdcalcium import runner

    click.echo(_headline(loaded, backend))
    out = out or Path("runs") / Path(model or "").stem
    with _stoppable() as should_stop, _progress_bar() as progress:
        result = runner.run(loaded, backend, out, overwrite=overwrite, progress=progress, should_stop=should_stop)
    return _report(result)


def _load(name: str | None, refine: float | None, tetrahedra: bool) -> Model:
    from rdcalcium.library import load
    from rdcalcium.model import Box, Grid, ModelError, Tetrahedra

    model = load(name or "")
    if tetrahedra and isinstance(model.discretization, Grid):
        finest, bulk = model.discretization.size_at_active_zone, model.discretization.size_in_bulk
        model = model.changed(
            discretization=Tetrahedra(size_at_active_zone=max(finest), size_in_bulk=bulk or max(finest))
        )
    if refine:
        if not isinstance(model.geometry, Box):
            raise ModelError("--refine needs a geometry that rdcalcium builds; a mesh file is used as it is")
        model = model.changed(discretization=model.discretization.scaled(1 / refine))
    return model


def _headline(model: Model, backend: str) -> str:
    from rdcalcium.backends import choose

    name, reason = choose(backend)
    return f"{model.title}\nbackend: {name} ({reason})"


class _Stop:
    """Ctrl-C and SIGTERM finish the step and save the run.

    Before the first step there is nothing to save, and a second signal is impatient: both stop at once.
    """

    def __init__(self) -> None:
        self.stepping = self.asked = False

    def __call__(self) -> bool:
        """Whether to stop; asked before every step."""
        self.stepping = True
        return self.asked

    def signalled(self, number: int, frame: Any) -> None:
        """What the operating system calls."""
        if self.asked or not self.stepping:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    stop = _Stop()
    before = {s: signal.signal(s, stop.signalled) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar in a terminal; a line now and then in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _LogLines()
        return
    columns = [BarColumn(), TextColumn("{task.description}")]
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("meshing and compiling", total=1.0)
        yield lambda p: bar.update(task, completed=p.t, total=p.duration, description=_progress_text(p))


class _LogLines:
    """Progress as lines, at every tenth of the run."""

    def __init__(self) -> None:
        self.tenth = -1

    def __call__(self, p: Progress) -> None:
        tenth = int(10 * p.t / p.duration)
        if tenth > self.tenth:
            self.tenth = tenth
            click.echo(_progress_text(p), err=True)


def _progress_text(p: Progress) -> str:
    left = "?" if p.remaining == float("inf") else f"{p.remaining:.0f} s"
    return (
        f"t = {p.t:.4g} of {p.duration:.4g} ms, step {1e3 * p.h:.3g} us (number {p.steps}), "
        f"{1e3 * p.rate:.3g} us of model time per s, {left} remaining"
    )


def _report(result: Result) -> None:
    """The summary of a run, as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    summary, machine = result.summary, result.about["machine"]
    points = summary["points"]
    if points:
        table = Table(title="At the sensors and probes", title_justify="left")
        for heading in ("", "peak [Ca2+] (uM)", "at (ms)", "release probability"):
            table.add_column(heading, justify="left" if not heading else "right")
        for name, values in points.items():
            probability = values.get("release probability")
            table.add_row(
                name,
                f"{values['peak calcium (uM)']:.4g}",
                f"{values['time of peak (ms)']:.3f}",
                "" if probability is None else f"{probability:.4g}",
            )
        console.print(table)
    ledger = summary["ledger (uM um^3)"]
    table = Table(title="Calcium ledger (uM um^3; 1 is 602.2 ions)", title_justify="left")
    table.add_column("")
    table.add_column("amount", justify="right")
    rows = {"at the beginning": ledger["initial"], "entered": ledger["entered"], "free": ledger["free"]}
    rows |= {f"bound to {name}": amount for name, amount in ledger["bound"].items()}
    for name, amount in rows.items():
        table.add_row(name, f"{amount:.6g}")
    table.add_row("missing", f"{ledger['missing']:.2g} (relative {ledger['relative error']:.1g})")
    console.print(table)
    console.print(
        f"{summary['time (ms)']:.4g} ms in {summary['steps']} steps ({summary['rejected steps']} rejected, "
        f"{summary['evaluations']} evaluations) on {result.about['discretization']['control volumes']} "
        "control volumes; "
        f"wall time {summary['wall time (s)']:.1f} s; backend {machine['backend']} on {machine['device']} "
        f"({machine['processor']}); peak memory {summary['peak memory (MiB)']:.0f} MiB"
    )
    if summary["lowest value (uM)"] < -1e-6:
        console.print(
            f"warning: a concentration fell to {summary['lowest value (uM)']:.3g} uM; use a smaller tolerance"
        )
    console.print(f"run folder: {result.folder}")
    if result.about["status"] == "interrupted":
        console.print(f"stopped; go on with: rdcalcium run --resume {result.folder}")
        sys.exit(INTERRUPTED)


@cli.command()
@click.argument("model")
@click.option("--refine", type=click.FloatRange(1, 8), help="Divide every cell size by this factor.")
@click.option("--tetrahedra", is_flag=True, help="Solve on tetrahedra instead of the model's grid.")
def check(model: str, refine: float | None, tetrahedra: bool) -> None:
    """Read and validate MODEL; print it resolved, with sizes, memory and advice. Runs nothing."""
    from rdcalcium.model import write_toml

    loaded = _load(model, refine, tetrahedra)
    from rdcalcium.advice import advise

    click.echo(write_toml(loaded))
    for line in advise(loaded):
        click.echo(f"# {line}")


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--screenshot", is_flag=True, help="Write pictures into RUN/pictures instead of opening a window.")
@click.option("--movie", is_flag=True, help="Write a movie of the whole run into RUN/pictures.")
@click.option("--time", help='Time of the picture, such as "1.1 ms" [default: the peak at the sensors].')
def view(run: Path, screenshot: bool, movie: bool, time: str | None) -> None:
    """Show the calcium plume of a RUN folder in 3-D."""
    from rdcalcium.view import figures

    if not screenshot and not movie:
        figures.window(run, time)
    if screenshot:
        for path in figures.render_all(run, time):
            click.echo(path)
    if movie:
        path = figures.movie(run)
        click.echo(path if path.suffix == ".mp4" else f"{path} (an MP4 needs imageio and imageio-ffmpeg)")


@cli.command(name="list")
@click.argument("kind", required=False)
def list_entries(kind: str | None) -> None:
    """List library entries: buffers, channels, sensors, waveforms or models, with their sources."""
    from rdcalcium.library import KINDS, entries, references

    for one in [kind] if kind else KINDS:
        click.echo(f"{one}:")
        for name, values in entries(one).items():
            click.echo(f"  {name:<28} {values.get('description', '')}")
            for key in values.get("source", []):
                click.echo(f"      {references()[key]['citation']}")


@cli.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that the benchmark works.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def bench(quick: bool, json_file: Path | None) -> None:
    """Measure this machine: memory bandwidth, and updates per second of the main kernel on every backend."""
    from rdcalcium.bench import measure, table, write

    figures = measure(quick)
    click.echo(table(figures))
    if json_file:
        write(figures, json_file)
        click.echo(json_file)
