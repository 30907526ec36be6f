"""Dyes as a microscope sees them: changes of fluorescence, point spread functions, noise, and calibrations."""

from __future__ import annotations

import re
import shutil
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.special import j1, ndtr

import rdcalcium as rc
from rdcalcium import runner
from rdcalcium.advice.images import images
from rdcalcium.advice.trials import randomness
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import InputError, MemoryShortageError
from rdcalcium.model import Buffer, Imaging, Model, doubts, write_toml
from rdcalcium.model.optics import FWHM_PER_SD, ConfocalOptics, TwoPhotonOptics
from rdcalcium.recorders.imaging import Readout
from rdcalcium.recorders.sight import sight
from rdcalcium.results import Result, folder
from rdcalcium.results.imaging_file import ImagingFile
from rdcalcium.runner import execution
from rdcalcium.system import System, build_system
from rdcalcium.view.figures import imaging
from tests.support import LikeAGpu, StopAfter, assert_same_tables, each_backend, need_backend

SIZE = 0.4 / 21  # µm; cells that mirror planes halve
GAUSSIAN = {"kind": "gaussian", "lateral": "60 nm", "axial": "120 nm"}
SPREAD = np.array([0.06, 0.06, 0.12]) / FWHM_PER_SD  # µm
SPOT = {"name": "spot", "view": {"kind": "spot", "position": [0, 0, 0.2]}, "optics": GAUSSIAN}
TERMINAL = {"name": "all", "view": {"kind": "terminal"}}


def region(where: dict[str, Any]) -> dict[str, Any]:
    """The view of a part of the cytosol."""
    return {"kind": "region", "where": where}


def dye(name: str = "dye", K_d: float = 0.345, bound: float = 100, **others: Any) -> Buffer:
    """A one-site dye, Fluo-4 unless something else is said."""
    said = {"k_on": 0.6, "total": 100, "diffusivity": 0.1, "brightness": {"488 nm": {"free": 1, "bound": bound}}}
    return Buffer(name=name, K_d=K_d, **said | others)


FURA = rc.buffer("Fura2_matveev2002", name="Fura-2", total=100)
DYES = [name for name, said in rc.library.entries("buffers").items() if "brightness" in said]


def model(*imaging: dict[str, Any], buffers: tuple[Buffer, ...] = (dye(),), **changes: Any) -> Model:
    """A box of 0.4 × 0.4 × 0.4 µm³, and who looks at it."""
    entries = [{"dye": buffers[0].name, "every": "20 us", **entry} for entry in imaging]
    parts = {
        "geometry": {"kind": "box", "size": [0.4, 0.4, 0.4]},
        "discretization": {"kind": "grid", "size_at_active_zone": SIZE},
        "buffers": buffers,
        "run": {"duration": 0.2},
        "imaging": entries,
    }
    return Model(**parts | changes)


@lru_cache(maxsize=8)
def box(kind: str = "grid", symmetry: tuple[str, ...] = ()) -> System:
    """The control volumes of that box."""
    sizes = {"size_at_active_zone": SIZE} | ({"size_in_bulk": SIZE} if kind == "tetrahedra" else {})
    geometry = {"kind": "box", "size": [0.4, 0.4, 0.4], "symmetry": symmetry}
    described = model(geometry=geometry, discretization={"kind": kind, **sizes})
    return build_system(described, discretize(described))


def seen(field: np.ndarray, entry: dict[str, Any], system: System, symmetry: tuple[str, ...] = ()) -> np.ndarray:
    """What an entry sees of a concentration in the control volumes."""
    geometry = {"kind": "box", "size": [0.4, 0.4, 0.4], "symmetry": symmetry}
    described = model(entry, geometry=geometry)
    return sight(described.imaging[0], described, system.discretization)(field)


def blob(system: System, width: float = 0.05, centre: tuple[float, ...] = (0, 0, 0.2)) -> np.ndarray:
    """A Gaussian concentration of 1 µM at its centre."""
    away = (system.discretization.centres - centre) / width
    return np.exp(-(away**2).sum(axis=1) / 2)


def in_equilibrium(readout: Readout, system: System, calcium: float) -> np.ndarray:
    """A state with so much calcium everywhere."""
    chemistry = system.chemistry
    values = np.array([f.rest for f in chemistry.fields])
    occupancy = readout.dye.kinetics().equilibrium(0.0, calcium, 0.0)
    for number, share in zip(readout.shine.fields, occupancy[1:], strict=True):
        values[number] = readout.dye.total * share
    return np.repeat(values[:, None], system.shape[1], axis=1)


