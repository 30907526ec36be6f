"""Lines with indices, each of which stands for many steps of a scheme."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rdcalcium.model import KineticScheme
from rdcalcium.model.indices import written_out

FIVE_SITES = {"k_on": 0.09, "k_off": 9.5, "b": 0.25, "gamma": 6.0}


def test_a_line_with_an_index_stands_for_one_line_of_each() -> None:
    """The five-site sensor, as it is written by hand."""
    short = KineticScheme.parse(
        ["X[n] + Ca <-> X[n+1] : (5-n)*k_on, (n+1)*k_off*b**n  for n = 0..4", "X5 -> fused : gamma"], FIVE_SITES
    )
    long = KineticScheme.parse(
        [
            "X0 + Ca <-> X1 : 5*k_on, k_off",
            "X1 + Ca <-> X2 : 4*k_on, 2*k_off*b",
            "X2 + Ca <-> X3 : 3*k_on, 3*k_off*b*b",
            "X3 + Ca <-> X4 : 2*k_on, 4*k_off*b*b*b",
            "X4 + Ca <-> X5 : k_on, 5*k_off*b*b*b*b",
            "X5 -> fused : gamma",
        ],
        FIVE_SITES,
    )
    assert short.states == long.states
    np.testing.assert_allclose(short.generator(calcium=3.0), long.generator(calcium=3.0), rtol=1e-15)


def test_two_indices_make_a_product_of_two_ladders() -> None:
    """Independent ladders: occupancies are the products of those of each, and every cycle balances."""
    steps = {"k": 0.3, "q": 2.0, "s": 0.01, "r": 0.1, "b": 0.4}
    X, Y = "(3-n)*k, (n+1)*q*b**n", "(2-m)*s, (m+1)*r*b**m"
    both = KineticScheme.parse(
        [
            f"X[n].Y[m] + Ca <-> X[n+1].Y[m] : {X} for n = 0..2, m = 0..2",
            f"X[n].Y[m] + Ca <-> X[n].Y[m+1] : {Y} for n = 0..3, m = 0..1",
        ],
        steps,
    )
    alone = [
        KineticScheme.parse([f"{s}[{i}] + Ca <-> {s}[{i}+1] : {rates} for {i} = 0..{most}"], used)
        for s, i, rates, most, used in (
            ("X", "n", X, 2, {key: steps[key] for key in "kqb"}),
            ("Y", "m", Y, 1, {key: steps[key] for key in "srb"}),
        )
    ]
    first, second = (dict(zip(one.states, one.equilibrium(calcium=7.0), strict=True)) for one in alone)
    together = dict(zip(both.states, both.equilibrium(calcium=7.0), strict=True))
    assert len(together) == 12
    for x, p in first.items():
        for y, q in second.items():
            assert together[f"{x}.{y}"] == pytest.approx(p * q, rel=1e-13)
            assert both.bound("Ca")[f"{x}.{y}"] == int(x[1]) + int(y[1])
    assert len(both.cycles()) == 6
    np.testing.assert_allclose([cycle.ratio for cycle in both.cycles()], 1.0, rtol=1e-12)


def test_exponents_may_be_sums_of_indices() -> None:
    scheme = KineticScheme.parse(
        ["A[n].B[m] -> C : l_+*f**(n+m)*s**(2*m-1+1) for n = 0..1, m = 0..2", "A[0].B[0] <-> A[1].B[0] : 1, 1"],
        {"l_+": 0.1, "f": 3.0, "s": 2.0},
    )
    rates = {
        t.source: float(pair[0]) for t, pair in zip(scheme.transitions, scheme.rates(), strict=True) if t.target == "C"
    }
    assert rates == {f"A{n}.B{m}": pytest.approx(0.1 * 3.0 ** (n + m) * 4.0**m) for n in range(2) for m in range(3)}


def test_an_index_may_go_as_far_as_another_leaves_room() -> None:
    """Six molecules of three states, counted: the binomial distribution of each, in fewer states than one by one."""
    lines = [
        "A[a].B[b] <-> A[a+1].B[b] : (6-a-b)*u, (a+1)*d for a = 0..5, b = 0..5-a",
        "A[a].B[b] <-> A[a-1].B[b+1] : a*v, (b+1)*e for a = 1..6, b = 0..6-a",
    ]
    scheme = KineticScheme.parse(lines, {"u": 2.0, "d": 3.0, "v": 0.7, "e": 1.1})
    assert len(scheme.states) == 28
    one = KineticScheme.parse(["O <-> A : 2.0, 3.0", "A <-> B : 0.7, 1.1"], {}).equilibrium()[2]
    rest = dict(zip(scheme.states, scheme.equilibrium(), strict=True))
    for b in range(7):
        share = sum(rest[f"A{a}.B{b}"] for a in range(7 - b))
        assert share == pytest.approx(math.comb(6, b) * one**b * (1 - one) ** (6 - b), rel=1e-12)


def test_the_last_index_changes_fastest_and_names_that_contain_it_stay() -> None:
    assert written_out("X[n].Y[m] -> n_m : n*k_n + k_-n + m*log(n_m) for n = 1..2, m = 0..1") == [
        f"X{n}.Y{m} -> n_m : {n}*k_n + k_-n + {m}*log(n_m)" for n in (1, 2) for m in (0, 1)
    ]
    assert written_out("X[n] <-> X[n+1] : k[n], (n+1)*q for n = 0..1") == [
        "X0 <-> X1 : k0, (0+1)*q",
        "X1 <-> X2 : k1, (1+1)*q",
    ]
    assert written_out("A <-> B : 1, 2") == ["A <-> B : 1, 2"]
    assert written_out("X[5] -> fused : 1") == ["X5 -> fused : 1"]


def test_gates_have_indices_too() -> None:
    """m independent particles: open with the m-th power of one."""
    gate = KineticScheme.parse(["C[n] <-> C[n+1] : (3-n)*exp(V/20), (n+1)*exp(-V/20) for n = 0..2"], {})
    one = math.exp(-0.5) / (math.exp(-0.5) + math.exp(0.5))
    assert gate.equilibrium(voltage=-10.0)[3] == pytest.approx(one**3, rel=1e-13)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("X[n] <-> X[n+1] : 1, 1", r"nothing says what 'n' is in .*; write at its end 'for n = 0..4'"),
        ("X[n] <-> X[n+1] : 1, 1 for n", r"cannot read the index 'n' of .*; write for example 'for n = 0..4'"),
        ("X[n] <-> X[n+1] : 1, 1 for n = 4..0", "stands for 0 steps; at least 1 and at most 2000 can be written out"),
        ("X[n] <-> X[n+1] : 1, 1 for n = 0..2.5", r"\[2.5\] in .* comes to 2.5; a state is numbered 0, 1, 2"),
        ("X[n] <-> X[n+1] : 1, 1 for n = 0..1e9", "stands for 1000000001 steps"),
        ("X[n] <-> X[n+1] : 1, 1 for n = 0..m, m = 0..2", "nothing says what 'm' is in"),
        ("X[n] <-> X[n+1] : 1, 1 for n = 0..4 for m = 0..1", "says 'for' twice"),
        ("X[n-1] <-> X[n] : 1, 1 for n = 0..4", r"\[n-1\] in .* comes to -1; a state is numbered 0, 1, 2"),
        ("X[n/2] <-> Y : 1, 1 for n = 0..4", r"\[n/2\] in .* comes to 0.5;"),
        ("X[b] <-> X[b+1] : 1, 1 for b = 0..4", "'b' in .* is an index and a parameter; give one of them another name"),
        ("X[n].Y[m] <-> Z : 1, 1 for n = 0..99, m = 0..99", "stands for 10000 steps; at least 1 and at most 2000"),
        ("X[n] <-> X[n] : 1, 1 for n = 0..4", "leads from 'X0' to itself"),
        ("X[n] <-> X[n+1] : 1, c**n for n = 0..4", "'c' in .* is not known"),
        ("X[n] <-> X[n+1] : 1, b**(1-n) for n = 0..4", r"the exponent '-1' in .* is no whole number from 0 to 20"),
    ],
)
def test_an_index_that_cannot_be_is_refused_with_the_reason(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KineticScheme.parse([line], {"b": 2.0})
