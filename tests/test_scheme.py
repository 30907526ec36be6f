"""Kinetic schemes: occupancies at equilibrium, conservation, and what may be written."""

from __future__ import annotations

import math
import re
from functools import reduce

import numpy as np
import pytest

from rdcalcium import library, units
from rdcalcium.model import Buffer, KineticScheme, SchemeError
from rdcalcium.model.dimensions import OF_KIND
from rdcalcium.model.expression import Expression, ExpressionError
from rdcalcium.model.quantity import Parameter

PARVALBUMIN = KineticScheme.parse(
    ["P + Ca <-> CaP : k_on, k_off", "P + Mg <-> MgP : k_on_Mg, k_off_Mg"],
    {"k_on": 0.107, "k_off": 0.00095, "k_on_Mg": 0.0008, "k_off_Mg": 0.025},
)
ATP = KineticScheme.parse(
    ["A + Ca <-> CaA : 0.5, 100", "A + Mg <-> MgA : 0.01, 1"],
    {},
)
CALMODULIN_N = KineticScheme.parse(  # K_T 193, K_R 0.788 µM
    ["N0 + Ca <-> N1 : 2*0.77, 0.77*193", "N1 + Ca <-> N2 : 32, 2*32*0.788"],
    {},
)
CALMODULIN_C = KineticScheme.parse(  # K_T 27.8, K_R 0.264 µM
    ["C0 + Ca <-> C1 : 2*0.084, 0.084*27.8", "C1 + Ca <-> C2 : 0.025, 2*0.025*0.264"],
    {},
)
CALRETININ_PAIR = KineticScheme.parse(  # K_T 28, K_R 0.068 µM
    ["B0 + Ca <-> B1 : 2*0.0018, 0.0018*28", "B1 + Ca <-> B2 : 0.31, 2*0.31*0.068"],
    {},
)
LOOP = KineticScheme.parse(  # Ca and Mg in either order, closed
    [
        "B + Ca <-> C : 2, 3",
        "B + Mg <-> M : 0.5, 0.7",
        "C + Mg <-> CM : 0.11, 0.13",
        "M + Ca <-> CM : 1.7, 1.9",
    ],
    {},
)
SENSOR = KineticScheme.parse(
    library.entry("sensors", "schneggenburger_neher2000")["scheme"],
    {"k_on": 0.09, "k_off": 9.5, "b": 0.25, "gamma": 6.0},
)
SCHEMES = {
    "parvalbumin": PARVALBUMIN,
    "ATP": ATP,
    "calmodulin N": CALMODULIN_N,
    "calmodulin C": CALMODULIN_C,
    "calretinin": CALRETININ_PAIR,
    "loop": LOOP,
}


@pytest.mark.parametrize(
    ("magnesium", "apparent", "ratio"), [(300, 800, 1.25), (500, 1200, 0.8333), (1000, 2200, 0.4545)]
)
def test_magnesium_raises_the_apparent_dissociation_constant_of_atp(magnesium, apparent, ratio) -> None:
    """K_app = K_Ca (1 + Mg / K_Mg), and the binding ratio of 1 mM at low calcium is 1 mM / K_app."""
    low, half = (ATP.equilibrium(calcium=c, magnesium=magnesium)[1] for c in (1e-6, apparent))
    assert half == pytest.approx(0.5, rel=1e-12)
    assert 1000 * low / 1e-6 == pytest.approx(ratio, abs=5e-5)


@pytest.mark.parametrize("name", [*SCHEMES, "sensor"])
@pytest.mark.parametrize("voltage", [-80.0, 0.0, 30.0])
def test_the_columns_of_the_generator_sum_to_zero(name: str, voltage: float) -> None:
    q = {**SCHEMES, "sensor": SENSOR}[name].generator(voltage, calcium=3.7, magnesium=410.0)
    assert np.abs(q.sum(axis=0)).max() <= 1e-14 * np.abs(q).max()
    assert np.all(q - np.diag(np.diag(q)) >= 0)


