"""Release sensors: published rates under a step of calcium, and how well they follow any course of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from rdcalcium import library
from rdcalcium.model import Sensor
from rdcalcium.recorders.release import ReleaseSensors
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.sites import Vesicles
from tests.test_library_kinetics import PEAK_RATES, PULSE, STEPS, TIMES
from tests.tolerances import TOLERANCES

SENSORS = {
    "S&N": "schneggenburger_neher2000",
    "Felmy": "felmy2003",
    "Keller": "felmy2003_keller2015",
}
LEVELS = STEPS  # µM
PEAKS = {name: PEAK_RATES[entry] for name, entry in SENSORS.items()}


def sensor(name: str, positions: int = 1) -> Sensor:
    points = [[0, 0, 0.001 * i] for i in range(positions)]
    return Sensor.model_validate({"name": "v", "positions": points, **library.entry("sensors", SENSORS[name])})


def sensors(name: str, positions: int = 1, rest: float = 0.0) -> ReleaseSensors:
    return ReleaseSensors(sensor(name, positions), rest)


def under_steps(name: str, h: float, duration: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, and rate and probability at each of LEVELS after a step from zero calcium."""
    calcium = np.array(LEVELS, dtype=float)
    model = sensors(name, len(LEVELS))
    rates, probabilities = [model.look(calcium)[:, 0]], [model.probability()]
    times = h * np.arange(round(duration / h) + 1)
    for _ in times[1:]:
        model.advance(calcium, calcium, h)
        rates.append(model.look(calcium)[:, 0])
        probabilities.append(model.probability())
    return times, np.array(rates), np.array(probabilities)


@pytest.mark.parametrize("name", SENSORS)
def test_the_peak_of_release_after_a_step_of_calcium(name: str) -> None:
    _, late, _ = under_steps(name, 0.02, 30.0)  # the slow ones: 1 µM peaks at 19 ms
    _, early, _ = under_steps(name, 0.002, 4.0)
    peaks = np.maximum(late.max(axis=0), early.max(axis=0))
    np.testing.assert_allclose(peaks, PEAKS[name], rtol=TOLERANCES["release sensors"])


@pytest.mark.parametrize(("name", "calcium"), [("S&N", 10), ("S&N", 20), ("S&N", 100), ("Felmy", 10), ("Felmy", 100)])
def test_the_time_of_release_after_a_step_of_calcium(name: str, calcium: int) -> None:
    t, rates, probabilities = under_steps(name, 0.002, 7.0)
    at = LEVELS.index(calcium)
    peak, half = TIMES[SENSORS[name]][calcium]
    assert t[rates[:, at].argmax()] == pytest.approx(peak, rel=8e-3)  # printed with three digits
    assert np.interp(0.5, probabilities[:, at], t) == pytest.approx(half, rel=5e-4)


@pytest.mark.parametrize("name", ["S&N", "Felmy"])
def test_release_by_half_a_millisecond_of_20_micromolar(name: str) -> None:
    model = sensors(name)
    for calcium, duration, h in ((20.0, 0.5, 0.01), (0.05, 5.0, 0.01)):
        for _ in range(round(duration / h)):
            model.advance(np.array([calcium]), np.array([calcium]), h)
    assert model.probability()[0] == pytest.approx(PULSE[SENSORS[name]], rel=TOLERANCES["release sensors"])


@pytest.mark.parametrize("name", SENSORS)
def test_few_ions_release_with_the_fifth_power(name: str) -> None:
    low, high = np.array([0.01]), np.array([0.02])
    rates = []
    for calcium in (low, high):
        model = sensors(name)
        model.advance(calcium, calcium, 50.0)
        rates.append(float(model.look(calcium)[:, 0][0]))
    assert np.log2(rates[1] / rates[0]) == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize("name", [*SENSORS.values(), "sun2007", "dual_kobbersmed2020"])
@pytest.mark.parametrize("rest", [0.05, 5.0])
def test_vesicles_start_as_those_that_rest_has_left(name: str, rest: float) -> None:
    """After long at rest those that have not fused fade all alike: nothing but their number changes."""
    watched = ReleaseSensors(Sensor(use=name, positions=((0, 0, 0),)), rest)
    calcium, left = np.array([rest]), watched.occupancy[0, watched.vesicles.chain.released == 0]
    rate = watched.look(calcium)[0, 0]
    assert watched.probability()[0] == 0
    watched.advance(calcium, calcium, 3.0)
    kept = np.exp(-3.0 * rate)
    np.testing.assert_allclose(watched.occupancy[0, watched.vesicles.chain.released == 0], kept * left, rtol=1e-9)


