"""Where rules have placed things: a table of all places, and the model with its rules."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from rdcalcium.model import Model, write_toml
from rdcalcium.placement import Row, rows_of, with_rules_of
from rdcalcium.results.folder import AS_GIVEN, PLACEMENT, lost, write_atomically

HEADINGS = ("kind", "name", "number", "zone", "x (um)", "y (um)", "z (um)", "radius (um)", "u (um)", "v (um)")


def keep_places(folder: Path, given: Model, model: Model) -> None:
    """Write what is where, and which rules have placed it, where a model has rules or active zones.

    given  with its rules
    model  with the places that they gave, and the names of files as they are in the run folder
    """
    if not given.is_placed:
        write_atomically(folder / AS_GIVEN, write_toml(with_rules_of(model, given)).encode())
    if not given.is_placed or model.zones:
        write_places(folder / PLACEMENT, model)


def write_places(path: Path, model: Model) -> None:
    """The table of all places, with all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    for row in rows_of(model):
        writer.writerow((row.kind, row.name, row.number, row.zone, *row.point, row.radius, *(row.along or ("", ""))))
    write_atomically(path, text.getvalue().encode())


def read_places(folder: Path) -> list[Row]:
    """What `write_places` wrote into a run folder; empty if there is no such table."""
    path = folder / PLACEMENT
    if not path.exists():
        return []
    try:
        head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        if tuple(head) != HEADINGS:
            raise ValueError
        return [_place(*row) for row in rows]
    except (ValueError, TypeError, csv.Error):
        raise lost(f"{path} is damaged") from None


def _place(kind: str, name: str, number: str, zone: str, *numbers: str) -> Row:
    x, y, z, radius = map(float, numbers[:4])
    u, v = numbers[4:]
    return Row(kind, name, int(number), zone, (x, y, z), radius, (float(u), float(v)) if u else None)
