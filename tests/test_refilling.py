"""Sites that get another vesicle: releases are counted, depletion and recovery follow their equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium.errors import RdcalciumError
from rdcalcium.model import Sensor
from rdcalcium.recorders.release import ReleaseSensors
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.sites import Vesicles

HALVES = ["X -> fused : 0.7", "fused -> X : 0.2"]
# One pool: empty sites are primed faster where calcium is higher, and vesicles leave again without fusing.
POOL = ["E <-> R : k0 + k_max*Ca/(K + Ca), k_unprim", "R -> E : fusion*Ca**4/(K_f**4 + Ca**4)"]
NUMBERS = {"k0": 0.0006, "k_max": 0.03, "K": 2.0, "k_unprim": 0.0005, "fusion": 6.0, "K_f": 20.0}


def site(
    scheme: Sequence[str],
    released: Sequence[str] = ("fused",),
    numbers: Mapping[str, float] | None = None,
    **more: object,
) -> Sensor:
    parts = {"name": "v", "positions": [[0, 0, 0]], "scheme": scheme, "released": released}
    return Sensor.model_validate({**parts, "parameters": dict(numbers or {}), **more})


def test_a_site_that_is_refilled_releases_again_and_again() -> None:
    """X -> fused at r, fused -> X at k: the exact occupancies, number of releases, and chance of at least one."""
    watched, r, k, t = ReleaseSensors(site(HALVES, start="X"), rest=0.1), 0.7, 0.2, 9.0
    calcium = np.array([0.1])
    for _ in range(9):
        watched.advance(calcium, calcium, t / 9)
    empty = r / (r + k) * (1 - np.exp(-(r + k) * t))
    releases = r * k / (r + k) * t + r * empty / (r + k)
    rate, probability, count = watched.look(calcium)[0]
    assert rate == pytest.approx(r * (1 - empty), rel=1e-12)
    assert probability == pytest.approx(1 - np.exp(-r * t), rel=1e-12)
    assert count == pytest.approx(releases, rel=1e-12)
    assert count > 1


def test_the_number_of_releases_is_the_integral_of_their_rate() -> None:
    vesicles = Vesicles(Chain(site(POOL, ["E"], NUMBERS)))
    y, h, rates = vesicles.start(0.05, 1), 0.01, []
    for i in range(200):
        c = [np.array([0.05 + 30 * np.sin(np.pi * (i + share) * h) ** 2]) for share in (0.0, 0.5, 1.0)]
        y, before = vesicles.after(y, (c[0], c[1], c[2]), h), y
        middle = vesicles.after(before, (c[0], 0.75 * c[0] + 0.25 * c[2], c[1]), 0.5 * h)
        rates.append([float(vesicles.rate(state, at)[0]) for state, at in zip((before, middle, y), c, strict=True)])
    integral = (np.array(rates) @ [1, 4, 1]).sum() * h / 6
    assert vesicles.releases(y)[0] == pytest.approx(integral, rel=1e-5)


def pulses(t: float) -> float:
    """Calcium in a train at 100 Hz: 25 µM for 0.5 ms each time, over a residue of 1 µM."""
    return 25.0 if t % 10.0 < 0.5 else 1.0


def test_a_train_depletes_a_pool_which_recovers_as_its_equation_says() -> None:
    """dR/dt = priming (1 - R) - (unpriming + fusion) R, solved from pulse to pulse by a Runge-Kutta method."""
    k0, k_max, half, unpriming, fusion, K_f = NUMBERS.values()
    watched = ReleaseSensors(site(POOL, ["E"], NUMBERS), rest=1.0)
    full = watched.occupancy[0, 1]
    resting = k0 + k_max / (half + 1)
    assert full == pytest.approx(resting / (resting + unpriming + fusion / (K_f**4 + 1)), rel=1e-12)
    y, count = np.array([full, 0.0]), []
    for i in range(20):
        c, h = (25.0, 0.5) if i % 2 == 0 else (1.0, 9.5)
        watched.advance(np.array([c]), np.array([c]), h)
        priming, rate = k0 + k_max * c / (half + c), fusion * c**4 / (K_f**4 + c**4)

        def slope(t: float, y: np.ndarray, priming: float = priming, rate: float = rate) -> list[float]:
            return [priming * (1 - y[0]) - (unpriming + rate) * y[0], rate * y[0]]

        y = solve_ivp(slope, (0, h), y, rtol=1e-10, atol=1e-14).y[:, -1]
        count.append(y[1])
        np.testing.assert_allclose([watched.occupancy[0, 1], watched.releases()[0]], y, rtol=1e-7)
    each = np.diff([0.0, *count[1::2]])
    assert each[-1] < 0.5 * each[0]  # depressed
    assert count[-1] > 1


def test_priming_and_unpriming_release_nothing() -> None:
    watched = ReleaseSensors(site(["E <-> R : 0.3, 0.1", "R -> E : 0"], ["E"]), rest=0.1)
    assert watched.occupancy[0].tolist() == pytest.approx([0.25, 0.75])
    watched.advance(np.array([0.1]), np.array([0.1]), 50.0)
    np.testing.assert_array_equal(watched.look(np.array([0.1])), np.zeros((1, 3)))


def test_rest_is_what_a_site_keeps_its_spontaneous_releases_included() -> None:
    """E -> R at k, R <-> RCa at a and b, RCa -> E at f: what flows is the same everywhere."""
    cycle = ["E -> R : 0.05", "R + Ca <-> RCa : 0.1, 0.5", "RCa -> E : 3"]
    watched = ReleaseSensors(site(cycle, ["E"]), rest=2.0)
    parts = np.array([3 / 0.05, (0.5 + 3) / 0.2, 1.0])
    np.testing.assert_allclose(watched.occupancy[0], parts / parts.sum(), rtol=1e-12)
    before = watched.occupancy
    watched.advance(np.array([2.0]), np.array([2.0]), 30.0)
    np.testing.assert_allclose(watched.occupancy, before, rtol=1e-9)
    assert watched.releases()[0] == pytest.approx(30 * 3 * before[0, 2], rel=1e-9)


def test_nothing_that_leads_to_release_alone_has_happened_at_rest() -> None:
    """An active state that fuses, and only that, is empty before; to come to it is to leave, as fusion is."""
    scheme = ["X + Ca <-> XCa : 0.1, 0.5", "XCa -> active : 2", "active -> fused : 7"]
    fading = 1.5 - np.sqrt(1.5**2 - 0.5 * 2)  # θ² - 3 θ + 0.5 · 2 = 0, of X and XCa alone
    bound = fading / 2  # all that leave do so from XCa
    np.testing.assert_allclose(ReleaseSensors(site(scheme), rest=5.0).occupancy[0], [1 - bound, bound, 0, 0])


def test_a_driven_cycle_rests_where_no_state_gains_but_for_those_that_fuse() -> None:
    cycle = ["A -> B : 0.3", "B -> C : 0.2*Ca", "C -> A : 0.7", "B -> fused : 0.1"]
    a, b, c, fused = ReleaseSensors(site(cycle), rest=2.0).occupancy[0]
    fading = 0.1 * b
    np.testing.assert_allclose([0.7 * c - 0.3 * a, 0.4 * b - 0.7 * c], [-fading * a, -fading * c], rtol=1e-10)
    assert a + b + c == pytest.approx(1)
    assert fused == 0


def test_a_reserve_makes_up_at_rest_for_what_fuses() -> None:
    """W brings k, and R unprimes and fuses: n = k / (u + f)."""
    pool = site(["W <-> R : 0.3, 0.1", "R -> fused : 0.5"], reserve="W")
    watched = ReleaseSensors(pool, rest=0.1)
    assert watched.occupancy[0, 1] == pytest.approx(0.3 / (0.1 + 0.5), rel=1e-12)
    watched.advance(np.array([0.1]), np.array([0.1]), 20.0)
    assert watched.releases()[0] == pytest.approx(20 * 0.5 * 0.5, rel=1e-9)


def test_a_sensor_starts_in_the_states_that_it_says() -> None:
    assert ReleaseSensors(site(HALVES, start="fused"), rest=0.1).occupancy[0].tolist() == [0, 1]
    shared = ReleaseSensors(site(HALVES, start={"fused": 0.25, "X": 0.75}), rest=0.1)
    assert shared.occupancy[0].tolist() == [0.75, 0.25]
    assert shared.probability()[0] == shared.releases()[0] == 0
    once = ReleaseSensors(site(HALVES[:1], start={"fused": 0.25, "X": 0.75}), rest=0.1)
    once.advance(np.array([1.0]), np.array([1.0]), 1000.0)
    assert once.probability()[0] == pytest.approx(0.75)  # of the sites; a quarter had nothing to release


def test_a_site_of_many_vesicles_loses_none() -> None:
    watched, draw = ReleaseSensors(site(POOL, ["E"], NUMBERS), rest=0.05), np.random.default_rng(1)
    for _ in range(300):
        a, b = 10 ** draw.uniform(-3, 3, (2, 1))
        last = watched.releases()
        watched.advance(a, b, 10 ** draw.uniform(-4, 2))
        assert np.all(watched.releases() >= last * (1 - 1e-14))
        assert watched.occupancy.sum() == pytest.approx(1, abs=1e-14)
        assert 0 <= watched.probability()[0] <= 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"released": ["fusd"]}, "released state 'fusd' is not in the scheme; .*Did you mean 'fused'"),
        ({"start": "Y"}, "start state 'Y' is not in the scheme; its states: X, fused"),
        ({"start": {"X": 0.5}}, "the shares of start are 0.5; they must not be negative, and add up to 1"),
        ({"scheme": ["X <-> fused : 1, 2"]}, "no step leads one way into a released state .fused.; fusion is one"),
        ({"scheme": ["X -> fused : exp(V/25)"]}, "cannot depend on the voltage"),
    ],
)
def test_a_sensor_that_cannot_be_is_refused_in_one_sentence(changes: dict[str, object], sentence: str) -> None:
    parts = {"name": "v", "positions": [[0, 0, 0]], "scheme": HALVES}
    with pytest.raises(RdcalciumError, match=sentence) as caught:
        Sensor(**{**parts, **changes})
    assert "\n" not in str(caught.value)


def test_calcium_that_stops_unpriming_facilitates() -> None:
    """Of the sites without calcium k_rep/(k_rep + u r) hold a vesicle at rest, and more of them after a spike."""
    seen = rc.release("unpriming_kobbersmed2020", *spikes(2))
    full = 0.13485 / (0.13485 + 0.23682 / (1 + (0.05 / 0.05521) ** 5))
    empty, without = seen.occupancy.isel(time=0)[:2].values
    assert without / (without + empty) == pytest.approx(full, rel=1e-4)  # but for what is released at rest
    first, second = np.diff([0.0, *seen.cumulative_release.values[[1000, 2000]]])
    single = rc.release("refilled_kobbersmed2020", *spikes(2)).cumulative_release.values[[1000, 2000]]
    assert second / first > 1.5 > single[1] / single[0] - 1


@pytest.mark.parametrize(
    ("refilled", "once"),
    [
        ("refilled_keller2015", "felmy2003_keller2015"),
        ("refilled_kobbersmed2020", "kobbersmed2020"),
        ("one_pool_eshra2021", "two_sites_eshra2021"),
    ],
)
def test_until_sites_are_refilled_they_release_as_those_that_are_not(refilled: str, once: str) -> None:
    """The first release of a site, in proportion to the sites that are full at rest; none comes back in 0.2 ms."""
    times, calcium = [0.0, 0.2], 20.0
    again, alone = rc.release(refilled, times, calcium), rc.release(once, times, calcium)
    full = 1 - again.occupancy.isel(time=0).sel(state=["empty" if "eshra" in refilled else "fused"]).item()
    assert again.release_probability[-1] == pytest.approx(full * alone.release_probability[-1].item(), rel=1e-2)
    assert again.cumulative_release[-1] >= again.release_probability[-1]


def spikes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Calcium of action potentials 10 ms apart, and what is left of it."""
    times = np.linspace(0, 10 * count, 1000 * count + 1)
    since = [np.maximum(times - 1 - 10 * k, 0.0) for k in range(count)]
    peaks = sum(12 * np.exp(-(((times - 1.5 - 10 * k) / 0.2) ** 2)) for k in range(count))
    return times, 0.05 + peaks + sum(0.3 * (s > 0) * np.exp(-s / 40) for s in since)
