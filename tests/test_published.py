"""Numbers that somebody else computed: an independent radial solver, and what the literature says of the calyx."""

from __future__ import annotations

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.currents import channel_currents
from rdcalcium.library import resolve
from rdcalcium.model import Model
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.support import need_backend, simulate
from tests.tolerances import TOLERANCES

# One channel of 0.2 pA, open for 0.5 ms, on the flat face of a closed half ball of 3 µm radius: an independent
# finite-volume solver in the radius, two grids of which agree to 0.03 %.
TIMES = [0.02, 0.05, 0.1, 0.2, 0.5, 0.55, 0.6, 0.8, 1.0]
RADIAL = {
    "N0": {
        20: [31.212, 33.520, 34.694, 35.527, 36.267, 2.8556, 1.7338, 0.6877, 0.4233],
        100: [2.198, 3.801, 4.801, 5.569, 6.282, 2.5899, 1.6406, 0.6725, 0.4174],
    },
    "N1": {
        20: [17.525, 19.602, 22.239, 25.606, 29.774, 9.4244, 7.5970, 3.8656, 2.3909],
        100: [0.1884, 0.2656, 0.4050, 0.7070, 1.5990, 1.4835, 1.4622, 1.2948, 1.0991],
    },
    "N2": {
        20: [13.520, 14.799, 16.296, 18.005, 19.621, 4.4763, 3.3656, 1.2913, 0.6359],
        50: [1.3769, 1.7051, 2.1349, 2.7648, 3.6732, 1.9985, 1.6658, 0.8710, 0.5159],
        100: [0.1683, 0.2404, 0.3317, 0.4974, 0.8620, 0.7033, 0.6525, 0.4775, 0.3526],
    },
}
RELEASE = {"N0": 0.232923, "N1": 0.152944, "N2": 0.0358425}  # at 20 nm by 5 ms, Schneggenburger & Neher 2000
FIXED = {"name": "fixed", "k_on": 0.1, "k_off": 10, "total": 4000, "diffusivity": 0}
ATP = {"name": "ATP", "k_on": 0.5, "k_off": 100, "total": 650, "diffusivity": 0.22}
BUFFERS = {"N0": [], "N1": [FIXED], "N2": [FIXED, ATP]}


def radial_model(case: str, duration: float) -> Model:
    """The case in a quarter of a box with the volume of the half ball: 5 nm cells at the channel, growing by 1.15."""
    depth = (2 * np.pi / 3 * 27 / 4) ** (1 / 3)
    return resolve(
        {
            "geometry": {"kind": "box", "size": [2 * depth, 2 * depth, depth], "symmetry": ["x", "y"]},
            "discretization": {
                "kind": "grid",
                "size_at_active_zone": "5 nm",
                "size_in_bulk": "200 nm",
                "growth": 1.15,
            },
            "calcium": {"rest": "50 nM"},
            "buffers": BUFFERS[case],
            "channels": [
                {
                    "name": "channel",
                    "positions": [[0, 0]],
                    "current": {"kind": "pulse", "amplitude": "0.2 pA", "duration": "0.5 ms"},
                }
            ],
            "sensors": [{"name": "sensor", "use": "schneggenburger_neher2000", "positions": [["20 nm", 0, 0]]}],
            "probes": [{"name": f"{r}", "position": [f"{r} nm", 0, 0]} for r in RADIAL[case]],
            "run": {"duration": duration},
        }
    )


@pytest.mark.parametrize("case", RADIAL)
def test_the_nanodomain_of_one_channel_agrees_with_a_radial_solver_within_half_a_percent(case, tmp_path):
    need_backend("compiled")
    result = rc.run(radial_model(case, 1.0), out=tmp_path / "run")
    for r, expected in RADIAL[case].items():
        calcium = result.probes[f"{r}"].calcium.interp(time=TIMES, method="pchip")
        np.testing.assert_allclose(calcium, expected, rtol=TOLERANCES["radial solver"], err_msg=f"{r} nm")


@pytest.mark.parametrize("case", RADIAL)
def test_release_at_20_nm_agrees_with_a_radial_solver(case, tmp_path):
    need_backend("compiled")
    result = rc.run(radial_model(case, 5.0), out=tmp_path / "run")
    probability = float(result.probes["sensor"].release_probability[-1])
    assert probability == pytest.approx(RELEASE[case], rel=TOLERANCES["radial solver"])


RANDOM_CHANNELS = [  # nm; science of Keller et al. 2015, the small active zone with random placement
    (-36.8, -71.1),
    (-32.6, 87.8),
    (69.6, -16.0),
    (51.2, 29.8),
    (-71.7, 40.7),
    (41.3, -18.4),
    (-113.3, 17.1),
    (-89.4, 8.0),
    (-5.5, -6.4),
    (88.6, -29.4),
    (-78.9, 75.4),
    (-7.9, -38.5),
    (5.1, 6.5),
    (86.6, -72.8),
]


def coarse_calyx() -> Model:
    """keller2015 on cells three times as wide, for 2 ms: good for comparisons, not for figures."""
    model = rc.load("keller2015")
    run = {"duration": "2 ms", "tolerance": 0.03}
    return model.changed(discretization=model.discretization.scaled(3), run=run, record={})


def release(model: Model) -> np.ndarray:
    """Release probability of each sensor at the end."""
    return simulate(model).sensors[0].probability()


def test_an_exclusion_zone_and_EGTA_reduce_release_at_the_calyx():
    need_backend("compiled")
    model = coarse_calyx()
    exclusion = release(model)
    assert exclusion.min() > 1e-4
    assert exclusion.max() < 0.2
    with_EGTA = release(model.with_buffer(rc.buffer("EGTA", total="1 mM")))
    assert np.all(with_EGTA < exclusion)
    group = model.channels[0].model_copy(update={"positions": tuple((x * 1e-3, y * 1e-3) for x, y in RANDOM_CHANNELS)})
    at_random = release(model.changed(channels=(group,)))
    assert at_random.mean() > 2 * exclusion.mean()


def test_calcium_peaks_after_the_current_and_decays_within_milliseconds(tmp_path):
    need_backend("compiled")
    model = coarse_calyx()
    influx = channel_currents(model).groups[0].influx
    times = np.linspace(0, 2, 2001)
    peak = times[influx.value(times).argmax()]
    assert 0.9 < peak < 1.1
    result = rc.run(model, out=tmp_path / "run")
    for point in result.summary.points.values():
        assert peak < point.time_of_peak < peak + 0.2
    for trace in result.probes.values():
        assert float(trace.calcium[-1]) < 0.2 * float(trace.calcium.max())


def test_the_charge_that_enters_is_that_of_the_action_potential():
    """At the default tolerance, within what the page on the equations promises of the ledger."""
    need_backend("compiled")
    run = simulate(coarse_calyx().changed(run={"tolerance": 1e-2}))
    charge = run.influx.currents.groups[0].influx.integral(0, 2.0) * run.influx.sources.counts[0]
    assert run.balance().entered == pytest.approx(charge * AMOUNT_PER_CHARGE, rel=2e-3)
