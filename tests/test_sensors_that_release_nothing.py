"""Sensors without a released state: what binds calcium, and no more is known of it."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.errors import InputError
from rdcalcium.model import Sensor
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.traces import traces
from tests.models import small_model

HAMID = "synaptotagmin1_hamid2019"
NEAR, FAR = (0.02, 0.0, 0.005), (0.1, 0.0, 0.1)  # µm
K_ON, K_OFF = 0.2, 8.0  # µM⁻¹ ms⁻¹, ms⁻¹

CLAMP = {"kind": "voltage_step", "holding": 0, "steps": [{"level": 0, "start": 0.01, "duration": 0.05}]}


def model(**changes: Any) -> rc.Model:
    """A channel that opens twice, two sensors that release nothing, and one between them that does."""
    current = {"kind": "gaussian", "amplitude": 0.1, "width": 0.03, "peak": 0.05}
    train = {"kind": "regular", "rate": "10000 Hz", "count": 2}
    sensors = [
        {"name": "syt1", "use": HAMID, "positions": [NEAR, FAR]},
        {"name": "vesicle", "use": "schneggenburger_neher2000", "positions": [NEAR]},
        {"name": "last", "use": HAMID, "positions": [FAR]},
    ]
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": {**current, "train": train}}]
    parts = {"sensors": sensors, "channels": channels, "probes": ()}
    return small_model(chemistry="fixed", **{**parts, **changes})


@pytest.mark.parametrize("calcium", [1.0, 10.0, 100.0])
def test_four_independent_sites_are_bound_by_chance_each(calcium: float) -> None:
    """After a step each site is bound with probability p(t), and n of four with the binomial of p."""
    times = np.linspace(0, 2, 41)
    seen = rc.release(HAMID, np.append(0.0, times), np.append(0.05, np.full(41, calcium)))
    rest, level = (K_ON * c / (K_ON * c + K_OFF) for c in (0.05, calcium))
    p = level + (rest - level) * np.exp(-(K_ON * calcium + K_OFF) * times)
    exact = [comb(4, n) * p**n * (1 - p) ** (4 - n) for n in range(5)]
    np.testing.assert_allclose(seen.occupancy[1:].T, exact, rtol=1e-9)
    assert set(seen.data_vars) == {"calcium", "occupancy"}


def test_a_run_writes_the_occupancy_of_each_state(tmp_path: Path) -> None:
    run = rc.run(model(), out=tmp_path / "run")
    for name in ("syt1 1", "syt1 2", "last"):
        seen = run.probes[name]
        states = np.stack([seen[f"occupancy of S{n}"] for n in range(5)])
        np.testing.assert_allclose(states.sum(axis=0), 1, rtol=1e-12)
        alone = rc.release(HAMID, seen.time, seen.calcium, rest=float(seen.calcium[0]))
        np.testing.assert_allclose(states, alone.occupancy.T, atol=2e-2 * states[1:].max())  # from its rows
        assert "release_rate" not in seen
        assert run.summary.points[name].release_probability is None
    assert "release_rate" in run.probes["vesicle"]
    assert traces(run.folder, tmp_path / "traces.png").stat().st_size
    assert [*RunFolder(run.folder).fullest_states()] == ["S4 of syt1 1", "S4 of syt1 2", "S4 of last"]


def test_stimuli_tell_releases_of_the_others_alone(tmp_path: Path) -> None:
    """The columns of what releases are found between those of what does not."""
    run = rc.run(model(), out=tmp_path)
    trace, brought = run.probes["vesicle"].release_probability, run.per_stimulus["vesicle"].releases
    expected = np.diff(np.interp([*brought.time, 0.3], trace.time, trace))
    np.testing.assert_allclose(brought, expected, rtol=1e-3)  # straight lines between the rows tell no more
    assert "releases" not in run.per_stimulus["last"]


def test_a_table_of_trials_has_releases_of_the_others_alone(tmp_path: Path) -> None:
    gate = {"gating": "stochastic", "gate": ["C <-> O : 20, 15"], "open_states": ["O"]}
    current = {"kind": "ohmic", "conductance": "3 pS", "reversal": 50}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": current, **gate}]
    run = rc.run(model(channels=channels, stimulus=CLAMP, run={"duration": 0.05, "trials": 2}), out=tmp_path)
    assert run.trials.release_probability.sensor.values.tolist() == ["vesicle"]
    assert run.trials.peak_calcium.sizes["point"] == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fusion": "stochastic"}, "leave fusion out"),
        ({"vesicles": 3}, "leave vesicles out"),
        ({"reserve": "S0"}, "leave reserve out"),
    ],
)
def test_what_belongs_to_vesicles_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Sensor(use=HAMID, positions=((0, 0, 0),), **given)


def test_no_vesicle_of_it_is_drawn() -> None:
    with pytest.raises(InputError, match="no released state"):
        rc.fusions(HAMID, [0, 1], 10.0)


def test_a_scheme_without_fusion_is_told_how_to_say_so() -> None:
    with pytest.raises(InputError, match=r"released = \[\]"):
        Sensor(name="s", positions=((0, 0, 0),), scheme=("X + Ca <-> Y : 1, 1",))
