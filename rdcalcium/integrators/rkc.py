"""RKC2: the stabilised explicit Runge-Kutta-Chebyshev method of second order.

Sommeijer BP, Shampine LF, Verwer JG (1998) RKC: an explicit solver for parabolic PDEs. J Comput Appl Math 88:315-326.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rdcalcium.integrators.base import HERMITE_ESTIMATE, Coefficients, Method, complete

DAMPING = 2 / 13


@lru_cache(maxsize=2048)
def coefficients(s: int) -> Coefficients:
    """Coefficients of the s-stage method (eqs. 2.2 to 2.6)."""
    w0 = 1 + DAMPING / s**2
    t, dt, d2t = [1.0, w0], [0.0, 1.0], [0.0, 0.0]  # Chebyshev polynomials and derivatives at w0
    for j in range(2, s + 1):
        t.append(2 * w0 * t[j - 1] - t[j - 2])
        dt.append(2 * w0 * dt[j - 1] + 2 * t[j - 1] - dt[j - 2])
        d2t.append(2 * w0 * d2t[j - 1] + 4 * dt[j - 1] - d2t[j - 2])
    w1 = dt[s] / d2t[s]
    b = np.zeros(s + 1)
    b[2:] = np.array(d2t[2:]) / np.array(dt[2:]) ** 2
    b[0] = b[1] = b[2]
    a = 1 - b * np.array(t)
    mu, nu, mu_t, gamma_t = (np.zeros(s + 1) for _ in range(4))
    mu_t[1] = b[1] * w1
    k = np.arange(2, s + 1)
    mu[k] = 2 * b[k] * w0 / b[k - 1]
    nu[k] = -b[k] / b[k - 2]
    mu_t[k] = 2 * b[k] * w1 / b[k - 1]
    gamma_t[k] = -a[k - 1] * mu_t[k]
    return complete(mu, nu, mu_t, gamma_t)


def reach(s: int) -> float:
    """Largest stable h × spectral radius, 0.653 (s² - 1), less a little (eq. 2.8)."""
    return (s**2 - 1) / 1.54


METHOD = Method("RKC2", 2, coefficients, reach, HERMITE_ESTIMATE)