def told(described: Model, calcium: float) -> Any:
    """What the first entry of a model tells of so much calcium everywhere."""
    system = build_system(described, box().discretization)
    readout = Readout(described.imaging[0], described, system)
    readout.begin(in_equilibrium(readout, system, described.calcium.rest))
    looked = readout.look(in_equilibrium(readout, system, calcium)).ravel()
    ((sample),) = readout.collect(np.zeros(1, dtype=int), looked[None])
    return sample.seen


@pytest.mark.parametrize(
    ("K_d", "bound", "changes"),
    [
        pytest.param(0.345, 100, [0.717987, 3.403003, 4.513442, 5.917852, 6.266020], id="Fluo-4"),
        pytest.param(0.17, 6, [0.334909, 1.214671, 1.468449, 1.731553, 1.788785], id="OGB-1"),
        pytest.param(31.4, 44, [0.063785, 0.566866, 1.178250, 5.464654, 15.596911], id="OGB-5N"),
    ],
)
@pytest.mark.parametrize("entry", [SPOT, TERMINAL], ids=["spot", "terminal"])
def test_fluorescence_changes_with_calcium_as_affinity_and_brightness_say(
    entry: dict[str, Any], K_d: float, bound: float, changes: list[float]
) -> None:
    """From 50 nM; (1 + (R_f - 1) f) / (1 + (R_f - 1) f_0) - 1 with f = c / (c + K_d), as printed."""
    described = model(entry, buffers=(dye(K_d=K_d, bound=bound),), calcium={"rest": 0.05})
    found = [told(described, calcium).change[0] for calcium in (0.1, 0.5, 1, 5, 20)]
    np.testing.assert_allclose(found, changes, atol=6e-7)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({}, id="one image"),
        pytest.param({"ratio": ["340 nm", "380 nm"], "background": 0.3}, id="two lights"),
        pytest.param({"light": "380 nm"}, id="light of which bound dye has less"),
        pytest.param({"reference": "7 uM"}, id="second dye"),
    ],
)
def test_a_calibrated_dye_tells_the_calcium_that_it_is_in_equilibrium_with(entry: dict[str, Any]) -> None:
    buffers = (FURA,) if {"ratio", "light"} & entry.keys() else (dye(),)
    for view in (SPOT, TERMINAL):
        for calcium in (0.02, 0.3, 5.0):
            found = told(model({**view, **entry}, buffers=buffers), calcium)
            np.testing.assert_allclose(found.calcium, calcium, rtol=1e-9)


def test_the_library_has_dyes() -> None:
    assert {name.partition("_")[0] for name in DYES} >= {"Fluo4", "Fluo5F", "OGB1", "OGB5N", "Fura2"}


@pytest.mark.parametrize("name", DYES)
def test_every_dye_of_the_library_tells_calcium_in_each_of_its_lights(name: str) -> None:
    one = rc.buffer(name, total=50)
    for light, states in one.brightness.items():
        assert states["free"] != states["bound"]
        for calcium in (0.02, 0.5, 20.0):
            found = told(model({**TERMINAL, "light": light}, buffers=(one,)), calcium)
            np.testing.assert_allclose(found.calcium, calcium, rtol=1e-9)
            assert np.sign(found.change) == np.sign((states["bound"] - states["free"]) * (calcium - 0.05))


def test_ratios_of_fura_2_lie_between_those_of_the_free_and_the_bound_dye() -> None:
    described = model({**SPOT, "ratio": ["340 nm", "380 nm"]}, buffers=(FURA,))
    assert told(described, 0.0).ratio[0] == pytest.approx(0.768, abs=5e-4)
    assert told(described, 1e9).ratio[0] == pytest.approx(35.1, abs=5e-2)
    assert told(described, 1.0).change is None


def test_light_that_cannot_be_subtracted_makes_changes_smaller_and_background_does_not() -> None:
    clean, other, both = (
        told(model({**SPOT, **entry}), 1.0)
        for entry in ({}, {"background": 3.0}, {"background": 3.0, "autofluorescence": 0.25})
    )
    assert other.change[0] == pytest.approx(clean.change[0], rel=1e-12)
    assert both.change[0] == pytest.approx(clean.change[0] / 1.25, rel=1e-12)
    at_rest = told(model(SPOT), 0.05).light[0, 0]
    assert both.light[0, 0] == pytest.approx(clean.light[0, 0] + 3.25 * at_rest, rel=1e-12)


