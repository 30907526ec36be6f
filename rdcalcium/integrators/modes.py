"""Diffusion and reaction near a uniform state, as decoupled Helmholtz problems: one scalar equation for each mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import null_space

from rdcalcium.chemistry import CALCIUM, Chemistry


@dataclass(frozen=True)
class Modes:
    """(I - τ R - τ D L) x = r through (shift_q - L) ξ_q = b_q: b = to r, and x = back ξ + direct r.

    shifts  (modes,) µm⁻²
    to      (modes, fields)
    back    (fields, modes)
    direct  (fields, fields), of fields that do not move
    """

    shifts: np.ndarray
    to: np.ndarray
    back: np.ndarray
    direct: np.ndarray


def decouple(
    chemistry: Chemistry, state: np.ndarray, tau: float, clearance: float = 0.0, there: np.ndarray | None = None
) -> Modes:
    """Modes of I - τ J, with the reactions R linearised at a uniform state.

    Fields that do not move are eliminated, which leaves S - τ D L of those that do; with D⁻¹ S = X Λ X⁻¹ the mode
    ξ = X⁻¹ x has the shift Λ / τ. Reversible mass action has real Λ > 0; where a scheme is driven and they are not
    real, the coupling of the moving fields is left out.

    state      (fields,) µM
    tau        ms
    clearance  of free calcium, ms⁻¹
    there      (fields,) whether each is in this part of the terminal, which has nothing to do with others; none: all
    """
    d = chemistry.diffusivity
    moving, fixed = np.flatnonzero(d > 0), np.flatnonzero(d <= 0)
    slopes = chemistry.jacobian(state)
    a = np.eye(len(d)) - tau * (slopes if there is None else slopes * np.outer(there, there))
    a[CALCIUM, CALCIUM] += tau * clearance
    inverse = np.linalg.inv(a[np.ix_(fixed, fixed)])
    above = a[np.ix_(moving, fixed)] @ inverse
    below = inverse @ a[np.ix_(fixed, moving)]
    left = (a[np.ix_(moving, moving)] - above @ a[np.ix_(fixed, moving)]) / d[moving, None]
    values, x = np.linalg.eig(left)
    if np.iscomplexobj(values) or np.any(values <= 0):
        values, x = np.diag(left), np.eye(len(moving))
    scaled = np.linalg.inv(x) / d[moving] / tau
    modes = Modes(values / tau, np.zeros((len(moving), len(d))), np.zeros((len(d), len(moving))), np.zeros(a.shape))
    modes.to[:, moving], modes.to[:, fixed] = scaled, -scaled @ above
    modes.back[moving], modes.back[fixed] = x, -below @ x
    modes.direct[np.ix_(fixed, fixed)] = inverse
    return modes


def bound_with_calcium(chemistry: Chemistry, state: np.ndarray) -> np.ndarray:
    """Change of every field for each µM of calcium, in equilibrium and to first order, (fields,).

    What else is conserved stays what it is, such as magnesium. A buffer that never lets go has no such equilibrium
    without calcium, and takes none then.
    """
    slopes = np.vstack([chemistry.jacobian(state)[1:], chemistry.conserved])
    return np.append(1.0, -np.linalg.lstsq(slopes[:, 1:], slopes[:, 0])[0])


def given_back(chemistry: Chemistry, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What reactions conserve and diffusion spreads, and how all fields change with a unit of each, in equilibrium.

    First what is conserved besides calcium, at the same calcium; then calcium, at the same amounts of the others.

    returns  (quantities, fields), and (quantities, fields) µM; the product of the first with the second transposed is 1
    """
    content, calcium = chemistry.calcium_content, bound_with_calcium(chemistry, state)
    kept = np.vstack([chemistry.spread, content, chemistry.kept_in_place])
    count = len(chemistry.spread)
    exact, free = np.linalg.pinv(kept)[:, :count], null_space(kept)
    slopes = chemistry.jacobian(state)
    exact -= free @ np.linalg.lstsq(slopes @ free, slopes @ exact)[0]
    return kept[: count + 1], np.vstack([exact.T, calcium / (content @ calcium)])