@pytest.mark.parametrize("name", [name for name in SCHEMES if name != "loop"])
@pytest.mark.parametrize("calcium", [0.0, 1e-3, 0.05, 20.0, 1e4])
def test_the_equilibrium_is_a_null_vector_and_every_step_balances(name: str, calcium: float) -> None:
    scheme, magnesium = SCHEMES[name], 300.0
    p = scheme.equilibrium(calcium=calcium, magnesium=magnesium)
    q = scheme.generator(calcium=calcium, magnesium=magnesium)
    assert p.sum() == pytest.approx(1, abs=1e-15)
    assert np.all(p >= 0)
    assert np.abs(q @ p).max() <= 1e-15 * np.abs(q).max()
    occupancy = dict(zip(scheme.states, p, strict=True))
    ligand = {None: 1.0, "Ca": calcium, "Mg": magnesium}
    for t, (forward, backward) in zip(scheme.transitions, scheme.rates(), strict=True):  # detailed balance
        there = forward * ligand[t.ligand] * occupancy[t.source]
        assert there == pytest.approx(backward * occupancy[t.target], rel=1e-12)


@pytest.mark.parametrize("calcium", [1e-3, 0.5, 50.0])
def test_a_loop_out_of_balance_still_has_a_stationary_state(calcium: float) -> None:
    q = LOOP.generator(calcium=calcium, magnesium=300.0)
    p = LOOP.equilibrium(calcium=calcium, magnesium=300.0)
    assert np.abs(q @ p).max() <= 1e-15 * np.abs(q).max()
    assert p.sum() == pytest.approx(1, abs=1e-15)


def test_small_occupancies_are_exact_too() -> None:
    """At 1 nM all five sites are occupied once in 10²² times; elimination loses no digit of it."""
    calcium, k = 1e-3, 9.5 / 0.09
    p = SENSOR.equilibrium(calcium=calcium)
    weights = [1.0]
    for n in range(5):
        weights.append(weights[-1] * (5 - n) / (n + 1) * calcium / (k * 0.25**n))
    expected = np.array(weights) / sum(weights)
    np.testing.assert_allclose(p[:6], expected, rtol=1e-13)
    assert p[6] == 0  # nothing has fused before the stimulus


def test_states_know_how_much_they_hold() -> None:
    assert CALMODULIN_N.bound("Ca") == {"N0": 0, "N1": 1, "N2": 2}
    assert LOOP.bound("Ca") == {"B": 0, "C": 1, "M": 0, "CM": 1}
    assert LOOP.bound("Mg") == {"B": 0, "C": 0, "M": 1, "CM": 1}
    assert [SENSOR.bound("Ca")[s] for s in SENSOR.states] == [0, 1, 2, 3, 4, 5, 5]


def test_a_loop_that_loses_calcium_is_refused() -> None:
    with pytest.raises(SchemeError, match="the step C -> A loses Ca: by the other steps C holds 1 of it and A 0"):
        KineticScheme.parse(["A + Ca <-> B : 1, 1", "B <-> C : 1, 1", "C <-> A : 1, 1"], {})


@pytest.mark.parametrize("back", ["B + Ca <-> A : 1, 1", "B + Ca -> A : 1", "C + Ca <-> B : 1, 1"])
def test_a_step_that_binds_needs_a_site(back: str) -> None:
    with pytest.raises(SchemeError, match=r"has no site for Ca: by the other steps . holds 1 of it and . [01]$"):
        KineticScheme.parse(["A + Ca <-> B : 1, 1", "A + Ca <-> C : 1, 1", back], {})


def test_a_vesicle_comes_back_without_its_calcium_and_a_buffer_does_not() -> None:
    lines = ["X + Ca <-> CaX : 1, 1", "CaX -> fused : 1", "fused -> X : 1"]
    assert KineticScheme.parse(lines, {}).bound("Ca") == {"X": 0, "CaX": 1, "fused": 1}
    with pytest.raises(ValueError, match="the step fused -> X loses Ca: by the other steps fused holds 1"):
        Buffer(name="one", total=1, diffusivity=0, scheme=lines)


def test_one_way_steps_are_left_out_of_the_rest() -> None:
    with_fusion = KineticScheme.parse(["A + Ca <-> B : 2, 3", "B -> fused : 7"], {})
    np.testing.assert_allclose(with_fusion.equilibrium(calcium=1.5), [0.5, 0.5, 0.0])
    assert with_fusion.generator(calcium=1.5)[2, 1] == 7
    refilled = KineticScheme.parse(["A + Ca <-> B : 2, 3", "B -> fused : 7", "fused -> A : 1"], {})
    np.testing.assert_allclose(refilled.equilibrium(calcium=1.5), [0.5, 0.5, 0.0])


