"""What is valid and hardly meant is asked about; what people do is not."""

from __future__ import annotations

from typing import Any

import pytest

from rdcalcium import library
from rdcalcium.model.plausible import USUAL, doubts
from tests.model_tables import CURRENTS, FIXED, OHMIC, PARTS, channel, model_of_tables

AP = PARTS["current ohmic"]["stimulus"]


def test_a_question_that_holds_of_two_sides_is_asked_once() -> None:
    model = model_of_tables(geometry={"kind": "box", "size": ["400 um", "400 um", "0.5 um"]})
    assert [text for text in doubts(model) if "is that meant" in text] == [
        "a side of the box is 400 um, above 100 um: is that meant? A number without a unit is in um; 500 nm is 0.5"
    ]


@pytest.mark.parametrize("name", library.entries("models"))
def test_nothing_is_asked_of_a_model_of_the_library(name: str) -> None:
    assert doubts(library.load(name)) == []


@pytest.mark.parametrize("name", library.entries("buffers"))
def test_nothing_is_asked_of_a_buffer_of_the_library(name: str) -> None:
    total = library.entry("buffers", name).get("total", "10 mM")
    assert doubts(model_of_tables(magnesium={"free": "0.5 mM"}, buffers=[{"use": name, "total": total}])) == []


@pytest.mark.parametrize("kind", CURRENTS)
def test_nothing_is_asked_of_a_usual_current(kind: str) -> None:
    assert doubts(model_of_tables(channels=[channel(current=CURRENTS[kind])])) == []


@pytest.mark.parametrize(
    ("change", "question"),
    [
        (
            {"calcium": {"rest": 50}},
            "resting calcium is 50 uM, above 1 uM: is that meant? A number without a unit is in ",
        ),
        (
            {"calcium": {"diffusivity": 220}},
            "the diffusivity of calcium is 220 um^2/ms, above 1 um^2/ms: is that meant? ",
        ),
        ({"magnesium": {"free": 0.5}}, "free magnesium is 0.5 uM, below 10 uM: is that meant? "),
        (
            {"buffers": [{**FIXED, "total": 4e5}]},
            "the total of buffer 'fixed' is 400 mM, above 100 mM: is that meant? ",
        ),
        ({"buffers": [{**FIXED, "diffusivity": 20}]}, "the diffusivity of buffer 'fixed' is 20 um^2/ms, above 1 "),
        ({"buffers": [{**FIXED, "k_on": 1e8}]}, "the binding rate of buffer 'fixed' is 100000000 1/(uM*ms), above 50 "),
        (
            {"channels": [channel(current={"kind": "constant", "amplitude": 200})]},
            "the current of channels 'pore' is 200",
        ),
        (
            {"channels": [channel(**{**OHMIC, "current": {**OHMIC["current"], "conductance": 2070}})], "stimulus": AP},
            "the conductance of channels 'pore' is 2070 pS, above 100 pS: is that meant? ",
        ),
        (
            {"pumps": [{"name": "PMCA", "law": "V_max*Ca/(K + Ca)", "parameters": {"V_max": 60, "K": 0.4}}]},
            "V_max of 'PMCA' is 60 uM*um/ms, above 10 uM*um/ms: is that meant? ",
        ),
        (
            {"pumps": [{"use": "PMCA_bartol2015", "density": 1e6}]},
            "the density of 'PMCA_bartol2015' is 1000000 1/um",
        ),
        (
            {"geometry": {"kind": "box", "size": [500, 1, 1]}},
            "a side of the box is 500 um, above 100 um: is that meant? ",
        ),
        (
            {"discretization": {"kind": "grid", "size_at_active_zone": "8 nm", "size_in_bulk": "3 nm"}},
            "size_in_bulk, 3 nm, is smaller than size_at_active_zone, 8 nm, and 8 nm holds everywhere: ",
        ),
        (
            {"discretization": {"kind": "tetrahedra", "size_at_active_zone": "8 nm", "size_in_bulk": "3 nm"}},
            "size_in_bulk, 3 nm, is smaller than size_at_active_zone, 8 nm, and 3 nm holds everywhere: ",
        ),
        (
            {"discretization": {"kind": "grid", "size_at_active_zone": ["5 nm", "5 nm", "0.3 nm"]}},
            "size_at_active_zone is 0.3 nm, less than a calcium ion in water is wide, ",
        ),
    ],
)
def test_a_value_far_from_physiology_is_asked_about(change: dict[str, Any], question: str) -> None:
    (asked,) = [text for text in doubts(model_of_tables(**change)) if not text.startswith("action potential")]
    assert asked.startswith(question)