def test_the_rate_is_the_derivative_of_the_probability() -> None:
    model, calcium, h = sensors("Felmy"), np.array([15.0]), 1e-4
    model.advance(calcium, calcium, 0.7)
    rate, before = model.look(calcium)[:, 0][0], model.probability()[0]
    model.advance(calcium, calcium, h)
    assert (model.probability()[0] - before) / h == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize("name", SENSORS)
def test_vesicles_are_conserved_and_probabilities_stay_between_0_and_1(name: str) -> None:
    model = sensors(name, 2, rest=0.05)
    draw = np.random.default_rng(1)
    last = model.probability()
    for _ in range(300):
        a, b = 10 ** draw.uniform(-3, 3, (2, 2))
        model.advance(a, b, 10 ** draw.uniform(-5, 0.5))
        now = model.probability()
        assert np.all((now >= last - 1e-15) & (now <= 1 + 1e-12))
        assert np.all(model.occupancy >= -1e-15)
        np.testing.assert_allclose(model.occupancy.sum(axis=1), 1, rtol=1e-11)
        last = now
    assert last.min() > 0.99  # everything is released in the end


def bell(t: np.ndarray | float) -> np.ndarray:
    return 0.05 + 30 * np.exp(-(((np.asarray(t) - 0.5) / 0.2) ** 2))


def released_under_bell(n: int) -> float:
    """Of a vesicle whose sensor is told its calcium at the ends and in the middle of n steps."""
    vesicles, h = Vesicles(Chain(sensor("Felmy"))), 1 / n
    y = vesicles.start(float(bell(0.0)), 1)
    for t in h * np.arange(n):
        y = vesicles.after(y, (bell([t]), bell([t + 0.5 * h]), bell([t + h])), h)
    return float(vesicles.probability(y)[0])


def released_in_run(n: int) -> float:
    """Of a vesicle in a run, which knows the ends of n steps alone."""
    model = sensors("Felmy", rest=float(bell(0.0)))
    for t in np.arange(n) / n:
        model.advance(bell([t]), bell([t + 1 / n]), 1 / n)
    return float(model.probability()[0])


def exact(chain: Chain, calcium: Callable[[float], np.ndarray], duration: float) -> np.ndarray:
    """Occupancies after a smooth course of calcium, by an implicit method of fifth order."""

    def slope(t: float, p: np.ndarray) -> np.ndarray:
        return np.asarray(chain.generator(float(calcium(t))) @ p)

    start = chain.start(float(calcium(0.0)))
    return np.asarray(solve_ivp(slope, (0, duration), start, method="Radau", rtol=1e-11, atol=1e-17).y[:, -1])


@pytest.mark.parametrize(("released", "order"), [(released_under_bell, 4), (released_in_run, 3)])
def test_the_order_of_sensors_in_the_step(released: Callable[[int], float], order: int) -> None:
    """Three values of calcium in a step tell its mean and first moment; the steps of a run tell the third from before.

    Exact: an implicit Runge-Kutta method, which owes nothing to exponentials.
    """
    truth = exact(Chain(sensor("Felmy")), bell, 1.0)[-1]
    errors = [abs(released(n) - truth) for n in (32, 64, 128)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), order, atol=0.3)
    assert errors[0] < 2e-4 * truth


@pytest.mark.parametrize("name", SENSORS)
def test_sensors_follow_calcium_that_falls_slowly_in_steps_longer_than_their_memory(name: str) -> None:
    """Of 5 ms each, in which a fifth of the calcium goes; the sensors forget within a tenth of a millisecond."""

    def falling(t: np.ndarray | float) -> np.ndarray:
        return 0.05 + 2 * np.exp(-np.asarray(t) / 20)

    vesicles, n, h = Vesicles(Chain(sensor(name))), 10, 5.0
    y = vesicles.start(2.05, 1)
    for t in h * np.arange(n):
        y = vesicles.after(y, (falling([t]), falling([t + 0.5 * h]), falling([t + h])), h)
    truth = exact(vesicles.chain, falling, n * h)
    assert vesicles.probability(y)[0] == pytest.approx(truth[-1], rel=1e-4)
    rate = vesicles.rate(truth[:, None], falling([n * h]))
    np.testing.assert_allclose(vesicles.rate(y, falling([n * h])), rate, rtol=2e-3)


def test_a_step_at_constant_calcium_is_exact() -> None:
    one, many = sensors("S&N"), sensors("S&N")
    calcium = np.array([7.0])
    one.advance(calcium, calcium, 2.0)
    for _ in range(64):
        many.advance(calcium, calcium, 2.0 / 64)
    np.testing.assert_allclose(one.occupancy, many.occupancy, rtol=1e-10)


