"""What each stimulus of a train brings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.model import Sensor
from rdcalcium.results import RunFolderError
from rdcalcium.results.csv_table import CsvTable
from rdcalcium.results.per_stimulus import write_per_stimulus
from tests.models import small_model
from tests.support import need_backend


def test_release_and_peaks_are_divided_between_the_stimuli(tmp_path: Path) -> None:
    """A trace of which everything is known: F = 0, then 0.2, then 0.6; calcium has peaks at 1.5 and 3.5 ms."""
    times, calcium, released = [0, 1, 1.5, 2, 3, 3.5, 4], [1, 1, 8, 2, 2, 5, 3], [0, 0, 0.2, 0.2, 0.2, 0.6, 0.6]
    for name, heading, values in (
        ("probes.csv", "v: Ca (uM)", calcium),
        ("sensors.csv", "v: release probability", released),
    ):
        table = CsvTable(tmp_path / name, ["time (ms)", heading])
        for row in zip(times, values, strict=True):
            table.append(row)
        table.close()
    write_per_stimulus(tmp_path, [3.0, 1.0, 9.0], 4.0)
    head, *rows = (tmp_path / "per_stimulus.csv").read_text().splitlines()
    assert head == "time (ms),v: peak Ca (uM),v: time of peak (ms),v: releases,v: first release probability"
    np.testing.assert_allclose(np.loadtxt(rows, delimiter=","), [[1, 8, 1.5, 0.2, 0.2], [3, 5, 3.5, 0.4, 0.5]])


@pytest.mark.parametrize("refills", [False, True])
def test_the_stimuli_of_a_run_share_its_release(tmp_path: Path, refills: bool) -> None:
    need_backend("compiled")
    scheme = ["X + Ca <-> XCa : 0.5, 5", "XCa -> fused : 20", *(["fused -> X : 3"] * refills)]
    sensor = Sensor(name="v", positions=[(0.02, 0.0, 0.005)], scheme=scheme)
    current = {"kind": "gaussian", "amplitude": 0.1, "width": 0.03, "peak": 0.05}
    train = {"kind": "regular", "rate": "10000 Hz", "count": 3}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": {**current, "train": train}}]
    model = small_model(chemistry="fixed", sensors=(sensor,), channels=channels)
    result = rc.run(model, "compiled", out=tmp_path / "run")
    seen, whole = result.per_stimulus["v"], result.summary.points["v"]
    assert len(seen.time) == 3
    total = whole.cumulative_release if refills else whole.release_probability
    before = np.interp(seen.time[0], result.probes["v"].time, result.probes["v"].release_probability)
    assert seen.releases.sum() + before == pytest.approx(total, rel=1e-6)
    assert 1 - (1 - before) * np.prod(1 - seen.first_release_probability) == pytest.approx(whole.release_probability)
    assert seen.peak_calcium.max() == pytest.approx(whole.peak, rel=1e-9)


def test_nothing_begins_where_a_current_is_constant(tmp_path: Path) -> None:
    result = rc.run(small_model(chemistry="fixed", run={"duration": 0.01}), "numpy", out=tmp_path / "run")
    with pytest.raises(RunFolderError, match="no stimulus begins in it"):
        result.per_stimulus  # noqa: B018
