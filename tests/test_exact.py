"""The known answers against figures computed independently of this package."""

import numpy as np
import pytest

from rdcalcium import exact
from rdcalcium.units import IONS_PER_AMOUNT

D = 0.22
M = 1000 / IONS_PER_AMOUNT
NM = 1e-3


@pytest.mark.parametrize(("r", "t", "calcium"), [(0.1, 0.05, 51.483964), (0.2, 0.1, 14.501860), (0.5, 1.0, 0.543815)])
def test_a_thousand_ions_spread_over_a_half_space(r, t, calcium):
    assert exact.instantaneous_point(M, r, t, D) == pytest.approx(calcium, rel=1e-6)


@pytest.mark.parametrize(
    ("r", "t", "calcium"),
    [(0.01, 0.01, 32.99681), (0.02, 1.0, 18.29373), (0.1, 0.1, 2.37514), (0.5, 10.0, 0.60852)],
)
def test_an_open_channel_builds_up_its_domain(r, t, calcium):
    assert exact.continuous_point(0.1, r, t, D) == pytest.approx(calcium, rel=5e-6)


def test_a_pulse_is_the_difference_of_two_steps():
    at = exact.continuous_point(0.1, 0.1, np.array([0.6, 0.1]), D)
    assert at[0] - at[1] == pytest.approx(0.795271, rel=2e-6)


def test_a_box_fills_by_its_modes():
    points = np.array([[0.5, 0.5, 0], [0.6, 0.5, 0], [0.5, 0.5, 0.5], [0, 0, 0.5]])
    expected = {
        0.05: [64.621237, 51.483965, 0.440375, 0.000020],
        0.2: [8.243923, 7.826439, 3.956616, 0.911389],
        1.0: [3.324448, 3.324233, 3.322201, 3.317710],
    }
    for t, values in expected.items():
        found = exact.box_point(M, np.array([0.5, 0.5, 0]), points, t, np.array([1, 1, 0.5]), D)
        np.testing.assert_allclose(found, values, rtol=1e-6, atol=6e-7)


def test_a_ball_fills_by_its_modes():
    assert [exact.ball_wavenumber(n, 1.0) for n in (1, 2, 3)] == pytest.approx([4.493409458, 7.725251837, 10.904121659])
    assert exact.ball_wavenumber(1, 0.5, 0.02, D) * 0.5 == pytest.approx(0.36760088, rel=1e-7)
    r = np.array([0.05, 0.25, 0.5])
    expected = {
        0.05: [30.525969, 7.806686, 0.241279],
        0.2: [4.414217, 3.616077, 2.893276],
        1.0: [3.171397, 3.171396, 3.171396],
    }
    for t, values in expected.items():
        np.testing.assert_allclose(exact.ball_point(M, r, t, 0.5, D), values, rtol=2e-6)


@pytest.mark.parametrize(
    ("buffer", "current", "expected"),
    [
        # BAPTA 1 mM, EGTA 10 mM, ATP 0.58 mM, and a strongly depleted slow buffer
        ((0.4, 0.22, 1000, 0.2), 0.1, {10: 25.63571, 20: 8.77787, 50: 1.15772, 100: 0.13243}),
        (
            (0.01, 0.07, 10000, 0.2),
            0.1,
            {10: 31.90816, 20: 13.58640, 50: 3.37271, 100: 0.78620, 200: 0.12230},
        ),
        ((0.5, 200, 580, 0.22), 0.1, {10: 28.03538, 20: 10.91158, 50: 2.66884, 100: 1.05711, 200: 0.53201}),
        ((0.1, 2, 500, 0.02), 0.3, {10: 99.32637, 20: 43.85958, 50: 12.11325, 100: 3.35029, 200: 0.65524}),
    ],
)
def test_one_mobile_buffer_at_steady_state(buffer, current, expected):
    k_on, K_d, total, D_B = buffer
    r = NM * np.array(list(expected))
    calcium, _ = exact.one_buffer_steady(current, r, 0.05, D, k_on, K_d, total, D_B)
    np.testing.assert_allclose(calcium, list(expected.values()), rtol=2e-4)


def test_excess_buffer_approximation_at_its_published_values():
    r = NM * np.array([5, 20, 100])
    found = exact.excess_buffer(0.1, r, 0.05, D, 0.4, 0.22, 1000)
    np.testing.assert_allclose(found, [61.90234, 8.73073, 0.12986], rtol=5e-5)


ATP, EGTA, BAPTA = (0.5, 200, 580, 0.22), (0.01, 0.07, 500, 0.2), (0.4, 0.22, 50, 0.2)  # k_on, K_d, total, diffusivity


@pytest.mark.parametrize(
    ("buffers", "current", "expected"),
    [
        ([ATP], 0.1, {10: 27.96154, 20: 10.86246, 50: 2.65244, 100: 1.05300, 200: 0.53112, 500: 0.24232}),
        ([ATP, BAPTA], 0.02, {10: 5.493353, 20: 2.090415, 50: 0.477045, 100: 0.176740, 200: 0.089440}),
        (
            [ATP, EGTA, BAPTA],
            0.02,
            {5: 12.760727, 10: 5.476436, 30: 1.095060, 50: 0.468074, 100: 0.170966, 200: 0.086081, 500: 0.054024},
        ),
    ],
)
def test_a_weak_current_among_mobile_buffers(buffers, current, expected):
    r = NM * np.array(list(expected))
    found = exact.small_signal(current, r, 0.05, D, buffers)
    np.testing.assert_allclose(found, list(expected.values()), rtol=3e-5)


def test_a_current_that_becomes_weak_is_a_weak_current():
    r = NM * np.array([10, 50, 200])
    k_on, K_d, total, D_B = ATP
    strong, _ = exact.one_buffer_steady(1e-4, r, 0.05, D, k_on, K_d, total, D_B)
    np.testing.assert_allclose(exact.small_signal(1e-4, r, 0.05, D, [ATP]), strong, rtol=1e-5)


def test_what_comes_in_through_one_side_of_a_slab():
    """All that came in is there, goes on as Fick's law has it, and none leaves by the other side."""
    z, L, J, t, h = np.linspace(0, 0.3, 3001), 0.3, 2.0, 0.05, 1e-5
    found = exact.slab_flux(J, z, t, L, D)
    assert np.trapezoid(found, z) == pytest.approx(J * t, rel=1e-6)
    slope = np.gradient(found, z, edge_order=2)
    assert slope[0] == pytest.approx(-J / D, rel=1e-4)
    assert slope[-1] == pytest.approx(0, abs=1e-4)
    change = (exact.slab_flux(J, z, t + h, L, D) - exact.slab_flux(J, z, t - h, L, D)) / (2 * h)
    np.testing.assert_allclose(change[10:-10], D * np.gradient(slope, z)[10:-10], rtol=1e-3)