def test_each_position_follows_its_own_calcium() -> None:
    both, calcium = sensors("Keller", 2), np.array([5.0, 50.0])
    both.advance(calcium, 2 * calcium, 0.01)
    for i in (0, 1):
        alone = sensors("Keller")
        alone.advance(calcium[i : i + 1], 2 * calcium[i : i + 1], 0.01)
        np.testing.assert_allclose(both.occupancy[i], alone.occupancy[0], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("h", [1e-6, 1e-3, 0.3, 1.0, 30.0, 3000.0])
@pytest.mark.parametrize("positions", [1, 2000])
def test_steps_of_all_lengths_are_the_exponential(h: float, positions: int) -> None:
    """Short ones by a series and long ones by squaring, in blocks of positions; small occupancies to 8 digits too."""
    both = sensors("Keller", positions)
    calcium = np.linspace(0.0, 50.0, positions)
    both.advance(calcium, calcium, h)
    scheme = sensor("Keller").kinetics()
    for i in {0, positions // 2, positions - 1}:
        truth = expm(h * scheme.generator(calcium=calcium[i]))[:, 0]
        np.testing.assert_allclose(both.occupancy[i], truth, rtol=1e-8, atol=1e-16)


def test_magnesium_competes_for_a_sensor():
    scheme = ["X + Ca <-> CaX : 0.1, 1", "X + Mg <-> MgX : 0.01, 1", "CaX -> fused : 1e-9"]
    sensor = Sensor.model_validate({"name": "v", "positions": [[0, 0, 0]], "scheme": scheme})
    watched = ReleaseSensors(sensor, rest=10.0, magnesium=100.0)
    share = 1 / (1 + 0.1 * 10 + 0.01 * 100)  # of the free form
    np.testing.assert_allclose(watched.occupancy[0, :3], [share, share, share], rtol=1e-9)
    for _ in range(200):
        watched.advance(np.array([20.0]), np.array([20.0]), 0.1)
    share = 1 / (1 + 0.1 * 20 + 0.01 * 100)
    np.testing.assert_allclose(watched.occupancy[0, :3], [share, 2 * share, share], rtol=1e-6)


def test_a_look_within_a_step_sees_the_course_of_calcium_until_then() -> None:
    """A look after 30 % of a step is the step that would have ended there, along the same parabola."""
    whole, part = sensors("Felmy", 2), Vesicles(Chain(sensor("Felmy")))
    before, after = np.array([1.0, 20.0]), np.array([10.0, 15.0])
    whole.advance(before, before, 0.1)
    start = whole.last.end
    whole.advance(before, after, 0.2)
    between = [before + share * (after - before) for share in (0.15, 0.3)]
    bend = (after - before) / 0.2 / 0.3  # half the second derivative: calcium was `before` 0.1 ms before the step
    seen = [c - bend * 0.2**2 * share * (1 - share) for c, share in zip(between, (0.15, 0.3), strict=True)]
    y = part.after(start, (before, seen[0], seen[1]), 0.3 * 0.2)
    expected = np.stack([part.rate(y, seen[1]), part.probability(y)], axis=1)
    np.testing.assert_allclose(whole.look(seen[1], share=0.3), expected, rtol=1e-9)
    np.testing.assert_array_equal(whole.look(after)[:, 1], whole.probability())


@pytest.mark.parametrize("name", SENSORS)
def test_a_vesicle_is_released_once_after_however_many_steps(name: str) -> None:
    """Occupancies add up to one, and the probability stays at or below it, where rounding of steps would add up."""
    model, calcium = sensors(name, 2), np.array([30.0, 300.0])
    for _ in range(3000):
        model.advance(calcium, calcium, 0.05)
    assert model.probability() == pytest.approx(1.0, abs=1e-9)
    for share in (0.3, 1.0):
        assert (model.look(calcium, share)[:, 1] <= 1).all()
    assert np.abs(model.occupancy.sum(axis=1) - 1).max() < 1e-15


def test_a_faster_sensor_does_the_same_in_less_time() -> None:
    usual, fast = (Sensor(use="lou2005", positions=((0, 0, 0),), speed=speed) for speed in (1.0, 2.0))
    first, second = (ReleaseSensors(each, 0.05) for each in (usual, fast))
    calcium = np.array([10.0])
    first.advance(calcium, calcium, 4.0)
    second.advance(calcium, calcium, 2.0)
    np.testing.assert_allclose(second.occupancy, first.occupancy, rtol=1e-9, atol=1e-14)
