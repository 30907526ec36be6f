"""C code of what patches do at a site, which the kernels include as mechanisms.cuh.

The code depends on which mechanisms there are, not on their parameters and on the numbers in their laws: those come in
the array q.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rdcalcium.model.names import CALCIUM, STORE
from rdcalcium.patches import Mechanism, Patches
from rdcalcium.patches.base import Course


@dataclass(frozen=True)
class CCode:
    """An expression as C in double precision.

    names    how each name is read
    numbers  parameters so far, to which those of the expression are added
    """

    names: Mapping[str, str]
    numbers: list[float]

    def number(self, value: float) -> str:
        """One more parameter."""
        return _placed(value, self.numbers)

    def name(self, name: str) -> str:
        """What reads it."""
        return self.names[name]

    def negative(self, operand: str) -> str:
        """In brackets, as everything."""
        return f"(-{operand})"

    def operation(self, sign: str, left: str, right: str) -> str:
        """Likewise."""
        return f"({left} {sign} {right})"

    def power(self, base: str, exponent: int) -> str:
        """A product of factors, by a function of patch.cuh."""
        return f"rdc_power<{exponent}>({base})"

    def call(self, function: str, argument: str) -> str:
        """A function of patch.cuh."""
        return f"rdc_{function}({argument})"


def patch_code(patches: Patches) -> tuple[str, np.ndarray]:
    """C code of all mechanisms of a system, each a case by its number, and the parameters q; nothing without any."""
    if not patches:
        return "", np.zeros(0)
    numbers: list[float] = []
    mechanisms = [patch.mechanism for patch in patches.patches]
    courses: list[tuple[int, Course]] = []
    rates = "".join(_case(kind, _rates(m, numbers, courses)) for kind, m in enumerate(mechanisms))
    taken = "".join(_case(kind, _taken(m, numbers)) for kind, m in enumerate(mechanisms))
    header = f"""// Made by rdcalcium/backends/patch_code.py for one model; parameters are in q.
#pragma once
#include "patch.cuh"

#define RDC_ROWS {max(len(m.rows) for m in mechanisms)}

// r = rates of change of the rows x of a site of this kind, at the calcium Ca there; all of its sites hold `total`
RDC_DEVICE void site_rates(const index_t kind, const double Ca, const double total, const double* x, const double* q,
                           double* r) {{
    switch (kind) {{
{rates}    }}
}}

// What the rows take from the cytosol that change by r, on 1 um^2
RDC_DEVICE double site_flux(const index_t kind, const double* q, const double* r) {{
    switch (kind) {{
{taken}    }}
    return 0;
}}
"""
    for place, course in courses:
        numbers[place] = len(numbers)
        numbers += [len(course.times), *course.times, *course.values]
    return header, np.array(numbers)


def follower_code(patches: Patches) -> str:
    """C code that says which rows of each kind follow calcium, which kernels include as which_follow.cuh."""
    found = [(kind, patch.mechanism.following) for kind, patch in enumerate(patches.patches)]
    cases = "".join(
        _case(kind, [*(f"which[{i}] = {row};" for i, row in enumerate(rows)), f"return {len(rows)};"])
        for kind, rows in found
        if len(rows)
    )
    return f"""// Made by rdcalcium/backends/patch_code.py for one model.
#pragma once

// How many rows of a kind follow calcium, and which
RDC_DEVICE int site_followers(const index_t kind, int* which) {{
    switch (kind) {{
{cases}    }}
    return 0;
}}
"""


def _case(kind: int, lines: list[str]) -> str:
    return f"    case {kind}:\n" + "".join(f"        {line}\n" for line in lines)


def _rates(mechanism: Mechanism, numbers: list[float], courses: list[tuple[int, Course]]) -> list[str]:
    """A line for each row; their parameters go to the numbers, and places of their courses, which follow these."""
    used = frozenset[str]().union(*(row.rate.names for row in mechanism.rows))
    names = {CALCIUM: "Ca", STORE: f"({_placed(mechanism.store, numbers)} * total)" if mechanism.store else ""}
    names |= {row.name: f"x[{i}]" for i, row in enumerate(mechanism.rows)}
    for name in sorted(used & mechanism.parameters.keys()):
        names[name] = _placed(mechanism.parameters[name], numbers)
    for name, course in mechanism.courses.items():
        courses.append((len(numbers), course))
        names[name] = f"rdc_course(q + (offset_t){_placed(0, numbers)}, x[{len(mechanism.rows) - 1}])"
    code = CCode(names, numbers)
    return [f"r[{i}] = {row.rate.into(code)};" for i, row in enumerate(mechanism.rows)] + ["break;"]


def _taken(mechanism: Mechanism, numbers: list[float]) -> list[str]:
    held = [(i, row.calcium) for i, row in enumerate(mechanism.rows) if row.calcium]
    terms = [f"{_placed(calcium, numbers)} * r[{i}]" for i, calcium in held]
    return [f"return {' + '.join(terms) or '0'};"]


def _placed(value: float, numbers: list[float]) -> str:
    """Store one more number and return the code that reads it."""
    numbers.append(float(value))
    return f"q[{len(numbers) - 1}]"
