"""Release in a calcium that is given: published responses, in a few lines and without a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import library
from rdcalcium.errors import InputError, RdcalciumError
from rdcalcium.model import Sensor
from rdcalcium.model.sensor_doubts import never_fuse
from tests.test_library_kinetics import PULSE
from tests.test_release import LEVELS, PEAKS, SENSORS
from tests.tolerances import TOLERANCES

ONE = Sensor(name="v", positions=[[0, 0, 0]], scheme=["X -> fused : 0.02*Ca"])


@pytest.mark.parametrize("name", SENSORS)
def test_peak_rates_after_steps_of_calcium(name: str) -> None:
    """A dose-response curve in three lines."""
    times = np.concatenate([np.linspace(0, 4, 1001), np.linspace(4.1, 30, 260)])
    steps = rc.release(SENSORS[name], times, [LEVELS], rest=0)
    peaks = steps.release_rate.max("time")
    np.testing.assert_allclose(peaks, PEAKS[name], rtol=TOLERANCES["release sensors"])


@pytest.mark.parametrize("name", ["S&N", "Felmy"])
def test_a_pulse_with_two_jumps(name: str) -> None:
    """20 µM for 0.5 ms, then 50 nM: six rows say all, because at constant calcium every step is exact."""
    pulse = rc.release(SENSORS[name], [0, 0.5, 0.5, 5.5], [20, 20, 0.05, 0.05], rest=0)
    assert pulse.release_probability[-1] == pytest.approx(PULSE[SENSORS[name]], rel=TOLERANCES["release sensors"])
    assert pulse.cumulative_release[-1] == pulse.release_probability[-1]


def test_release_along_a_straight_line_is_the_integral_of_the_hazard() -> None:
    """P = 1 - exp(-∫ k c dt), c from 1 to 11 µM in 10 ms."""
    ramp = rc.release(ONE, [0.0, 10.0], [1.0, 11.0])
    assert ramp.release_probability[-1] == pytest.approx(1 - np.exp(-0.02 * 60), rel=1e-9)
    np.testing.assert_allclose(ramp.occupancy.sum("state"), 1)
    np.testing.assert_allclose(ramp.release_rate, 0.02 * ramp.calcium * ramp.occupancy.sel(state="X"))


def test_traces_side_by_side_are_each_its_own() -> None:
    times = np.linspace(0, 3, 31)
    both = 5 + np.stack([np.sin(times), np.cos(times)], axis=1)
    together = rc.release("felmy2003", times, both)
    for i in (0, 1):
        alone = rc.release("felmy2003", times, both[:, i])
        np.testing.assert_allclose(together.release_rate[:, i], alone.release_rate, rtol=1e-9)
    assert together.occupancy.dims == ("time", "trace", "state")


def test_a_trace_says_its_units_and_its_papers() -> None:
    seen = rc.release("felmy2003", [0, 1], 10.0)
    assert seen.release_rate.attrs["units"] == "1/ms"
    assert any("Felmy" in citation for citation in seen.attrs["references"])
    assert seen.time.values.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("sensor", "times", "calcium", "sentence"),
    [
        ("felmy", [0, 1], 1.0, "no sensor 'felmy'.*felmy2003"),
        (5, [0, 1], 1.0, "5 is no sensor; give the name of one in the library"),
        (ONE, [0], 1.0, r"times must be a row of at least two, in ms; these have the shape \(1,\)"),
        (ONE, [0, 2, 1], 1.0, "times must ascend, in ms; here 1 comes after 2"),
        (ONE, [0, np.nan, 1], 1.0, r"times must be numbers up to 1e\+09 ms; one of these is nan"),
        (ONE, [0, np.inf], 1.0, r"times must be numbers up to 1e\+09 ms; one of these is inf"),
        (ONE, [0, 1], [1.0, np.nan], r"calcium must be numbers up to 1e\+09 uM; one of these is nan"),
        (ONE, [0, 1], np.zeros((2, 0)), r"calcium of the shape \(2, 0\) does not fit 2 times"),
        (ONE, [0, 1], ["a", "b"], "'a' is not a quantity; write for example '0.1 uM'"),
        (ONE, [0, 1], [[1, 2], [3]], "calcium must be a row of numbers, or rows of one length"),
        (ONE, [0, 1, 2], [1.0, 2.0], r"calcium of the shape \(2,\) does not fit 3 times"),
        (ONE, [0, 1], [1.0, -2.0], "the lowest here is -2"),
    ],
)
def test_a_course_that_cannot_be_is_refused(sensor: str, times: list[float], calcium: object, sentence: str) -> None:
    with pytest.raises(RdcalciumError, match=sentence):
        rc.release(sensor, times, calcium)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"rest": np.nan}, "nan is not a finite concentration"),
        ({"rest": -1}, r"rest is -1; it is a concentration from 0 to 1e\+09 uM"),
        ({"magnesium": "-5 uM"}, "magnesium is '-5 uM'; it is a concentration from 0"),
        ({"seed": -1}, "seed is -1; it is a whole number from 0 on"),
        ({"vesicles": 2.5}, "vesicles is 2.5; it is a whole number from 1 on"),
        ({"trials": "3"}, "trials is '3'; it is a whole number from 1 on"),
    ],
)
def test_what_is_no_concentration_and_no_whole_number_is_refused(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        rc.fusions(ONE, [0, 1], 1.0, **said)
    if {"rest", "magnesium"} & said.keys():
        with pytest.raises(InputError, match=sentence):
            rc.release(ONE, [0, 1], 1.0, **said)


OWN = {
    "scheme": ["X[n] + Ca <-> X[n+1] : (3-n)*k_on, (n+1)*k_off for n = 0..2", "X3 -> fused : gamma"],
    "parameters": {"k_on": "0.1 /uM/ms", "k_off": "5 /ms", "gamma": "6 /ms"},
}


def test_a_sensor_of_ones_own_is_a_table_or_a_part_and_times_may_have_units() -> None:
    part = rc.sensor(name="mine", positions=[[0, 0, 0]], **OWN)
    one = rc.release(part, [0, 0.5, 1], [[10]], rest=0.1)
    other = rc.release(OWN, ["0 ms", "500 us", "1 ms"], [["10 uM"]], rest="100 nM")
    np.testing.assert_array_equal(one.release_rate, other.release_rate)
    assert float(one.release_rate[-1, 0]) > 0


def test_a_ladder_without_its_last_rung_is_asked_about() -> None:
    short = {**OWN, "scheme": [OWN["scheme"][0].replace("3-n", "2-n"), OWN["scheme"][1]]}
    with pytest.warns(rc.ModelWarning, match=r"can ever fuse: the rate of 'X2 .*' from X2 to X3 is 0 at 10 uM"):
        found = rc.release(short, [0, 1], 100.0)
    assert float(found.release_probability[-1]) == 0


@pytest.mark.parametrize("name", library.entries("sensors"))
def test_every_sensor_of_the_library_can_release(name: str) -> None:
    assert never_fuse(Sensor(use=name, positions=((0, 0, 0),))) is None