def test_rates_may_depend_on_the_voltage() -> None:
    gate = KineticScheme.parse(["C <-> O : 1.78*exp(V/23.3), 0.14*exp(-V/15)"], {})
    assert gate.depends_on_voltage
    opening, closing = gate.rates(-20.0)[0]
    assert opening == pytest.approx(1.78 * np.exp(-20 / 23.3), rel=1e-15)
    assert closing == pytest.approx(0.14 * np.exp(20 / 15), rel=1e-15)
    assert not CALMODULIN_N.depends_on_voltage


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "at least one transition"),
        (["A => B : 1, 2"], "cannot read the transition 'A => B : 1, 2'"),
        (["A <-> B"], "cannot read the transition"),
        (["A + Na <-> B : 1, 2"], "'Na' in .* cannot bind; what binds is one of: Ca, Mg"),
        (["A <-> B : 1"], "has 1 rates, but <-> needs 2"),
        (["A -> B : 1, 2"], "has 2 rates, but -> needs 1"),
        (["A <-> B : 1, 2", "C <-> D : 1, 2"], "state 'C' is not connected to 'A'"),
        (["A <-> open : 1, 2", "opne <-> B : 1, 2"], "'opne' is not connected to 'A'. Did you mean 'open'?"),
        (["A <-> A : 1, 2"], "the step of 'A <-> A : 1, 2' leads from 'A' to itself"),
        (["A <-> B : 1, 2", "A <-> B : 1, 2"], "the step A -> B is written twice, with the same rates; leave one out"),
        (
            ["B + Ca <-> Ca : 1, 2"],
            "'Ca' in .* is what binds, and no state; call the bound state otherwise: 'B \\+ Ca <->",
        ),
        (["Mg + B <-> MgB : 1, 2"], "'Mg' in .* is what binds, and no state"),
        (["A <-> B : alpha, 2"], "'alpha' in .* is not known; known here: Ca, V, beta"),
        (["A + Ca <-> B : alpha, 2"], "'alpha' in .* is not known; known here: beta$"),  # what binds knows no voltage
        (
            ["A <-> B : " + "(" * 5000],
            "^the transition 'A <-> B : .{1,40}… has 5010 characters; at most 500 can be read$",
        ),
        (["A <-> B : 2*betta, 2"], r"'betta' in '2\*betta' is not known; .*\. Did you mean 'beta'\?"),
        (["A <-> B : " + "(" * 400], "is not an arithmetic expression"),
    ],
)
def test_a_scheme_that_cannot_be_is_refused_with_the_reason(lines: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KineticScheme.parse(lines, {"beta": 1.0})


@pytest.mark.parametrize(
    ("rate", "value"),
    [
        ("-" * 480 + "1", 1),
        ("1" + "+1" * 240, 241),
        ("tanh(" * 70 + "1" + ")" * 70, reduce(lambda x, _: math.tanh(x), range(70), 1)),
    ],
    ids=["signs", "sum", "functions"],
)
def test_a_rate_of_the_longest_is_read(rate: str, value: float) -> None:
    ((_, backward),) = KineticScheme.parse([f"A <-> B : 1, {rate}"], {}).rates()
    assert backward == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(("name", "meaning"), [("V", "the voltage"), ("Ca", "the local calcium")])
def test_what_is_given_everywhere_is_no_parameter(name: str, meaning: str) -> None:
    with pytest.raises(SchemeError, match=f"'{name}' is {meaning}; give the parameter another name"):
        KineticScheme.parse([f"A <-> B : {name}, 1"], {name: 3.0})


PRIMING = KineticScheme.parse(
    ["empty <-> primed : k_0 + k_max*Ca/(K + Ca), k_-1"],
    {name: Parameter.read(v) for name, v in {"k_0": "0.6 /s", "k_max": "30 /s", "K": "2 uM", "k_-1": "1 /s"}.items()},
)


def test_rates_may_depend_on_the_local_calcium() -> None:
    assert PRIMING.depends_on_calcium
    assert not CALMODULIN_N.depends_on_calcium
    forward, backward = PRIMING.rates(calcium=2.0)[0]
    assert forward == pytest.approx((0.6 + 15) / 1000, rel=1e-15)
    assert backward == pytest.approx(1e-3, rel=1e-15)
    assert PRIMING.equilibrium(calcium=2.0)[1] == pytest.approx(15.6 / 16.6, rel=1e-14)


@pytest.mark.parametrize("scheme", [PRIMING, CALMODULIN_N, SENSOR], ids=["priming", "lobe", "sensor"])
def test_the_generator_is_made_for_many_concentrations_at_once(scheme: KineticScheme) -> None:
    calcium = np.array([[0.0, 0.05, 2.0], [7.0, 30.0, 500.0]])
    together = scheme.generator(calcium=calcium)
    for at in np.ndindex(calcium.shape):
        np.testing.assert_array_equal(together[at], scheme.generator(calcium=calcium[at]))


def test_a_step_that_binds_calcium_is_a_rate_times_calcium() -> None:
    rates = {"k_on": 0.3, "k_off": 2.0}
    binds = KineticScheme.parse(["A + Ca <-> B : k_on, k_off"], rates)
    named = KineticScheme.parse(["A <-> B : k_on*Ca, k_off"], rates)
    calcium = np.array([0.0, 0.1, 40.0])
    np.testing.assert_array_equal(binds.generator(calcium=calcium), named.generator(calcium=calcium))


def test_buffers_do_not_depend_on_calcium_otherwise() -> None:
    with pytest.raises(ValueError, match="the rates of a buffer cannot depend on Ca; a step that binds it is written"):
        Buffer(name="one", total=1, diffusivity=0, scheme=["B + Ca <-> C : 1, Ca"])


def test_a_rate_that_has_no_value_without_calcium_is_refused() -> None:
    with pytest.raises(SchemeError, match=r"rates inf and 1 at 0 uM of calcium; a rate is a number"):
        KineticScheme.parse(["A <-> B : 1/Ca, 1"], {})


UNITS_OF = {
    name: Parameter.read(text)
    for name, text in {
        "k_on": "0.1 /uM/ms",
        "k_off": "10 /ms",
        "K_d": "100 uM",
        "tau": "2 ms",
        "slope": "0.3 /ms/mV",
        "V0": "-20 mV",
        "part": "25 %",
        "b": 0.25,
        "q": 2,
    }.items()
}


@pytest.mark.parametrize("kind", OF_KIND)
def test_the_dimension_of_a_kind_is_that_of_its_unit(kind: str) -> None:
    """A product of powers of µM, ms, mV and µm with these exponents is a quantity of this kind."""
    powers = [f"{unit}^{n:g}" for unit, n in zip(("uM", "ms", "mV", "um"), OF_KIND[kind], strict=True) if n]
    assert units.parse("7 " + "*".join(powers), kind) == pytest.approx(7, rel=1e-15)


@pytest.mark.parametrize(
    "lines",
    [
        "A + Ca <-> B : k_on, k_off",
        "A + Mg <-> B : 5*k_on, 2*k_off*b*b",
        "A + Ca <-> B : k_off/K_d, k_on*K_d",
        "A + Ca <-> B : q*k_on/2, 1/tau",
        "A + Ca <-> B : part*k_on, b/tau + k_off",
        "A + Ca <-> B : 2*0.77, 0.77*193",  # bare numbers fit
        "A <-> B : k_off*exp(V/23.3), k_off*exp(-(V - V0)/V0)",
        "A <-> B : 1.78*exp(V/23.3), 0.1*(V + 40)/(exp((V + 40)/10) - 1)",
        "A <-> B : slope*(V - V0)/tanh((V - V0)/15), sqrt(k_off/tau)",
        "A <-> B : exp(b), k_off*log(K_d*k_on*tau)",
        "A + Ca <-> B : K_d**2*k_on/K_d^2, 4*k_off*b**3",
        "A <-> B : 1.5*exprel(b), k_off/exprel(-(V - V0)/V0)",
        "A <-> B : 0.6 + 30*Ca/(2 + Ca), k_off*Ca/(K_d + Ca)",
        "A <-> B : k_on*Ca, k_off*Ca**4/(K_d**4 + Ca**4)",
        "A <-> B : part*30*Ca/(2 + Ca), 1",  # per cent are no unit
    ],
)
def test_rates_of_the_right_dimension_are_accepted(lines: str) -> None:
    scheme = KineticScheme.parse([lines], UNITS_OF | {"V0": Parameter.read("-200 mV")})
    assert len(scheme.rates(0.0)) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A + Ca <-> B : k_off, k_off", "the rate 'k_off' of the step A + Ca -> B is in 1/ms, expected 1/(uM*ms);"),
        ("A + Mg <-> B : 5*k_off, k_off", "the rate '5*k_off' of the step A + Mg -> B is in 1/ms, expected"),
        ("A + Ca <-> B : k_on, 2*k_on*b", "the rate '2*k_on*b' of the step B -> A is in 1/(uM*ms), expected 1/ms;"),
        ("A -> B : k_on", "the rate 'k_on' of the step A -> B is in 1/(uM*ms), expected 1/ms;"),
        ("A -> B : K_d", "is in uM, expected 1/ms"),
        ("A -> B : K_d/K_d", "is in a plain number, expected 1/ms"),
        ("A -> B : tau*tau", "is in ms^2, expected 1/ms"),
        ("A -> B : k_off + k_on", "cannot be: 'k_off + k_on' adds 1/ms and 1/(uM*ms)"),
        ("A -> B : k_off*exp(V)", "cannot be: exp() in 'exp(V)' is given mV, not a plain number"),
        ("A -> B : k_off*tanh(V - tau)", "cannot be: 'V - tau' adds mV and ms"),
        ("A -> B : k_off**2", "is in ms^-2, expected 1/ms"),
        ("A -> B : k_off*Ca", "is in uM*ms^-1, expected 1/ms"),
        ("A -> B : k_off*Ca/(tau + Ca)", "cannot be: 'tau + Ca' adds ms and uM"),
        ("A -> B : exprel(tau)", "cannot be: exprel() in 'exprel(tau)' is given ms"),
        ("A -> B : log(k_off)", "cannot be: log() in 'log(k_off)' is given 1/ms"),
    ],
)
def test_a_rate_of_another_dimension_is_refused_with_its_step(line: str, message: str) -> None:
    with pytest.raises(SchemeError, match=re.escape(message)):
        KineticScheme.parse([line], UNITS_OF)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2*k", 6.0),
        ("-k + 4/8", -2.5),
        ("k*exp(V/20)", 3 * np.e),
        ("+1e-3", 1e-3),
        ("sqrt(4) + log(1) + tanh(0)", 2.0),
        ("(1 + k) * (1 - k)", -8.0),
        ("1 - k - 1", -3.0),
        ("8 / 2 / k", 4 / 3),
        ("2*k**3", 54.0),
        ("2*k^3 - 1", 53.0),
        ("-k**2", -9.0),
        ("k**0", 1.0),
        ("exprel(0)", 1.0),
        ("exprel(1)", np.e - 1),
        ("exprel(1e-9)", 1.0 + 0.5e-9),
    ],
)
def test_an_expression_is_arithmetic(text: str, value: float) -> None:
    assert Expression(text).evaluate({"k": 3.0, "V": 20.0}) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "names", "value"),
    [
        ("k_-T", {"k_-T"}, 5.0),
        ("2*k_-T", {"k_-T"}, 10.0),
        ("l_+*f**2", {"l_+", "f"}, 63.0),
        ("k_+1-k_-T", {"k_+1", "k_-T"}, 6.0),
        ("-k_+1/k_-T", {"k_+1", "k_-T"}, -2.2),
        ("k_ - T", {"k_", "T"}, 11.0),  # with spaces it is arithmetic
        ("k_T-f", {"k_T", "f"}, 16.0),
        ("2e1_+1", set(), None),
    ],
)
def test_names_are_those_in_print(text: str, names: set[str], value: float | None) -> None:
    """A sign that follows an underscore without a space is part of the name: k_-T."""
    if value is None:
        with pytest.raises(ExpressionError, match="is not an arithmetic expression"):
            Expression(text)
        return
    rate = Expression(text)
    assert rate.names == names
    known = {"k_-T": 5.0, "l_+": 7.0, "f": 3.0, "k_+1": 11.0, "k_": 13.0, "T": 2.0, "k_T": 19.0}
    assert rate.evaluate(known) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("name", ["k_\u00b5", "kₒₙ", "k_\u03bc", "ﬁt"])
