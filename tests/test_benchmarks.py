"""The scripts of the benchmark measure what they say: every part has its rows, and figures agree with each other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rdcalcium.backends import BACKENDS, backend_class
from rdcalcium.bench.systems import BUFFERS, chemistry
from rdcalcium.discretization.build import discretize
from tests.models import small_model
from tests.support import PRECISIONS, ROOT, fresh, simulate

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
    (found,) = out.glob("*.json")
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


def test_every_backend_and_precision_has_every_kernel(figures: dict[str, Any]) -> None:
    found = {(row["backend"], row["precision"], row["kernel"]) for row in rows(figures["kernels"])}
    kernels = {"stage_grid", "stage_mesh", "rhs_grid", "rhs_mesh", "error_norm", "advance", "weighted_sums", "relax"}
    assert found == {(b, p, k) for b in WANTED for p in PRECISIONS for k in kernels}
    assert {row["backend"] for row in rows(figures["bandwidth"])} == WANTED


def test_a_step_is_its_stages_other_kernels_and_the_rest(figures: dict[str, Any]) -> None:
    for row in rows(figures["steps"]):
        shares = [row[f"{name} %"] for name in ("stages", "other kernels", "the rest")]
        assert sum(shares) == pytest.approx(100)
        assert min(shares) > 0
        assert row["stages"] >= row["steps"]


def test_a_run_says_what_it_cost_and_keeps_its_calcium(figures: dict[str, Any]) -> None:
    for row in rows(figures["runs"]):
        assert row["explicit s"] + row["implicit s"] == pytest.approx(row["run s"])
        assert row["model ms per s"] == pytest.approx(row["model ms"] / row["run s"])
        assert 0 < row["implicit steps"] < row["steps"] < row["evaluations"]
        assert row["peak MiB"] > 0
        assert row["ledger error"] < 1e-12


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
    runs = [{"fields": n, "set-up s": 2, "run s": 3 * n**1.5, "evaluations": n, "peak MiB": 0.1 * n} for n in sizes]
    assert exponent(runs, "fields", "run s") == pytest.approx(1.5)
    last = with_exponents(runs, "fields")[-1]
    assert last == pytest.approx({"set-up s": 0, "run s": 1.5, "evaluations": 1, "peak MiB": 1, "note": last["note"]})


def test_a_run_is_noted_on_its_way() -> None:
    from parts.growth import over_time
    from parts.setting import Setting

    rows = over_time((0.1, 0.2, 0.4), 0.03, Setting(quick=True))
    for key in ("model ms", "run s", "evaluations", "peak MiB"):
        assert sorted(row[key] for row in rows) == [row[key] for row in rows]
    assert [row["model ms"] for row in rows] == pytest.approx([0.1, 0.2, 0.4], abs=0.05)


def test_watching_the_operations_changes_no_number() -> None:
    from parts.watched import Watched

    from rdcalcium.simulation import Simulation

    plain = fresh(small_model(), "numpy")
    watched = Simulation(plain.model, Watched(plain.do))
    plain.run()
    watched.run()
    np.testing.assert_array_equal(plain.values, watched.values)
    assert watched.do.in_stages > 0 < watched.do.others.total()


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
