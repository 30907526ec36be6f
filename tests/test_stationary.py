"""What chains of states come to when they are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from rdcalcium.model.stationary import limiting, resting

# From row to column, ms⁻¹: a way round in one direction, a trap behind two states, a state that is only left.
CYCLE = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [0.5, 0.0, 0.0]])
TRAP = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
LEFT = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.7, 0.0, 0.0]])


def after_long(rate: np.ndarray) -> np.ndarray:
    """Occupancies of a chain that began in its first state, from the matrix exponential."""
    generator = rate - np.diag(rate.sum(axis=1))
    return expm(1e3 * generator)[0]


@pytest.mark.parametrize("rate", [CYCLE, TRAP, LEFT])
def test_a_chain_comes_to_its_limit(rate: np.ndarray) -> None:
    np.testing.assert_allclose(limiting(rate), after_long(rate), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rate", [CYCLE, LEFT])
def test_a_chain_that_nothing_leaves_rests_in_its_limit(rate: np.ndarray) -> None:
    np.testing.assert_allclose(resting(rate), after_long(rate), rtol=1e-12, atol=1e-15)


def test_where_a_trap_takes_what_is_in_it_the_others_rest_as_they_are_spread_on_their_way() -> None:
    generator = TRAP - np.diag(TRAP.sum(axis=1))
    late = expm(9.0 * generator)[0][:2]
    np.testing.assert_allclose(resting(TRAP), [*late / late.sum(), 0.0], rtol=1e-11)