@pytest.mark.parametrize(
    ("current", "begins"),
    [
        ({"kind": "pulse", "amplitude": 0.1, "start": 5, "duration": 1}, "5 ms"),
        ({"kind": "gaussian", "amplitude": 0.1, "peak": 8, "width": 1}, "7 ms"),
        ({"kind": "table", "times": [6, 7], "values": [0, 0.1]}, "6 ms"),
    ],
)
def test_a_current_after_the_end_is_asked_about(current: dict[str, Any], begins: str) -> None:
    (asked,) = doubts(model_of_tables(channels=[channel(current=current)]))
    assert asked == f"the current of channels 'pore' begins at {begins}, but the run ends at 5 ms"


@pytest.mark.parametrize(
    ("record", "key"), [({"every": 6}, "record.every"), ({"snapshots": {"every": 6}}, "record.snapshots.every")]
)
def test_an_interval_longer_than_the_run_is_asked_about(record: dict[str, Any], key: str) -> None:
    (asked,) = doubts(model_of_tables(record=record))
    assert asked == f"{key} is 6 ms, and the run 5 ms: it adds nothing to the ends"


def test_imaging_less_often_than_the_run_is_long_is_asked_about() -> None:
    dye = {**PARTS["dyes and microscopes"]}
    entry = {**dye["imaging"][0], "every": "6 ms"}
    asked = doubts(model_of_tables(**{**dye, "imaging": [entry]}))
    said = f"imaging {entry['name']!r} has a sample every 6 ms, and the run lasts 5 ms: is one sample meant?"
    assert said in asked


def test_a_snapshot_after_the_end_is_asked_about() -> None:
    (asked,) = doubts(model_of_tables(record={"snapshots": {"times": ["1 ms", "5 ms", "7 ms", "8 ms"]}}))
    assert asked == "no snapshot is taken at 7 ms or 8 ms, for the run ends at 5 ms"


@pytest.mark.parametrize(("longest", "asked"), [("1 ms", False), ("6e-9 ms", False), ("5e-9 ms", True)])
def test_a_longest_step_that_makes_a_run_endless_is_asked_about(longest: str, asked: bool) -> None:
    said = "run.max_step is 5e-09 ms, so the run takes at least 1e+09 steps for its 5 ms: is that meant?"
    assert doubts(model_of_tables(run={"duration": "5 ms", "max_step": longest})) == [said] * asked


def test_an_action_potential_after_the_end_is_asked_about() -> None:
    (asked,) = doubts(model_of_tables(stimulus={**AP, "times": [1, 7]}))
    assert asked == "action potential 2 begins at 7 ms, but the run ends at 5 ms"


@pytest.mark.parametrize(
    ("times", "question"),
    [
        ([(0.1, 0.2), (0.3, 0.7)], None),  # one after the other, until the end
        ([(0.2, 0.3), (0.4, 0.1)], "at 0.4 ms, while that of 0.2 ms still shines"),
        ([(0.2, 2.0)], "shines until 2.2 ms, but the run ends at 1 ms"),
        ([(1.5, 0.0)], "comes at 1.5 ms, but the run ends at 1 ms"),
    ],
)
def test_light_that_is_lost_or_comes_twice_is_asked_about(times: list, question: str | None) -> None:
    flashes = [{"time": at, "duration": long, "cage": "DMn", "efficiency": 0.3} for at, long in times]
    model = model_of_tables(**{**PARTS["cages and flashes"], "flashes": flashes, "run": {"duration": 1}})
    asked = [one for one in doubts(model) if "a flash" in one]
    assert [question in one for one in asked] == ([True] if question else [])


@pytest.mark.parametrize(("factor", "asked"), [(0.4, "below 1"), (1.3, None), (2.5, None), (25, "above 6")])
def test_a_q10_that_no_gate_has_is_asked_about(factor: float, asked: str | None) -> None:
    gates = channel(**{**OHMIC, "measured_at": "24 degC", "Q10": factor})
    found = [one for one in doubts(model_of_tables(channels=[gates], stimulus=AP)) if one.startswith("Q10 of channels")]
    assert [f"is {factor}, {asked}: is that meant?" in one for one in found] == [True] * bool(asked)


