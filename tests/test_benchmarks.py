"""The scripts of the benchmark measure what they say: every part has its rows, and figures agree with each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rdcalcium.backends import BACKENDS, backend_class, open_backend
from rdcalcium.backends.sources import kernel_names
from rdcalcium.bench.kernels import KERNELS, STATES, Arrays, runs
from rdcalcium.bench.measure import worth_measuring
from rdcalcium.bench.systems import BUFFERS, chemistry, grid_system, mesh_nodes
from rdcalcium.bench.timing import place
from rdcalcium.discretization.build import discretize
from rdcalcium.system import System
from tests.models import small_model
from tests.support import PRECISIONS, ROOT, LikeAGpu, need_backend, simulate

SCRIPTS = ROOT / "scripts" / "benchmarks"
WANTED = {name for name in BACKENDS if backend_class(name).missing() is None}


@pytest.fixture(scope="module", autouse=True)
def scripts() -> Iterator[None]:
    """The modules of the benchmark, as its command finds them."""
    sys.path.insert(0, str(SCRIPTS))
    yield
    sys.path.remove(str(SCRIPTS))


def command(*words: object, out: Path) -> Path:
    """Measure, tiny; the file of figures."""
    words = (sys.executable, SCRIPTS / "all.py", "--quick", "--out", out, *words)
    subprocess.run([*map(str, words)], check=True, capture_output=True, text=True)
    (found,) = out.glob("*threads-quick.json")
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return command(out=tmp_path_factory.mktemp("figures"))


@pytest.fixture(scope="module")
def figures(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())["parts"]


def rows(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for table in part["tables"].values() for row in table]


def test_every_part_has_rows_and_none_failed(figures: dict[str, Any]) -> None:
    from parts import PARTS

    assert tuple(figures) == PARTS
    for part in figures.values():
        assert rows(part)
        assert not [row for row in rows(part) if row.get("note", "").startswith("failed")]


def test_every_backend_and_precision_has_every_kernel_that_it_has(figures: dict[str, Any]) -> None:
    found = {(row["backend"], row["precision"]): set() for row in rows(figures["kernels"])}
    for row in rows(figures["kernels"]):
        found[row["backend"], row["precision"]].add(row["kernel"].partition(" ")[0])
    assert set(found) == {(b, p) for b in WANTED for p in PRECISIONS}
    everywhere = {"stage_grid", "stage_mesh", "rhs_grid", "advance", "weighted_sum", "gather", "relax", "transfer"}
    launched = {"arrive_grid", "arrive_mesh", "largest"}
    for (backend, _), kernels in found.items():
        assert kernels >= everywhere
        assert kernels >= launched or backend == "numpy"
    assert {row["backend"] for row in rows(figures["bandwidth"])} == WANTED


def test_every_kernel_is_measured_or_is_small() -> None:
    """Those of triad and copy are the measure itself."""
    from parts.kernels import SMALL
    from parts.levels import Cycle, finest_level

    cells = mesh_nodes(8)
    cycle = Cycle(open_backend("numpy", System(chemistry(4), cells)), finest_level(cells))
    measured = {*KERNELS, *(name.partition(" ")[0] for name in cycle.kernels()), "gather", "triad"}
    assert not measured & SMALL.keys()
    assert {re.sub("_(grid|mesh)$", "", name) for name in kernel_names()} == measured | SMALL.keys()


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_that_is_measured_does_its_work(name: str) -> None:
    """Of the marching ones too, which do nothing unless a step is under way."""
    need_backend("compiled")
    do = LikeAGpu(grid_system(8, 2))
    arrays = Arrays(do)
    assert runs(do, name)
    kernel = KERNELS[name]
    kernel.call(do, arrays)
    held = [*(arrays[role] for role in STATES), *arrays.errors]
    for number, array in enumerate(held):
        array[...] += 0.01 * number
    before = [array.copy() for array in held]
    answer = kernel.call(do, arrays)
    changed = [not np.array_equal(a, b) for a, b in zip(held, before, strict=True)]
    assert any(changed) or np.all(answer > 0)


def test_the_number_of_a_device_is_told_only_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    do = open_backend("numpy", grid_system(2, 3))
    assert "number" not in place(do)
    monkeypatch.setattr(type(do), "devices", classmethod(lambda kind: ("one", "two")))
    assert place(do)["number"] == 0


def test_a_size_that_one_core_handles_is_measured_once() -> None:
    compiled = backend_class("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "thread_counts", classmethod(lambda kind: (1, 2)))
        assert worth_measuring(compiled, compiled.serial_below) == (1,)
        assert worth_measuring(compiled, compiled.serial_below + 1) == (1, 2)


def test_the_time_of_a_run_is_that_of_its_steps(figures: dict[str, Any]) -> None:
    for row in rows(figures["steps"]):
        assert row["evaluations"] > row["steps"] > 0
        total = row["us per step"] * row["steps"]
        assert row["us per evaluation"] * row["evaluations"] == pytest.approx(total)


def test_a_run_says_what_it_cost_and_keeps_its_calcium(figures: dict[str, Any]) -> None:
    for row in rows(figures["runs"]):
        assert row["explicit s"] + row["implicit s"] == pytest.approx(row["run s"])
        assert row["model ms per s"] == pytest.approx(row["model ms"] / row["run s"])
        assert 0 < row["implicit steps"] < row["steps"] < row["evaluations"]
        assert row["peak MiB"] > 0
        assert row["ledger error"] < 1e-12


def test_sites_are_measured_beside_a_run_without_them(figures: dict[str, Any]) -> None:
    for row in rows(figures["sites"]):
        assert row["ms per step"] - row["ms without them"] == pytest.approx(1e-3 * row["us per step for them"])
        assert row["% of a step"] == pytest.approx(100 * (row["ms per step"] / row["ms without them"] - 1))
    assert {row["backend"] for row in rows(figures["sites"])} == WANTED


def test_channels_open_as_often_and_bring_as_much_however_many_there_are() -> None:
    from parts.sites import BEGIN, model

    few, many = (model(8, n, 0.3, opening_of=n) for n in (20, 300))
    times = [sorted(t for each in m.channels[0].openings_of_each for pair in each for t in pair) for m in (few, many)]
    assert times[0] == times[1]
    assert min(times[0]) == BEGIN
    one, other = (
        sum(abs(m.channels[0].current.amplitude) for _ in m.channels[0].positions)
        for m in (model(8, 20, 0.3), model(8, 300, 0.3))
    )
    assert one == pytest.approx(other)


def test_the_page_has_every_part(file: Path, figures: dict[str, Any]) -> None:
    page = file.with_suffix(".md").read_text()
    assert page.startswith(f"# {json.loads(file.read_text())['hardware']}\n")
    for name, part in figures.items():
        assert f"\n## {name}\n\n{part['about']}\n" in page


def test_a_part_that_is_measured_alone_leaves_the_others_as_they_were(
    file: Path, figures: dict[str, Any], tmp_path: Path
) -> None:
    shutil.copy(file, tmp_path)
    after = json.loads(command("--backend", "numpy", "--only", "bandwidth", out=tmp_path).read_text())["parts"]
    assert {row["backend"] for row in rows(after["bandwidth"])} == {"numpy"}
    assert {**after, "bandwidth": figures["bandwidth"]} == figures


def test_a_buffer_in_equal_parts_is_one_buffer() -> None:
    from parts.models import split_buffer

    one, three = (simulate(split_buffer(parts, 0.1), "numpy") for parts in (1, 3))
    np.testing.assert_allclose(three.values[0], one.values[0], rtol=1e-9)


def test_the_exponent_of_a_power_law_is_its_power() -> None:
    from parts.growth import exponent, with_exponents

    sizes = (2, 4, 9)
    found = [{"fields": n, "run s": 3 * n**1.5, "evaluations": n, "peak MiB": 0.1 * n} for n in sizes]
    assert exponent(found, "fields", "run s") == pytest.approx(1.5)
    last = with_exponents(found, "fields")[-1]
    assert last == pytest.approx({"run s": 1.5, "evaluations": 1, "peak MiB": 1, "note": last["note"]})


def test_a_run_is_noted_on_its_way() -> None:
    from parts.growth import over_time
    from parts.setting import Setting

    rows = over_time((0.1, 0.2, 0.4), 0.03, Setting(quick=True))
    for key in ("model ms", "run s", "evaluations", "peak MiB"):
        assert sorted(row[key] for row in rows) == [row[key] for row in rows]
    for row, asked in zip(rows, (0.1, 0.2, 0.4), strict=True):  # at the end of the step that reaches it
        assert asked <= row["model ms"] < asked + 0.1


def test_what_does_not_fit_is_said_in_a_sentence() -> None:
    from parts.kernels import too_large

    fields = max(BUFFERS)
    large = SimpleNamespace(shape=(fields, 400**3), chemistry=chemistry(fields))
    assert too_large(backend_class("numpy"), large, "float64").startswith("left out: its temporary arrays")
    larger = SimpleNamespace(shape=(fields, 5000**3), chemistry=chemistry(fields))
    assert too_large(backend_class("compiled"), larger, "float64").startswith("left out: it would take")
    assert too_large(backend_class("numpy"), SimpleNamespace(shape=(2, 1000)), "float64") == ""


def test_a_run_that_fails_leaves_its_reason_in_the_table() -> None:
    from parts.models import cubes
    from parts.process import run_alone

    assert run_alone(cubes(0.1), "abacus", 10.0) == {
        "note": "failed: rdcalcium.backends.base.BackendError: unknown backend 'abacus'; "
        "available: auto, cuda, compiled, numpy"
    }


def test_a_run_stops_when_its_time_is_over() -> None:
    from parts.process import run_alone

    row = run_alone(small_model(), "numpy", 1e-6, (0.1,))
    assert row["note"] == "stopped after 1e-06 s, before 0.3 ms"


def test_the_train_has_as_many_cells_as_nodes() -> None:
    from parts.models import train

    assert discretize(train()).size == pytest.approx(50_000, rel=0.1)
