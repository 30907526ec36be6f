"""C code of a model's fields and reactions, which the kernels include as fields.cuh and reactions.cuh.

The code depends on which reactions there are, not on their rates: those come in the array p, so that a sweep over
rates compiles once.
"""

from __future__ import annotations

import numpy as np

from rdcalcium.chemistry import Chemistry, FreeForm, Reaction, State


class Parameters:
    """Numbers of a model, in the order in which the code reads them from p."""

    def __init__(self, chemistry: Chemistry):
        self.numbers = list(chemistry.diffusivity)

    def place(self, value: float) -> str:
        """Store one more number and return the code that reads it."""
        self.numbers.append(value)
        return f"p[{len(self.numbers) - 1}]"


def rate_code(chemistry: Chemistry) -> tuple[str, np.ndarray]:
    """The header reactions.cuh of a chemistry, and its parameters p (float64)."""
    parameters = Parameters(chemistry)
    full, increment = [], []
    for reaction in chemistry.reactions:
        k_f, k_b = parameters.place(reaction.forward), parameters.place(reaction.backward)
        states = (reaction.source, reaction.target)
        totals = {s: parameters.place(s.total) for s in states if isinstance(s, FreeForm)}
        full.append(_block(reaction, _flux(reaction, k_f, k_b, totals)))
        increment.append(_block(reaction, _flux_increment(reaction, k_f, k_b, totals)))
    header = f"""// Made by rdcalcium/backends/rate_code.py for one model; rates and diffusivities are in p.
#pragma once
#include "fields.cuh"

// d += rates of change of the fields y by reaction
RDC_DEVICE void add_rates(const real_t* y, const real_t* p, real_t* d) {{
{"".join(full)}}}

// d += rates(y + z) - rates(y), expanded so that nothing cancels
RDC_DEVICE void add_rate_increment(const real_t* y, const real_t* z, const real_t* p, real_t* d) {{
{"".join(increment)}}}
"""
    return header, np.array(parameters.numbers)


def field_code(chemistry: Chemistry) -> str:
    """The header fields.cuh of a chemistry: how many there are, which of them move, and where p says how fast."""
    mobile = " || ".join(f"(f) == {i}" for i, d in enumerate(chemistry.diffusivity) if d > 0) or "false"
    return f"""// Made by rdcalcium/backends/rate_code.py for one model.
#pragma once
#include "common.cuh"

#define RDC_FIELDS {len(chemistry.fields)}
#define RDC_MOBILE(f) ({mobile})
#define RDC_MODES {chemistry.moving}
#define RDC_WIDTH {mode_width(chemistry.moving)}
#define RDC_DIFFUSIVITY(p, f) p[f]
"""


def mode_width(moving: int) -> int:
    """Numbers that the modes of a control volume take on a device: a power of two, which loads as one vector."""
    return 1 << (moving - 1).bit_length()


def _concentration(state: State, totals: dict[FreeForm, str]) -> str:
    if isinstance(state, FreeForm):
        return f"({totals[state]}" + "".join(f" - y[{i}]" for i in state.others) + ")"
    return f"y[{state}]"


def _increment(state: State) -> str:
    if isinstance(state, FreeForm):
        return "(" + " ".join(f"- z[{i}]" for i in state.others) + ")"
    return f"z[{state}]"


def _flux(r: Reaction, k_f: str, k_b: str, totals: dict[FreeForm, str]) -> str:
    forward = f"{k_f} * {_concentration(r.source, totals)}" + ("" if r.ligand is None else f" * y[{r.ligand}]")
    return f"{forward} - {k_b} * {_concentration(r.target, totals)}"


def _flux_increment(r: Reaction, k_f: str, k_b: str, totals: dict[FreeForm, str]) -> str:
    z_s = _increment(r.source)
    if r.ligand is None:
        return f"{k_f} * {z_s} - {k_b} * {_increment(r.target)}"
    source = _concentration(r.source, totals)
    return f"{k_f} * (z[{r.ligand}] * ({source} + {z_s}) + y[{r.ligand}] * {z_s}) - {k_b} * {_increment(r.target)}"


def _block(r: Reaction, flux: str) -> str:
    """One reaction in braces: its flux, and who loses and gains it."""
    lines = ["    {", f"        const real_t flux = {flux};"]  # and no name that a user gave
    if r.ligand is not None:
        lines.append(f"        d[{r.ligand}] -= flux;")
    if not isinstance(r.source, FreeForm):
        lines.append(f"        d[{r.source}] -= flux;")
    if not isinstance(r.target, FreeForm):
        lines.append(f"        d[{r.target}] += flux;")
    return "\n".join([*lines, "    }", ""])