def test_a_dye_of_two_sites_tells_no_calcium() -> None:
    two = Buffer(
        name="dye", total=10, diffusivity=0.1, scheme=("D + Ca <-> C : 0.5, 1", "C + Ca <-> E : 0.1, 1"),
        brightness={"488 nm": {"D": 1, "C": 5, "E": 20}},
    )  # fmt: skip
    found = told(model(SPOT, buffers=(two,)), 3.0)
    assert found.calcium is None
    D, C, E = two.kinetics().equilibrium(0.0, 3.0, 0.0)
    amount = sight(model(SPOT).imaging[0], model(), box().discretization)(np.ones(box().shape[1]))
    assert found.light[0, 0] == pytest.approx(10 * (D + 5 * C + 20 * E) * amount, rel=1e-12)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_point_spread_function_is_whole_in_the_cytosol_and_cut_off_by_walls(kind: str) -> None:
    system, tolerance = box(kind), {"grid": 1e-5, "tetrahedra": 0.03}[kind]
    ends = np.array([[-0.2, -0.2, 0.0], [0.2, 0.2, 0.4]])
    for position in ([0, 0, 0.2], [0.05, 0, 0], [0.2, -0.2, 0]):
        exact = np.prod(np.diff(ndtr((ends - position) / SPREAD), axis=0))
        view = {"kind": "spot", "position": position}
        assert seen(np.ones(system.shape[1]), {**SPOT, "view": view}, system)[0] == pytest.approx(exact, rel=tolerance)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_gaussian_blob_is_seen_as_the_product_of_two_gaussians(kind: str) -> None:
    """∫ PSF(x - x') exp(-x'²/2s²) dx' = Π s/√(s²+σ²) exp(-d²/2(s²+σ²)), with cells of 0.4 s."""
    system, width = box(kind), 0.05
    tolerance = 0.03 if kind == "grid" else 0.06
    for away in ([0, 0, 0], [0.05, 0, 0], [0, 0.03, 0.06]):
        total = width**2 + SPREAD**2
        exact = np.prod(width / np.sqrt(total)) * np.exp(-(np.array(away) ** 2 / total).sum() / 2)
        view = {"kind": "spot", "position": (np.array([0, 0, 0.2]) + away).tolist()}
        assert seen(blob(system, width), {**SPOT, "view": view}, system)[0] == pytest.approx(exact, rel=tolerance)


def test_a_camera_without_sections_sees_all_depths() -> None:
    """1 µM in a layer of 0.4 µm is 0.4 µM µm, wherever the focus is."""
    optics = {"kind": "wide_field", "numerical_aperture": 1.3, "wavelength": "50 nm"}
    for height in (0.0, 0.3):
        entry = {**SPOT, "optics": optics, "view": {"kind": "spot", "position": [0, 0, height]}}
        assert seen(np.ones(box().shape[1]), entry, box())[0] == pytest.approx(0.4, rel=1e-4)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_points_of_lines_and_pixels_of_frames_see_what_a_spot_there_does(kind: str) -> None:
    field = blob(box(kind), centre=(0.03, 0.02, 0.15))
    line = {"kind": "line", "start": [-0.1, 0, 0.2], "end": [0.1, 0.1, 0.1], "points_along": 5}
    frame = {"kind": "frame", "centre": [0, 0.02, 0.1], "pixels": [3, 2], "pixel_size": 0.05, "plane": "xz"}
    for view, points in (
        (line, [(-0.05, 0.025, 0.175), (0.1, 0.1, 0.1)]),
        (frame, [(-0.05, 0.02, 0.075), (0.05, 0.02, 0.125)]),
    ):
        found = seen(field, {**SPOT, "view": view}, box(kind))
        for number, place in zip((1, 4) if view is line else (0, 5), points, strict=True):
            (alone,) = seen(field, {**SPOT, "view": {"kind": "spot", "position": place}}, box(kind))
            assert found[number] == pytest.approx(alone, rel=1e-9)


@pytest.mark.parametrize(
    "view",
    [
        {"kind": "spot", "position": [0.03, -0.02, 0.1]},
        {"kind": "frame", "centre": [0, 0.01, 0.1], "pixels": [3, 2], "pixel_size": 0.04},
        region({"kind": "sphere", "centre": [-0.02, 0.01, 0.1], "radius": 0.08}),
        region({"kind": "box", "low": [-0.055, -0.035, 0.05], "high": [0.095, 0.035, 0.15]}),
        region({"kind": "layer", "within": "50 nm", "of": "membrane"}),
        {"kind": "terminal"},
    ],
)
def test_a_mirrored_quarter_is_seen_as_the_whole(view: dict[str, Any]) -> None:
    optics = {"optics": GAUSSIAN} if view["kind"] in ("spot", "frame") else {}
    entry = {"name": "one", "view": view, **optics}
    whole, quarter = box(), box(symmetry=("x", "y"))
    expected = seen(blob(whole), entry, whole)
    tolerance = 2e-3 if view["kind"] == "region" else 1e-9  # points on the border of a region are counted
    np.testing.assert_allclose(seen(blob(quarter), entry, quarter, ("x", "y")), expected, rtol=tolerance)


