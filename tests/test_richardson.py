"""Numbers on cells of several widths, taken to cells of no width."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.richardson import extrapolated, observed_orders

WIDTHS = np.array([4.0, 2.0, 1.0])
LIMITS, SLOPES = np.array([5.0, -2.0, 1e-9, 0.0]), np.array([0.1, 0.3, -1e-10, 0.0])


def on(widths: np.ndarray, order: float) -> np.ndarray:
    return LIMITS + SLOPES * widths[:, None] ** order


@pytest.mark.parametrize("count", [2, 3])
def test_errors_that_go_with_the_square_are_found_exactly(count: int) -> None:
    widths = WIDTHS[-count:]
    line = extrapolated(widths, on(widths, 2))
    np.testing.assert_allclose(line.limit, LIMITS, rtol=1e-13, atol=1e-22)
    np.testing.assert_allclose(line.slope, SLOPES, rtol=1e-12, atol=1e-22)
    np.testing.assert_allclose(line.scatter, 0, atol=1e-14)
    np.testing.assert_allclose(line.errors(on(widths, 2))[-1], [0.02, 0.15, -0.1, 0], rtol=1e-12)


def test_two_widths_give_the_formula_of_richardson() -> None:
    coarse, fine = np.array([[3.7, 1.0], [3.1, 1.2]])
    line = extrapolated(np.array([0.3, 0.2]), np.array([coarse, fine]))
    np.testing.assert_allclose(line.limit, fine + (fine - coarse) / (1.5**2 - 1), rtol=1e-13)


def test_each_quantity_may_have_cells_of_its_own() -> None:
    """As those of sensors in different places have: each is as with its own widths alone."""
    each = np.array([[4.0, 3.0], [2.0, 2.5], [1.0, 1.2]])
    values = np.array([5.0, -2.0]) + np.array([0.1, 0.3]) * each**2 + np.array([[0.0], [0.01], [-0.02]])
    line = extrapolated(each, values)
    for column in range(2):
        alone = extrapolated(each[:, column], values[:, [column]])
        for figure in ("limit", "slope", "scatter"):
            assert getattr(line, figure)[column] == pytest.approx(getattr(alone, figure)[0])
    exact = np.array([5.0, -2.0]) + np.array([0.1, 0.3]) * each**1.5
    np.testing.assert_allclose(observed_orders(each, exact), 1.5, rtol=1e-9)


def test_what_does_not_lie_on_a_line_scatters_around_it() -> None:
    rng = np.random.default_rng(1)
    widths = np.array([4.0, 3.0, 2.0, 1.5, 1.0])
    noisy = 5 + 0.1 * widths[:, None] ** 2 + rng.normal(0, 0.05, (5, 400)) * widths[:, None]
    line = extrapolated(widths, noisy)
    assert np.sqrt((line.scatter**2).mean()) == pytest.approx(0.05, rel=0.1)
    assert line.limit.mean() == pytest.approx(5, abs=0.02)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.3])
@pytest.mark.parametrize("widths", [WIDTHS, np.array([1.0, 0.7, 0.3])], ids=["halved", "of any ratio"])
def test_three_widths_show_the_order(order: float, widths: np.ndarray) -> None:
    np.testing.assert_allclose(observed_orders(widths, on(widths, order))[:3], order, rtol=1e-9)


def test_values_that_go_to_and_fro_show_no_order() -> None:
    to_and_fro = np.array([[1.0, 1.0], [2.0, 1.0], [1.5, 1.0]])
    assert np.isnan(observed_orders(WIDTHS, to_and_fro)).all()
