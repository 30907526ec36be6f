"""Tables in a terminal and in a log: names are whole, as long as that is possible."""

from __future__ import annotations

import io

import pytest
import rich.console
from rich.table import Table

from rdcalcium.cli.comparison import _table
from rdcalcium.cli.report import _points
from rdcalcium.cli.tables import console_for, fits
from rdcalcium.results.about import Point

NAME = "schneggenburger_neher2000 10"
POINTS = {NAME: Point(peak=12.9, time_of_peak=1.12, release_probability=0.00702)}


def printed(table: Table, monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> list[str]:
    """Lines of a table where 80 characters fit."""
    file = io.StringIO()
    made = rich.console.Console
    kept = {"file": file, "force_terminal": terminal, "color_system": None}
    monkeypatch.setattr(rich.console, "Console", lambda **how: made(**{"width": 80, **kept, **how}))
    console = console_for(table)
    console.print(table)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_names_of_sensors_are_on_one_line(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(_points(POINTS), monkeypatch, terminal=terminal)
    assert any(NAME in line and "0.00702" in line for line in lines)


def test_a_log_has_lines_as_long_as_a_table_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("", "amount")
    table.add_row("x" * 100, "1")
    assert any("x" * 100 in line for line in printed(table, monkeypatch, terminal=False))
    assert not any("x" * 100 in line for line in printed(table, monkeypatch, terminal=True))
    assert not fits(table)


def test_a_quantity_goes_below_the_name_of_its_sensor_where_both_find_no_room() -> None:
    import xarray

    heading = f"{NAME}: release probability"
    found = xarray.Dataset(
        {"value": (("quantity", "level"), [[0.42, 0.41]])}
        | {name: ("quantity", [x]) for name, x in {"extrapolated": 0.4, "error": 0.02, "order": float("nan")}.items()},
        coords={"quantity": [heading], "width": ("level", [0.02, 0.01])},
    )
    whole, broken = (list(_table(found, break_names=broken).columns[0].cells) for broken in (False, True))
    assert whole == [heading]
    assert broken == [f"{NAME}:\n  release probability"]