def test_regions_tell_the_mean_of_the_cytosol_in_them() -> None:
    """Of a linear course that is its value at the centre; of half a region only what is inside."""
    field = 2.0 + box().discretization.centres @ np.array([1.0, -2.0, 3.0])
    parts = (
        {"kind": "box", "low": [-0.015, -0.085, 0.165], "high": [0.115, 0.025, 0.235]},
        {"kind": "sphere", "centre": [0.05, -0.03, 0.2], "radius": 0.1},
    )
    for part in parts:
        (found,) = seen(field, {"name": "one", "view": region(part)}, box())
        assert found == pytest.approx(2 + 0.05 + 0.06 + 0.6, abs=0.01)
    half = {"kind": "box", "low": [0.1, -0.1, 0.1], "high": [0.3, 0.1, 0.3]}
    (found,) = seen(field, {"name": "one", "view": region(half)}, box())
    assert found == pytest.approx(2 + 0.15 + 0.6, abs=0.001)


def half_width(intensity: Any, longest: float) -> float:
    """Full width at half maximum of a symmetric profile, in its variable."""
    return 2 * brentq(lambda x: intensity(x) - 0.5, 1e-9 * longest, longest)


@pytest.mark.parametrize(("optics", "power"), [(ConfocalOptics, 1), (TwoPhotonOptics, 2)])
@pytest.mark.parametrize("aperture", [0.5, 0.65])
def test_widths_of_the_focus_are_those_of_the_diffraction_of_a_small_aperture(
    optics: type[ConfocalOptics], power: int, aperture: float
) -> None:
    """Airy disc across, sinc² along (Born & Wolf, 8.8), which a Gaussian fits within a few per cent."""
    wavelength, index = 0.8, 1.33
    spread = optics(numerical_aperture=aperture, wavelength=wavelength, refractive_index=index).spread
    k = 2 * np.pi / wavelength
    across = half_width(lambda r: (2 * j1(k * aperture * r) / (k * aperture * r)) ** (2 * power), 2.5 / (k * aperture))
    depth = k * (index - np.sqrt(index**2 - aperture**2)) / (2 * np.pi)
    along = half_width(lambda z: np.sinc(depth * z) ** (2 * power), 0.9 / depth)
    np.testing.assert_allclose(np.array(spread) * FWHM_PER_SD, [across, along], rtol=0.05)


def uniform_step(duration: str, **entry: Any) -> dict[str, Any]:
    """A box so small that calcium is the same everywhere, 20 µM from 10 µs on, and a trace of dye in it."""
    return {
        "geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.05},
        "calcium": {"rest": 0.05},
        "channels": [{
            "name": "step", "positions": [[0, 0, 0.05]], "place": "anywhere",
            "current": {"kind": "pulse", "amplitude": 0.386, "start": 0, "duration": 0.01},
        }],
        "run": {"duration": duration, "tolerance": 1e-4, "absolute_tolerance": 1e-9},
        **entry,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("k_on", "k_off", "bound"), [pytest.param(0.25, 7.85, 44, id="OGB-5N"), pytest.param(0.57, 0.139, 100, id="Fluo-4")]
)
def test_a_dye_lags_behind_calcium_as_its_rates_say(tmp_path: Path, k_on: float, k_off: float, bound: float) -> None:
    tracer = dye(K_d=k_off / k_on, k_on=k_on, bound=bound, total=1e-4)
    described = model({**TERMINAL, "every": "10 us"}, buffers=(tracer,), **uniform_step("0.5 ms"))
    found = rc.run(described, out=tmp_path).imaging["all"].dF_over_F

    def calcium(t: float) -> float:
        return 0.05 + 0.386 * min(t, 0.01) * 5.18213486 / 1e-3

    times = found.time.values
    lit = solve_ivp(
        lambda t, f: k_on * calcium(t) * (1 - f) - k_off * f, (0, 0.5), [0.05 / (0.05 + k_off / k_on)],
        t_eval=times, rtol=1e-9, atol=1e-12, max_step=1e-3,
    ).y[0]  # fmt: skip
    light = 1 + (bound - 1) * lit
    np.testing.assert_allclose(found, light / light[0] - 1, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("kappa", "rise", "decay"), [(40, 0.143948, 202.5), (140, 0.064419, 452.5), (540, 0.020069, 1452.5)]
)
def test_a_dye_that_binds_more_makes_calcium_smaller_and_slower(
    tmp_path: Path, kappa: float, rise: float, decay: float
) -> None:
    """Neher & Augustine 1992: rise by Q / (2 F V (1 + κ_S + κ_B)), decay in (1 + κ_S + κ_B) / γ ms, which dyes tell.

    0.9 pC in 400 µm³, κ_S = 40, γ = 0.4 per ms, in the numbers of a smaller box; buffers far from their K_d.
    """
    far = {"K_d": 1000, "k_on": 0.05, "diffusivity": 0}
    tracer = dye(bound=44, total=1000 * kappa, **far)
    fixed = Buffer(name="fixed", total=40_000, **far)
    pulse = {"kind": "pulse", "amplitude": 2.25 * 0.1**3 / 0.1, "start": 0, "duration": 0.1}
    step = uniform_step("200 ms", calcium={"rest": 0.05, "clearance": 0.4}, run={"duration": 200, "tolerance": 1e-3})
    step["channels"][0]["current"] = pulse
    entry = {**TERMINAL, "every": "0.5 ms"}
    found = rc.run(model(entry, buffers=(tracer, fixed), **step), out=tmp_path).imaging["all"].apparent_calcium - 0.05
    late = found.sel(time=slice(1, None))
    slope, start = np.polyfit(late.time - 0.05, np.log(late), 1)
    assert -1 / slope == pytest.approx(decay, rel=3e-3)  # as the tolerance of the run lets it
    assert np.exp(start) == pytest.approx(rise, rel=1e-3)


