"""All the C that is written for one model, and the numbers that it reads: the headers that no file of kernels/ is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends.patch_code import follower_code, patch_code
from rdcalcium.backends.rate_code import field_code, rate_code
from rdcalcium.discretization.base import Layout
from rdcalcium.system import System


@dataclass(frozen=True)
class ModelCode:
    """What kernels include under these names, so that each depends on no more of a model than it needs.

    headers     fields.cuh, reactions.cuh, neighbours.cuh; where there are patches mechanisms.cuh and which_follow.cuh
    neighbours  arguments that say who is beside whom, and the C types of their values
    p, q        parameters of the reactions and of the mechanisms, float64
    """

    headers: Mapping[str, str]
    neighbours: Mapping[str, str]
    p: np.ndarray
    q: np.ndarray


def model_code(system: System) -> ModelCode:
    """That of a system."""
    chemistry, layout = system.chemistry, system.discretization.layout
    reactions, p = rate_code(chemistry)
    mechanisms, q = patch_code(system.patches)
    headers = {"fields.cuh": field_code(chemistry), "reactions.cuh": reactions, "neighbours.cuh": neighbours(layout)}
    if mechanisms:
        headers |= {"mechanisms.cuh": mechanisms, "which_follow.cuh": follower_code(system.patches)}
    return ModelCode(headers, layout.neighbours, p, q)


def neighbours(layout: Layout) -> str:
    """The header neighbours.cuh: the arguments of a layout, and what reads them."""
    includes = "".join(f'#include "{name}"\n' for name in layout.headers)
    return f"#pragma once\n{argument_words('NEIGHBOURS', layout.neighbours)}{includes}"


def argument_words(name: str, arrays: Mapping[str, str]) -> str:
    """Words for these arguments: RDC_DECLARED_NAME as a kernel declares them, RDC_NAME as it hands them on."""
    return f"#define RDC_DECLARED_{name} {declared(arrays)}\n#define RDC_{name} {', '.join(arrays)}\n"


def declared(arrays: Mapping[str, str]) -> str:
    """Arrays that are read, as arguments of a kernel."""
    return ", ".join(f"const {kind}* __restrict__ {name}" for name, kind in arrays.items())
