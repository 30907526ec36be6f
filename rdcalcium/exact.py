"""Problems with known answers, for tests and users: diffusion from points, modes of boxes and balls, steady states.

Lengths in µm, times in ms, concentrations in µM, amounts in µM µm³, diffusivities in µm² ms⁻¹; sources on a half space
sit on its reflecting plane.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import solve_banded
from scipy.optimize import brentq
from scipy.special import erfc

from rdcalcium.units import AMOUNT_PER_CHARGE


def instantaneous_point(amount: float, r: np.ndarray, t: float, diffusivity: float) -> np.ndarray:
    """Concentration at distance r after an amount was released at a point of a half space: 2 M G(r, t)."""
    spread = 4 * diffusivity * t
    return 2 * amount * (np.pi * spread) ** -1.5 * np.exp(-np.square(r) / spread)


def continuous_point(current: float, r: np.ndarray, t: float, diffusivity: float) -> np.ndarray:
    """Concentration at distance r of a channel that has been open for t: q / (2πDr) erfc(r / √(4Dt)).

    current  pA, inward; q is its flux in µM µm³ ms⁻¹ (Carslaw & Jaeger 1959, 10.4)
    """
    flux = AMOUNT_PER_CHARGE * current
    return flux / (2 * np.pi * diffusivity * r) * erfc(r / np.sqrt(4 * diffusivity * t))


def box_point(
    amount: float, source: np.ndarray, points: np.ndarray, t: float, size: np.ndarray, diffusivity: float
) -> np.ndarray:
    """Concentration in a closed box 0 … size at (p, 3) points, t after an amount was released at `source`.

    Product over the axes of 1/L + 2/L Σ_k cos(kπx/L) cos(kπx₀/L) exp(-D (kπ/L)² t).
    """
    value = np.full(len(points), amount)
    for axis, length in enumerate(size):
        modes = int(np.ceil(length / np.pi * np.sqrt(40 / (diffusivity * t)))) + 1
        k = np.arange(1, modes + 1) * np.pi / length
        decay = np.exp(-diffusivity * k**2 * t)
        waves = np.cos(np.outer(points[:, axis], k)) * np.cos(k * source[axis])
        value = value * (1 + 2 * waves @ decay) / length
    return value


def ball_wavenumber(n: int, radius: float, permeability: float = 0.0, diffusivity: float = 1.0) -> float:
    """Wavenumber (µm⁻¹) of the n-th radial mode sin(kr)/r of a ball, n = 1, 2 and so on.

    With a linear pump of permeability P (µm ms⁻¹) at the surface, x cot x = 1 - PR/D with x = kR; without, tan x = x.
    """
    biot = permeability * radius / diffusivity
    first = n if permeability == 0 else n - 1
    low, high = first * np.pi + 1e-9, (first + 1) * np.pi - 1e-9
    return brentq(lambda x: x * np.cos(x) - (1 - biot) * np.sin(x), low, high, xtol=1e-14) / radius


def ball_point(amount: float, r: np.ndarray, t: float, radius: float, diffusivity: float) -> np.ndarray:
    """Concentration at distance r in a closed ball, t after an amount was released at its centre."""
    value = np.full(np.shape(r), 3 * amount / (4 * np.pi * radius**3))
    for n in range(1, 200):
        k = ball_wavenumber(n, radius)
        decay = np.exp(-diffusivity * k**2 * t)
        if decay < 1e-18:
            break
        norm = 2 * np.pi * radius * (k * radius) ** 2 / (1 + (k * radius) ** 2)  # ∫ (sin kr / r)² dV
        value = value + amount * k * decay / norm * k * np.sinc(k * np.asarray(r) / np.pi)
    return value


def ball_flux(flux: float, r: np.ndarray, t: float, radius: float, diffusivity: float) -> np.ndarray:
    """What a ball has gained at distance r after a flux J (µM µm ms⁻¹) has come in through its surface for a time t.

    (J R / D) (3 D t / R² + r² / 2R² - 3 / 10 - Σ 2 R sin(k r) exp(-D k² t) / (r (k R)² sin(k R))), with tan kR = kR
    (Carslaw & Jaeger 1959, 9.7).
    """
    share = np.square(r) / (2 * radius**2) - 0.3
    for n in range(1, 200):
        k = ball_wavenumber(n, radius)
        mode = np.sinc(k * np.asarray(r) / np.pi) * k * radius  # R sin(k r) / r
        share = share - 2 * mode * np.exp(-diffusivity * k**2 * t) / ((k * radius) ** 2 * np.sin(k * radius))
    gained: np.ndarray = flux * radius / diffusivity * (3 * diffusivity * t / radius**2 + share)
    return gained


def exchange_mode(
    r: np.ndarray, inner: float, outer: float, permeability: float, diffusivities: tuple[float, float]
) -> tuple[float, np.ndarray]:
    """Slowest decay of what a shell and the ball inside it hold, where P (c - s) passes from one to the other.

    Of Fick's law in both, with D dc/dr = D_L ds/dr = P (c - s) at the inner radius and dc/dr = 0 at the outer one R:
    s = sin(l r) / l r with l² = λ / D_L, and c = a (cos x + sin x / k R) / r with x = k (r - R) and k² = λ / D.

    r              radii at which the field is asked for, µm
    inner, outer   radii of the ball and of the shell, µm
    permeability   P, µm ms⁻¹
    diffusivities  D of the shell and D_L of the ball, µm² ms⁻¹
    returns        the rate λ (ms⁻¹), and the field in the beginning, 1 in the centre
    """
    shell, ball = diffusivities

    def at_membrane(rate: float) -> tuple[float, float, float, float]:
        """Of c with a = 1, then of s: the level, and what flows inwards."""
        x, k, wave = np.sqrt(rate / shell) * (inner - outer), np.sqrt(rate / shell), np.sqrt(rate / ball)
        c, s = (np.cos(x) + np.sin(x) / (k * outer)) / inner, np.sin(wave * inner) / (wave * inner)
        lost = shell * (np.cos(x) / outer - k * np.sin(x) - c) / inner
        return float(c), float(lost), float(s), float(ball * (np.cos(wave * inner) - s) / inner)

    def mismatch(rate: float) -> float:
        c, lost, s, gained = at_membrane(rate)
        return lost * gained - permeability * (gained * c - lost * s)

    mixed = 3 * permeability * inner**2 * (1 / inner**3 + 1 / (outer**3 - inner**3))  # which is faster
    rate = float(brentq(mismatch, 0.3 * mixed, mixed))
    _, lost, _, gained = at_membrane(rate)
    x, k = np.sqrt(rate / shell) * (r - outer), np.sqrt(rate / shell)
    outside = gained / lost * (np.cos(x) + np.sin(x) / (k * outer)) / np.maximum(r, inner)
    return rate, np.where(r > inner, outside, np.sinc(np.sqrt(rate / ball) * r / np.pi))


def capture_length(k_on: float, free: float, diffusivity: float) -> float:
    """How far calcium goes before a buffer takes it: λ = √(D / (k_on B))."""
    return float(np.sqrt(diffusivity / (k_on * free)))


def excess_buffer(
    current: float, r: np.ndarray, rest: float, diffusivity: float, k_on: float, K_d: float, total: float
) -> np.ndarray:
    """Steady calcium around an open channel while the buffer is in excess: c∞ + q / (2πDr) exp(-r/λ) (Neher 1986)."""
    length = capture_length(k_on, total * K_d / (K_d + rest), diffusivity)
    return rest + AMOUNT_PER_CHARGE * current / (2 * np.pi * diffusivity * r) * np.exp(-r / length)


def small_signal(
    current: float, r: np.ndarray, rest: float, diffusivity: float, buffers: Sequence[tuple[float, float, float, float]]
) -> np.ndarray:
    """Steady calcium around a channel whose current is so weak that mobile buffers stay nearly as they are at rest.

    What calcium and bound buffers have more than at rest, u, obeys ∇²u = A u; with A V = V W it is
    Σ_k a_k v_k exp(-√w_k r) / r, where Σ_k a_k v_k = (q / (2πD), 0, …) (Naraghi & Neher 1997).

    buffers  of each k_on (µM⁻¹ ms⁻¹), K_d and total (µM), and diffusivity
    """
    a = np.zeros((len(buffers) + 1, len(buffers) + 1))
    for j, (k_on, K_d, total, buffer_diffusivity) in enumerate(buffers, start=1):
        binding, release = k_on * total * K_d / (K_d + rest), k_on * (K_d + rest)
        a[[0, j], 0] += binding / np.array([diffusivity, -buffer_diffusivity])
        a[[0, j], j] -= release / np.array([diffusivity, -buffer_diffusivity])
    w, v = np.linalg.eig(a)
    strength = AMOUNT_PER_CHARGE * current / (2 * np.pi * diffusivity) * np.eye(len(a))[0]
    shares = v[0] * np.linalg.solve(v, strength)
    reach = np.sqrt(np.maximum(w, 0))  # one is 0, of all calcium together
    return rest + np.exp(-np.multiply.outer(r, reach)) @ shares / np.asarray(r)


def one_buffer_steady(
    current: float,
    r: np.ndarray,
    rest: float,
    diffusivity: float,
    k_on: float,
    K_d: float,
    total: float,
    buffer_diffusivity: float,
    rows: int = 6000,
) -> tuple[np.ndarray, np.ndarray]:
    """Steady free calcium and free buffer around an open channel on a half space, exact for one mobile buffer.

    Newton's method in x = ln r for D_B ∇²b = k_on c b - k_off (B_T - b), with D c - D_B b = q/(2πr) + its value at
    rest (Smith 1996); second order in the spacing of the `rows`.

    returns  c and b at r, µM
    """
    flux, k_off = AMOUNT_PER_CHARGE * current, k_on * K_d
    free = total * K_d / (K_d + rest)
    x = np.linspace(np.log(1e-5), np.log(1e3), rows)
    h, radius = x[1] - x[0], np.exp(x)
    b = np.full(rows, free)
    for _ in range(60):
        c = rest + (flux / (2 * np.pi * radius) + buffer_diffusivity * (b - free)) / diffusivity
        slope = buffer_diffusivity / diffusivity  # dc/db
        weight = radius**2 / buffer_diffusivity
        bands, residual = np.zeros((3, rows)), np.zeros(rows)
        inner = slice(1, -1)
        residual[inner] = (b[2:] - 2 * b[1:-1] + b[:-2]) / h**2 + (b[2:] - b[:-2]) / (2 * h)
        residual -= np.where(np.arange(rows) % (rows - 1) == 0, 0, weight * (k_on * c * b - k_off * (total - b)))
        bands[0, 2:] = 1 / h**2 + 1 / (2 * h)
        bands[1, inner] = -2 / h**2 - (weight * (k_on * (c + slope * b) + k_off))[inner]
        bands[2, :-2] = 1 / h**2 - 1 / (2 * h)
        bands[1, 0], bands[0, 1], residual[0] = -1.0, 1.0, b[1] - b[0]  # no flux of buffer into the pore
        # far away the deviation falls like 1/r: db/dx = -(b - b∞)
        bands[1, -1], bands[2, -2] = 1 + h, -1.0
        residual[-1] = (1 + h) * (b[-1] - free) - (b[-2] - free)
        change = solve_banded((1, 1), bands, -residual)
        b = b + change
        if np.abs(change).max() < 1e-11 * total:
            break
    b = np.interp(np.log(r), x, b)
    return rest + (flux / (2 * np.pi * np.asarray(r)) + buffer_diffusivity * (b - free)) / diffusivity, b


def slab_flux(flux: float, z: np.ndarray, t: float, thickness: float, diffusivity: float) -> np.ndarray:
    """What a closed slab 0 … L has gained at depth z after a flux J (µM µm ms⁻¹) has come in at z = 0 for a time t.

    (J L / D) (D t / L² + (3 x² - 1) / 6 - 2 / π² Σ (-1)ⁿ / n² cos(nπx) exp(-D (nπ/L)² t)), where x = 1 - z / L
    (Carslaw & Jaeger 1959, 3.8).
    """
    x, late = 1 - np.asarray(z) / thickness, diffusivity * t / thickness**2
    share = late + (3 * x**2 - 1) / 6
    for n in range(1, 200):
        share = share - 2 * (-1) ** n / (n * np.pi) ** 2 * np.cos(n * np.pi * x) * np.exp(-((n * np.pi) ** 2) * late)
    gained: np.ndarray = flux * thickness / diffusivity * share
    return gained