def test_a_sample_is_the_mean_over_its_exposure_and_a_line_is_seen_point_after_point(tmp_path: Path) -> None:
    tracer = dye(K_d=31.4, k_on=0.25, bound=44, total=1e-4)
    entries = [
        {**TERMINAL, "name": "fine", "every": "2 us"},
        {**TERMINAL, "name": "exposed", "every": "0.1 ms", "exposure": "0.08 ms"},
        {
            "name": "line", "every": "0.1 ms", "optics": {"kind": "gaussian", "lateral": 1, "axial": 1},
            "view": {"kind": "line", "start": [0, 0, 0.05], "end": [0.01, 0, 0.05], "points_along": 10},
        },
    ]  # fmt: skip
    described = model(*entries, buffers=(tracer,), **uniform_step("0.5 ms"))
    imaging = rc.run(described, out=tmp_path).imaging
    fine, exposed, line = (imaging[name].dF_over_F for name in ("fine", "exposed", "line"))
    np.testing.assert_allclose(exposed.time, [0.04, 0.14, 0.24, 0.34, 0.44])
    for t, mean in zip(exposed.time.values, exposed.values, strict=True):
        part = fine.sel(time=slice(t - 0.0401, t + 0.0401))
        assert mean == pytest.approx(float(np.trapezoid(part, part.time)) / 0.08, rel=0.01)
    np.testing.assert_allclose(line.time, [0, 0.1, 0.2, 0.3, 0.4])
    turns = line.time.values[:, None] + 0.01 * np.arange(10)
    np.testing.assert_allclose(line, np.interp(turns, fine.time, fine), rtol=2e-3, atol=1e-6)


def noisy(photons: float = 50.0) -> Model:
    """A terminal at rest, seen 2001 times."""
    light = {"photons": photons, "background": 1.0}
    entry = {**SPOT, **light, "every": "0.1 us", "view": {"kind": "spot", "position": [0, 0, 0]}}
    return model(entry, discretization={"kind": "grid", "size_at_active_zone": 0.1})


def test_counted_photons_have_the_mean_and_the_variance_of_poisson(tmp_path: Path) -> None:
    found = rc.run(noisy(), out=tmp_path).imaging["spot"]
    counts, number = found.photons.values, len(found.time)
    assert number == 2001
    mean = 100.0  # of the dye, and as much of the background
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / number))
    assert counts.var(ddof=1) == pytest.approx(mean, abs=4 * mean * np.sqrt(2 / number))
    np.testing.assert_allclose(found.dF_over_F, 0, atol=1e-12)
    np.testing.assert_allclose(found.dF_over_F_measured, (counts - 100) / 50, atol=1e-9)


def test_photons_are_known_by_seed_and_name_and_those_of_two_entries_are_others(tmp_path: Path) -> None:
    twice = noisy().changed(run={"duration": "2 us"})
    twice = twice.changed(imaging=[twice.imaging[0], twice.imaging[0].changed(name="other")])
    first, again = (rc.run(twice, out=tmp_path / name).imaging for name in "ab")
    reseeded = rc.run(twice.changed(run={"seed": 2}), out=tmp_path / "c").imaging
    np.testing.assert_array_equal(first["spot"].photons, again["spot"].photons)
    for other in (first["other"], reseeded["spot"]):
        assert np.any(other.photons.values != first["spot"].photons.values)


EVERYTHING = (
    {**SPOT, "photons": 1000},
    {**TERMINAL, "exposure": "20 us"},
    {
        "name": "line", "optics": GAUSSIAN, "photons": 500,
        "view": {"kind": "line", "start": [-0.1, 0, 0.1], "end": [0.1, 0, 0.1], "points_along": 4},
    },
    {
        "name": "frame", "optics": GAUSSIAN, "every": "50 us", "exposure": "50 us",
        "view": {"kind": "frame", "centre": [0, 0, 0.05], "pixels": [4, 3], "pixel_size": 0.1},
    },
)  # fmt: skip
CHANNEL = {
    "name": "pore", "positions": [[0, 0]],
    "current": {"kind": "pulse", "amplitude": 0.2, "start": 0.02, "duration": 0.1},
}  # fmt: skip


