"""What a tolerance gives: the tables of docs/tolerance.md say what is measured, and what is said of them holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

import pytest

from tests.support import benchmark, need_backend


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The benchmark as a module."""
    need_backend("compiled")
    with benchmark("tolerance") as module:
        yield module


def numbers(line: str) -> list[float]:
    """Those of a row of a table."""
    return [float(cell.replace(",", "")) for cell in re.findall(r"[-+.,\de]*\d", line)]


def test_the_first_table_is_what_the_script_measures(script: ModuleType) -> None:
    """Roughly, in the errors: a step more or less moves them."""
    name = next(iter(script.MODELS))
    _, _, page = script.PAGE.read_text(encoding="utf-8").partition(f"**{name}**")
    told = {row[0]: row[1:] for row in map(numbers, page.partition("**")[0].splitlines()) if len(row) == 7}
    for measured in map(numbers, script.table(script.measure(name, script.QUICK)).splitlines()[2:]):
        row = told[measured[0]]
        for place, (a, b) in enumerate(zip(measured[1:], row, strict=True)):
            assert a == pytest.approx(b, rel=0.1 if place % 3 == 2 else 1.0), (measured, row)


def test_what_is_said_of_both_methods_is_what_the_tables_say(script: ModuleType) -> None:
    text = script.PAGE.read_text(encoding="utf-8").partition(script.BEGIN)[2].partition(script.END)[0]
    tables = [
        [numbers(line) for line in part.splitlines() if line.startswith("| 0")] for part in text.split("**")[2::2]
    ]
    assert len(tables) == len(script.MODELS)
    for rows in tables:
        for tolerance, calcium, release, evaluations, calcium_rkl, release_rkl, evaluations_rkl in rows:
            assert max(calcium, release, calcium_rkl, release_rkl) <= 100 * min(0.1, 10 * tolerance)
            if tolerance <= 1e-2:
                assert 0.85 < evaluations_rkl / evaluations < 1.15
        costs = [row[3] for row in rows]
        assert costs == sorted(costs)
        assert all(1.2 < fine / coarse < 1.8 for coarse, fine in pairwise(costs))
