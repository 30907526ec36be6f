"""Whatever stands in a model file: it is used, or refused in one sentence of our own that names the place."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from rdcalcium import library, units
from rdcalcium.errors import nearest
from rdcalcium.model import Buffer, Model, ModelError, PulseCurrent, write_toml
from rdcalcium.model.quantity import LIMITS
from tests.model_tables import (
    CURRENTS,
    GATED_CURRENTS,
    PARTS,
    SHAPES,
    STIMULI,
    channel,
    kinds_of_table,
    kinds_used,
    tables,
)

FULL = tables(
    geometry={**PARTS["geometry vesicles"]["geometry"], "symmetry": ["x"]},
    **PARTS["discretization stretched grid"],
    **PARTS["buffer with a scheme"],
    **PARTS["everything in run and record"],
    stimulus={"kind": "action_potential", "waveform": "calyx_keller2015"},
)
OPEN_CURRENTS = {kind: law for kind, law in GATED_CURRENTS.items() if law["kind"] != "ohmic"}
BARE = {key: tables()[key] for key in ("geometry", "discretization", "run")}
GATED = {"stimulus": FULL["stimulus"], "channels": PARTS["current ohmic"]["channels"]}
MODELS = {
    "everything": FULL,
    **{f"shape {kind}": {**BARE, "geometry": {"kind": kind, **shape}} for kind, shape in SHAPES.items()},
    "shape bouton": {
        **BARE,
        "geometry": {"kind": "bouton", **SHAPES["bouton"]},
        "active_zones": [{"count": 2, "radius": 0.1, "on": "bouton"}],
    },
    "one site and a gate": tables(**GATED),
    **{f"stimulus {kind}": {**BARE, "stimulus": stimulus} for kind, stimulus in STIMULI.items() if kind != "waveform"},
    "currents": {**BARE, "channels": [channel(name=kind, current=current) for kind, current in CURRENTS.items()]},
    "gated currents": {
        **BARE,
        **PARTS["current GHK"],
        "channels": [
            *PARTS["current ohmic that saturates"]["channels"],
            *(channel(name=kind, current=law, openings=[[[0, 1]]]) for kind, law in OPEN_CURRENTS.items()),
        ],
    },
    "tetrahedra": {**BARE, **PARTS["discretization tetrahedra"]},
    "mesh": tables(**PARTS["geometry mesh"]),
    "surface": {**BARE, **PARTS["geometry surface"]},
    "dyes and microscopes": {**BARE, **PARTS["dyes and microscopes"]},
    **{
        name: {**BARE, **PARTS[name]}
        for name in (
            "molecules of two parts",
            "buffers in parts of the terminal",
            "cages and flashes",
            "pumps and stores",
            "a store with a lumen",
            "openings by hand",
            "pools",
            "rules of placement",
        )
    },
}
WRONG: tuple[Any, ...] = (None, math.nan, -1, 3.5, "word", "1 kg", [], [None], [1] * 9, {}, {"a": 1})
LEAKS = re.compile(r"input|valid (tuple|dict|str)|pydantic|https?:|validation|instance|tagged", re.IGNORECASE)

Place = tuple[str | int, ...]


def said(name: str) -> dict[str, Any]:
    """A model as tables in which every value is said."""
    return tomllib.loads(write_toml(library.resolve(MODELS[name])))


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every place of nested tables and lists; of a list of numbers or texts the first."""
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value if isinstance(value[0], dict) else value[:1])
    for key, part in inside:
        yield (*here, key)
        yield from places(part, (*here, key))


def replaced(value: Any, place: Place, new: Any) -> Any:
    """A copy with another value at one place."""
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(value[place[0]], place[1:], new)
    return copy


def refusal(data: Any) -> str | None:
    """The sentences with which a model is refused, if it is; any other exception is a mistake of ours."""
    try:
        library.resolve(data)
    except ModelError as error:
        return str(error)
    return None


def key_of(place: Place) -> str:
    """The last key on the way to a place."""
    return next(step for step in reversed(place) if isinstance(step, str))


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_value_is_refused_in_our_own_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rdcalcium.model.mistakes._ANYTHING_ELSE", "pydantic knows better")
    data = said(name)
    for place in places(data):
        sentences = [s for wrong in WRONG if (s := refusal(replaced(data, place, wrong)))]
        leaks = [s for s in sentences if LEAKS.search(s)]
        assert not leaks, leaks[0]
        assert any(key_of(place) in s for s in sentences), f"{place}: {sentences}"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("wrong", [True, 2j])
def test_a_value_of_a_type_that_fits_nowhere_is_refused_by_its_key(name: str, wrong: object) -> None:
    data = said(name)
    for place in places(data):
        if wrong is True and place[-1] in {"binds", "monotone", "openings"}:  # where it fits
            continue
        sentence = refusal(replaced(data, place, wrong))
        assert sentence, place
        assert key_of(place) in sentence, f"{place}: {sentence}"


