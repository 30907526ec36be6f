"""The electrogenic exchanger of the library: where it turns round, and which way it goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.model import Pump
from rdcalcium.patches.base import Course
from rdcalcium.patches.build import pump_mechanism
from tests.models import small_model

V_T, REST = 26.7, 0.1  # mV, µM


def exchanged(calcium: float, voltage: float, **parameters: float) -> float:
    """Flux out of the cytosol of an exchanger without a leak, µM µm ms⁻¹."""
    pump = Pump(use="NCX_luo_rudy1994", leak="none", parameters={"V_max": "1 uM*um/ms", **parameters})
    mechanism = pump_mechanism(pump, REST, Course(np.array([0.0]), np.array([voltage])))
    return float(mechanism.flux(np.array([calcium]), mechanism.start[:, None])[0])


@pytest.mark.parametrize("calcium", [0.05, 0.3, 5.0])
def test_three_sodium_for_one_calcium_turn_round_at_their_reversal(calcium: float) -> None:
    """E = 3 E_Na - 2 E_Ca, by Nernst's equation for each: it takes calcium out below, and lets it in above."""
    sodium, own = V_T * np.log(140 / 10), V_T / 2 * np.log(1800 / calcium)
    reversal = 3 * sodium - 2 * own
    assert abs(exchanged(calcium, reversal)) < 1e-12 * abs(exchanged(calcium, reversal - 20))
    assert exchanged(calcium, reversal - 20) > 0 > exchanged(calcium, reversal + 20)


def test_an_exchanger_is_as_fast_as_its_equation_says_at_its_limits() -> None:
    """Far below its reversal nothing comes in, and k_sat alone bounds what goes out."""
    bound = 140**3 / (87.5**3 + 140**3) / (1.38 + 1.8)
    assert exchanged(1.0, -2000.0) == pytest.approx(bound * 1e-3 / 0.1, rel=1e-6)
    assert exchanged(1.0, 0.0) == pytest.approx(
        (bound * 1e-3 - 10**3 * 1.8 / (87.5**3 + 140**3) / 3.18) / 1.1, rel=1e-9
    )


def test_more_sodium_inside_turns_an_exchanger_round() -> None:
    assert exchanged(0.1, -80.0) > 0 > exchanged(0.1, -80.0, Na_i="40 mM")


def test_a_run_writes_the_voltage_that_its_exchanger_sees(tmp_path: Path) -> None:
    """Where nothing else needs it: there are no channels."""
    pump = Pump(use="NCX_luo_rudy1994", surface="membrane", parameters={"V_max": "1e-3 uM*um/ms"})
    clamp = {"kind": "voltage_step", "holding": -80, "steps": [{"level": 20, "start": 0.02, "duration": 0.03}]}
    cells = {"kind": "grid", "size_at_active_zone": 0.05}
    model = small_model(
        chemistry="fixed", discretization=cells, channels=[], pumps=[pump], stimulus=clamp, run={"duration": 0.1}
    )
    result = rc.run(model, "numpy", tmp_path / "run")
    assert result.stimulus["time (ms)"].tolist() == [0, 0.02, 0.02, 0.05, 0.05, 0.1]
    assert result.stimulus["voltage (mV)"].tolist() == [-80, -80, 20, 20, -80, -80]
    assert result.per_stimulus["near"].time.values.tolist() == [0.02]