def moving() -> Model:
    """A channel that opens, and four who look."""
    coarse = {"kind": "grid", "size_at_active_zone": 0.04}
    return model(*EVERYTHING, channels=[CHANNEL], discretization=coarse, run={"duration": 0.2, "max_step": 0.002})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return rc.run(moving(), out=tmp_path_factory.mktemp("imaging") / "run")


def test_who_looks_changes_nothing(finished: Result, tmp_path: Path) -> None:
    alone = rc.run(moving().changed(imaging=()), out=tmp_path)
    assert alone.summary.steps == finished.summary.steps
    assert not alone.imaging
    assert (finished.folder / "ledger.csv").read_text() == (tmp_path / "ledger.csv").read_text()


def test_a_run_that_stopped_goes_on_to_the_same_images(finished: Result, tmp_path: Path) -> None:
    runner.run(moving(), out=tmp_path / "one", should_stop=StopAfter(7))
    halfway = Result(tmp_path / "one").imaging
    assert 0 < len(halfway["spot"].time) < len(finished.imaging["spot"].time)
    runner.resume(tmp_path / "one")
    assert_same_tables(tmp_path / "one", finished.folder)
    for name, dataset in finished.imaging.items():
        assert dataset.identical(Result(tmp_path / "one").imaging[name]), name


def test_images_from_after_the_last_checkpoint_are_taken_back(finished: Result, tmp_path: Path) -> None:
    """As they lie in the folder of a run that was killed."""
    runner.run(moving(), out=tmp_path, should_stop=StopAfter(7))
    before = Result(tmp_path).imaging
    shutil.copy(finished.folder / folder.IMAGING, tmp_path)
    assert len(Result(tmp_path).imaging["spot"].time) > len(before["spot"].time)
    runner.resume(tmp_path, should_stop=lambda: True)
    for name, dataset in before.items():
        assert dataset.identical(Result(tmp_path).imaging[name]), name


@pytest.mark.parametrize("backend", each_backend())
def test_images_are_the_same_on_every_backend(finished: Result, tmp_path: Path, backend: str) -> None:
    need_backend(backend)
    other = rc.run(moving(), backend=backend, out=tmp_path)
    for name, dataset in finished.imaging.items():
        np.testing.assert_allclose(other.imaging[name].dF_over_F, dataset.dF_over_F, rtol=1e-6, atol=1e-9)