@pytest.mark.parametrize(
    ("rows", "questions"),
    [
        ([[0, -80], [1, 20]], []),
        ([[0, -0.08], [1, 0.02]], ["stays between -1 and 1 mV: is its second column in V? It is read in mV"]),
        ([[0, -80], [0.003, 20]], ["lasts 3 us: is its first column in s? It is read in ms"]),
        ([[0, 20], [1, -80]], ["begins at 20 mV: is that the resting potential? Gates start in equilibrium with it"]),
    ],
)
def test_a_waveform_in_other_units_is_asked_about(rows: list[list[float]], questions: list[str]) -> None:
    stimulus = {"kind": "action_potential", "waveform": "/data/ap.csv", "table": rows}
    assert doubts(model_of_tables(stimulus=stimulus)) == [f"waveform 'ap.csv' {question}" for question in questions]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"k_on": "0.002 /uM/ms"}, "k_off"),
        ({"k_off": "0.007 /ms"}, "k_on"),
        ({"k_on": "0.009 /uM/ms"}, None),
        ({"K_d": "700 nM"}, None),
        ({"k_on": "0.002 /uM/ms", "K_d": "0.35 uM"}, None),
        ({"k_on": "0.002 /uM/ms", "k_off": "0.007 /ms"}, None),
        ({"use": "ATP_keller2015", "scheme": [], "parameters": {}, "k_on": "0.5 /uM/ms", "k_off": "45 /ms"}, None),
    ],
)
def test_an_affinity_that_changed_with_one_rate_is_asked_about(said: dict[str, str], kept: str | None) -> None:
    questions = doubts(model_of_tables(buffers=[{"use": "EGTA", "total": "1 mM", **said}]))
    assert len(questions) == bool(kept)
    assert all(f"that of 'EGTA' in the library 0.07 uM, because {kept} stays" in question for question in questions)


@pytest.mark.parametrize(
    ("centres", "overlap"),
    [
        ([[0, 0, 0.1], [0, 0, 0.2]], ""),
        ([[0, 0, 0.1], [0, 0.03, 0.1]], ""),  # they touch
        ([[0, 0, 0.2], [0, 0.2, 0.2], [0, 0.029, 0.2]], "1 (vesicle) and 3 (vesicle) overlap"),
        ([[0, 0, 0.2], [0, 0, 0.2], [0, 0, 0.2]], "1 (vesicle) and 2 (vesicle) overlap, the first of 3 pairs"),
    ],
)
def test_overlapping_obstacles_are_asked_about(centres: list[list[float]], overlap: str) -> None:
    obstacles = [{"centre": centre, "radius": "15 nm"} for centre in centres]
    model = model_of_tables(geometry={"kind": "box", "size": [1, 1, 0.5], "obstacles": obstacles})
    said = f'obstacles {overlap}: is that meant? If so, say overlap = "meant" in [geometry]'
    assert doubts(model) == ([said] if overlap else [])
    assert doubts(model.changed(notes="No overlap!")) == doubts(model)  # notes are for readers
    assert doubts(model.changed(geometry={"overlap": "meant"})) == []


def test_what_is_usual_is_a_range() -> None:
    assert all(usual.low < usual.high for usual in USUAL.values())


@pytest.mark.parametrize(("back", "asked"), [("k", False), ("3*k", True)])
def test_a_pump_whose_states_turn_at_rest_is_asked_about(back: str, asked: bool) -> None:
    scheme = ["E1 + Ca <-> E1Ca : k, k", "E1Ca <-> E2Ca : k, k", f"E2 + Ca <-> E2Ca : {back}, k", "E2 <-> E1 : k, k"]
    pump = {"name": "P-type", "scheme": scheme, "density": 100, "law": "k*E1Ca", "parameters": {"k": 0.1}}
    questions = doubts(model_of_tables(pumps=[pump]))
    assert len(questions) == asked
    assert all(
        "of 'P-type' does not balance: the product of its rates one way round is 3 times" in q for q in questions
    )


def test_rates_at_another_temperature_is_asked_about() -> None:
    cold, warm = ({"use": name, "positions": [[0.02, 0, 0.01]]} for name in ("felmy2003", "fast_eshra2021"))
    (asked,) = doubts(model_of_tables(temperature="35 degC", channels=[], sensors=[cold]))
    assert "the rates of sensor 'felmy2003' are for 23 degC, and the model is at 35 degC" in asked
    faster = {**cold, "speed": 2.5, "measured_at": "35 degC"}
    assert doubts(model_of_tables(temperature="35 degC", channels=[], sensors=[faster])) == []
    (asked,) = doubts(model_of_tables(channels=[], sensors=[cold, warm]))
    assert "of sensor 'felmy2003' are for 23 degC and those of 'fast_eshra2021' for 37 degC" in asked


def test_a_constant_field_in_much_calcium_is_asked_about() -> None:
    """It does not saturate."""
    current = {"kind": "GHK", "permeability": "1e-20 m^3/s", "temperature": "24 degC", "outside": "10 mM"}
    pore = channel(**{**OHMIC, "current": current})
    asked = doubts(model_of_tables(stimulus=AP, channels=[pore]))
    assert any("grows in proportion to the calcium outside, 10 mM" in question for question in asked)
    usual = {**pore, "current": {**current, "outside": "2 mM"}}
    assert not any("in proportion" in question for question in doubts(model_of_tables(stimulus=AP, channels=[usual])))