def test_names_keep_letters_that_unicode_has_several_times(name: str) -> None:
    """Python writes them as one, the Greek mu for the sign of a millionth; parameters and rates are as they stand."""
    (pair,) = KineticScheme.parse([f"X + Ca <-> Y : 2*{name}, 1"], {name: 3.0}).rates()
    assert float(pair[0]) == 6.0


def test_a_name_that_only_looks_the_same_is_told_so() -> None:
    said = r"'k_\u03bc' in .* is not known; known here: k_\u00b5\. Did you mean 'k_\u00b5', which only looks the same\?"
    with pytest.raises(ExpressionError, match=said):
        KineticScheme.parse(["X + Ca <-> Y : k_\u03bc, 1"], {"k_\u00b5": 3.0})


@pytest.mark.parametrize("exponent", ["1.5", "n", "-1", "21", "2**2", "True"])
def test_other_powers_are_written_with_exp_and_log(exponent: str) -> None:
    said = exponent.replace("**", " ** ")
    message = rf"the exponent '{said}' in .* is no whole number from 0 to 20; .* is exp({said}*log(Ca))"
    with pytest.raises(ExpressionError, match=re.escape(message).replace(r"\.\*", ".*")):
        Expression(f"k*Ca**{exponent}")


def test_a_power_is_a_product() -> None:
    """To the last digit, on every backend."""
    x = np.array([0.1, 0.3, 1.7, 1e3])
    np.testing.assert_array_equal(Expression("x**5").evaluate({"x": x}), x * x * x * x * x)
    np.testing.assert_array_equal(Expression("x^0").evaluate({"x": x}), np.ones(4))