def test_images_on_a_device_that_is_never_waited_for_are_the_same(
    finished: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_backend("compiled")
    monkeypatch.setattr(execution, "open_backend", lambda name, system, precision, *_: LikeAGpu(system, precision))
    other = rc.run(moving(), backend="compiled", out=tmp_path)
    for name, dataset in finished.imaging.items():
        np.testing.assert_allclose(other.imaging[name].dF_over_F, dataset.dF_over_F, rtol=1e-6, atol=1e-9)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return rc.run(moving().changed(run={"trials": 3}), out=tmp_path_factory.mktemp("imaging") / "trials")


def test_trials_differ_in_their_photons_and_the_first_is_that_of_a_single_one(
    finished: Result, trials: Result, tmp_path: Path
) -> None:
    spot, frame = trials.imaging["spot"], trials.imaging["frame"]
    assert spot.photons.dims == ("trial", "time")
    assert frame.F.dims == ("trial", "time", "y", "x")
    np.testing.assert_array_equal(spot.trial, [1, 2, 3])
    for name, one in trials.imaging.items():
        assert one.isel(trial=0, drop=True).equals(finished.imaging[name])
        assert one.F.isel(trial=2, drop=True).equals(finished.imaging[name].F)
    assert len(np.unique(spot.photons.isel(time=-1))) == 3
    table = trials.table("imaging.csv")
    third = (table["trial"] == 3) & ~np.isnan(table["spot: photons"])
    np.testing.assert_array_equal(table["spot: photons"][third], spot.photons.sel(trial=3))
    assert imaging(trials.folder, tmp_path / "trials.svg").exists()


def test_trials_that_stopped_go_on_to_the_same_images(trials: Result, tmp_path: Path) -> None:
    runner.run(moving().changed(run={"trials": 3}), out=tmp_path, should_stop=StopAfter(100))
    halfway = Result(tmp_path).imaging["spot"]
    assert halfway.sizes["trial"] == 2
    assert np.isnan(halfway.F.isel(trial=1)).any()
    runner.resume(tmp_path)
    for name, dataset in trials.imaging.items():
        assert dataset.identical(Result(tmp_path).imaging[name]), name


def test_a_table_holds_the_readouts_that_are_single_numbers(finished: Result) -> None:
    table = finished.table("imaging.csv")
    spot = finished.imaging["spot"]
    has = ~np.isnan(table["spot: F (uM)"])
    np.testing.assert_array_equal(table["time (ms)"][has], spot.time)
    np.testing.assert_array_equal(table["spot: dF/F measured"][has], spot.dF_over_F_measured)
    assert not any(heading.startswith("frame") for heading in table)
    assert spot.F.attrs["units"] == "uM"
    assert finished.imaging["frame"].F.dims == ("time", "y", "x")
    with pytest.raises(KeyError, match=r"no imaging 'spt'; known: all, frame, line, spot. Did you mean 'spot'\?"):
        finished.imaging["spt"]


def test_what_was_seen_is_drawn_with_and_without_noise(
    finished: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("rdcalcium.view.imaging.save", lambda figure, path: drawn.append(figure))
    imaging(finished.folder, tmp_path / "imaging.png")
    spot, whole, line, frame = (row.axes for row in drawn[0].subfigs)
    assert [curve.get_label() for curve in spot[0].lines] == ["as counted", "without noise"]
    assert len(whole[0].lines) == 1
    scan = finished.imaging["line"]
    for axis, values in zip(line, (scan.dF_over_F_measured, scan.dF_over_F), strict=False):
        np.testing.assert_array_equal(axis.collections[0].get_array(), values.values.T)
    assert [axis.get_title() for axis in frame] == ["0.025 ms", "0.075 ms", "0.125 ms", "0.175 ms", ""]
    monkeypatch.undo()
    assert imaging(finished.folder, tmp_path / "imaging.pdf").stat().st_size > 5000


def test_a_run_does_not_go_on_with_images_that_are_not_whole(tmp_path: Path) -> None:
    runner.run(moving(), out=tmp_path, should_stop=StopAfter(7))
    (tmp_path / "imaging.h5").write_bytes(b"")
    before = (tmp_path / "probes.csv").read_text()
    with pytest.raises(InputError, match=r"imaging\.h5 is not there, damaged, or of another model"):
        runner.resume(tmp_path)
    assert (tmp_path / "probes.csv").read_text() == before
    assert ImagingFile


OPTICS = {"kind": "two_photon", "numerical_aperture": 1.4, "wavelength": "810 nm"}


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({**SPOT, "dye": "die"}, "imaging 'spot': there is no dye 'die'; dyes: dye. Did you mean 'dye'?"),
        ({**SPOT, "dye": "EGTA"}, "imaging 'spot': buffer 'EGTA' is no dye, for it has no brightness; dyes: dye"),
        ({**SPOT, "light": "480 nm"}, "dye 'dye' does not know '480 nm'; known: 488 nm. Did you mean '488 nm'?"),
        ({**SPOT, "ratio": ["488 nm"]}, "ratio is of two different lights, such as ['340 nm', '380 nm']"),
        ({**SPOT, "optics": OPTICS}, "numerical_aperture = 1.4 is not below the refractive_index = 1.33 of the"),
        ({**SPOT, "optics": None}, "imaging 'spot': a spot is seen through a microscope; say which one"),
        ({**TERMINAL, "optics": GAUSSIAN}, "imaging 'all': of a region (terminal) the mean is taken"),
        ({**SPOT, "exposure": "30 us"}, "exposure = 0.03 ms is longer than every = 0.02 ms"),
        (
            {**SPOT, "view": {"kind": "spot", "position": [0, 0, -0.1]}},
            "the spot around (0, 0, -100) nm is outside the terminal, whose z goes from 0 to 400 nm",
        ),
        ({**TERMINAL, "view": {"kind": "region"}}, "'imaging[1].view.where' is missing: which part"),
        ({**SPOT, "view": {"kind": "spt", "position": [0, 0, 0]}}, "unknown kind 'spt' of 'imaging[1].view'"),
    ],
)
def test_what_cannot_be_seen_is_one_sentence(entry: dict[str, Any], sentence: str) -> None:
    egta = Buffer(name="EGTA", k_on=0.01, K_d=0.07, total=1, diffusivity=0.2)
    with pytest.raises(InputError, match=re.escape(sentence)):
        model(entry, buffers=(dye(), egta))


