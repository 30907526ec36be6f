"""Runs on cells of several sizes tell how far they are from the truth."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad_vec

import rdcalcium as rc
from rdcalcium import exact
from rdcalcium.library import resolve
from rdcalcium.model import Model
from rdcalcium.results import Result
from rdcalcium.results.folder import CONVERGENCE
from rdcalcium.results.same_model import difference, model_of
from rdcalcium.runner.again import finished
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import NM
from tests.support import need_backend, rdcalcium
from tests.test_cli import QUICK

D, REST, CURRENT = 0.22, 0.05, 0.1
FLUX = AMOUNT_PER_CHARGE * CURRENT
DEPTHS = 0.0225 + 0.045 * np.arange(0, 10, 3)  # centres of cells of 45, 15 and 5 nm


def calcium_alone(**parts: object) -> Model:
    """Calcium that diffuses from one open channel."""
    channel = {"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": CURRENT}}
    return resolve({"calcium": {"rest": REST, "diffusivity": D}, "channels": [channel], **parts})


def column(size: float) -> Model:
    """So slender that it is one cell wide: calcium enters at its end as through a plane."""
    return calcium_alone(
        geometry={"kind": "box", "size": [0.02, 0.02, 0.45]},
        discretization={"kind": "grid", "size_at_active_zone": [0.02, 0.02, size]},
        probes=[{"name": f"{i}", "position": [0, 0, z]} for i, z in enumerate(DEPTHS)],
        run={"duration": 0.2, "tolerance": 1e-6},
    )


def pumped(size: float, slope: float = 1.0) -> Model:
    """The same with a pump of a slope (µm/ms) on the membrane through which calcium enters."""
    law = {"law": "P*Ca", "parameters": {"P": f"{slope} um/ms"}}
    return column(size).changed(run={"tolerance": 1e-4}, pumps=[{"name": "pump", "surface": "membrane", **law}])


FAR = np.random.default_rng(1).uniform([-0.45, -0.45, 0.05], [0.45, 0.45, 0.45], (24, 3))
PROBES = [{"name": f"{i}", "position": point.tolist()} for i, point in enumerate(FAR)]


def box(kind: str) -> Model:
    """A box with probes far from its channel, in cells that are wide there."""
    finest = 0.03 if kind == "grid" else 0.08
    return calcium_alone(
        geometry={"kind": "box", "size": [1, 1, 0.5]},
        discretization={"kind": kind, "size_at_active_zone": finest, "size_in_bulk": 0.1},
        probes=PROBES,
        run={"duration": 0.3, "tolerance": 1e-4},
    )


@lru_cache
def in_the_box() -> np.ndarray:
    """Calcium at its probes in the end."""
    size = np.array([1, 1, 0.5])
    pore = np.array([0.5, 0.5, 0])
    return REST + quad_vec(lambda t: exact.box_point(FLUX, pore, FAR + pore, t, size, D), 1e-6, 0.3, epsrel=1e-8)[0]


def run_each(models: list[Model], folder: Path) -> list[Result]:
    need_backend("compiled")
    return [rc.run(model, "compiled", folder / f"{i}", warn=lambda _: None) for i, model in enumerate(models)]


def peaks(count: int) -> list[str]:
    return [f"{i}: peak Ca (uM)" for i in range(count)]


def test_a_problem_in_one_dimension_shows_order_two_and_its_true_error(tmp_path: Path) -> None:
    found = rc.convergence(run_each([column(size) for size in (0.005, 0.045, 0.015)], tmp_path))
    truth = REST + exact.slab_flux(FLUX / 0.02**2, DEPTHS, 0.2, 0.45, D)
    at = found.sel(quantity=peaks(len(DEPTHS)))
    np.testing.assert_allclose(found.width, [0.045, 0.015, 0.005], rtol=1e-9)
    np.testing.assert_allclose(at.order, 2, atol=0.1)
    errors = at.value.values[:, -1] / truth - 1
    np.testing.assert_allclose(at.error, errors, rtol=0.1, atol=2e-6)
    np.testing.assert_allclose(at.extrapolated, truth, rtol=1e-5)


def test_with_pumps_where_calcium_enters_the_order_is_one_and_so_is_the_error_that_is_told(tmp_path: Path) -> None:
    *runs, finest = run_each([pumped(size) for size in (0.045, 0.015, 0.0015)], tmp_path)
    found = rc.convergence(runs).sel(quantity=peaks(len(DEPTHS)))
    true = found.value.values[:, -1] / [finest.summary.points[f"{i}"].peak for i in range(len(DEPTHS))] - 1
    np.testing.assert_allclose(found.error, true, rtol=0.3)  # by the square of the width it would be a quarter
    assert found.attrs["order"] == 1
    assert rc.convergence([*runs, finest]).sel(quantity="0: peak Ca (uM)").order == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_terminal_tells_its_true_error_within_a_factor_of_two(kind: str, tmp_path: Path) -> None:
    """On the mean of its points: that of one depends on where in its cell it lies."""
    model = box(kind)
    found = rc.convergence(run_each([model, model.refined(2)], tmp_path))
    at = found.sel(quantity=peaks(len(FAR)))
    true = at.value.values[:, -1] / in_the_box() - 1
    told, really = (float(np.sqrt((errors**2).mean())) for errors in (at.error.values, true))
    assert really / 2 < told < 2 * really
    assert np.isnan(at.order).all()


def around_the_channel(count: int) -> np.ndarray:
    """Points at 60 to 300 nm from it."""
    random = np.random.default_rng(1)
    ways = random.normal(size=(count, 3))
    ways[:, 2] = abs(ways[:, 2])
    return ways / np.linalg.norm(ways, axis=1)[:, None] * 0.06 * 5 ** random.random(count)[:, None]


def test_tetrahedra_that_are_short_at_the_channel_alone_tell_errors_beside_it(tmp_path: Path) -> None:
    """By the edges between it and each point: all of them together are those of the bulk."""
    points, end = around_the_channel(8), 0.1
    model = box("tetrahedra").changed(
        discretization={"size_at_active_zone": 0.03},
        probes=[{"name": f"{i}", "position": point.tolist()} for i, point in enumerate(points)],
        run={"duration": end, "tolerance": 1e-3},
    )
    found = rc.convergence(run_each([model, model.refined(1.7)], tmp_path))
    at = found.sel(quantity=peaks(len(points)))
    assert (at.cell_width < 0.95 * found.width).all()
    np.testing.assert_allclose(at.cell_width[:, 0] / at.cell_width[:, 1], 1.7, rtol=0.25)
    pore, size = np.array([0.5, 0.5, 0]), np.array([1, 1, 0.5])
    truth = REST + quad_vec(lambda t: exact.box_point(FLUX, pore, points + pore, t, size, D), 1e-6, end, epsrel=1e-8)[0]
    true, left = at.value.values[:, -1] / truth - 1, at.extrapolated.values / truth - 1
    told, really, after = (float(np.sqrt((errors**2).mean())) for errors in (at.error.values, true, left))
    assert really / 2 < told < 2 * really
    assert after < 0.8 * really


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, and what comparing it with a finer one says; for reading only."""
    folder = tmp_path_factory.mktemp("levels")
    (folder / "quick.toml").write_text(QUICK)
    words = ("run", "quick.toml", "--backend", "numpy", "--compare", "--refine")
    for refine in (1.5, 2):
        done = rdcalcium(*words, refine, folder=folder)
        assert done.returncode == 0, done.stderr
        (folder / f"{refine}.txt").write_text(done.stdout)
    return folder


