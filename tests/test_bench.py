"""The benchmark measures what it says: consistent figures, counted bytes, a table and a file."""

from __future__ import annotations

import json
from operator import itemgetter

import numpy as np
import pytest

from rdcalcium import bench
from rdcalcium.backends import BACKENDS, backend_class, cupy
from rdcalcium.bench.kernels import KERNELS
from rdcalcium.bench.systems import BUFFERS, chemistry, grid_system, mesh_system
from rdcalcium.bench.table import markdown
from rdcalcium.cli.commands import cli
from tests.support import PRECISIONS


@pytest.fixture(scope="module")
def figures():
    return bench.measure(quick=True)


def test_every_backend_that_runs_here_is_measured_in_both_precisions(figures):
    wanted = {name for name in BACKENDS if backend_class(name).missing() is None}
    for rows in (figures["bandwidth"], figures["kernels"]):
        assert {(r["backend"], r["precision"]) for r in rows} >= {(b, p) for b in wanted for p in PRECISIONS}
    assert {row["kernel"] for row in figures["kernels"]} == {"stage_grid", "stage_mesh"}


def test_the_figures_agree_with_each_other(figures):
    place = itemgetter("backend", "threads", "precision")
    rates = {place(row): row["GB/s"] for row in figures["bandwidth"]}
    for row in figures["bandwidth"]:
        assert 0 < row["median GB/s"] <= row["GB/s"]
        assert row["copy GB/s"] > 0
    for row in figures["kernels"]:
        assert 0 < row["median Mupdates/s"] <= row["Mupdates/s"]
        assert row["GB/s"] == pytest.approx(row["Mupdates/s"] * row["bytes per update"] / 1e3)
        assert 0 < row["triad GB/s"] <= rates[place(row)]
        assert row["% of triad"] == pytest.approx(100 * row["GB/s"] / row["triad GB/s"])


def test_a_machine_without_compiler_or_gpu_is_measured_too(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(cupy, "missing", lambda: "no GPU")
    figures = bench.measure(quick=True)
    assert {row["backend"] for row in figures["kernels"]} == {"numpy"}
    assert figures["machine"]["versions"]["compiler"] == "none"


def test_bytes_of_a_stage_on_a_grid_are_five_arrays_and_a_mask():
    stage = KERNELS["stage"].bytes_per_update
    assert stage(grid_system(4, 3), "float64") == 5 * 3 * 8 + 1
    assert stage(grid_system(4, 6), "float32") == 5 * 6 * 4 + 1


def test_bytes_of_a_mesh_add_its_stored_neighbours():
    system, stage = mesh_system(8, 3), KERNELS["stage"].bytes_per_update
    stored = system.discretization.layout.column.size / 8**3
    assert stage(system, "float64") == pytest.approx(5 * 3 * 8 + 12 * stored)
    assert stage(system, "float32") == pytest.approx(5 * 3 * 4 + 8 * stored)


def test_bytes_of_an_arrival_are_seven_arrays_a_mask_and_an_error():
    arrive = KERNELS["arrive"].bytes_per_update
    assert arrive(grid_system(4, 3), "float64") == 7 * 3 * 8 + 1 + 8


def test_volumes_are_read_in_double_precision_with_each_field():
    assert KERNELS["weighted_sum"].bytes_per_update(grid_system(4, 3), "float32") == 3 * (4 + 8)


def test_buffers_give_as_many_fields_as_is_said():
    assert all(len(chemistry(fields).fields) == fields for fields in BUFFERS)


def test_the_lattice_has_fourteen_neighbours_inside():
    matrix = mesh_system(6, 3).discretization.conductance
    assert (abs(matrix - matrix.T)).max() == 0
    neighbours = np.diff(matrix.indptr).reshape(6, 6, 6)
    assert (neighbours[1:-1, 1:-1, 1:-1] == 14).all()
    assert neighbours.max() == 14


def test_the_table_is_markdown_with_every_case(figures):
    lines = [line for line in bench.table(figures).splitlines() if line.startswith("|")]
    assert len(lines) == len(figures["bandwidth"]) + len(figures["kernels"]) + 4
    assert len({line.count("|") for line in lines}) == 2
    assert figures["machine"]["processor"] in bench.table(figures)


def test_a_table_has_a_column_for_each_key_and_leaves_what_is_not_there_empty():
    rows = [{"n": 12000, "s": 0.12345}, {"n": 3, "note": "left out"}]
    assert markdown(rows) == ["| n | s | note |", "| --- | --- | --- |", "| 12,000 | 0.123 |  |", "| 3 |  | left out |"]


def test_the_file_holds_all_figures(figures, tmp_path):
    bench.write(figures, tmp_path / "new" / "figures.json")
    assert json.loads((tmp_path / "new" / "figures.json").read_text()) == figures


def test_the_command_prints_the_table_and_nothing_else(figures, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda quick, threads: figures)
    cli.main(["bench", "--json", str(tmp_path / "figures.json")], standalone_mode=False)
    told = capsys.readouterr()
    assert told.out == bench.table(figures) + "\n"
    assert told.err == f"{tmp_path / 'figures.json'}\n"