@pytest.mark.parametrize(
    ("brightness", "sentence"),
    [
        ({"488 nm": {"free": 1}}, "dye 'dye': how bright is 'bound' at '488 nm'? Say it, 0 if it is dark"),
        ({"488 nm": {"free": 1, "bond": 2}}, "dye 'dye' has no state 'bond' to be bright in; known: bound, free."),
        ({"488 nm": {"free": 0, "bound": 0}}, "dye 'dye' is dark at '488 nm' in all its states"),
    ],
)
def test_a_brightness_that_says_too_little_is_one_sentence(brightness: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        dye(brightness=brightness)


def test_what_outlasts_the_run_or_sees_nothing_is_refused_before_the_first_step(tmp_path: Path) -> None:
    late = model({**SPOT, "every": "1 ms", "exposure": "0.5 ms"})
    with pytest.raises(InputError, match=r"imaging 'spot': a spot takes 0\.5 ms, and the run ends after 0\.2 ms"):
        rc.run(late, out=tmp_path / "run")
    beside = region({"kind": "sphere", "centre": [1, 1, 1], "radius": 0.1})
    with pytest.raises(InputError, match="imaging 'all' sees no cytosol: its region lies beside the control volumes"):
        rc.run(model({**TERMINAL, "view": beside}), out=tmp_path / "run")
    elsewhere = dye(where={"kind": "box", "low": [-1, -1, 0.3], "high": [1, 1, 1]})
    with pytest.raises(InputError, match="imaging 'spot' sees no light of dye 'dye' at rest, by which its photons"):
        rc.run(model({**SPOT, "view": {"kind": "spot", "position": [0, 0, 0]}, "photons": 9}, buffers=(elsewhere,)))
    assert not (tmp_path / "run").exists()


def test_images_for_which_there_is_no_disk_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 8 * 1001 * 3  # bytes, of three columns
    monkeypatch.setattr(folder, "refuse_too_large", lambda path, size, *words: refused.append((size, words)))
    refused: list[Any] = []
    for entries in ((), ({**SPOT, "every": "0.2 us"},)):
        rc.run(model(*entries, run={"duration": 0.2}), out=tmp_path / str(len(entries)))
    (alone, _), (both, (what, fewer)) = refused
    assert both - alone == size
    assert what.endswith("fields, and the imaging,")
    assert fewer == "record.snapshots.every, or every of imaging"


def test_weights_for_which_there_is_no_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rdcalcium.recorders.sight.memory_available", lambda: 1000)
    for view in (SPOT["view"], {"kind": "frame", "centre": [0, 0, 0.1], "pixels": [9, 9], "pixel_size": 0.04}):
        with pytest.raises(MemoryShortageError, match=r"imaging 'spot' needs .* GiB for what \d+ points see of 9261"):
            seen(np.ones(box().shape[1]), {**SPOT, "view": view}, box())


def test_a_wavelength_in_the_wrong_unit_is_asked_about() -> None:
    optics = {"kind": "two_photon", "numerical_aperture": 1.0, "wavelength": 810}
    (asked,) = doubts(model({**SPOT, "optics": optics}, record={"every": "10 us"}))
    assert asked.startswith("wavelength of imaging 'spot' is 810 um, above 2 um: is that meant?")
    assert not doubts(model({**SPOT, "optics": {**optics, "wavelength": "810 nm"}}))


def test_check_tells_how_many_samples_there_are_and_how_sharp() -> None:
    """At NA 0.9 √(2 ln 2) × 0.325 λ / NA^0.91 = 0.341 µm and √(2 ln 2) × 0.532 λ / (n - √(n² - NA²)) = 1.45 µm."""
    optics = {"kind": "two_photon", "numerical_aperture": 0.9, "wavelength": "810 nm"}
    flat = {"kind": "wide_field", "numerical_aperture": 0.5, "wavelength": "510 nm"}
    view = {"kind": "frame", "centre": [0, 0, 0.1], "pixels": [4, 3], "pixel_size": 0.1}
    entries = {**SPOT, "optics": optics}, {**SPOT, "name": "frame", "view": view, "optics": flat}, TERMINAL
    spot, frame, whole = images(model(*entries))
    sharp = "a point is seen 0.341 um wide, and 1.45 um along z (full widths at half maximum)"
    assert spot == f"imaging 'spot': 11 samples, every 20 us; {sharp}"
    assert "11 samples, every 20 us, of 3 × 4 points; a point is seen 0.543 um wide, and at all depths" in frame
    assert whole == "imaging 'all': 11 samples, every 20 us"


def test_check_tells_of_photons_and_their_seed() -> None:
    (found,) = randomness(noisy())
    assert found.startswith("stochastic: photons of 'spot'; 1 trial with seed 1, which gives the same photons on every")


def test_an_entry_and_its_dye_are_written_and_read_again() -> None:
    two = {**SPOT, "name": "two", "ratio": ["340 nm", "380 nm"], "dye": "Fura-2"}
    described = model(*EVERYTHING, two, buffers=(dye(), FURA))
    assert isinstance(described.imaging[0], Imaging)
    assert rc.library.resolve(tomllib.loads(write_toml(described))) == described
