"""A rest in which channels conduct: nothing happens, and nothing is seen to happen, close to the pores too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.build import discretize
from rdcalcium.library import resolve
from rdcalcium.model import Model
from rdcalcium.resting import resting_currents
from rdcalcium.simulation import Simulation
from rdcalcium.steady_state.equations import Equations
from rdcalcium.system import build_system
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.test_rest import begun, rested

NEAR = (0.006, 0.0, 0.005)  # µm, half a cell from the pore
PLAIN = "C <-> O : 1.78*exp(V/23.3), 0.14*exp(-V/15)"
OPEN_FIRST = "O <-> C : 0.14*exp(-V/15)*(1 + 1e-9*Ca), 1.78*exp(V/23.3)"
GATES = {"of voltage": PLAIN, "of calcium": f"{PLAIN}*(1 + 1e-9*Ca)"}


def conducting(gate: str, holding: float = -60.0, level: float = -60.0, **changes: Any) -> Model:
    """A channel that is open at the holding voltage by its gate, a pump, and cells of 10 nm; µM, mV, ms."""
    pore = {
        "name": "Ca",
        "positions": [[0, 0]],
        "gate": [GATES[gate]],
        "open_states": ["O"],
        "current": {"kind": "ohmic", "conductance": "2 pS", "reversal": "60 mV"},
    }
    tables = {
        "geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.01},
        "calcium": {"rest": 0.1},
        "channels": [pore],
        "pumps": [{"name": "linear", "surface": "z_max", "law": "P*Ca", "parameters": {"P": 5.0}}],
        "stimulus": {
            "kind": "voltage_step",
            "holding": holding,
            "steps": [{"level": level, "start": 0, "duration": 1}],
        },
        "sensors": [{"name": "vesicle", "use": "felmy2003", "positions": [NEAR]}],
        "run": {"duration": 0.01, "tolerance": 1e-4},
    }
    return resolve(tables | changes)


def seen(run: Simulation) -> float:
    """Calcium at the vesicle, µM."""
    return float(run.values[CALCIUM, 0])


@pytest.mark.parametrize("gate", GATES)
def test_what_cells_miss_near_a_pore_that_always_conducts_is_there_from_the_first_row_on(gate: str) -> None:
    model = conducting(gate)
    run = begun(rested(model).system, model)
    first, of_cells = seen(run), float(run.points.last[CALCIUM, 0])
    assert abs(first / of_cells - 1) > 0.02
    run.run()
    assert seen(run) == pytest.approx(first, rel=1e-6)


def test_vesicles_begin_in_the_calcium_that_they_see_from_then_on() -> None:
    model = conducting("of voltage")
    run = begun(rested(model).system, model)
    (sensor,) = run.sensors
    begins = sensor.occupancy[0]
    run.run()
    assert begins == pytest.approx(sensor.vesicles.chain.start(seen(run)), rel=1e-5)


@pytest.mark.parametrize("gate", GATES)
def test_a_voltage_that_jumps_at_once_jumps_from_that_at_rest(gate: str) -> None:
    """The state before is that without a jump, and what cells missed of it fades, as where a channel closes."""
    model = conducting(gate, level=50.0)
    run, still = (begun(rested(one).system, one) for one in (model, conducting(gate)))
    assert seen(run) == pytest.approx(seen(still), rel=1e-12)
    after = float(run.points.calcium(0.0, before_jump=False)[0])
    assert after == pytest.approx(seen(still), rel=0.02)
    run.stretch(until=2e-4, alone=True)
    assert seen(run) == pytest.approx(after, rel=0.02)


def test_a_gate_may_name_its_open_state_first() -> None:
    """What is read from the states of a patch, whose first one it does not keep."""
    model = conducting("of calcium")
    swapped = model.changed(channels=[model.channels[0].model_copy(update={"gate": (OPEN_FIRST,)})])
    runs = [begun(rested(one).system, one) for one in (model, swapped)]
    first, second = (run.pores.open_probability(run.do.sites(run.stepper.y)) for run in runs)
    assert first == pytest.approx(second, rel=1e-12)
    assert seen(runs[0]) == pytest.approx(seen(runs[1]), rel=1e-12)


def test_a_channel_that_happens_to_be_open_at_rest_is_seen_from_the_first_row_on() -> None:
    """At 20 mV it is open nearly always."""
    model = conducting("of voltage", 20.0, 20.0)
    drawn = model.changed(channels=[model.channels[0].model_copy(update={"gating": "stochastic"})])
    run, averaged = (begun(rested(one).system, one) for one in (drawn, model))
    assert seen(run) == pytest.approx(seen(averaged), rel=0.02)
    assert abs(seen(run) / float(run.points.last[CALCIUM, 0]) - 1) > 0.02


# Under currents that stay --------------------------------------------

MUCH = {"name": "B", "k_on": 0.1, "K_d": 10.0, "total": 400.0, "diffusivity": 0.05}
SLOW = {"name": "linear", "surface": "z_max", "law": "P*Ca", "parameters": {"P": 0.2}}


@pytest.mark.parametrize("ways_out", [{"pumps": [SLOW]}, {"pumps": [], "calcium": {"rest": 0.1, "clearance": "1 /ms"}}])
@pytest.mark.parametrize("diffusivity", [0.05, 0.0])
def test_a_gate_that_calcium_hardly_changes_has_the_steady_state_of_an_ordinary_one(
    ways_out: dict[str, Any], diffusivity: float
) -> None:
    """Though buffers take all that enters at first, from where Newton's method goes astray."""
    buffers = [{**MUCH, "diffusivity": diffusivity}]
    found, plain = (
        rc.steady(conducting(gate, -40.0, -40.0, buffers=buffers, **ways_out), "5 us") for gate in reversed(GATES)
    )
    np.testing.assert_allclose(found.y, plain.y, rtol=1e-6)
    assert found.entering == pytest.approx(plain.entering, rel=1e-6)


def test_with_none_of_the_currents_channels_whose_gate_calcium_changes_let_nothing_in() -> None:
    model = conducting("of calcium")
    system = build_system(model, discretize(model))
    equations = Equations(NumpyOperations(system), np.zeros(system.shape))
    u = np.zeros_like(equations.sources)
    all_, half, none = (equations.under(share).rates(u)[CALCIUM] for share in (1.0, 0.5, 0.0))
    rounding = 1e-12 * all_.max()
    np.testing.assert_allclose(none, 0.0, atol=rounding)
    np.testing.assert_allclose(half, 0.5 * all_, atol=rounding)
    np.testing.assert_allclose(all_, equations.entering, atol=rounding)
    current = float(equations.volumes @ all_) / AMOUNT_PER_CHARGE
    assert current == pytest.approx(resting_currents(conducting("of voltage"))[0], rel=1e-6)
