"""Single precision: as accurate as double precision where it runs, and refused where rounding would make the steps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rdcalcium import runner
from rdcalcium.advice import check
from rdcalcium.advice.cells import cell_sizes
from rdcalcium.backends import open_backend
from rdcalcium.chemistry import build_chemistry
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import ModelError
from rdcalcium.integrators.stepper import ROUNDING_SHOWS, Stepper
from rdcalcium.model import Buffer, Channels, ConstantCurrent, Model, Run
from rdcalcium.precision import EVEN, NOISE, PATIENCE, STEPS, _time_constant, require_precision
from rdcalcium.system import build_system
from tests.models import FIXED, small_model, small_system
from tests.support import PRECISIONS, ROOT, benchmark, fresh, simulate

SCRIPTS = ROOT / "scripts" / "benchmarks"
ROWS: list[dict[str, Any]] = json.loads((SCRIPTS / "results" / "precision.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The benchmark as a module."""
    with benchmark("precision") as module:
        yield module


# What was measured --------------------------------------------


def test_a_row_comes_out_again(script: ModuleType) -> None:
    """That of calmodulin at the loosest tolerance, but for the errors, which ask for many times as many steps."""
    (row,) = (row for row in ROWS if row["model"] == script.QUICK and row["tolerance"] == script.TOLERANCES[0])
    model = script.models()[script.QUICK]
    system = build_system(model, discretize(model))
    for precision in PRECISIONS:
        found = script.simulate(model, system, precision, row["tolerance"])
        assert found.steps == pytest.approx(row[f"steps, {precision}"], rel=0.05)
        assert found.rejected == pytest.approx(row[f"rejected, {precision}"], abs=1)
        assert abs(found.missing) < 10 * abs(row[f"missing calcium, {precision}"]) + 1e-14


def test_where_it_runs_single_precision_answers_as_well_as_double() -> None:
    """Where both land on the same moments; elsewhere, as where a current bends, within a few errors of either."""
    for row in ROWS:
        for what in ("error of calcium", "error of release"):
            allowed = max(row["tolerance"], 4 * row[f"{what}, float64"])
            assert not row["holds"] or row[f"{what}, float32"] <= allowed, row
        assert abs(row["missing calcium, float32"]) < 2e-6, row


def test_the_numbers_of_the_rule_are_those_that_were_measured() -> None:
    """The steps that a solution asks for; and the noise, where rounding makes most steps while currents flow."""
    asked = [row["asked"] for row in ROWS if row["tolerance"] < ROUNDING_SHOWS]
    assert np.median(asked) == pytest.approx(STEPS, rel=0.2)
    noise = [r["noise"] for r in ROWS if not r["stalled"] and r["steps, float32"] > 4 * r["steps, float64"]]
    assert len(noise) > 1
    assert np.mean(noise) == pytest.approx(NOISE, rel=0.3)


def test_what_runs_does_not_stall_and_what_is_refused_would() -> None:
    for row in ROWS:
        ratio = row["steps, float32"] / row["steps, float64"]
        assert ratio < PATIENCE if row["holds"] else ratio > PATIENCE, row


def test_the_rule_is_the_one_that_was_measured(script: ModuleType) -> None:
    models = script.models()
    assert {row["model"] for row in ROWS} == set(models)
    for name in ("calmodulin, 20 nm", "3 nm cells", "decay of 100 ms", "open for 100 ms"):
        model = models[name]
        cells, chemistry = cell_sizes(model), build_chemistry(model)
        for row in (row for row in ROWS if row["model"] == name):
            asked = single(model, row["tolerance"])
            refused = refusal(asked, chemistry, cells.volume, cells.radius)
            assert bool(refused) != row["holds"], (name, row["tolerance"], refused)


