"""Currents of open channels: Ohm's law, the constant field, tables, and what temperature and calcium outside change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import constants

from rdcalcium import library
from rdcalcium.currents import channel_currents
from rdcalcium.model import GoldmanCurrent, ModelError, NadkarniCurrent, OhmicCurrent, TabulatedOpenCurrent, doubts
from rdcalcium.model.surroundings import Surroundings
from tests.model_tables import GATED_CURRENTS, OHMIC, PARTS, STIMULI, channel, model_of_tables
from tests.tolerances import TOLERANCES

VOLTAGES = np.array([-80.0, -60, -40, -20, 0, 20, 40])
SLICE = Surroundings(temperature=24.0, outside=2000.0, inside=0.05)


def goldman(**said: Any) -> GoldmanCurrent:
    return GoldmanCurrent(**{"permeability": "1e-20 m^3/s", **said}).within(SLICE)


def test_the_constant_field_gives_the_currents_that_were_computed_elsewhere() -> None:
    known = [0.024162, 0.018255, 0.012612, 0.007628, 0.003859, 0.001599, 0.000554]  # pA
    np.testing.assert_allclose(goldman().inward(np.ones(7), VOLTAGES), known, rtol=1e-4, atol=5.1e-7)


def test_the_constant_field_is_its_formula_in_si_units() -> None:
    """i = P z² F² V / (R T) (c_i - c_o exp(-z F V / (R T))) / (1 - exp(-z F V / (R T))), outward positive."""
    V, P, T = VOLTAGES[VOLTAGES != 0] * 1e-3, 1e-20, 310.15
    F, R = constants.value("Faraday constant"), constants.R
    u = 2 * F * V / (R * T)
    outward = P * 4 * F**2 * V / (R * T) * (70e-6 - 1.2 * np.exp(-u)) / (1 - np.exp(-u)) * 1e12  # mol/m³ are mM
    found = goldman(inside="70 nM", outside="1.2 mM", temperature="37 °C").inward(np.full(6, 0.3), V * 1e3)
    np.testing.assert_allclose(found, -0.3 * outward, rtol=1e-9)


def test_the_constant_field_is_a_straight_line_far_from_rest() -> None:
    """Every ion that the field takes comes through: -P z² F² V / (R T) c_o inward, and outward with c_i."""
    slope = 1e-20 * 4 * constants.value("Faraday constant") ** 2 / (constants.R * 297.15) * 1e12
    found = goldman().inward(np.ones(4), np.array([-1e4, -5e3, 5e3, 1e4]))
    np.testing.assert_allclose(found, slope * np.array([10 * 2.0, 5 * 2.0, -5 * 5e-5, -10 * 5e-5]), rtol=1e-9)


def test_the_constant_field_is_smooth_where_the_voltage_is_zero_and_turns_at_the_nernst_potential() -> None:
    near = goldman().inward(np.ones(3), np.array([-1e-9, 0, 1e-9]))
    np.testing.assert_allclose(near, near[1], rtol=1e-9)
    nernst = 1e3 * constants.R * 297.15 / (2 * constants.value("Faraday constant")) * np.log(2000 / 0.05)
    assert nernst == pytest.approx(135.7, abs=0.05)
    below, above = goldman().inward(np.ones(2), nernst + np.array([-0.01, 0.01]))
    assert below > 0 > above


def test_the_current_of_nadkarni_is_its_formula() -> None:
    """As in public code after the paper: ions per second of γ V (0.393 - exp(-V/80.36)) / (1 - exp(V/80.36))."""
    V = VOLTAGES[VOLTAGES != 0]
    amperes = 3.72e-12 * V * 1e-3 * (0.393 - np.exp(-V / 80.36)) / (1 - np.exp(V / 80.36))
    law = NadkarniCurrent(conductance="3.72 pS")
    np.testing.assert_allclose(law.inward(np.ones(6), V), 1e12 * amperes, rtol=1e-12)
    near = law.inward(np.ones(3), np.array([-1e-9, 0, 1e-9]))
    np.testing.assert_allclose(near, near[1], rtol=1e-9)


def test_a_table_of_voltages_is_met_at_its_rows_and_goes_on_as_a_line() -> None:
    table = library.channels("calyx_keller2015", positions=[[0, 0]]).current
    assert isinstance(table, TabulatedOpenCurrent)
    known = {-80: 0.294, -60: 0.266, -40: 0.230, -20: 0.190, 0: 0.146, 10: 0.122}  # mV: pA
    np.testing.assert_allclose(table.inward(np.ones(6), np.array([*known])), [*known.values()], rtol=1e-12)
    beyond = table.inward(np.ones(2), np.array([-100.0, 26.38]))
    np.testing.assert_allclose(beyond, [0.294 + 20 * 0.028 / 20, 0.122 - 16.38 * 0.024 / 10], rtol=1e-12)
    V = np.linspace(-100, 60, 1601)
    course = table.inward(np.ones(1601), V)
    assert np.all(np.diff(course) < 0)
    assert np.abs(course - 2.07e-3 * (61.8 - V)).max() < 0.04  # the ohmic current of the same paper's library entry


KNOWN = {law["kind"]: law for law in GATED_CURRENTS.values()}


@pytest.mark.parametrize("kind", ["ohmic", "current_voltage", "nadkarni"])
def test_a_measured_current_saturates_with_the_calcium_outside(kind: str) -> None:
    """As c / (c + K_M), relative to where it was measured."""
    said = {**KNOWN[kind], "measured_in": "2 mM", "K_M": "2.6 mM"}
    law = {"ohmic": OhmicCurrent, "current_voltage": TabulatedOpenCurrent, "nadkarni": NadkarniCurrent}[kind](**said)
    measured = law.inward(np.ones(7), VOLTAGES)
    for outside, share in ((1000.0, (1 / 3.6) / (2 / 4.6)), (2000.0, 1.0), (10000.0, (10 / 12.6) / (2 / 4.6))):
        here = law.within(Surroundings(None, outside, 0.05))
        np.testing.assert_allclose(here.inward(np.ones(7), VOLTAGES), share * measured, rtol=1e-12)
        assert here.within(Surroundings(None, outside, 0.05)) == here
    assert law.within(Surroundings(37.0, None, 0.05)) == law


def charge(**said: Any) -> float:
    """What one calyx channel brings in during one action potential, fC."""
    channels = {"name": "c", "use": "calyx_borst_sakmann1998", "positions": [[0, 0]], **said.pop("channels", {})}
    model = model_of_tables(stimulus={**STIMULI["waveform"], "times": [0]}, channels=[channels], **said)
    return channel_currents(model).groups[0].influx.integral(0, 5)


def test_less_calcium_outside_brings_less_in() -> None:
    known = charge()
    assert known == pytest.approx(0.04318, rel=TOLERANCES["gate of the calyx"])
    assert charge(extracellular={"calcium": "2 mM"}) == pytest.approx(known, rel=1e-12)
    assert charge(extracellular={"calcium": "1.2 mM"}) / known == pytest.approx((1.2 / 3.8) / (2 / 4.6), rel=1e-9)


@pytest.mark.parametrize("channels", [{"Q10": 2.5}, {"speed": 2.5, "measured_at": "34 degC"}])
def test_ten_degrees_more_make_a_gate_faster_by_its_q10(channels: dict[str, Any]) -> None:
    """A gate that is 2.5 times as fast in an action potential is that gate in one that is 2.5 times as slow."""
    warm = charge(temperature="34 degC", channels=channels)
    group = library.channels("calyx_borst_sakmann1998", positions=[[0, 0]])
    slow = [(2.5 * t, v) for t, v in np.array(model_of_tables(stimulus=STIMULI["waveform"]).stimulus.table).tolist()]
    model = model_of_tables(
        stimulus={"kind": "action_potential", "waveform": "slow", "table": slow},
        channels=[{"use": group.use, "positions": [[0, 0]]}],
        run={"duration": 12.5},
    )
    assert warm == pytest.approx(channel_currents(model).groups[0].influx.integral(0, 12.5) / 2.5, rel=1e-5)
    assert warm != pytest.approx(charge(), rel=0.1)


def test_every_gate_of_the_library_says_how_warm_it_was_and_every_current_how_much_calcium_there_was() -> None:
    for name in library.entries("channels"):
        group = library.channels(name, positions=[[0, 0]])
        assert 20 <= group.measured_at <= 40
        assert group.current.measured_in == 2000


def refused(**changes: Any) -> str:
    with pytest.raises(ModelError) as error:
        model_of_tables(**{**PARTS["current GHK"], **changes})
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_a_current_needs_to_know_is_asked_for_in_one_sentence() -> None:
    assert refused(extracellular=None) == (
        "model: channels 'pore': a GHK current needs the calcium outside: [extracellular] calcium = \"2 mM\", "
        "or outside in the current"
    )
    assert refused(temperature=None) == (
        "model: channels 'pore': a GHK current needs the temperature, as temperature = \"24 degC\" above the "
        "tables or in the current"
    )
    cold = [channel(**{**OHMIC, "measured_at": "24 degC"})]
    assert refused(channels=cold) == (
        "model: channels 'pore': the gate was measured at 24 degC and the model is at 34 degC; say how much faster it "
        "is there, such as Q10 = 2.3 per 10 degC"
    )
    assert refused(temperature=310) == "model: 'temperature' is 310; the size of a temperature is at most 100 degC"
    rows = {"kind": "current_voltage", "voltages": [0, -10], "values": [0, 1]}
    assert "the voltages of the table must ascend" in refused(channels=[channel(**{**OHMIC, "current": rows})])
    rows = {"kind": "current_voltage", "voltages": [0, 10, 20], "values": [0, 1]}
    assert "the table has 3 voltages but 2 values" in refused(channels=[channel(**{**OHMIC, "current": rows})])


def test_unusual_surroundings_are_asked_about() -> None:
    (kelvin,) = doubts(model_of_tables(temperature="90 degC", sensors=[]))
    assert kelvin.startswith("the temperature is 90 degC, above 45 degC: is that meant? ")
    (bare,) = doubts(model_of_tables(extracellular={"calcium": 2}))
    assert bare.startswith("extracellular calcium is 2 uM, below 10 uM: is that meant? ")


@pytest.mark.parametrize(
    ("channels", "outside", "cited"),
    [
        ({}, "1 mM", True),
        ({}, "2 mM", False),
        ({}, None, False),
        ({"current": {**GATED_CURRENTS["ohmic that saturates"]}}, "1 mM", False),  # says its own K_M
    ],
)
def test_half_saturation_is_cited_where_it_was_not_said_and_matters(
    channels: dict[str, Any], outside: str | None, cited: bool
) -> None:
    model = model_of_tables(
        stimulus=STIMULI["waveform"],
        extracellular=outside and {"calcium": outside},
        channels=[{"use": "calyx_borst_sakmann1998", "positions": [[0, 0]], **channels}],
    )
    assert ("schneggenburger1999" in [paper["key"] for paper in library.used_references(model)]) == cited


def test_a_gate_much_colder_than_the_action_potential_is_asked_about() -> None:
    stimulus = {"kind": "action_potential", "waveform": "mossy_fibre_geiger_jonas2000"}
    cold = [{"use": "PQ_type_li2007", "positions": [[0, 0]]}]
    (asked,) = doubts(model_of_tables(stimulus=stimulus, channels=cold))
    assert asked == (
        "the action potential is that of 34 degC, and the gate of channels 'PQ_type_li2007' as fast as at 23 degC: is "
        "that meant? If not, say the temperature of the model, and Q10 of the channels"
    )
    warm = [{**cold[0], "Q10": 2.3}]
    assert doubts(model_of_tables(stimulus=stimulus, channels=warm, temperature="34 degC", sensors=[])) == []


@pytest.mark.parametrize("place", ["stimulus", "channels"])
def test_a_train_in_kilohertz_is_asked_about(place: str) -> None:
    train = {"kind": "regular", "rate": 100, "count": 2}
    changes: dict[str, Any] = {
        "stimulus": {"stimulus": {**STIMULI["listed"], "train": train}},
        "channels": {"channels": [channel(current={"kind": "pulse", "amplitude": 0.1, "duration": 1, "train": train})]},
    }[place]
    (asked,) = doubts(model_of_tables(**changes))
    assert "is 100 1/ms, above 2 1/ms: is that meant? A number without a unit is in 1/ms; 100 Hz is 0.1" in asked
