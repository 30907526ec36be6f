"""One well-mixed compartment: the amplitude and decay of calcium that its buffers and its clearance make."""

from __future__ import annotations

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.model import Box, Buffer, Grid, Model
from tests.models import small_model
from tests.support import fresh

CLEARANCE, ENDOGENOUS = 0.4, 40
REST = 0.0  # of which calcium is counted, so that what is left late in the decay is as exact as its beginning


def compartment(added: float) -> Model:
    """400 µm³ that 0.9 pC enter, with an endogenous and an added binding ratio that nothing saturates."""
    ratios = {"endogenous": ENDOGENOUS, "added": added}
    pulse = {"kind": "pulse", "amplitude": 9000, "start": 0, "duration": 0.1}
    return small_model(
        geometry=Box(size=(10, 10, 4)),
        discretization=Grid(size_at_active_zone=10),
        buffers=tuple(
            Buffer(name=name, total=ratio * 1e6, K_d=1e6, k_off=50, diffusivity=0) for name, ratio in ratios.items()
        ),
        calcium={"clearance": CLEARANCE, "rest": REST},
        channels=({"name": "Ca", "positions": ((0, 0),), "current": pulse},),
        probes=({"name": "anywhere", "position": (1, 2, 3)},),
        run={"duration": 12 * (1 + ENDOGENOUS + added) / CLEARANCE, "tolerance": 1e-4, "absolute_tolerance": 1e-7},
    )


@pytest.mark.parametrize(
    ("added", "amplitude", "decay"),
    [(0, 0.284385, 102.5), (40, 0.143948, 202.5), (140, 0.064419, 452.5), (540, 0.020069, 1452.5)],
)
def test_a_compartment_has_the_amplitude_and_decay_of_its_binding_ratio(
    added: float, amplitude: float, decay: float
) -> None:
    """Neher & Augustine 1992, J Physiol 450:273; Helmchen, Borst & Sakmann 1997, Biophys J 72:1458.

    ΔCa = ΔQ / (2 F V (1 + κ)) and τ = (1 + κ) / γ, so that the area under the transient is the same for every κ.
    """
    run, rows = fresh(compartment(added)), [(0.0, REST)]
    run.run(lambda moment: rows.append((moment.t, float(moment.values[0, 0]))))
    t, calcium = np.array(rows).T
    excess, late = calcium - REST, (t > 0.2 * decay) & (t < 3 * decay)
    slope, start = np.polyfit(t[late], np.log(excess[late]), 1)
    assert np.exp(start) == pytest.approx(amplitude, rel=1e-3)
    assert -1 / slope == pytest.approx(decay, rel=1e-3)
    assert np.trapezoid(excess, t) == pytest.approx(0.284385 * 102.5, rel=1e-3)
    assert run.balance().relative_error < 1e-12


def test_check_calls_one_cell_a_compartment() -> None:
    lines = rc.check(compartment(40))
    assert any(line.startswith("one well-mixed compartment") for line in lines)
    assert not any("fine enough" in line or "captures calcium" in line for line in lines)


@pytest.mark.parametrize(("pumps", "told"), [((), "0 per ms"), (({"use": "PMCA_matveev2006"},), "per ms")])
def test_check_tells_what_a_step_costs_where_nothing_diffuses_or_binds(pumps: tuple[dict, ...], told: str) -> None:
    """The slope of V c/(K + c) is V/K = 0.1 µm/ms at most, over the depth of 4 µm."""
    (line,) = [
        x for x in rc.check(compartment(0).changed(buffers=(), calcium={"clearance": 0}, pumps=pumps)) if "radius" in x
    ]
    assert told in line
    if pumps:
        radius = float(line.split()[2])
        assert 0.1 / 4 < radius < 1.5 * 0.1 / 4
    else:
        assert line.endswith("could have any length")
