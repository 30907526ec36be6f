"""Cycles of kinetic schemes: which there are, and whether rest in them takes energy."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium import library
from rdcalcium.model import Buffer, KineticScheme, doubts

EITHER_ORDER = [
    "B + Ca <-> C : k_on, k_off",
    "B + Mg <-> M : 0.5, 0.7",
    "C + Mg <-> CM : 0.5, 0.7",
    "M + Ca <-> CM : k_on, q*k_off",
]


@pytest.mark.parametrize("q", [1.0, 4.0, 0.2])
def test_a_cycle_is_as_far_from_balance_as_its_rates(q: float) -> None:
    (cycle,) = KineticScheme.parse(EITHER_ORDER, {"k_on": 2.0, "k_off": 3.0, "q": q}).cycles()
    assert {*cycle.states} == {"B", "C", "M", "CM"}
    assert max(cycle.ratio, 1 / cycle.ratio) == pytest.approx(max(q, 1 / q), rel=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_where_rates_follow_from_energies_every_cycle_balances(seed: int) -> None:
    """On a graph with many cycles; and one rate that does not follow unbalances some of them."""
    random = np.random.default_rng(seed)
    energy, barrier = random.normal(size=6), random.normal(size=(6, 6))
    pairs = [(i, j) for i in range(6) for j in range(i) if (i + 2 * j) % 3]
    rate = {(i, j): np.exp(barrier[i, j] + energy[i]) for i, j in pairs}
    back = {(i, j): np.exp(barrier[i, j] + energy[j]) for i, j in pairs}
    lines = [f"S{i} <-> S{j} : {rate[i, j]!r}, {back[i, j]!r}" for i, j in pairs]
    cycles = KineticScheme.parse([line.replace("np.float64", "") for line in lines], {}).cycles()
    assert len(cycles) == len(pairs) - 5  # steps - states + 1
    np.testing.assert_allclose([cycle.ratio for cycle in cycles], 1.0, rtol=1e-12)
    i, j = pairs[-1]
    lines[-1] = f"S{i} <-> S{j} : {3 * rate[i, j]!r}, {back[i, j]!r}"
    cycles = KineticScheme.parse([line.replace("np.float64", "") for line in lines], {}).cycles()
    assert max(abs(np.log(cycle.ratio)) for cycle in cycles) == pytest.approx(np.log(3), rel=1e-12)


def test_the_states_of_a_cycle_are_neighbours() -> None:
    scheme = KineticScheme.parse([f"S{i} <-> S{(i + 1) % 5} : 1, 1" for i in range(5)] + ["S1 <-> S3 : 1, 1"], {})
    steps = {frozenset((t.source, t.target)) for t in scheme.transitions}
    assert len(scheme.cycles()) == 2
    for cycle in scheme.cycles():
        pairs = zip(cycle.states, (*cycle.states[1:], cycle.states[0]), strict=True)
        assert {frozenset(pair) for pair in pairs} <= steps
        assert len({*cycle.states}) == len(cycle.states)


def test_two_ways_between_two_states_are_a_cycle() -> None:
    (cycle,) = KineticScheme.parse(["A <-> B : 1, 2", "A <-> B : 6, 3"], {}).cycles()
    assert {*cycle.states} == {"A", "B"}
    assert max(cycle.ratio, 1 / cycle.ratio) == pytest.approx(4)


def test_steps_that_cannot_be_undone_leave_a_cycle_open() -> None:
    assert not KineticScheme.parse(["A <-> B : 1, 2", "B <-> C : 1, 2", "C -> A : 1"], {}).cycles()
    assert not KineticScheme.parse(["A <-> B : 1, 2", "B <-> C : 1, 2", "C <-> A : 1, 0"], {}).cycles()


def test_a_cycle_may_balance_at_one_voltage_alone() -> None:
    scheme = KineticScheme.parse(["A <-> B : exp(V/20), 1", "B <-> C : 1, 1", "C <-> A : 1, exp(-V/20)"], {})
    ratio = {v: scheme.cycles(v)[0].ratio for v in (0.0, 20.0)}
    assert ratio[0.0] == 1
    assert abs(np.log(ratio[20.0])) == pytest.approx(2)


@pytest.mark.parametrize("known", [True, False])
def test_a_cycle_that_the_library_says_turns_is_not_asked_about(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ["B + Ca <-> CaB : 0.1, 1", "CaB <-> CbB : 2, 1", "B + Ca <-> CbB : 0.1, 1"]
    entry = {"total": 1.0, "diffusivity": 0.0, "scheme": ring, "source": []}
    cycles = {"cycles": {str(c): c.ratio for c in KineticScheme.parse(ring, {}).cycles()}}
    monkeypatch.setitem(library.entries("buffers"), "ring", entry | (cycles if known else {}))
    model = library.load("keller2015").with_buffer(library.buffer("ring"))
    assert any("of 'ring' does not balance" in text for text in doubts(model)) != known


def test_a_buffer_that_rests_out_of_balance_is_asked_about() -> None:
    model = library.load("keller2015")
    parts = {"k_on": "2 /uM/ms", "k_off": "3 /ms", "q": 4.0}
    (doubt,) = [
        text
        for text in doubts(
            model.with_buffer(Buffer(name="loop", total=1, diffusivity=0, scheme=EITHER_ORDER, parameters=parts))
        )
        if "cycle" in text
    ]
    assert "of 'loop' does not balance" in doubt
    assert "4 times" in doubt
    parts["q"] = 1.0
    balanced = Buffer(name="loop", total=1, diffusivity=0, scheme=EITHER_ORDER, parameters=parts)
    assert not [text for text in doubts(model.with_buffer(balanced)) if "cycle" in text]