def test_an_expression_takes_arrays() -> None:
    np.testing.assert_array_equal(Expression("2*V").evaluate({"V": np.array([1.0, 2.0])}), [2.0, 4.0])


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("k.real", "k.real"),
        ("().__class__", "().__class__"),
        ("__import__('os')", "__import__('os')"),
        ("eval(k)", "eval(k)"),
        ("pow(k, 2)", "pow(k, 2)"),
        ("exp(k, 2)", "exp(k, 2)"),
        ("exp(x=k)", "exp(x=k)"),
        ("exp(*k)", "*k"),
        ("k % 2", "k % 2"),
        ("k // 2", "k // 2"),
        ("k @ k", "k @ k"),
        ("lambda: k", "lambda: k"),
        ("[k for k in (1, 2)]", "[k for k in (1, 2)]"),
        ("(k, k)", "(k, k)"),
        ("k[0]", "k[0]"),
        ("k if k else 1", "k if k else 1"),
        ("k < 2", "k < 2"),
        ("k and 2", "k and 2"),
        ("not k", "not k"),
        ("~k", "~k"),
        ("'text'", "'text'"),
        ("True", "True"),
        ("1j", "1j"),
        ("f'{k}'", "f'{k}'"),
        ("(n := 2)", "(n := 2)"),
    ],
)
def test_what_is_not_arithmetic_is_refused_by_name(text: str, refused: str) -> None:
    with pytest.raises(ExpressionError, match="is not allowed in a rate; use numbers, names") as error:
        Expression(text)
    assert str(error.value).startswith(repr(refused))


@pytest.mark.parametrize("text", ["", "2 *", "k k", "import os", "k = 2", "while True: pass", "1; 2", "\0"])
def test_what_cannot_be_read_is_no_expression(text: str) -> None:
    with pytest.raises(ExpressionError, match="is not an arithmetic expression"):
        Expression(text)


def test_an_unknown_name_is_refused_by_name() -> None:
    with pytest.raises(ExpressionError, match=r"'k_of' in '2\*k_of' is not known; known here: V, k_off"):
        Expression("2*k_of").require({"k_off", "V"})
