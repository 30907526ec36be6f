"""Rates that are straight lines between rows: their integrals, when these have come to a value, and which way is taken.

A channel leaves its state when the integral of the rates out of it has grown by -ln u, with u uniform from 0 to 1, and
goes each way in proportion to its rate then (Gillespie 1977, J Phys Chem 81:2340, with the rates of the time). That is
exact for straight lines.
"""

from __future__ import annotations

import numpy as np


def accumulated(times: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Integral of rates from the first row to each; times (rows,) ms, rates (…, rows) ms⁻¹, returns (…, rows)."""
    areas = np.diff(times) * (rates[..., 1:] + rates[..., :-1]) / 2
    return np.concatenate([np.zeros_like(rates[..., :1]), areas.cumsum(axis=-1)], axis=-1)


def slopes(times: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Of rates behind each row but the last, (…, rows - 1) ms⁻²; zero between two rows at one time."""
    rises, widths = np.diff(rates), np.diff(times)
    return np.divide(rises, widths, out=np.zeros_like(rises), where=widths > 0)


def row_before(times: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Number of the last row that is no later than t, or before the last one, (n,)."""
    return np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)


def share(times: np.ndarray, row: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Of the way from a row to the next that lies before t, (n,); none between two rows at one time."""
    width = times[row + 1] - times[row]
    return (t - times[row]) / np.where(width > 0, width, 1.0)


def integral(rate: np.ndarray, slope: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Of a straight line from 0 to x: rate x + slope x² / 2."""
    return x * (rate + slope * x / 2)


def time_until(rate: np.ndarray, slope: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The x at which that integral has come to what is wanted.

    The smaller root of the quadratic equation, in the form that does not cancel.
    """
    root = np.sqrt(np.maximum(rate**2 + 2 * slope * wanted, 0.0))
    found: np.ndarray = 2 * wanted / np.maximum(rate + root, np.finfo(float).tiny)
    return found


def way_taken(rates: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Number of the way that is taken, (n,), by rates of all ways (ways, n) and a uniform number."""
    each = np.cumsum(rates, axis=0)
    found: np.ndarray = np.sum(each <= u * each[-1], axis=0).clip(max=len(each) - 1)
    return found
