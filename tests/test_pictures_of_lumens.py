"""Pictures of a run with a lumen, in which calcium is a thousand times as high as in the cytosol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.axes
import pytest

import rdcalcium as rc
from rdcalcium.view import traces
from rdcalcium.view.run_folder import RunFolder
from tests.test_lumens import BALL, with_lumen

INSIDE, OUTSIDE = {"name": "inside", "position": BALL["centre"]}, {"name": "outside", "position": [0.12, 0.12, 0.2]}


def finished(folder: Path, *probes: dict[str, Any]) -> Path:
    model = with_lumen(
        probes=[*probes], record={"snapshots": {"every": "0.1 ms"}}, run={"duration": 1.2, "max_step": 0.1}
    )
    return rc.run(model, "numpy", folder).folder


@pytest.mark.parametrize("probes", [(INSIDE, OUTSIDE), (INSIDE,), ()])
@pytest.mark.filterwarnings("ignore::rdcalcium.errors.ModelWarning")
def test_the_peak_is_that_of_the_cytosol(tmp_path: Path, probes: tuple[dict[str, Any], ...]) -> None:
    """Calcium falls in the lumen from the beginning on, and rises outside until the channel closes at 1 ms."""
    run = RunFolder(finished(tmp_path / "run", *probes))
    assert run.peak_time() == pytest.approx(1, abs=0.11)


@pytest.mark.filterwarnings("ignore::rdcalcium.errors.ModelWarning")
def test_what_a_probe_sees_in_a_lumen_is_drawn_beside_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[matplotlib.axes.Axes] = []
    monkeypatch.setattr(traces, "save", lambda figure, path: drawn.extend(figure.axes))
    traces.traces(finished(tmp_path / "run", INSIDE, OUTSIDE), tmp_path / "traces.png")
    named = [[line.get_label() for line in axis.lines] for axis in drawn]
    assert ["outside"] in named
    assert ["in ER", "inside"] in named
    low, high = drawn[named.index(["in ER", "inside"])].get_ylim()
    assert low > 100
    assert high < 300
