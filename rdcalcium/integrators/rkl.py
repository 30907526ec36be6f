"""RKL2: the stabilised explicit Runge-Kutta-Legendre method of second order.

Meyer CD, Balsara DS, Aslam TD (2014) A stabilized Runge-Kutta-Legendre method for explicit super-time-stepping of
parabolic and mixed equations. J Comput Phys 257:594-626.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rdcalcium.integrators.base import HERMITE_ESTIMATE, Coefficients, Method, complete


@lru_cache(maxsize=2048)
def coefficients(s: int) -> Coefficients:
    """Coefficients of the s-stage method (eqs. 16 and 17)."""
    w1 = 4 / (s**2 + s - 2)
    j = np.arange(2, s + 1)
    b = np.full(s + 1, 1 / 3)
    b[2:] = (j**2 + j - 2) / (2 * j * (j + 1))
    mu, nu, mu_t, gamma_t = (np.zeros(s + 1) for _ in range(4))
    mu_t[1] = b[1] * w1
    mu[j] = (2 * j - 1) / j * b[j] / b[j - 1]
    nu[j] = -(j - 1) / j * b[j] / b[j - 2]
    mu_t[j] = mu[j] * w1
    gamma_t[j] = -(1 - b[j - 1]) * mu_t[j]
    return complete(mu, nu, mu_t, gamma_t)


def reach(s: int) -> float:
    """Largest stable h × spectral radius, (s² + s - 2) / 2 (eq. 20).

    An even number of stages does not damp the fastest mode there, and is granted no more than one stage less.
    """
    odd = s - 1 + s % 2
    return (odd**2 + odd - 2) / 2


METHOD = Method("RKL2", 2, coefficients, reach, HERMITE_ESTIMATE)
