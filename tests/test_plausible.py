"""What is valid and hardly meant is asked about; what people do is not."""

from __future__ import annotations

from typing import Any

import pytest

from rdcalcium import library
from rdcalcium.model.plausible import USUAL, doubts
from tests.test_model import CURRENTS, FIXED, OHMIC, PARTS, channel, small_model

AP = PARTS["current ohmic"]["stimulus"]


@pytest.mark.parametrize("name", library.entries("models"))
def test_nothing_is_asked_of_a_model_of_the_library(name: str) -> None:
    assert doubts(library.load(name)) == []


@pytest.mark.parametrize("name", library.entries("buffers"))
def test_nothing_is_asked_of_a_buffer_of_the_library(name: str) -> None:
    total = library.entry("buffers", name).get("total", "10 mM")
    assert doubts(small_model(magnesium={"free": "0.5 mM"}, buffers=[{"use": name, "total": total}])) == []


@pytest.mark.parametrize("kind", CURRENTS)
def test_nothing_is_asked_of_a_usual_current(kind: str) -> None:
    assert doubts(small_model(channels=[channel(current=CURRENTS[kind])])) == []


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
        ({"buffers": [{**FIXED, "k_on": 1e8}]}, "the binding rate of buffer 'fixed' is 100000000 1/(uM*ms), above 10 "),
        (
            {"channels": [channel(current={"kind": "constant", "amplitude": 200})]},
            "the current of channels 'pore' is 200",
        ),
        (
            {"channels": [channel(**{**OHMIC, "current": {**OHMIC["current"], "conductance": 2070}})], "stimulus": AP},
            "the conductance of channels 'pore' is 2070 pS, above 100 pS: is that meant? ",
        ),
        (
            {"geometry": {"kind": "box", "size": [500, 1, 1]}},
            "a side of the box is 500 um, above 100 um: is that meant? ",
        ),
    ],
)
def test_a_value_far_from_physiology_is_asked_about(change: dict[str, Any], question: str) -> None:
    (asked,) = [text for text in doubts(small_model(**change)) if not text.startswith("action potential")]
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
    (asked,) = doubts(small_model(channels=[channel(current=current)]))
    assert asked == f"the current of channels 'pore' begins at {begins}, but the run ends at 5 ms"


def test_an_action_potential_after_the_end_is_asked_about() -> None:
    (asked,) = doubts(small_model(stimulus={**AP, "times": [1, 7]}))
    assert asked == "action potential 2 begins at 7 ms, but the run ends at 5 ms"


def test_what_is_usual_is_a_range() -> None:
    assert all(usual.low < usual.high for usual in USUAL.values())