def test_the_script_measures_again(tmp_path) -> None:
    command = [sys.executable, str(SCRIPTS / "precision.py"), "--quick", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    rows = json.loads((tmp_path / "precision-quick.json").read_text())
    assert [row["tolerance"] for row in rows] == [0.1, 0.01]
    assert set(rows[0]) == set(ROWS[0])


# The refusal --------------------------------------------


def single(model: Model, tolerance: float, **run: Any) -> Model:
    """A model in single precision."""
    kept = model.run.model_dump(exclude_none=True)
    return model.changed(run=kept | {"precision": "float32", "tolerance": tolerance} | run)


def refusal(*asked: Any) -> str:
    """What is said against a run; nothing if it may begin."""
    try:
        require_precision(*asked)
    except ModelError as error:
        return str(error)
    return ""


def open_pore(precision: str = "float32", **run: Any) -> Model:
    """A pore that stays open for 1 s."""
    pore = Channels(name="Ca", positions=((0.0, 0.0),), current=ConstantCurrent(amplitude=0.01))
    return small_model(channels=(pore,), run=Run(duration=1000, precision=precision, **run))


def test_a_run_says_which_tolerance_it_would_hold_and_holds_it() -> None:
    asked = open_pore(tolerance=1e-6)
    with pytest.raises(ModelError, match=r"^run.precision = \"float32\" does not hold run.tolerance = 1e-06: ") as told:
        runner.prepare(asked, "numpy")
    least = float(str(told.value).partition("in this run is ")[2].partition(":")[0])
    assert 1e-6 < least < 1e-3
    runner.prepare(open_pore(tolerance=least), "numpy")
    with pytest.raises(ModelError):
        runner.prepare(open_pore(tolerance=0.4 * least), "numpy")
    with pytest.raises(ModelError, match=r'precision = "float64"$'):
        check(asked)


def test_check_says_when_single_precision_would_cost_steps() -> None:
    """From where they count, though the run is not refused yet."""
    said = {}
    for tolerance, precision in ((1e-3, "float32"), (2e-4, "float32"), (2e-4, "float64")):
        lines = check(open_pore(precision, tolerance=tolerance))
        said[tolerance, precision] = [line for line in lines if "for its rounding" in line]
    (sentence,) = said.pop((2e-4, "float32"))
    assert sentence.startswith(
        'warning: precision = "float32" at run.tolerance = 0.0002 may take about 700 steps for its'
    )
    assert "besides about 300 that the solution asks for" in sentence
    assert not any(said.values()), said


def test_double_precision_is_never_refused() -> None:
    runner.prepare(open_pore("float64", tolerance=1e-9), "numpy")


@pytest.mark.parametrize("empty", [{"calcium": {"rest": 0}}, {"buffers": [FIXED.changed(total=0)]}])
def test_an_error_of_nothing_is_not_asked_of_what_is_not_there(empty: dict[str, Any]) -> None:
    """Relative to zero every error is infinite."""
    run = {"duration": 0.2, "absolute_tolerance": 0}
    with pytest.raises(ModelError, match=r"^run.absolute_tolerance = 0 allows no error where there is no (Ca|fixed)"):
        check(small_model(run=run, **empty))
    runner.prepare(small_model(run=run), "numpy")


@pytest.mark.parametrize("run", [{"max_step": 0.001}, {"absolute_tolerance": 1.0}])
def test_steps_that_are_short_anyway_and_wide_absolute_tolerances_leave_room_for_rounding(
    run: dict[str, float],
) -> None:
    system = small_system()
    cells = system.discretization
    asked = open_pore(tolerance=1e-6, **run)
    assert not refusal(asked, system.chemistry, cells.total_volume, cells.radius)


# The arithmetic --------------------------------------------


def test_the_first_state_is_kept_to_twice_the_digits(backend: str) -> None:
    system = small_system()
    rest = np.repeat(system.chemistry.rest[:, None], system.shape[1], axis=1)
    stepper = Stepper(open_backend(backend, system, "float32"), rest)
    y, carried = (stepper.do.to_host(a) for a in (stepper.y, stepper.carried))
    assert np.abs(carried).max() > 0
    assert y + carried == pytest.approx(rest, rel=1e-13)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_the_refined_rate_is_that_of_the_state_before_rounding(kind: str, backend: str) -> None:
    """On a smooth state, where the rate of the rounded one is noise."""
    system = small_system(kind)
    x = system.discretization.centres @ [1.0, 0.5, 0.2]
    y = system.chemistry.rest[:, None] * (1 + 1e-3 * np.cos(5 * x))
    double, do = open_backend("numpy", system), open_backend(backend, system, "float32")
    exact, plain, refined = double.new(), do.new(), do.new()
    double.rhs(y, exact)
    rounded = do.from_host(y)
    do.rhs(rounded, plain)
    do.refined_rhs(rounded, do.from_host(y - do.to_host(rounded)), refined)
    there = system.discretization.volumes > 0
    errors = [np.abs(do.to_host(a) - exact)[:, there].max(axis=1) for a in (plain, refined)]
    moving = system.chemistry.diffusivity > 0
    assert np.all(errors[1][moving] < 0.2 * errors[0][moving])


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_with_a_small_tolerance_it_takes_the_steps_of_double_precision(kind: str) -> None:
    runs = [
        simulate(small_model(kind, "fixed", run=Run(duration=0.2, tolerance=1e-4, precision=precision)))
        for precision in ("float64", "float32")
    ]
    assert runs[1].steps == pytest.approx(runs[0].steps, rel=0.03)
    assert runs[1].values == pytest.approx(runs[0].values, rel=1e-4)


def test_rounding_makes_steps_for_as_long_as_is_thought_and_not_for_good() -> None:
    """While the slowest mode of diffusion dies away, in a tolerance that single precision does not hold."""
    described = small_model(chemistry="fixed", channels=())
    cells, chemistry = small_system(chemistry="fixed").discretization, build_chemistry(described)
    tau = _time_constant(chemistry, cells.total_volume)
    x = cells.centres[:, 0]
    mode = np.cos(np.pi * (x - x.min()) / np.ptp(x))

    def steps(since: float, precision: str) -> int:
        """Of a fifth of that time, `since` so many time constants."""
        asked = Run(duration=0.2 * EVEN * tau, tolerance=1.5e-7, precision=precision)
        run = fresh(described.changed(run=asked), "compiled", cells)
        run.stepper = Stepper(run.do, chemistry.rest[:, None] * (1 + np.exp(-since) * mode))
        run.run()
        return run.steps

    assert steps(0.8 * EVEN, "float32") > 1.5 * steps(0.8 * EVEN, "float64")
    assert steps(2 * EVEN, "float32") <= steps(2 * EVEN, "float64") + 2


def test_the_rate_is_refined_below_a_tolerance_alone() -> None:
    def evaluations(tolerance: float, precision: str) -> int:
        run = fresh(small_model(run=Run(duration=0.3, tolerance=tolerance, precision=precision)))
        return run.advance().evaluations

    for tolerance, more in ((ROUNDING_SHOWS, 0), (0.9 * ROUNDING_SHOWS, 2)):
        assert evaluations(tolerance, "float32") - evaluations(tolerance, "float64") == more


def test_a_buffer_that_is_nearly_full_frees_as_much_in_either_precision() -> None:
    """Of 10 mM some nM are free: less than single precision rounds off what is bound."""
    full = Buffer(name="full", total=10_000, diffusivity=0, k_on=0.5, K_d=1e-6)
    ends = [
        simulate(small_model(buffers=(full,), run=Run(duration=0.3, tolerance=1e-3, precision=precision))).values[0]
        for precision in ("float64", "float32")
    ]
    assert ends[1] == pytest.approx(ends[0], rel=1e-5)
