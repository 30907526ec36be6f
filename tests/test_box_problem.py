"""The box problem compares like with like: its quarter is the whole box, and what it extrapolates is exact."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import benchmark

SCRIPTS = Path(__file__).parents[1] / "scripts" / "benchmarks"


@pytest.fixture(scope="module")
def ours():
    with benchmark("box.ours") as module:
        yield module


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    out = tmp_path_factory.mktemp("box")
    command = [sys.executable, str(SCRIPTS / "box_problem.py"), "--quick", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (found,) = out.glob("box-*.json")
    return json.loads(found.read_text()), found.with_suffix(".md").read_text()


def test_a_quarter_of_the_box_is_the_box(ours):
    """Cubes around a pore on the corner of four: the whole box with a quarter of the current into each of the four.

    The fastest mode of the whole box is a little faster, so its steps have other stages: they agree within their error.
    """
    from box.problem import CURRENT, SIDE, model, quarter

    cell = 0.1
    part, _ = ours.solve(quarter(cell, 1e-3), "numpy", 1, probes=False)
    around = [(x, y) for x in (-cell / 2, cell / 2) for y in (-cell / 2, cell / 2)]
    box = model({"size": [SIDE] * 3}, {"size_at_active_zone": cell}, around[-1], CURRENT / 4, 1e-3)
    whole = box.changed(channels=[{**box.channels[0].model_dump(exclude_none=True), "positions": around}])
    np.testing.assert_allclose(part, ours.solve(whole, "numpy", 1, probes=False)[0], rtol=1e-4)


def test_an_even_polynomial_is_extrapolated_exactly(ours):
    h = np.array([5.0, 4.0, 2.0])
    values = np.array([[3.0, 1.0]]) + np.outer(h**2, [0.1, -2.0]) + np.outer(h**4, [0.01, 0.3])
    np.testing.assert_allclose(ours.extrapolated(h, values), [3.0, 1.0], rtol=1e-12)


def test_every_program_has_its_row_or_is_not_installed(figures):
    about, table = figures
    for rows in (*about["same cells"].values(), about["total error"]):
        assert {r.get("program", r.get("missing")).split(",")[0] for r in rows} >= {"NEURON rxd", "FiPy"}
        assert {r.get("program", r.get("missing")) for r in rows} & {"rdcalcium compiled", "rdcalcium numpy"}
    for name, package in (("NEURON rxd", "neuron"), ("FiPy", "fipy")):
        installed = importlib.util.find_spec(package) is not None
        assert (f"| {name} |  |  | not installed |" in table) == (not installed)


def test_the_error_of_time_is_what_was_asked_for(figures):
    about, _ = figures
    for rows in about["same cells"].values():
        own = [row for row in rows if row.get("program", "").startswith("rdcalcium")]
        assert own[0]["ratio"] == 1
        assert all(row["error %"] <= about["wanted %"]["time"] for row in own)
