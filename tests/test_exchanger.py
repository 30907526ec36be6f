"""The electrogenic exchanger of the library: where it turns round, and which way it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.discretization.build import discretize
from rdcalcium.library import resolve
from rdcalcium.model import Model, Pump, doubts, write_toml
from rdcalcium.patches.base import Course
from rdcalcium.patches.build import build_patches, pump_mechanism
from tests.models import small_model

V_T, REST = 26.7, 0.1  # mV, µM


def exchanged(calcium: float, voltage: float, **parameters: float) -> float:
    """Flux out of the cytosol of an exchanger without a leak, µM µm ms⁻¹."""
    pump = Pump(use="NCX_luo_rudy1994", leak="none", parameters={"V_max": "1 uM*um/ms", "Ca_o": "1.8 mM", **parameters})
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


def test_an_exchanger_at_rest_is_as_fast_as_its_equation_says_with_the_numbers_of_the_paper() -> None:
    """Equation and Table of Luo & Rudy 1994 at -80 mV and 1 µM, in mM: a barrier at 0.35 of the membrane."""
    outwards, inwards = 140**3 * 1e-3 * np.exp(0.65 * 80 / 26.7), 10**3 * 1.8 * np.exp(-0.35 * 80 / 26.7)
    slowed = (87.5**3 + 140**3) * (1.38 + 1.8) * (1 + 0.1 * np.exp(0.65 * 80 / 26.7))
    assert exchanged(1.0, -80.0) == pytest.approx((outwards - inwards) / slowed, rel=1e-9)


def test_no_step_sees_more_than_a_quarter_of_a_spike_of_the_voltage_that_an_exchanger_follows() -> None:
    """Up and down again by 100 mV: a step has to end eight times, but for the last row that is beyond each quarter."""
    times = np.linspace(0.0, 4.0, 2001)
    spike = Course(times, -80 + 100 * np.exp(-(((times - 2) / 0.2) ** 2)))
    changes = np.abs(np.diff(spike.at(np.append(spike.stops, 4.0))))
    assert changes.max() <= 0.26 * 100
    assert len(spike.stops) <= 10


def test_more_sodium_inside_turns_an_exchanger_round() -> None:
    assert exchanged(0.1, -80.0) > 0 > exchanged(0.1, -80.0, Na_i="40 mM")


def test_a_run_writes_the_voltage_that_its_exchanger_sees(tmp_path: Path) -> None:
    """Where nothing else needs it: there are no channels."""
    pump = Pump(use="NCX_luo_rudy1994", surface="membrane", parameters={"V_max": "1e-3 uM*um/ms", "Ca_o": "2 mM"})
    clamp = {"kind": "voltage_step", "holding": -80, "steps": [{"level": 20, "start": 0.02, "duration": 0.03}]}
    cells = {"kind": "grid", "size_at_active_zone": 0.05}
    model = small_model(
        chemistry="fixed", discretization=cells, channels=[], pumps=[pump], stimulus=clamp, run={"duration": 0.1}
    )
    result = rc.run(model, "numpy", tmp_path / "run")
    assert result.stimulus["time (ms)"].tolist() == [0, 0.02, 0.02, 0.05, 0.05, 0.1]
    assert result.stimulus["voltage (mV)"].tolist() == [-80, -80, 20, 20, -80, -80]
    assert result.per_stimulus["near"].time.values.tolist() == [0.02]


# In a model --------------------------------------------


def with_exchanger(own: dict[str, Any] | None = None, outside: str = "", **changes: Any) -> Model:
    """A control volume of 0.1 µm, whose exchanger may say a calcium outside of its own, at -80 mV."""
    parameters = {"V_max": "1 uM*um/ms", **(own or {})}
    tables = {
        "geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.1},
        "calcium": {"rest": REST},
        "stimulus": {
            "kind": "voltage_step",
            "holding": "-80 mV",
            "steps": [{"level": "0 mV", "start": 1, "duration": 1}],
        },
        "pumps": [{"use": "NCX_luo_rudy1994", "leak": "none", "parameters": parameters}],
        "run": {"duration": 3},
    }
    return resolve(tables | ({"extracellular": {"calcium": outside}} if outside else {}) | changes)


def out(model: Model) -> float:
    """Its flux out of the cytosol at rest, µM µm ms⁻¹."""
    (patch,) = build_patches(model, discretize(model)).patches
    return float(patch.mechanism.flux(np.array([REST]), patch.mechanism.start[:, None])[0])


@pytest.mark.parametrize("outside", ["1.2 mM", "3 mM"])
def test_an_exchanger_follows_the_calcium_outside(outside: str) -> None:
    assert out(with_exchanger(outside=outside)) == pytest.approx(exchanged(REST, -80.0, Ca_o=outside), rel=1e-12)


def test_calcium_outside_that_an_exchanger_says_itself_counts_and_is_asked_about() -> None:
    own = with_exchanger({"Ca_o": "1.8 mM"}, outside="3 mM")
    assert out(own) == pytest.approx(exchanged(REST, -80.0), rel=1e-12)
    (asked,) = [text for text in doubts(own) if "NCX" in text]
    assert asked.startswith(
        "pump 'NCX_luo_rudy1994' says Ca_o = 1.8 mM, and the calcium of [extracellular] is 3 mM: is"
    )
    assert not any("Ca_o" in text for text in doubts(with_exchanger(outside="3 mM")))


def test_a_written_model_follows_the_calcium_outside_again(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(write_toml(with_exchanger(outside="3 mM")))
    again = rc.load(tmp_path / "model.toml")
    changed = again.changed(extracellular={"calcium": "1.2 mM"})
    assert out(again) == out(with_exchanger(outside="3 mM"))
    assert out(changed) == out(with_exchanger(outside="1.2 mM"))


def test_calcium_outside_has_to_be_said() -> None:
    with pytest.raises(rc.ModelError, match=r"names Ca_o, the calcium outside: say \[extracellular\] calcium"):
        with_exchanger()


def test_check_says_what_does_not_follow_the_temperature() -> None:
    told = rc.check(with_exchanger(outside="2 mM", temperature="34 degC"))
    assert any("34 degC, which the numbers of 'NCX_luo_rudy1994' do not follow" in line for line in told)
    assert not any("degC" in line for line in rc.check(with_exchanger(outside="2 mM")))
