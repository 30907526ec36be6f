"""Stabilised methods on the test equation y' = λ y: stable as far as they say, of the order that they state."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from rdcalcium.integrators import METHODS
from rdcalcium.integrators.base import LADDER, Coefficients
from rdcalcium.integrators.controller import SAFETY, SHRINK, StepController, towards
from rdcalcium.model import Buffer, Run
from tests.models import small_model
from tests.support import fresh

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
        assert stages == 2 or method.reach(LADDER[np.flatnonzero(stages == LADDER)[0] - 1]) < product


def test_a_model_may_ask_for_every_method():
    assert set(get_args(Run.model_fields["method"].annotation)) == set(METHODS)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_controller_finds_the_step_whose_error_is_just_allowed(order: int) -> None:
    control = StepController(order, h=1e-4)
    for _ in range(60):
        control.accept(control.h, (control.h / 0.3) ** (order + 1), wanted=control.h)
    assert control.h == pytest.approx(SAFETY * 0.3, rel=1e-6)


def test_a_rejected_step_is_tried_again_with_one_that_passes() -> None:
    control, h = StepController(2), 1.0
    while (error := (h / 0.01) ** 3) > 1:
        control.reject(h, error)
        assert SHRINK * h <= control.h < h
        h = control.h
    assert h == pytest.approx(SAFETY * 0.01, rel=0.5)


@pytest.mark.parametrize("error", [np.nan, np.inf])
def test_a_step_that_blew_up_is_tried_again_with_a_tenth(error: float) -> None:
    control = StepController(2)
    control.reject(1.0, error)
    assert control.h == pytest.approx(SHRINK)


def test_landing_on_something_does_not_shorten_the_steps_after_it() -> None:
    control = StepController(2, h=0.1, last=(0.1, 0.3))
    control.accept(0.001, 1e-8, wanted=0.1)
    assert control.h == pytest.approx(0.1)


@pytest.mark.parametrize("wanted", [0.003, 0.4, 0.6, 0.99, 1.0, 2.0])
def test_steps_towards_a_stop_end_on_it_and_leave_no_sliver(wanted: float) -> None:
    left, lands, shortest = 1.0, False, np.inf
    while not lands:
        h, lands = towards(left, wanted)
        left, shortest = left - h, min(shortest, h)
    assert left == pytest.approx(0.0, abs=1e-12)
    assert shortest >= 0.49 * min(wanted, 1.0)


def test_where_errors_grow_from_step_to_step_the_controller_expects_the_next_one_to_grow_too() -> None:
    alone, foreseeing = StepController(2), StepController(2, last=(0.1, 0.01))
    for control in (alone, foreseeing):
        control.accept(0.1, 0.2, wanted=0.1)
    assert foreseeing.h < 0.5 * alone.h


@pytest.mark.parametrize("method", METHODS)
def test_the_n_lobe_of_calmodulin_takes_no_rejected_step_far_from_equilibrium(method: str) -> None:
    """Where the second site is nearly full and no calcium is there, the reaction swings while it decays."""
    lobe = Buffer(
        name="N",
        total=100,
        diffusivity=0.02,
        scheme=("N0 + Ca <-> N1 : 2*k_T, q_T", "N1 + Ca <-> N2 : k_R, 2*q_R"),
        parameters={"k_T": 0.77, "q_T": 0.77 * 193, "k_R": 32.0, "q_R": 32 * 0.788},  # Faas et al. 2011
    )
    run = fresh(small_model(buffers=(lobe,), channels=(), run=Run(duration=1.0, method=method)))
    start = np.array([0.05, 5.0, 90.0])
    rates = np.linalg.eigvals(run.system.chemistry.jacobian(start))
    assert np.abs(rates.imag).max() > 0.75 * np.abs(rates.real[rates.imag != 0]).max()
    there = run.system.discretization.volumes > 0
    run.stepper.y = run.do.from_host(np.where(there, start[:, None], 0.0))
    run.points.seen(run.points.fetch(run.stepper.y))
    run.run()
    end = run.do.to_host(run.stepper.y)[:, there].mean(axis=1)
    assert run.rejected == 0
    assert np.abs(end - start).max() > 10
    assert end @ [1, 1, 2] == pytest.approx(start @ [1, 1, 2])
