"""The box problem in NEURON: the extracellular grid of its module rxd, here the cytosol of a quarter of the box.

Reads the problem and the setting as JSON, writes what it found and what it cost. Calcium goes in through
`include_flux`, whose error is smaller here than that of a `Rate`; what is bound is a species with a `Rate`, what is
free is the rest of the total, so that three species do what `rxd.Reaction` does with five.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

try:
    from neuron import __version__, h, rxd
except ImportError:
    print(json.dumps({"missing": "NEURON rxd"}))
    raise SystemExit from None

MILLI = 1e-3  # concentrations in NEURON are in mM


class Box:
    """The species, their reactions and the channel."""

    def __init__(self, problem: dict):
        size, self.cell = problem["size"], problem["cell"]
        self.space = rxd.Extracellular(0, 0, 0, *size, dx=self.cell, volume_fraction=1, tortuosity=1)
        calcium = problem["calcium"]
        self.calcium = rxd.Species(
            self.space, d=calcium["diffusivity"], name="ca", charge=2, initial=calcium["rest"] * MILLI
        )
        bound = [self.bind(name, problem[name], calcium["rest"]) for name in ("fixed", "EGTA")]
        self.keep = [*bound, rxd.Rate(self.calcium, -bound[0][1] - bound[1][1])]
        h.finitialize(-65)
        self.is_open, ions = True, problem["ions"]
        corner = next(n for n in self.calcium.nodes(self.space) if (n._i, n._j, n._k) == (0, 0, 0))
        corner.include_flux(lambda: ions if self.is_open else 0.0, units="molecule/ms")
        h.finitialize(-65)

    def bind(self, name: str, buffer: dict, rest: float) -> tuple:
        """What a buffer has bound, the rate at which it binds, and what makes it change so."""
        total, dissociation = buffer["total"] * MILLI, buffer["k_off"] / buffer["k_on"]
        start = total * rest / (dissociation + rest)
        bound = rxd.Species(self.space, d=buffer["diffusivity"], name=f"bound{name}", initial=start)
        rate = buffer["k_on"] / MILLI * self.calcium * (total - bound) - buffer["k_off"] * bound
        return bound, rate, rxd.Rate(bound, rate)

    def column(self) -> list[float]:
        """Calcium in the cells above the pore, µM."""
        return (self.calcium[self.space].states3d[0, 0] / MILLI).tolist()


def run(problem: dict, refinement: int, threads: int = 1, cvode: bool = False) -> dict:
    """All times, with steps of 1 µs / refinement, or with CVODE at 1e-4 / refinement."""
    begun = time.perf_counter()
    rxd.nthread(threads)
    box = Box(problem)
    h.dt = MILLI / refinement
    relative, absolute = 1e-4 / refinement, 1e-7 / refinement  # the latter in mM
    if cvode:
        h.CVode().active(1)
        h.CVode().rtol(relative)
        h.CVode().atol(absolute)
    start = time.perf_counter()
    columns, steps = [], 0
    for t in problem["times"]:
        if cvode:
            h.CVode().solve(t)
        else:
            count = round((t - h.t) / h.dt)
            for _ in range(count):
                h.fadvance()
            steps += count
        columns.append(box.column())
        if t == problem["open"]:
            box.is_open = False
            if cvode:
                h.CVode().re_init()
    return {
        "program": "NEURON rxd",
        "version": __version__,
        "setting": f"CVODE, rtol {relative:.2g}, atol {absolute * 1e6:.2g} nM" if cvode else f"dt {1e3 * h.dt:.3g} us",
        "steps": None if cvode else steps,
        "setup s": start - begun,
        "run s": time.perf_counter() - start,
        "columns": columns,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # that a Python function gives the flux: it is one call a step
    asked = json.load(sys.stdin)
    print(json.dumps(run(asked["problem"], **asked["setting"])))
