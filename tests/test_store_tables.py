"""What a run says of its stores at every row: how much calcium is in them, what crosses their membranes, and gates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

import rdcalcium as rc
from rdcalcium.library import resolve
from rdcalcium.results.folder import STORES
from rdcalcium.view import traces
from tests.support import StopAfter, assert_same_tables

SIDE, VOLUME, RATIO = 0.1, 2e-4, 4.0  # µm, µm³
SERCA = {"use": "SERCA_li_rinzel1994", "name": "SERCA", "parameters": {"V_max": "2e-3 uM*um/ms"}}
IP3R = {"use": "IP3R_li_rinzel1994", "name": "IP3R", "parameters": {"P": "1e-4 um/ms", "IP3": "0.4 uM"}}
PORE = {
    "name": "pore",
    "law": "-P*O*(Ca_store - Ca)",
    "scheme": ["C + Ca <-> B : k_on, k_off", "B <-> O : a, b*Ca"],
    "parameters": {"P": 1e-5, "k_on": 0.5, "k_off": 0.3, "a": 0.02, "b": 0.1},
}
MIXED = {"name": "ER", "surface": "x_max", "volume": VOLUME, "binding_ratio": RATIO, "rest": 100}
CALRETICULIN = {
    "name": "CR",
    "total": "3 mM",
    "k_on": "1e-3 /uM/ms",
    "K_d": "1 mM",
    "diffusivity": "0.02 um^2/ms",
    "where": {"kind": "lumen", "of": "ER"},
}
FINE = {"every": "0.1 ms"}


def mixed(*transports: dict[str, Any], leak: str = "balances", **changes: Any) -> rc.Model:
    """One control volume with a well-mixed store behind one of its faces, and a current into it."""
    current = {"kind": "pulse", "amplitude": "2 fA", "start": 0, "duration": 5}
    tables = {
        "geometry": {"kind": "box", "size": [SIDE] * 3},
        "discretization": {"kind": "grid", "size_at_active_zone": SIDE},
        "stores": [{**MIXED, "transports": [*transports], "leak": leak}],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": current}],
        "run": {"duration": 10, "tolerance": 1e-4, "max_step": "0.3 ms"},
        "record": {**FINE, "snapshots": FINE},
    }
    return resolve(tables | changes)


def resolved(**changes: Any) -> rc.Model:
    """A ball of endoplasmic reticulum in a box, with control volumes of its own and a buffer in them."""
    ball = {"kind": "sphere", "name": "ER", "centre": [0, 0, 0.15], "radius": 0.1}
    strong = {**SERCA, "parameters": {"V_max": "0.05 uM*um/ms"}}
    lumen = {"region": "ER", "diffusivity": "0.1 um^2/ms"}
    tables = {
        "geometry": {"kind": "box", "size": [0.3] * 3, "obstacles": [ball]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.05, "size_in_bulk": 0.06},
        "stores": [{"name": "ER", "lumen": lumen, "rest": 200.0, "transports": [strong, IP3R]}],
        "buffers": [CALRETICULIN],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": "0.2 pA"}}],
        "run": {"duration": 0.5},
        "record": {"every": "5 us", "snapshots": {"every": "0.1 ms"}},
    }
    return resolve(tables | changes)


@pytest.mark.parametrize("model", [mixed(SERCA, IP3R), resolved()], ids=["well mixed", "resolved"])
def test_what_crosses_the_membrane_adds_up_to_what_the_store_gains(
    backend: str, model: rc.Model, tmp_path: Path
) -> None:
    result = rc.run(model, backend, tmp_path / "run")
    er, stored = result.stores["ER"], result.ledger["stored in ER (uM um^3)"]
    lumens = result.about.discretization.lumens
    volume = lumens["ER"] if model.stores[0].lumen else VOLUME
    inwards = sum(er[f"flux through {way}"] for way in ("SERCA", "IP3R", "leak"))
    crossed = np.trapezoid(inwards, er.time)
    assert crossed == pytest.approx(stored[-1] - stored[0], rel=1e-2)
    assert abs(crossed) > 1e-4 * stored[0]
    at_snapshots = er.total_calcium.sel(time=result.ledger["time (ms)"], method="nearest")
    np.testing.assert_allclose(at_snapshots * volume, stored, rtol=1e-9)


def test_fluxes_and_gates_are_those_of_the_published_equations(tmp_path: Path) -> None:
    """SERCA and the IP3 receptor of Li & Rinzel 1994 in the calcium on both sides, and the leak that balances them."""
    result = rc.run(mixed(SERCA, IP3R), "numpy", tmp_path / "run")
    er, c = result.stores["ER"], result.ledger["free (uM um^3)"] / SIDE**3
    store, h = er.calcium.values, er["h of IP3R"].values
    np.testing.assert_allclose(er.time, result.ledger["time (ms)"])
    pumped, opened = 2e-3 * c**2 / (0.1**2 + c**2), (0.4 / (0.4 + 0.13) * c / (c + 0.08234) * h) ** 3
    released = -1e-4 * opened * (store - c)
    leak = -(pumped + released)[0] / (store - c)[0] * (store - c)
    for way, flux in (("SERCA", pumped), ("IP3R", released), ("leak", leak)):
        np.testing.assert_allclose(er[f"flux through {way}"], SIDE**2 * flux, rtol=1e-9)
    q = 1.049 * (0.4 + 0.13) / (0.4 + 0.9434)
    slope = (q / (q + c) - h) * 0.2e-3 * (q + c)
    assert h[-1] - h[0] == pytest.approx(np.trapezoid(slope, er.time), rel=1e-2)
    np.testing.assert_allclose(er.total_calcium, (1 + RATIO) * store)
    assert (er.calcium.attrs["units"], er["flux through SERCA"].attrs["units"]) == ("uM", "uM um^3/ms")
    with pytest.raises(KeyError, match=r"there is no store 'er'; .*Did you mean 'ER'"):
        result.stores["er"]


def test_shares_of_states_add_up_to_one_and_transports_of_one_name_are_told_apart(tmp_path: Path) -> None:
    result = rc.run(mixed(SERCA, PORE, PORE, leak="none"), "numpy", tmp_path / "run")
    er = result.stores["ER"]
    for pore in ("pore", "pore 2"):
        np.testing.assert_allclose(sum(er[f"{state} of {pore}"] for state in "CBO"), 1)
    np.testing.assert_array_equal(er["O of pore"], er["O of pore 2"])
    assert er["O of pore"].std() > 1e-3
    c = result.ledger["free (uM um^3)"] / SIDE**3
    expected = -1e-5 * er["O of pore"] * (er.calcium - c) * SIDE**2
    np.testing.assert_allclose(er["flux through pore 2"], expected, rtol=1e-9)


def test_calcium_in_a_lumen_has_a_mean_between_its_ends(tmp_path: Path) -> None:
    er = rc.run(resolved(), "numpy", tmp_path / "run").stores["ER"]
    later = er.isel(time=slice(1, None))  # at rest they are one, but for rounding
    assert bool(((later.lowest_calcium < later.calcium) & (later.calcium < later.highest_calcium)).all())
    assert float(er.highest_calcium[-1] - er.lowest_calcium[-1]) > 0.01
    bound = 3000 * er.calcium / (1000 + er.calcium)  # in equilibrium
    np.testing.assert_allclose(er.total_calcium, er.calcium + bound, rtol=1e-3)


@pytest.mark.parametrize("every", [None, "13 us"])
def test_a_stopped_run_goes_on_with_its_stores(tmp_path: Path, backend: str, every: str | None) -> None:
    """Rows after each step, and within them."""
    model = resolved(run={"duration": 0.1}, record={"every": every} if every else {})
    rc.run(model, backend, tmp_path / "whole")
    result = rc.run(model, backend, tmp_path / "parts", should_stop=StopAfter(6))
    assert 0 < result.summary.time < 0.1
    rc.resume(tmp_path / "parts")
    assert_same_tables(tmp_path / "whole", tmp_path / "parts")
    rows, steps = (rc.Result(tmp_path / "whole").table(name)["time (ms)"] for name in (STORES, "probes.csv"))
    np.testing.assert_array_equal(rows, steps if every else np.linspace(0, 0.1, 201).round(7))


def test_stores_keep_no_device_from_many_steps_at_once(kernel_backend: str, tmp_path: Path) -> None:
    """Its rows are looked at where the device stops; in a run of many steps that is after few of them."""
    model = mixed(SERCA, run={"duration": 10, "max_step": "0.01 ms"}, record={})
    result = rc.run(model, kernel_backend, tmp_path / "run")
    assert result.summary.steps > 4 * (len(result.stores["ER"].time) - 1)


def test_each_store_has_a_panel_among_the_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = rc.run(mixed(SERCA), "numpy", tmp_path / "run")
    drawn: list[Axes] = []
    monkeypatch.setattr(traces, "save", lambda figure, path: drawn.extend(figure.axes))
    traces.traces(result.folder, tmp_path / "traces.png")
    (line,) = drawn[-1].lines
    assert line.get_label() == "in ER"
    np.testing.assert_array_equal(line.get_ydata(), result.stores["ER"].calcium)


def test_each_trial_has_rows_of_its_own(tmp_path: Path) -> None:
    gate = {"gating": "stochastic", "gate": ["C <-> O : 2, 1"], "open_states": ["O"]}
    current = {"kind": "ohmic", "conductance": "0.1 pS", "reversal": "50 mV"}
    model = mixed(
        SERCA,
        channels=[{"name": "Ca", "positions": [[0, 0]], "current": current, **gate}],
        stimulus={"kind": "voltage_step", "holding": 50, "steps": [{"level": 0, "start": 1, "duration": 5}]},
        run={"duration": 10, "trials": 3},
        record={"every": "1 ms"},
    )
    er = rc.run(model, "numpy", tmp_path / "run").stores["ER"]
    assert er.calcium.shape == (3, 11)
    assert len(np.unique(er.calcium[:, -1])) == 3