def test_a_run_and_a_finer_one_are_compared_by_one_command(levels: Path) -> None:
    assert sorted(path.name for path in (levels / "runs").iterdir()) == ["quick", "quick-refine-1.5", "quick-refine-2"]
    said = (levels / "1.5.txt").read_text()
    assert "vesicle: release probability" in said
    assert "a third width, by another --refine, would show whether they do" in said
    assert f"runs/quick-refine-1.5/{CONVERGENCE}" in said


def test_runs_that_are_there_are_used_again_and_three_show_the_order(levels: Path) -> None:
    said = (levels / "2.txt").read_text()
    assert "runs/quick holds this run already" in said
    assert "order" in said
    table = (levels / "runs/quick-refine-2" / CONVERGENCE).read_text().splitlines()
    assert table[0].startswith('quantity,"on 1,210 control volumes","on 3,375 control volumes","on 8,820 control')
    found = rc.convergence(sorted((levels / "runs").iterdir()))
    assert [line.split(",")[0] for line in table[1:]] == found["quantity"].values.tolist()


def test_what_enters_and_all_calcium_owe_nothing_to_the_cells(levels: Path) -> None:
    found = rc.convergence(sorted((levels / "runs").iterdir())).sel(quantity="entered (uM um^3)")
    assert abs(float(found.error)) < 1e-12


