"""Stabilised methods on the test equation y' = λ y: stable as far as they say, of the order that they state."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from rdcalcium.integrators import METHODS
from rdcalcium.integrators.base import Coefficients
from rdcalcium.model import Run

STAGES = [*range(2, 20), 50, 101, 200, 333, 500]


def growth(k: Coefficients, x: np.ndarray) -> np.ndarray:
    """y_1 / y_0 of a step with h λ = x, by the recursion of the increments."""
    older, z = np.zeros_like(x), k.mu_t[1] * x
    for j in range(2, len(k.mu)):
        older, z = z, k.mu[j] * z + k.nu[j] * older + k.mu_t[j] * x * (1 + z) + k.gamma_t[j] * x
    return 1 + z


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("stages", STAGES)
def test_no_mode_grows_as_far_as_the_stages_reach(name, stages):
    method = METHODS[name]
    x = -np.linspace(0, method.reach(stages), 20_001)
    assert np.abs(growth(method.coefficients(stages), x)).max() < 1 + 1e-10


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("stages", STAGES)
def test_slow_modes_decay_as_exp_to_the_order_that_the_method_states(name, stages):
    method = METHODS[name]
    x = -np.array([0.02, 0.04])
    errors = np.abs(growth(method.coefficients(stages), x) - np.exp(x))
    assert np.log2(errors[1] / errors[0]) == pytest.approx(method.order + 1, abs=0.1)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("stages", STAGES)
def test_the_quadrature_of_a_source_is_that_of_the_recursion(name, stages):
    k = METHODS[name].coefficients(stages)
    assert k.c[-1] == pytest.approx(1, abs=1e-11)
    assert k.weights @ np.ones(stages + 1) == pytest.approx(1, abs=1e-10)
    assert k.weights @ k.c == pytest.approx(1 / 2, abs=1e-10)  # exact for a source that changes linearly


@pytest.mark.parametrize("name", METHODS)
def test_no_more_stages_are_taken_than_stability_asks_for(name):
    method = METHODS[name]
    for product in (0.0, 0.1, 1.9, 50.0, 1e3, 1e5):
        stages = method.stages_for(product, 1.0)
        assert method.reach(stages) >= product
        assert stages == 2 or method.reach(stages - 1) < product


def test_a_model_may_ask_for_every_method():
    assert set(get_args(Run.model_fields["method"].annotation)) == set(METHODS)
