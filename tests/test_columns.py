"""The headings of tables: whatever things are called, what is written can be told apart and read back."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.model import Sensor
from rdcalcium.results import columns
from rdcalcium.results.columns import Column
from rdcalcium.results.csv_table import CsvTable, read_table

NAMES = (
    *("a b", "a_b", "a  b", "it's", "fixed (fast)", "fixed (uM)", "(", ")", "bound", "Ca", "time", "a.b", "a;b"),
    *("β-Puffer", "ß ÷ ²⁺", "e\u0301", "\u00e9", "release rate", "open probability"),
)
FIXED = (
    columns.TIME, columns.VOLTAGE, columns.ENTERED, columns.FREE, columns.MISSING, columns.RELATIVE_ERROR,
)  # fmt: skip

REFILLED, BINDING = (
    Sensor(use=name, positions=((0, 0, 0),)) for name in ("refilled_keller2015", "synaptotagmin1_hamid2019")
)


def all_columns() -> list[Column]:
    """Every kind of column, about things with every name."""
    of_name = [
        column
        for n in NAMES
        for column in (
            columns.current(n),
            columns.open_probability(n),
            columns.bound_to(n),
            *columns.seen_by(REFILLED, n),
            *columns.seen_by(BINDING, n),
        )
    ]
    fields = [columns.concentration(f"{buffer}.bound", place) for buffer, place in permutations(NAMES, 2)]
    return [*FIXED, columns.concentration(columns.CALCIUM), *of_name, *fields]


def test_a_heading_says_all_about_its_column() -> None:
    for column in all_columns():
        assert Column.read(column.heading) == column


def test_no_two_columns_have_one_heading() -> None:
    headings = [column.heading for column in all_columns()]
    assert len(set(headings)) == len(headings)


def test_a_table_keeps_every_heading(tmp_path: Path) -> None:
    """Those with commas and quotes too, though no name in a model has one."""
    headings = [column.heading for column in all_columns()] + ['a "quoted", listed name', '"']
    table = CsvTable(tmp_path / "table.csv", headings)
    table.append(range(len(headings)))
    table.close()
    read = read_table(tmp_path / "table.csv")
    assert list(read) == headings
    np.testing.assert_array_equal(np.concatenate(list(read.values())), np.arange(len(headings)))


@pytest.fixture(scope="module")
def oddly_named(tmp_path_factory: pytest.TempPathFactory) -> rc.Result:
    """A run with a buffer, a probe, a sensor and a channel of every name; the totals tell the buffers apart."""
    rates = {"k_on": 0.1, "k_off": 1.0, "diffusivity": 0}
    model = rc.Model(
        geometry={"kind": "box", "size": [0.1, 0.1, 0.1]},
        discretization={"kind": "grid", "size_at_active_zone": 0.05},
        buffers=[{"name": name, "total": 1 + i, **rates} for i, name in enumerate(NAMES)],
        channels=[{"name": n, "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": 0}} for n in NAMES],
        probes=[{"name": name, "position": [0, 0, 0.05]} for name in NAMES],
        sensors=[{"name": f"{NAMES[0]}!", "use": "schneggenburger_neher2000", "positions": [[0, 0, 0.05]]}],
        run={"duration": 1e-4},
    )
    return rc.run(model, "numpy", tmp_path_factory.mktemp("odd") / "run")


def test_things_with_similar_names_are_all_reached_by_their_own(oddly_named: rc.Result) -> None:
    assert list(oddly_named.probes) == [f"{NAMES[0]}!", *NAMES]
    for place in NAMES:
        traces = oddly_named.probes[place]
        assert set(traces) == {"calcium", *(f"{name}.bound" for name in NAMES)}
        at_rest = [float(traces[f"{name}.bound"][0]) for name in NAMES]
        assert at_rest == pytest.approx(at_rest[0] * np.arange(1, 1 + len(NAMES)))


def test_the_ledger_and_the_stimulus_tell_similar_names_apart(oddly_named: rc.Result) -> None:
    bound = [oddly_named.ledger[columns.bound_to(name).heading][0] for name in NAMES]
    assert bound == pytest.approx(bound[0] * np.arange(1, 1 + len(NAMES)))
    assert {columns.current(name).heading for name in NAMES} < set(oddly_named.stimulus)


def test_release_at_a_sensor_can_be_written_after_a_dot(oddly_named: rc.Result) -> None:
    traces = oddly_named.probes[f"{NAMES[0]}!"]
    assert traces.release_rate.units == "1/ms"
    assert traces.release_probability.units == ""