def test_no_kind_of_part_is_left_out() -> None:
    """Shapes, obstacles, rules, currents, stimuli, views and all others."""
    there = set().union(*(kinds_used(library.resolve(tables)) for tables in MODELS.values()))
    assert kinds_of_table(Model) - there == set()


def test_every_field_of_every_part_is_tried() -> None:
    tried = {step for name in MODELS for place in places(said(name)) for step in place}
    elsewhere = {
        "K_d",  # follows from k_on and k_off, which are said
        "table",  # filled in from the waveform, and written nowhere
    }
    assert {key for kind in kinds_of_table(Model) for key in kind.model_fields} - tried == elsewhere


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("absurd", [1e308, -1e308, 5e-324])
def test_an_absurd_number_is_used_or_refused(name: str, absurd: float) -> None:
    data = said(name)
    for place in places(data):
        sentence = refusal(replaced(data, place, absurd))
        assert sentence or absurd == 5e-324, place


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"run": {"duration": 5e-324}}, "'run.duration' is 5e-324; such a time is at least 1e-12 s"),
        ({"run": {"duration": "1e10 ms"}}, "'run.duration' is '1e10 ms'; the size of a time is at most 1000000 s"),
        ({"probes": [{"name": "p", "position": [0, 0, "-1 m"]}]}, "is '-1 m'; the size of a length is at most 100000"),
        ({"calcium": {"diffusivity": 1e308}}, "the size of a diffusivity is at most 1000 um^2/ms"),
        ({"channels": [channel(current={"kind": "constant", "amplitude": 1e6})]}, "a current is at most 10000 pA"),
        ({"buffers": [{"use": "EGTA", "total": 1, "k_on": "1e20 /M/s"}]}, "the size of a binding rate is at most"),
        ({"buffers": [{"use": "EGTA", "total": 1, "k_off": 1, "K_d": 1e-12}]}, "a rate is a number from 0 to 1e+09"),
        (
            {"channels": [channel(current={**CURRENTS["gaussian"], "peak": 1e9, "width": 1e-9})]},
            "width is 1e-12 s, too short at 1000000 s: at least 1 ms there",
        ),
        (
            {"channels": [channel(current={**CURRENTS["pulse"], "start": -1e9, "duration": "1 us"})]},
            "duration is 1 us, too short at -1000000 s: at least 1 ms there",
        ),
    ],
)
def test_a_size_that_no_terminal_has_is_refused_with_the_limit(change: dict[str, Any], sentence: str) -> None:
    said = refusal(tables(**change))
    assert said
    assert sentence in said


def test_what_has_a_limit_may_have_it() -> None:
    assert set(LIMITS) == set(units.UNITS)
    assert refusal(tables(run={"duration": 1e9}, calcium={"diffusivity": 1e3}, buffers=[])) is None


def test_a_part_made_in_python_is_refused_in_our_own_words() -> None:
    with pytest.raises(ModelError, match=r"^buffer 'B': 'total' is missing: how much there is") as error:
        Buffer(name="B", k_on=1, k_off=1, diffusivity=0)
    assert not LEAKS.search(str(error.value))
    with pytest.raises(ModelError, match=r"^pulse current: 'amplitude' is '-0.2 pA'; .*inward current is pos"):
        PulseCurrent(amplitude="-0.2 pA", duration=1)
    with pytest.raises(ModelError, match=r"^model has 3 mistakes:\n  'geometry' is missing"):
        Model(title="nothing")
    with pytest.raises(ModelError, match=r"^sensor 'felmy2003': unknown key 'positionz'; .*Did you mean 'positions'"):
        library.sensor("felmy2003", positionz=[[0, 0, 0]])


def test_all_mistakes_are_told_each_in_its_line() -> None:
    with pytest.raises(ModelError) as error:
        library.resolve(tables(run={"durration": 1}, calcium={"rest": -1}, magnesium={}))
    first, *lines = str(error.value).splitlines()
    assert first == "model has 3 mistakes:"
    assert lines[0].startswith("  unknown key 'run.durration'; ")  # and not that run.duration is missing
    assert [line.split("'")[1] for line in lines[1:]] == ["calcium.rest", "magnesium.free"]


def test_after_ten_mistakes_the_others_are_counted() -> None:
    many = [{"name": f"p{i}", "position": 0} for i in range(13)]
    with pytest.raises(ModelError, match=r"^model has 13 mistakes:\n(  'probes.*\n){10}  and 3 more$"):
        library.resolve(tables(probes=many))


def test_an_unknown_key_is_answered_with_the_keys_of_its_kind() -> None:
    wrong = {"kind": "table", "amplitude": "0.1 pA", "times": [0, 1], "values": [0, 1]}
    with pytest.raises(ModelError, match=r"amplitude'; current of kind 'table' takes: times, train, values$"):
        library.resolve(tables(channels=[channel(current=wrong)]))


def test_initials_are_a_hint() -> None:
    assert nearest("na", ["wavelength", "numerical_aperture", "refractive_index"]) == "numerical_aperture"
    assert nearest("xy", ["wavelength", "numerical_aperture"]) is None
