"""The commands: run, compare, steady, check, view, mesh, list and bench."""

from __future__ import annotations

import math
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rdcalcium import __version__
from rdcalcium.backends import BACKENDS, describe
from rdcalcium.cli.mesh import mesh
from rdcalcium.cli.progress import estimate_bar, frames_bar, progress_bar, working
from rdcalcium.cli.report import show_report
from rdcalcium.cli.stop import stoppable
from rdcalcium.view.canvas import FORMATS

if TYPE_CHECKING:
    from rdcalcium.model import Model
    from rdcalcium.results import Result

INTERRUPTED = 130  # exit status, as after Ctrl-C in a shell
SHOWN = 3  # warnings of a kind, before a run

out_option = click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder [default: runs/, named after MODEL]."
)
backend_option = click.option(
    "--backend", default="auto", show_default=True, help=f"auto, or one of: {', '.join(BACKENDS)}."
)

device_option = click.option("--device", type=int, help="Number of the GPU, see `rdcalcium list devices`.")
threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="On the CPU; they change no number [default: OMP_NUM_THREADS, else one for each core of the process].",
)


def _number(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """A factor; click takes nan to be within every range."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a number.")
    return value


def _share(context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """A share such as "1 %"."""
    if value is None:
        return None
    from rdcalcium.errors import InputError
    from rdcalcium.fineness.told import require_accuracy
    from rdcalcium.units import parse

    try:
        share = parse(value, "number")
        require_accuracy(share)
    except InputError as error:
        raise click.BadParameter(f"{error}") from None
    return share


refine_option = click.option(
    "--refine", type=click.FloatRange(1, 8), callback=_number, help="Divide every cell size by this factor."
)
tetrahedra_option = click.option("--tetrahedra", is_flag=True, help="Solve on tetrahedra instead of the model's grid.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rdcalcium")
def cli() -> None:
    """Calcium reaction-diffusion in the presynaptic terminal.

    MODEL is the name of a library model (see `rdcalcium list models`) or the path of a model file.
    """


cli.add_command(mesh)


@cli.command()
@click.argument("model", required=False)
@out_option
@backend_option
@device_option
@threads_option
@refine_option
@tetrahedra_option
@click.option(
    "--compare",
    is_flag=True,
    help="With --refine: run MODEL on its own cells too, unless that is done, and show what the cells leave of error.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier run in the same folder.")
@click.option("--resume", "resumed", type=click.Path(path_type=Path), metavar="RUN", help="Go on with a stopped run.")
def run(
    model: str | None,
    out: Path | None,
    backend: str,
    device: int | None,
    threads: int | None,
    refine: float | None,
    tetrahedra: bool,
    compare: bool,
    overwrite: bool,
    resumed: Path | None,
) -> None:
    """Simulate MODEL; progress and a summary are shown, everything is written to a run folder."""
    if (model is None) == (resumed is None):
        raise click.UsageError("give either a MODEL or --resume RUN")
    if resumed is not None:
        if refine or tetrahedra or out or overwrite or compare:
            raise click.UsageError(
                "--resume goes on with the run as it is; --out, --overwrite, --refine, --compare and --tetrahedra do "
                "not apply"
            )
        from rdcalcium import runner

        with stoppable() as should_stop, progress_bar() as progress:
            result = runner.resume(
                resumed, backend, device=device, threads=threads, progress=progress, should_stop=should_stop
            )
        return _finish(result)
    if compare and (refine is None or refine == 1):
        raise click.UsageError("--compare compares with a run on finer cells: add --refine 2")
    with stoppable() as should_stop:
        with working():
            loaded = _load(model, refine, tetrahedra)  # a mistake in it is told before the runner is imported
        from rdcalcium import runner

        def warn(sentences: list[str]) -> None:
            _warn_of_some(sentences, f"{_checking(model, refine, tetrahedra)} tells all")

        click.echo(_headline(loaded, model or "", backend, device, threads))
        how: dict[str, Any] = {"device": device, "threads": threads, "should_stop": should_stop, "warn": warn}
        plain = out.with_name(f"{out.name}-unrefined") if out else _run_folder(Path(model or ""), None, tetrahedra)
        out = out or _run_folder(Path(model or ""), refine, tetrahedra)
        with progress_bar() as progress:
            if compare:
                from rdcalcium.runner.again import all_finished

                both = {plain: _load(model, None, tetrahedra), out: loaded}
                results = all_finished(both, backend, overwrite=overwrite, tell=click.echo, progress=progress, **how)
            else:
                results = [runner.run(loaded, backend, out, overwrite=overwrite, progress=progress, **how)]
    _finish(results[-1])
    if compare:
        from rdcalcium.cli.comparison import compare_runs
        from rdcalcium.results.same_model import others_of_model

        compare_runs([*results, *others_of_model(_refined(plain), results)])


@cli.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN RUN...")
def compare(runs: tuple[Path, ...]) -> None:
    """Show what the cells leave of error in finished runs of one model on cells of different sizes.

    Two runs tell it by Richardson's extrapolation, three whether it goes with the square of the width. The table is
    written into the folder of the finest run too.
    """
    from rdcalcium.cli.comparison import compare_runs
    from rdcalcium.results import Result

    compare_runs([Result(run) for run in runs])


def _checking(model: str | None, refine: float | None, tetrahedra: bool) -> str:
    """The command that gives advice on what a run with these options computes."""
    options = (f" --refine {refine:g}" if refine else "") + (" --tetrahedra" if tetrahedra else "")
    return f"rdcalcium check {shlex.quote(model or '')}{options}"


def _warn_of_some(sentences: list[str], where_all: str) -> None:
    """The first of these, also while a bar is drawn: it moves out of the way of what sys.stdout is given."""
    more = [f"{len(sentences) - SHOWN} more like these; {where_all}"] if len(sentences) > SHOWN else []
    for sentence in sentences[:SHOWN] + more:
        click.echo(f"warning: {sentence}", file=sys.stdout)


def _run_folder(model: Path, refine: float | None, tetrahedra: bool) -> Path:
    """Where a run goes unless somebody says: named after the model, and after what is different about its mesh."""
    name = model.parent.name if model.name == "model.toml" and model.parent.name else model.stem
    return Path("runs") / (name + ("-tetrahedra" if tetrahedra else "") + (f"-refine-{refine:g}" if refine else ""))


def _refined(plain: Path) -> list[Path]:
    """Where runs of it with --refine are, by their names."""
    return sorted(plain.parent.glob(f"{plain.name}-refine-*"))


def _load(name: str | None, refine: float | None, tetrahedra: bool) -> Model:
    from rdcalcium.library import load

    model = load(name or "")
    if tetrahedra:
        model = model.on_tetrahedra()
    return model.refined(refine) if refine else model


def _headline(model: Model, source: str, backend: str, device: int | None, threads: int | None) -> str:
    from rdcalcium.backends import choose
    from rdcalcium.library import likeness

    name, reason = choose(backend, device, threads)
    return "\n".join([model.title, *likeness(source), f"backend: {name} ({reason})"])


def _finish(result: Result) -> None:
    show_report(result)
    if result.about.status == "interrupted":
        sys.exit(INTERRUPTED)


@cli.command()
@click.argument("model")
@click.option(
    "--at",
    default="peak",
    show_default=True,
    help='Moment whose currents stay, such as "0.6 ms"; peak: when most flows.',
)
@click.option(
    "--hold",
    multiple=True,
    metavar="SURFACE",
    help="A surface far away, such as z_max, that stays at rest; repeatable.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the table to this CSV file.")
@refine_option
@tetrahedra_option
def steady(
    model: str, at: str, hold: tuple[str, ...], out: Path | None, refine: float | None, tetrahedra: bool
) -> None:
    """Find what MODEL tends to while its channels stay as they are at one moment."""
    with working():
        loaded = _load(model, refine, tetrahedra)
    from rdcalcium import steady_state
    from rdcalcium.cli.report import show_steady_state

    def warn(sentences: list[str]) -> None:
        _warn_of_some(sentences, f"{_checking(model, refine, tetrahedra)} tells all")

    begun = time.perf_counter()
    with working():
        found = steady_state.steady(loaded, at, hold, warn=warn)
    click.echo(loaded.title)
    show_steady_state(found, time.perf_counter() - begun)
    if out:
        steady_state.write_table(found, out)
        click.echo(out)


@cli.command()
@click.argument("model")
@device_option
@refine_option
@tetrahedra_option
@click.option(
    "--error", "estimate", is_flag=True, help="Estimate what the cells leave of error; says how long that takes."
)
@click.option(
    "--accuracy",
    metavar="SHARE",
    callback=_share,
    help='Which error of calcium is wanted, with --error [default: "2 %"].',
)
def check(
    model: str, device: int | None, refine: float | None, tetrahedra: bool, estimate: bool, accuracy: float | None
) -> None:
    """Read and validate MODEL; print it resolved, with sizes, memory and advice. Runs nothing."""
    from rdcalcium.model import write_toml

    with working():
        loaded = _load(model, refine, tetrahedra)
    from rdcalcium import advice
    from rdcalcium.library import likeness

    told: tuple[str, ...] = ()
    lines = [f"by how much cells are off at each sensor: {_checking(model, refine, tetrahedra)} --error"]
    if estimate or accuracy:
        told, lines = _estimated(loaded, accuracy, device)
    with working():
        found = advice.check(loaded, device=device, told=told)
    click.echo(write_toml(loaded))  # of a model that is refused the one sentence is all that is said
    for line in (*likeness(model), *found, *lines):
        click.echo(f"# {line}")


def _estimated(model: Model, accuracy: float | None, device: int | None) -> tuple[tuple[str, ...], list[str]]:
    """Names of the points whose error is estimated, and what is said of it; or why none is."""
    from rdcalcium.fineness import NoEstimateError, estimate_error, sentences
    from rdcalcium.fineness.told import ACCURACY

    try:
        with estimate_bar() as progress:
            found = estimate_error(model, progress=progress)
    except NoEstimateError as error:
        return (), [f"warning: by how much cells are off is not estimated: {error}"]
    return found.told, [*sentences(found, accuracy or ACCURACY, device)]


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--screenshot", is_flag=True, help="Write pictures into RUN/pictures instead of opening a window.")
@click.option("--movie", is_flag=True, help="Write a movie of the whole run into RUN/pictures.")
@click.option(
    "--time",
    help='Time of the picture, such as "1.1 ms"; its file is then named after it [default: the peak at the sensors].',
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    help="Of the flat pictures [default: png]; the plume is a PNG.",
)
@click.option(
    "--at",
    help='Where plane and section are drawn: an active zone by its name, or a point such as "0.1 um, 0, 20 nm" '
    "[default: the zone with the most channels; of a plane membrane all that is worth it].",
)
@click.option(
    "--normal",
    help='Of the plane of section, such as "0, 1, 0" [default: across the membrane, where most channels, sensors and '
    "vesicles are].",
)
def view(
    run: Path, screenshot: bool, movie: bool, time: str | None, kind: str | None, at: str | None, normal: str | None
) -> None:
    """Show the calcium plume of a RUN folder in 3-D."""
    if (any((kind, at, normal)) and not screenshot) or (time and movie and not screenshot):
        raise click.UsageError("--format, --at, --normal, and --time with --movie, are for pictures: add --screenshot")
    from rdcalcium.view import figures

    if (screenshot or not movie) and (other := figures.other_moment(run, time)):
        click.echo(other, err=True)
    if not screenshot and not movie:
        figures.window(run, time)
    if screenshot:
        for path in figures.render_all(run, time, kind or FORMATS[0], at, normal):
            click.echo(path)
    if movie:
        path = figures.movie_file(run)
        if path.suffix != ".mp4":
            click.echo("the movie will be a GIF; an MP4 needs: pip install imageio imageio-ffmpeg", err=True)
        with frames_bar() as progress:
            path = figures.movie(run, path, progress=progress)
        click.echo(path)


@cli.command(name="list")
@click.argument("what", required=False)
def list_entries(what: str | None) -> None:
    """List the library with its sources: all of it, one KIND of entries, or all that one ENTRY says.

    Kinds are buffers, channels, pumps, transports, sensors, waveforms and models; `devices` are what this machine
    computes with.
    """
    from rdcalcium.library import explain

    click.echo("\n".join(describe() if what == "devices" else explain(what)))


@cli.command()
@click.option("--quick", is_flag=True, help="Small sizes, to see that the benchmark works.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@threads_option
def bench(quick: bool, json_file: Path | None, threads: int | None) -> None:
    """Measure this machine: memory bandwidth, and updates per second of the main kernel on every backend."""
    from rdcalcium.bench import measure, table, write

    figures = measure(quick, threads)
    click.echo(table(figures))
    if json_file:
        write(figures, json_file)
        click.echo(json_file, err=True)  # whoever keeps the table of stdout wants no more in it