def test_a_comparison_that_was_stopped_goes_on(tmp_path: Path) -> None:
    stop, told = iter([False] * 5), list[str]()
    first = finished(column(0.045), tmp_path, "numpy", should_stop=lambda: next(stop, True))
    assert first.about.status == "interrupted"
    finished(column(0.045), tmp_path, "numpy", tell=told.append, warn=lambda _: None)
    assert finished(column(0.045), tmp_path, "numpy", tell=told.append).about.status == "finished"
    assert told == [f"{tmp_path} holds {what}" for what in ("a part of this run, which goes on", "this run already")]


def stronger(model: Model) -> Model:
    """With twice the current."""
    current = {"kind": "constant", "amplitude": 2 * CURRENT}
    return model.changed(channels=[model.channels[0].changed(current=current)])


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on wide cells; for reading only."""
    return rc.run(column(0.045), "numpy", tmp_path_factory.mktemp("coarse") / "run").folder


@pytest.mark.parametrize(
    ("model", "differs"), [(stronger(column(0.045)), "channels"), (column(0.03), "discretization")]
)
def test_a_folder_of_another_model_is_kept_unless_it_may_be_overwritten(
    model: Model, differs: str, coarse: Path, tmp_path: Path
) -> None:
    with pytest.raises(rc.RdcalciumError, match=f"holds a run that differs in {differs}; overwrite it, or choose"):
        finished(model, coarse, "numpy")
    copied = Path(shutil.copytree(coarse, tmp_path / "copied"))
    assert difference(model_of(finished(model, copied, "numpy", overwrite=True).folder), model) == ""


def test_what_cannot_be_compared_is_one_sentence(coarse: Path, tmp_path: Path) -> None:
    with pytest.raises(rc.RdcalciumError, match="1 run to compare; give two or more, on cells of different sizes"):
        rc.convergence([coarse])
    with pytest.raises(rc.RdcalciumError, match="have 10 and 10 control volumes, too much alike to tell what cells"):
        rc.convergence([coarse, coarse])
    other = rc.run(stronger(column(0.015)), "numpy", tmp_path / "other")
    with pytest.raises(rc.RdcalciumError, match="are of different models: they differ in channels; compare runs that"):
        rc.convergence([coarse, other])
    half = rc.run(column(0.015), "numpy", tmp_path / "half", should_stop=iter([False, True]).__next__)
    with pytest.raises(rc.RdcalciumError, match="is not finished but interrupted; resume it first"):
        rc.convergence([half, coarse])


def test_channels_that_open_by_chance_as_calcium_has_it_are_not_compared(tmp_path: Path) -> None:
    inactivating = {
        "name": "CDI", "positions": [[0, 0]], "gate": ["C <-> O : 20, 5", "O + Ca <-> I : 0.5, 0.2"],
        "open_states": ["O"], "gating": "stochastic", "current": {"kind": "ohmic", "conductance": 2e-3, "reversal": 60},
    }  # fmt: skip
    clamp = {"kind": "voltage_step", "holding": -70, "steps": [{"start": 0.001, "duration": 0.005, "level": 0}]}
    model = column(0.045).changed(channels=[inactivating], stimulus=clamp, run={"duration": 0.01})
    runs = [rc.run(one, "numpy", tmp_path / f"{i}") for i, one in enumerate((model, model.refined(3)))]
    with pytest.raises(rc.RdcalciumError, match="'CDI' open by chance, as the calcium at their pores has it"):
        rc.convergence(runs)


def test_runs_on_two_mesh_files_are_compared(tmp_path: Path) -> None:
    runs = []
    for name, size in (("coarse", 0.1), ("fine", 0.06)):
        built = box("tetrahedra").changed(discretization={"size_at_active_zone": size, "size_in_bulk": size})
        rc.write_mesh(rc.mesh(built), tmp_path / f"{name}.msh")
        file = {"kind": "mesh", "file": str(tmp_path / f"{name}.msh"), "length_unit": "um"}
        model = calcium_alone(
            geometry=file, discretization={"kind": "tetrahedra"}, probes=PROBES, run={"duration": 0.05}
        )
        runs.append(rc.run(model, "numpy", tmp_path / name, warn=lambda _: None))
    found = rc.convergence(runs)
    assert found.width.values[0] > 1.2 * found.width.values[1]
    assert np.all(np.abs(found.error) < 0.3)
    with pytest.raises(rc.ModelError, match="a mesh file is used as it is"):
        model.refined(2)


def test_cells_are_divided_by_a_number_above_nothing() -> None:
    with pytest.raises(rc.ModelError, match=r"cells cannot be divided by 0; give a number above 0, such as 1\.5"):
        column(0.045).refined(0)
    assert column(45 * NM).refined(3).discretization.size_at_active_zone[2] == pytest.approx(15 * NM)
