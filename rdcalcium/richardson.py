"""What cells leave of error: the same numbers on cells of several sizes, taken to cells of no size.

On cells of width h a number is v(h) = v + C h² + …, where the scheme is of second order: two widths tell v and C
(Richardson 1911), through more of them goes a straight line in h² (Eça & Hoekstra 2014). `docs/equations.md` has both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

ORDER = 2  # of the discretization in space
ORDERS = (0.1, 10.0)  # between which one is looked for


@dataclass(frozen=True)
class Extrapolated:
    """What some widths tell, of any number of quantities.

    limit    (quantities,)         on cells of no size
    slope    (quantities,)         C above
    scatter  (quantities,)         standard deviation from the line, 0 where two widths alone make it
    """

    limit: np.ndarray
    slope: np.ndarray
    scatter: np.ndarray

    def errors(self, values: np.ndarray) -> np.ndarray:
        """How far values (levels, quantities) are from the limit, as a share of it; 0 where both are nothing."""
        away = values - self.limit
        shares: np.ndarray = np.divide(away, np.abs(self.limit), out=np.copysign(np.inf, away), where=self.limit != 0)
        return np.where(away == 0, 0.0, shares)


def extrapolated(widths: np.ndarray, values: np.ndarray, order: int = ORDER) -> Extrapolated:
    """The line v + C hᵖ of order p through values on cells of at least two widths; narrower cells weigh more, as 1/h.

    widths  (levels,) in any unit; or (levels, quantities), where cells are of other widths for each quantity
    values  (levels, quantities)
    """
    widths = _for_each(widths, values)
    weights, powers = widths.min(axis=0) / widths, widths**order
    share = weights**2 / (weights**2).sum(axis=0)
    middle, mean = (share * powers).sum(axis=0), (share * values).sum(axis=0)
    beside, away = powers - middle, values - mean
    slope = (share * beside * away).sum(axis=0) / (share * beside**2).sum(axis=0)
    limit = mean - slope * middle
    left = weights * (values - limit - slope * powers)
    freedom = len(widths) - 2
    scatter = np.sqrt((left**2).sum(axis=0) / freedom) if freedom else np.zeros(values.shape[1])
    return Extrapolated(limit, slope, scatter)


def _for_each(widths: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of cells for each quantity, (levels, quantities)."""
    return np.broadcast_to(widths if widths.ndim > 1 else widths[:, None], values.shape)


def observed_orders(widths: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The order p for which values on three widths lie on v + C hᵖ, (quantities,); nan where there is none.

    widths  (3,), the widest first; or (3, quantities)
    values  (3, quantities)
    """
    pairs = zip(_for_each(widths, values).T, values.T, strict=True)
    return np.array([_order(h / h[-1], *np.diff(column)) for h, column in pairs])


def _order(widths: np.ndarray, first: float, last: float) -> float:
    """Of changes of a value from the first to the second width, and from there to the last."""

    def mismatch(order: float) -> float:
        a, b, c = widths**order
        return (b - c) * first - (a - b) * last

    low, high = (mismatch(order) for order in ORDERS)
    return float(brentq(mismatch, *ORDERS)) if low * high < 0 else float("nan")
