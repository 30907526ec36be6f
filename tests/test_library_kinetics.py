"""Buffers and sensors of the library against numbers that were computed elsewhere from the same constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq, minimize_scalar

import rdcalcium as rc
from rdcalcium import library
from rdcalcium.library.response import peak_rate
from rdcalcium.model import Buffer, KineticScheme, Sensor
from tests.tolerances import TOLERANCES

# Of one vesicle each; tests/test_refilling.py has those whose sites get another.
_ALL = {name: Sensor(use=name, positions=((0, 0, 0),)) for name in library.entries("sensors")}
SENSORS = [name for name, sensor in _ALL.items() if sensor.releases and not sensor.refills]

STEPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # µM, from which the state without calcium meets from 0 ms on

PEAK_RATES = {  # of fusion of each vesicle, ms⁻¹
    "schneggenburger_neher2000": (1.17756e-5, 3.02789e-4, 0.0134719, 0.105676, 0.404762, 1.24103, 2.13563),
    "felmy2003": (6.16915e-5, 1.40381e-3, 0.0403355, 0.208788, 0.624284, 1.64526, 2.68351),
    "felmy2003_keller2015": (6.07028e-5, 1.38783e-3, 0.0404833, 0.211887, 0.636487, 1.67574, 2.72561),
    "lou2005": (3.58888e-5, 5.04168e-4, 0.0152384, 0.110555, 0.412132, 1.24619, 2.14791),
    "wolfel2007": (1.26956e-4, 1.85190e-3, 0.0436644, 0.224447, 0.659677, 1.66442, 2.62066),
    "kobbersmed2020": (1.39835e-4, 1.95508e-3, 0.0445844, 0.226567, 0.662526, 1.66624, 2.62055),
    "bollmann2000": (5.72385e-5, 1.16087e-3, 0.0340634, 0.228461, 0.895169, 3.05277, 5.59830),
    "one_free_state_sun2007": (8.78877e-4, 0.0118651, 0.130669, 0.407118, 0.923260, 1.96395, 2.88397),
    "wang2008": (8.95069e-6, 2.39032e-4, 0.0122918, 0.116146, 0.499175, 1.53966, 2.53702),
    "fast_eshra2021": (1.04302e-3, 0.0194195, 0.323478, 1.19107, 2.87925, 6.19088, 8.99272),
}
TIMES = {  # µM: when the rate is highest, and when half of the vesicles have fused, ms
    "schneggenburger_neher2000": {
        **{1.0: (19.3, None), 2.0: (13.7, None), 5.0: (6.53, 49.58), 10.0: (2.95, 6.380), 20.0: (1.35, 1.917)},
        **{50.0: (0.569, 0.7011), 100.0: (0.316, 0.4002)},
    },
    "felmy2003": {
        **{5.0: (4.79, 16.30), 10.0: (2.09, 3.438), 20.0: (1.00, 1.315), 50.0: (0.437, 0.5355), 100.0: (0.248, 0.3163)}
    },
    "lou2005": {
        **{1.0: (6.92, None), 5.0: (3.94, 44.49), 10.0: (2.19, 6.093), 20.0: (1.12, 1.800)},
        **{50.0: (0.501, 0.6608), 100.0: (0.285, 0.3799)},
    },
    "wolfel2007": {10.0: (1.59, 3.116)},
    "bollmann2000": {
        **{5.0: (1.35, 20.05), 10.0: (0.724, 2.983), 20.0: (0.385, 0.8062), 50.0: (0.182, 0.2669)},
        **{100.0: (0.114, 0.1518)},
    },
}
SLOPES = {  # of log peak rate over log calcium, at 1, 3, 5, 10 and 20 µM
    "schneggenburger_neher2000": (4.791, 4.240, 3.570, 2.388, 1.562),
    "lou2005": (3.664, 3.796, 3.359, 2.334, 1.532),
    "wolfel2007": (3.827, 3.553, 2.881, 1.892, 1.274),
}
PULSE = {  # fused after 20 µM for 0.5 ms and 50 nM for 5 ms
    "schneggenburger_neher2000": 0.038422,
    "felmy2003": 0.095421,
    "lou2005": 0.067644,
    "wolfel2007": 0.165376,
    "bollmann2000": 0.320467,
    "one_free_state_sun2007": 0.233180,
    "wang2008": 0.083656,
    "fast_eshra2021": 0.912110,
}


class Vesicle:
    """One sensor of the library, and the share of vesicles that it has released after a step of calcium."""

    def __init__(self, name: str, calcium: float):
        sensor = Sensor(use=name, positions=((0, 0, 0),))
        self.scheme = sensor.kinetics()
        self.fused = self.scheme.states.index(sensor.released[0])
        self.q = self.scheme.generator(calcium=calcium)
        self.start = np.eye(len(self.q))[0]

    def released(self, t: float) -> float:
        return float((expm(t * self.q) @ self.start)[self.fused])

    def rate(self, t: float) -> float:
        return float((self.q @ expm(t * self.q) @ self.start)[self.fused])

    def peak(self) -> tuple[float, float]:
        """The highest rate, ms⁻¹, and when it is reached, ms."""
        logs = np.linspace(math.log(0.02), math.log(60), 60)
        top = int(np.argmax([self.rate(math.exp(x)) for x in logs[1:-1]])) + 1
        found = minimize_scalar(
            lambda x: -self.rate(math.exp(x)), bounds=(logs[top - 1], logs[top + 1]), method="bounded"
        )
        return -found.fun, math.exp(found.x)


def kinetics(name: str) -> KineticScheme:
    return Sensor(use=name, positions=((0, 0, 0),)).kinetics()


@pytest.mark.parametrize("name", PEAK_RATES)
def test_the_peak_rate_after_a_step_of_calcium(name: str) -> None:
    found = [Vesicle(name, calcium).peak()[0] for calcium in STEPS]
    np.testing.assert_allclose(found, PEAK_RATES[name], rtol=TOLERANCES["release sensors"])


@pytest.mark.parametrize("name", TIMES)
def test_the_time_of_the_peak_and_of_half_the_release(name: str) -> None:
    for calcium, (peak, half) in TIMES[name].items():
        vesicle = Vesicle(name, calcium)
        assert vesicle.peak()[1] == pytest.approx(peak, rel=0.01)  # a maximum is flat, and was read from rows
        if half is not None:
            t = brentq(lambda t, v=vesicle: v.released(t) - 0.5, 0.05, 200)
            assert t == pytest.approx(half, rel=5e-4)  # three or four digits, from rows


@pytest.mark.parametrize(
    "name", ["felmy2003", "dual_kobbersmed2020", "unpriming_kobbersmed2020", "one_pool_eshra2021", "matveev2002"]
)
def test_the_list_tells_the_highest_rate_of_release(name: str) -> None:
    """From rest, refilled or not: as a run has it, which is found by other means; the rows of both meet the peak."""
    sensor, times = Sensor(use=name, positions=((0, 0, 0),)), np.geomspace(1e-3, 100, 300)
    after = rc.release(sensor, times, 10.0)
    assert peak_rate(sensor, 10.0) == pytest.approx(float(after.release_rate.max()), rel=5e-4)


def test_a_site_that_is_refilled_and_knows_no_equilibrium_is_listed_from_where_it_rests() -> None:
    """Fusion and refilling alone: whatever calcium does, vesicles fuse as fast as they come, g k / (g + k)."""
    scheme = ("X -> fused : g", "fused -> X : k")
    sensor = Sensor(name="s", positions=((0, 0, 0),), scheme=scheme, parameters={"g": 3.0, "k": 0.5})
    assert peak_rate(sensor, 10.0) == pytest.approx(3.0 * 0.5 / 3.5, rel=1e-6)


@pytest.mark.parametrize("name", SLOPES)
def test_release_goes_with_a_high_power_of_low_calcium(name: str) -> None:
    for calcium, slope in zip((1.0, 3.0, 5.0, 10.0, 20.0), SLOPES[name], strict=True):
        low, high = (Vesicle(name, calcium * factor).peak()[0] for factor in (0.99, 1.01))
        assert math.log(high / low) / math.log(1.01 / 0.99) == pytest.approx(slope, abs=1.5e-3)


@pytest.mark.parametrize("name", PULSE)
def test_how_much_a_short_pulse_releases(name: str) -> None:
    pulse, after = Vesicle(name, 20.0), Vesicle(name, 0.05)
    released = (expm(5 * after.q) @ expm(0.5 * pulse.q) @ pulse.start)[pulse.fused]
    assert released == pytest.approx(PULSE[name], rel=TOLERANCES["release sensors"])


@pytest.mark.parametrize(
    ("name", "rate"), [("lou2005", 2.448e-7), ("wolfel2007", 2.677e-7), ("kobbersmed2020", 4.525e-7)]
)
def test_allosteric_sensors_release_at_rest(name: str, rate: float) -> None:
    scheme = kinetics(name)
    rest = scheme.equilibrium(calcium=0.05)
    flux = (scheme.generator(calcium=0.05) @ rest)[scheme.states.index("fused")]
    assert flux == pytest.approx(rate, rel=3e-4)  # four digits


@pytest.mark.parametrize(("calcium", "rate"), [(1, 4.56493e-4), (5, 0.858438), (10, 3.99149), (20, 5.29429)])
def test_five_sites_in_equilibrium_release_with_their_last_state(calcium: float, rate: float) -> None:
    p = kinetics("schneggenburger_neher2000").equilibrium(calcium=calcium)
    assert 6.0 * p[5] == pytest.approx(rate, rel=TOLERANCES["occupancies in print"])


@pytest.mark.parametrize("calcium", [1.0, 10.0])
def test_the_dual_sensor_is_two_sensors_side_by_side(calcium: float) -> None:
    """Of a vesicle in p[n, m] the fast sensor holds n and the slow one m; either releases, and both do together."""
    k_on, k_off, s_on, s_off, b, gamma, spontaneous = 0.153, 5.8, 0.00294, 0.13, 0.25, 6.0, 4.17e-7

    def change(t: float, flat: np.ndarray) -> np.ndarray:
        p, d = flat.reshape(6, 3), np.zeros((6, 3))
        for n in range(5):
            flux = (5 - n) * k_on * calcium * p[n] - (n + 1) * k_off * b**n * p[n + 1]
            d[n] -= flux
            d[n + 1] += flux
        for m in range(2):
            flux = (2 - m) * s_on * calcium * p[:, m] - (m + 1) * s_off * b**m * p[:, m + 1]
            d[:, m] -= flux
            d[:, m + 1] += flux
        d -= spontaneous * p
        d[5] -= gamma * p[5]
        d[:, 2] -= gamma * p[:, 2]
        return d.ravel()

    solution = solve_ivp(change, (0, 30), np.eye(18)[0], method="BDF", rtol=1e-9, atol=1e-13)
    left = 1 - solution.y[:, -1].sum()
    assert Vesicle("sun2007", calcium).released(30.0) == pytest.approx(left, rel=1e-6)


@pytest.mark.parametrize("name", ["keller2015", "kobbersmed2020"])
def test_a_refilled_sensor_is_the_other_one_besides_its_refilling(name: str) -> None:
    """The rates out of all states but the empty one, in which refilling begins."""
    once, again = kinetics({"keller2015": "felmy2003_keller2015"}.get(name, name)), kinetics(f"refilled_{name}")
    assert {*once.states} == {*again.states}
    order = [again.states.index(state) for state in once.states]
    before = [i for i, state in enumerate(once.states) if state != "fused"]
    found, expected = again.generator(calcium=3.0)[np.ix_(order, order)], once.generator(calcium=3.0)
    np.testing.assert_allclose(found[:, before], expected[:, before], rtol=1e-12)


def test_six_clamps_let_go_independently() -> None:
    """How many are inserted is binomial, and each by itself has four states; with three of six, fusion is 8 per ms."""
    scheme = kinetics("release_of_inhibition_norman2023")
    k = scheme.parameters
    one = KineticScheme.parse(
        ["S[n] + Ca <-> S[n+1] : (2-n)*k_on, (n+1)*k_off for n = 0..1", "S2 <-> I : k_in, k_out"],
        {name: k[name] for name in ("k_on", "k_off", "k_in", "k_out")},
    )
    calcium = 12.0
    inserted = one.equilibrium(calcium=calcium)[3]
    rest = dict(zip(scheme.states, scheme.equilibrium(calcium=calcium), strict=True))
    for i in range(7):
        share = sum(p for state, p in rest.items() if state.endswith(f"I{i}"))
        assert share == pytest.approx(math.comb(6, i) * inserted**i * (1 - inserted) ** (6 - i), rel=1e-10)
    fusion = {t.source: float(pair[0]) for t, pair in zip(scheme.transitions, scheme.rates(), strict=True)}
    assert fusion["A0.B0.I3"] == pytest.approx(math.exp(21.5 - 26 + 3 * 4.5) / 1000, rel=1e-3)
    assert fusion["A1.B2.I1"] == pytest.approx(math.exp(21.5 - 26 + 4.5) / 1000, rel=1e-3)
    assert scheme.bound("Ca")["A1.B2.I3"] == 1 + 2 * 2 + 3 * 2


@pytest.mark.parametrize("name", SENSORS)
def test_every_sensor_keeps_its_vesicles_and_rests_reversibly(name: str) -> None:
    """What goes one way ends in fusion, and does not come back."""
    scheme = kinetics(name)
    q = scheme.generator(calcium=np.array([0.0, 0.05, 300.0]))
    assert np.abs(q.sum(axis=1)).max() <= 1e-13 * np.abs(q).max()
    rest = scheme.equilibrium(calcium=3.0)
    reversible = KineticScheme(scheme.states, tuple(t for t in scheme.transitions if t.backward), scheme.parameters)
    assert np.abs(reversible.generator(calcium=3.0) @ rest).max() <= 1e-14 * np.abs(q).max()
    assert turning(scheme) == said_to_turn("sensors", name)
    index, fused = {state: i for i, state in enumerate(scheme.states)}, Vesicle(name, 1.0).fused
    leads = np.linalg.matrix_power((scheme.generator(calcium=1.0) > 0) + np.eye(len(q[0])), len(index)) > 0
    for step in (t for t in scheme.transitions if t.backward is None):
        assert leads[fused, index[step.target]]
        assert not leads[index[step.source], index[step.target]]


def survivors(scheme: KineticScheme) -> set[str]:
    """States with steps there and back."""
    return {state for t in scheme.transitions if t.backward for state in (t.source, t.target)}


@pytest.mark.parametrize("name", SENSORS)
def test_every_sensor_follows_a_pulse_of_calcium(name: str) -> None:
    """As its generator says, from what a long time at rest has left unfused."""
    pulse, rest = Vesicle(name, 20.0), Vesicle(name, 0.05)
    kept = np.array([state in survivors(rest.scheme) for state in rest.scheme.states])
    left = np.where(kept, expm(5000 * rest.q) @ rest.start, 0.0)
    expected = float((expm(0.5 * pulse.q) @ left)[pulse.fused]) / left.sum()
    found = float(rc.release(name, [0.0, 0.5], 20.0).release_probability[-1])
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", SENSORS)
def test_more_calcium_releases_more(name: str) -> None:
    released = [Vesicle(name, calcium).released(2.0) for calcium in (0.05, 1.0, 5.0, 20.0, 100.0)]
    assert released == sorted(released)
    assert released[-1] > released[0]


def turning(scheme: KineticScheme, voltage: float = 0.0) -> dict[str, float]:
    """Cycles of a scheme that do not balance, and how far they are from it."""
    return {str(c): c.ratio for c in scheme.cycles(voltage) if c.ratio != pytest.approx(1.0, rel=1e-12)}


def said_to_turn(shelf: str, name: str) -> Any:
    """What its entry says of that."""
    return pytest.approx(library.entries(shelf)[name].get("cycles", {}), rel=1e-3)


def test_a_cycle_that_turns_is_known_by_its_states_and_how_far_it_is_from_balance() -> None:
    rates = {"a": 1.0, "b": 2.5}
    assert turning(KineticScheme.parse(["C <-> O : a, a", "O <-> I : b, a", "I <-> C : a, a"], rates)) == pytest.approx(
        {"C - O - I - C": 2.5}
    )


@pytest.mark.parametrize("name", library.entries("buffers"))
def test_every_buffer_rests_without_turning_unless_it_says_so(name: str) -> None:
    """Whichever way round its cycles, if it has any."""
    assert turning(Buffer(use=name, total=1).kinetics()) == said_to_turn("buffers", name)


@pytest.mark.parametrize("name", library.entries("channels"))
def test_every_gate_rests_without_turning_unless_it_says_so(name: str) -> None:
    """At one voltage as it says, and at others in no other cycle."""
    gate = library.channels(name, positions=[[0, 0]]).kinetics()
    assert turning(gate) == said_to_turn("channels", name)
    assert {cycle for voltage in (-80.0, 40.0) for cycle in turning(gate, voltage)} <= {*turning(gate)}


def rest_of(name: str, calcium: float, magnesium: float = 0.0) -> dict[str, float]:
    scheme = Buffer(use=name, total=1).kinetics()
    return dict(zip(scheme.states, scheme.equilibrium(calcium=calcium, magnesium=magnesium), strict=True))


@pytest.mark.parametrize(
    ("calcium", "magnesium", "expected"),
    [
        (0.05, 500, (0.044186, 0.24884, 0.70698)),
        (0.05, 1000, (0.025886, 0.14578, 0.82834)),
        (1.0, 500, (0.007714, 0.86886, 0.12343)),
    ],
)
def test_parvalbumin_is_mostly_full_of_magnesium(calcium: float, magnesium: float, expected: tuple[float, ...]) -> None:
    rest = rest_of("parvalbumin_schmidt2003", calcium, magnesium)
    np.testing.assert_allclose([rest[s] for s in ("PV", "CaPV", "MgPV")], expected, rtol=1.5e-4)  # of K_d: 0.00888 µM


@pytest.mark.parametrize(("magnesium", "free"), [(300, 0.24998), (500, 0.16666), (1000, 0.09091)])
def test_little_atp_is_free_of_magnesium(magnesium: float, free: float) -> None:
    assert rest_of("ATP_eshra2021", 0.05, magnesium)["ATP"] == pytest.approx(
        free, abs=TOLERANCES["occupancies in print"]
    )


@pytest.mark.parametrize(
    ("name", "states", "calcium", "expected"),
    [
        ("calmodulin_faas2011", ("N0", "N1", "N2"), 0.05, (0.999466, 0.000518, 0.000016)),
        ("calmodulin_faas2011", ("N0", "N1", "N2"), 1.0, (0.983344, 0.010190, 0.006466)),
        ("calmodulin_faas2011", ("N0", "N1", "N2"), 5.0, (0.822236, 0.042603, 0.135161)),
        ("calmodulin_faas2011", ("N0", "N1", "N2"), 50.0, (0.055690, 0.028855, 0.915454)),
        ("calmodulin_faas2011", ("C0", "C1", "C2"), 1.0, (0.827680, 0.059545, 0.112775)),
        ("calretinin_faas2007", ("T0", "T1", "T2"), 1.0, (0.626316, 0.044737, 0.328947)),
        ("calretinin_faas2007", ("I", "CaI"), 1.0, (36 / 37, 1 / 37)),
        ("calbindin_nagerl2000", ("CaHA", "CaMA"), 0.05, (0.17460, 0.10834)),
        ("calbindin_schmidt2003", ("CaHA", "CaMA"), 26 / 55, (1 / 2, 0.36484)),  # K_d 473 and 823 nM
    ],
)
def test_proteins_hold_as_much_calcium_as_their_constants_say(name, states, calcium, expected) -> None:
    rest = rest_of(name, calcium)
    np.testing.assert_allclose([rest[s] for s in states], expected, rtol=0, atol=TOLERANCES["occupancies in print"])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("calmodulin_faas2011", {"N0": 1, "C0": 1}),
        ("calretinin_faas2007", {"T0": 2, "I": 1}),
        ("calbindin_nagerl2000", {"HA": 2, "MA": 2}),
        ("parvalbumin_schmidt2003", {"PV": 2}),
    ],
)
def test_one_total_makes_all_parts_of_a_protein(name: str, parts: dict[str, int]) -> None:
    pools = Buffer(use=name, total=10).pools()
    assert {pool.scheme.states[0]: pool.total for pool in pools} == {part: 10.0 * n for part, n in parts.items()}
    sites = sum(n * max(p.scheme.bound("Ca").values()) for p, n in zip(pools, parts.values(), strict=True))
    assert sites == {"calmodulin_faas2011": 4, "calretinin_faas2007": 5, "calbindin_nagerl2000": 4}.get(name, 2)


@pytest.mark.parametrize(
    ("name", "k_on", "K_d", "diffusivity"),
    [  # µM⁻¹ ms⁻¹, µM, µm² ms⁻¹
        ("EGTA", 0.01, 0.07, 0.22),
        ("BAPTA", 0.4, 0.22, 0.22),
        ("EGTA_naraghi1997", 0.0027, 0.174, 0.2),
        ("BAPTA_naraghi1997", 0.449, 0.176, 0.2),
        ("fixed_xu1997", 0.1, 100, 0),
        ("fixed_meinrenken2002", 0.5, 2, 0),
        ("fixed_keller2015", 0.1, 10, 0),
        ("fixed_delvendahl2015", 0.5, 32, 0),
        ("ATP_free_arai_jonas2014", 0.5, 200, 0.22),
        ("Fluo4_keller2015", 0.57, 0.244, 0.1),
        ("Fluo5F_eshra2021", 0.3, 0.83, 0.1),
        ("OGB1_schmidt2003", 0.43, 0.326, 0.015),
        ("OGB5N_eshra2021", 0.25, 31.4, 0.14),
        ("Fura2_matveev2002", 0.27, 0.358, 0.118),
    ],
)
def test_one_site_buffers_have_the_published_affinity(name, k_on, K_d, diffusivity) -> None:
    buffer = Buffer(use=name, total=1)
    ((forward, backward),) = buffer.kinetics().rates()
    assert float(forward) == k_on
    assert float(backward / forward) == pytest.approx(K_d, rel=2e-3)  # three digits
    assert buffer.diffusivity == diffusivity
