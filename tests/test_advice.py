"""Advice before a run: the figures are those of the run, and the warnings come where physics asks for them."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import library, memory
from rdcalcium.advice import WARNING, check, resolution_warnings
from rdcalcium.advice.cells import cell_sizes
from rdcalcium.advice.clefts import gaps
from rdcalcium.advice.quality import NEGATIVE, judge_mesh, where
from rdcalcium.advice.resolution import CAPTURE, CORRECTED, FILLED, NEAR
from rdcalcium.advice.size import fewer_on_tetrahedra
from rdcalcium.chemistry import build_chemistry
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import ModelWarning
from rdcalcium.geometry.axes import grid_axes
from rdcalcium.geometry.files import write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.planning import planned_size
from rdcalcium.integrators.rkc import METHOD
from rdcalcium.model import (
    Box,
    Buffer,
    Channels,
    Ellipsoid,
    Grid,
    MeshFile,
    Model,
    Probe,
    PulseCurrent,
    Pump,
    Run,
    Sensor,
    Sphere,
    Tetrahedra,
    write_toml,
)
from rdcalcium.model.placement.zones import ActiveZones
from rdcalcium.model.shapes.spherical import Spherical
from rdcalcium.patches.beside_pores import beside_pores
from rdcalcium.results.provenance import about_discretization
from rdcalcium.steady_state.brief import brief
from rdcalcium.system import build_system
from rdcalcium.units import IONS_PER_AMOUNT
from tests.support import ROOT, simulate
from tests.tolerances import TOLERANCES

FIXED = Buffer(name="fixed", total=400, diffusivity=0, k_on=0.1, K_d=10)
PULSE = PulseCurrent(amplitude=0.1, duration=1)


def model(**changes: Any) -> Model:
    """A channel, a sensor at 60 nm and a probe, on 20 nm cells."""
    sensor = library.entry("sensors", "felmy2003")
    parts: dict[str, Any] = {
        "geometry": Box(size=(0.5, 0.5, 0.4)),
        "discretization": Grid(size_at_active_zone=0.02),
        "buffers": (FIXED,),
        "channels": (Channels(name="pore", positions=((0.0, 0.0),), current=PULSE),),
        "sensors": (Sensor.model_validate({"name": "vesicle", "positions": [[0.06, 0, 0.0]], **sensor}),),
        "probes": (Probe(name="deep", position=(0, 0, 0.3)),),
        "run": Run(duration=1.0),
    }
    return Model(**{**parts, **changes})


def sentence(described: Model, about: str) -> str:
    """The one line of advice that speaks of something."""
    found = [line for line in check(described) if about in line]
    assert len(found) == 1, (about, check(described))
    return found[0]


def number(pattern: str, text: str) -> float:
    match = re.search(pattern.replace("#", r"([-+.\de,]+)"), text)
    assert match, (pattern, text)
    return float(match[1].replace(",", ""))


def test_tetrahedra_are_advised_where_a_grid_is_fine_along_whole_axes() -> None:
    """Around channels far from each other, and not around one."""
    places = [(-0.8, -0.5), (-0.3, 0.6), (0.2, -0.7), (0.7, 0.1)]
    for some, told in ((places[:1], 0), (places, 1)):
        many = model(
            geometry=Box(size=(2, 2, 0.5)),
            discretization=Grid(size_at_active_zone=0.003, size_in_bulk=0.08),
            channels=[Channels(name=f"{i}", positions=(at,), current=PULSE) for i, at in enumerate(some)],
            sensors=(),
        )
        cells = planned_size(many)
        assert cells > 100_000
        found = [*fewer_on_tetrahedra(many, cells)]
        assert len(found) == told
    nodes = planned_size(many.on_tetrahedra())
    assert f"about {nodes:,} control volumes" in found[0]
    assert not [*fewer_on_tetrahedra(many.on_tetrahedra(), cells)]


SHAPES = {
    "uniform": model(),
    "stretched": model(discretization=Grid(size_at_active_zone=(0.01, 0.01, 0.005), size_in_bulk=0.06)),
    "mirrored": model(geometry=Box(size=(0.5, 0.5, 0.4), symmetry=("x", "y"))),
    "vesicles": model(geometry=Box(size=(0.5, 0.5, 0.4), obstacles=(Sphere(centre=(0, 0.1, 0.1), radius=0.06),))),
    "tetrahedra": model(discretization=Tetrahedra(size_at_active_zone=0.02, size_in_bulk=0.08)),
    "pump": model(pumps=(Pump(use="NCX_rameshkumar2025", parameters={"V_max": "40 uM*um/ms", "K": "1.5 uM"}),)),
    "keller2015": library.load("keller2015"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_figures_are_those_of_the_run(shape: str) -> None:
    described = SHAPES[shape]
    made = discretize(described)
    system = build_system(described, made)
    text = "\n".join(check(described))
    solid = np.count_nonzero(made.volumes == 0)
    assert number("# control volumes?", text) == made.size - solid == about_discretization(made, described).count
    assert (number("fields, and # solid cells", text) if solid else 0) == solid
    assert number("volumes × # fields?", text) == system.shape[0] == memory.count_fields(described)
    radius = number("spectral radius # per ms", text)
    assert radius == pytest.approx(system.stiffness(described.calcium.rest), rel=5e-3)
    assert number("takes # stages", text) == METHOD.stages_for(0.01, system.stiffness(described.calcium.rest))
    volume = number("volume of the terminal #", text)
    assert volume == pytest.approx(described.copies * made.total_volume, rel=1e-4)
    chemistry = system.chemistry
    calcium = described.copies * float(chemistry.calcium_content @ chemistry.rest) * made.total_volume
    assert number(r"calcium at rest #", text) == pytest.approx(calcium, rel=1e-4)


@pytest.mark.parametrize(("longest", "times"), [(None, 8), (0.01, 2)])
def test_a_run_takes_no_fewer_steps_than_is_told(longest: float | None, times: float) -> None:
    """And only so many times as many, where run.max_step is short too."""
    channels = (Channels(name="pore", positions=((0.0, 0.0),), current=PULSE.changed(start=0.2, duration=0.3)),)
    described = model(channels=channels, run=Run(duration=1.0, max_step=longest))
    run = simulate(described, "numpy")
    text = sentence(described, "at least")
    assert run.steps / times < number("at least # steps", text) <= run.steps
    assert number("ends at # moments", text) == len(run.influx.stops) - 1 == 2


def test_what_makes_a_run_crawl_is_named() -> None:
    """A gate whose rate grows with the fourth power of calcium."""
    fast = Pump(name="steep", surface="membrane", law="g*Ca", gates={"g": "10*Ca**4*(1 - g) - g"}, leak="none")
    told = sentence(model(pumps=(fast,)), "where calcium reaches 100 uM")
    assert told.startswith(WARNING)
    assert "above all because of 'steep'" in told
    assert number("radius is #e", told) > 0
    assert not [line for line in check(model()) if "where calcium reaches" in line]


def test_the_size_of_a_mesh_is_nearly_known_before_it_is_made() -> None:
    described = SHAPES["tetrahedra"]
    assert planned_size(described) == pytest.approx(discretize(described).size, rel=TOLERANCES["planned nodes"])


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != "tetrahedra"])
def test_the_size_of_a_grid_is_known_before_it_is_made(shape: str) -> None:
    described = SHAPES[shape]
    made = discretize(described)
    assert planned_size(described) == made.size
    widths = next(line for line in check(described) if line.startswith("cells of "))
    figures = made.quality.figures()
    assert number("cells of #", widths) == pytest.approx(figures["smallest cell (nm)"], rel=5e-3)
    assert number(r"cells of (?:\S+ to )?# nm", widths) == pytest.approx(figures["largest cell (nm)"], rel=5e-3)


STRETCHED = Grid(size_at_active_zone=0.01, size_in_bulk=0.06)


def with_probe(*position: float, **changes: Any) -> Model:
    return model(discretization=STRETCHED, probes=(Probe(name="deep", position=position),), **changes)


def test_a_probe_in_the_bulk_leaves_the_cells_as_they_are() -> None:
    """Wherever it is; the advice says how wide the cells are there."""
    without = model(discretization=STRETCHED, probes=())
    for position in ((0.2, -0.1, 0.0), (0.0, 0.0, 0.3), (0.0, 0.101, 0.0)):
        described = with_probe(*position)
        for axis, same in zip(grid_axes(described), grid_axes(without), strict=True):
            np.testing.assert_array_equal(axis.edges, same.edges)
    widest = max(axis.widths.max() for axis in grid_axes(without))
    said = sentence(with_probe(0.2, 0.2, 0.35), "probe 'deep' is")
    assert number("cells of # nm", said) == pytest.approx(1000 * widest, rel=0.02)


def test_a_probe_near_a_channel_or_sensor_is_resolved_like_it() -> None:
    for position in ((-0.099, 0.0, 0.0), (0.06, 0.0, 0.099), (0.05, 0.08, 0.0)):
        for axis, x in zip(grid_axes(with_probe(*position)), position, strict=True):
            assert axis.widths[int(axis.find(np.array(x)))] <= 0.01 * (1 + 1e-9)


def test_probes_alone_are_resolved() -> None:
    described = with_probe(0.2, -0.1, 0.3, channels=(), sensors=())
    for axis, x in zip(grid_axes(described), (0.2, -0.1, 0.3), strict=True):
        assert axis.widths[int(axis.find(np.array(x)))] <= 0.01 * (1 + 1e-9)


def test_a_sensor_nearer_than_half_a_cell_is_warned_of() -> None:
    assert not sentence(model(), "sensor 'vesicle' is").startswith("warning")
    assert "60 nm from the nearest channel, 3 cells of 20 nm" in sentence(model(), "sensor 'vesicle'")
    coarse = model(geometry=Box(size=(1.4, 1.4, 0.7)), discretization=Grid(size_at_active_zone=0.14))
    near = sentence(coarse, "sensor 'vesicle'")
    assert near.startswith("warning: ")
    assert "0.429 cells of 140 nm" in near
    assert "cells of 120 nm would be fine enough" in near
    assert not sentence(coarse, "probe 'deep'").startswith("warning")


@pytest.mark.parametrize("mesh", ["stretched grid", "tetrahedra"])
def test_where_nothing_is_added_three_cells_are_asked_for(mesh: str) -> None:
    sizes = {"size_at_active_zone": 0.03, "size_in_bulk": 0.06}
    stretched = Grid(**sizes, margin=0.0, growth=1.5)
    coarse = model(discretization=Tetrahedra(**sizes) if mesh == "tetrahedra" else stretched)
    near = sentence(coarse, "sensor 'vesicle'")
    assert near.startswith("warning: ")
    distance, cells = number("is # nm from", near), number("nearest channel, # cells", near)
    assert cells < 3
    assert number("cells of # nm would be fine enough", near) == pytest.approx(distance / 3)


def test_on_a_pore_no_cells_are_fine_enough() -> None:
    said = sentence(model(probes=(Probe(name="deep", position=(0, 0, 0)),)), "probe 'deep' is 0 nm from")
    assert said.startswith("warning: ")
    assert said.endswith("on a pore calcium has no value: move it away")


def test_a_sensor_that_is_called_so_is_not_called_so_twice() -> None:
    text = "\n".join(check(library.load("keller2015")))
    assert "\nsensor 1 is 58.1 nm" in text
    assert "sensor 'sensor" not in text
    assert sentence(model(), "sensor 'vesicle' is")


@pytest.mark.parametrize("shape", ["stretched", "tetrahedra", "keller2015"])
def test_a_run_is_warned_of_what_check_warns_of(shape: str) -> None:
    """From the control volumes that the run has made, and not from others that are made for it."""
    x, y, *_ = SHAPES[shape].channels[0].positions[0]
    described = SHAPES[shape].changed(probes=[Probe(name="on the pore", position=(x, y, 0.0005))])
    warned = resolution_warnings(described, build_system(described, discretize(described)))
    assert warned
    assert warned == [line.removeprefix(WARNING) for line in check(described) if line.startswith(WARNING)]


def test_python_warns_of_it_at_the_line_that_runs_the_model(tmp_path: Path) -> None:
    on_the_pore = Probe(name="on the pore", position=(0.0, 0.0, 0.002))
    coarse = SHAPES["stretched"].changed(probes=[on_the_pore], run={"duration": 1e-4})
    with pytest.warns(ModelWarning) as caught:
        rc.run(coarse, "numpy", tmp_path / "run")
    assert {WARNING + str(one.message) for one in caught} == {x for x in check(coarse) if x.startswith(WARNING)}
    assert {one.filename for one in caught} == {__file__}


def test_a_model_is_named_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rdcalcium.memory.memory_available", lambda: 2**34)  # which changes from moment to moment
    path = tmp_path / "model.toml"
    path.write_text(write_toml(SHAPES["stretched"].changed(run={"duration": 1e-4})))
    assert check(path) == check(library.load(path))
    assert rc.run(path, "numpy", tmp_path / "run", warn=print).about.status == "finished"
    with pytest.raises(rc.ModelError, match="'keler' is neither a file nor a model of the library"):
        rc.run("keler")
    with pytest.raises(rc.ModelError, match=r"'EGTA' is no buffer; make one .* buffer\(\"EGTA\", total=\"1 mM\"\)"):
        library.load("keller2015").with_buffer("EGTA")


def test_the_readme_says_where_warnings_begin() -> None:
    said = (ROOT / "README.md").read_text().partition("**How near to a channel")[2].partition("\n\n")[0]
    assert (CORRECTED, CAPTURE, NEAR) == (0.5, 2, 3)
    for words in ("half a cell on", "three cells on", "two cells", f"{FILLED} %"):
        assert words in " ".join(said.split())


def test_the_nearest_of_all_channels_counts() -> None:
    groups = (
        Channels(name="far", positions=((-0.2, 0.0), (0.2, 0.0)), current=PULSE),
        Channels(name="near", positions=((0.1, 0.0),), current=PULSE),
    )
    assert "is 40 nm from the nearest channel, 2 cells" in sentence(model(channels=groups), "sensor 'vesicle' is")


def test_flat_cells_are_measured_along_the_way_to_the_channel() -> None:
    flat = model(discretization=Grid(size_at_active_zone=(0.02, 0.02, 0.005)))
    assert "3 cells of 20 nm" in sentence(flat, "sensor 'vesicle' is")
    assert "60 cells of 5 nm" in sentence(flat, "probe 'deep'")


def gap_under_a_vesicle(gap: float, height: float) -> Model:
    vesicle = Sphere(centre=(0.06, 0.0, 0.025 + gap), radius=0.025, name="docked")
    return model(
        geometry=Box(size=(0.5, 0.5, 0.4), obstacles=(vesicle,)),
        discretization=Grid(size_at_active_zone=(0.01, 0.01, height)),
    )


def test_a_gap_much_narrower_than_a_cell_is_warned_of() -> None:
    fine = sentence(gap_under_a_vesicle(0.005, 0.0025), "lies in the gap")
    assert "sensor 'vesicle' lies in the gap of 5 nm under 'docked', 2 cells of 2.5 nm" in fine
    assert not fine.startswith("warning")
    assert sentence(gap_under_a_vesicle(0.001, 0.02), "lies in the gap").startswith("warning: ")
    assert "choose a smaller size_at_active_zone along z" in sentence(
        gap_under_a_vesicle(0.001, 0.02), "lies in the gap"
    )
    coarse = Tetrahedra(size_at_active_zone=0.06, size_in_bulk=0.1)
    on_tetrahedra = sentence(gap_under_a_vesicle(0.0005, 0.01).changed(discretization=coarse), "lies in the gap")
    assert on_tetrahedra.endswith("choose a smaller size_at_active_zone")
    assert not any("gap" in line for line in check(model()))


@pytest.mark.parametrize(
    "cells", [Grid(size_at_active_zone=0.016), Tetrahedra(size_at_active_zone=0.016)], ids=["grid", "tetrahedra"]
)
def test_in_a_gap_of_an_eighth_of_a_cell_calcium_is_that_of_cells_four_times_as_narrow(
    cells: Grid | Tetrahedra,
) -> None:
    """Ten nanometres beside a channel; which is why no wider gap is warned of."""
    vesicle = Sphere(centre=(0.03, 0.0, 0.022), radius=0.02, name="docked")
    gap = model(
        geometry=Box(size=(0.2, 0.2, 0.15), obstacles=(vesicle,)),
        discretization=cells,
        channels=(Channels(name="pore", positions=((0.0, 0.0),), current=PULSE),),
        sensors=(),
        probes=(Probe(name="in the gap", position=(0.03, 0.0, 0.002)),),
        buffers=(),
    )
    coarse, fine = (float(brief(one).calcium[0]) for one in (gap, gap.refined(4)))
    assert coarse == pytest.approx(fine, rel=0.01)


@pytest.mark.parametrize("degrees", [0, 10, 45, 90])
@pytest.mark.parametrize("above", [0.0, 0.002], ids=["on the membrane", "above it"])
def test_a_gap_is_found_wherever_the_membrane_of_a_ball_faces(degrees: int, above: float) -> None:
    """Above a probe beside it is no vesicle."""
    radius, tilt = 0.3, math.radians(degrees)
    outwards = np.array([math.sin(tilt), 0.0, -math.cos(tilt)])
    aside = np.array([math.cos(tilt), 0.0, math.sin(tilt)])

    def place(height: float, by: float = 0.0) -> tuple[float, float, float]:
        x, y, z = (radius - height) * (math.cos(by) * outwards + math.sin(by) * aside)
        return x, y, z

    vesicle = Sphere(centre=place(0.024), radius=0.02, name="docked")
    probes = (Probe(name="under", position=place(above)), Probe(name="beside", position=place(above, 0.1)))
    ball = model(
        geometry=Spherical(radius=radius, obstacles=(vesicle,)),
        discretization=Grid(size_at_active_zone=0.05),
        channels=(Channels(name="pore", positions=(place(0.0, 0.3),), current=PULSE),),
        sensors=(),
        probes=probes,
    )
    (told,) = gaps(ball, cell_sizes(ball).locator)
    assert told.startswith("warning: probe 'under' lies in the gap of 4 nm under 'docked', ")
    assert number("# cells of", told) == pytest.approx(4 / number("cells of # nm", told), rel=0.01)
    axes = {0: "z", 10: "z", 45: "x and z", 90: "x"}[degrees]
    assert told.endswith(f"choose a smaller size_at_active_zone along {axes}")


@pytest.mark.parametrize("degrees", [0, 1, 2, 3, 10, 45, 90])
@pytest.mark.parametrize(("height", "width"), [(0.003, 3), (0.043, 0)], ids=["at its underside", "on top of it"])
def test_a_sensor_that_touches_its_vesicle_lies_in_the_gap_under_it(degrees: int, height: float, width: int) -> None:
    """However that is rounded; and not in that under the vesicle of a pool which is straight above both."""
    radius, tilt = 0.3, math.radians(degrees)

    def place(high: float) -> tuple[float, float, float]:
        return (radius - high) * math.sin(tilt), 0.0, -(radius - high) * math.cos(tilt)

    vesicles = (Sphere(centre=place(0.023), radius=0.02, name="docked"), Sphere(centre=place(0.1), radius=0.02))
    ball = model(
        geometry=Spherical(radius=radius, obstacles=vesicles),
        discretization=Grid(size_at_active_zone=0.01, size_in_bulk=0.05),
        channels=(),
        sensors=(),
        probes=(Probe(name="at", position=place(height)),),
    )
    (told,) = gaps(ball, cell_sizes(ball).locator)
    expected = f"in the gap of {width} nm under 'docked'," if width else "in the gap of 80 nm under 'vesicle',"
    assert expected in told


def test_a_buffer_that_captures_within_two_cells_is_warned_of() -> None:
    """sqrt(D / (k_on B)): 23.5 nm for the fixed buffer, 8.2 nm for 10 mM BAPTA."""
    bapta = library.buffer("BAPTA", total="10 mM")
    described = model(buffers=(FIXED, bapta), discretization=Grid(size_at_active_zone=0.01))
    warned = sentence(described, "captures calcium within")
    assert warned.startswith("warning: buffer 'BAPTA' captures calcium within 8.22 nm")
    assert "cells at the channels are 10 nm" in warned
    fine = model(buffers=(FIXED, bapta), discretization=Grid(size_at_active_zone=0.004, size_in_bulk=0.06))
    assert not any("captures" in line for line in check(fine))


def test_pumps_where_calcium_enters_are_warned_of_by_their_slope_times_half_a_cell() -> None:
    """P h / 2D: 0.22 um/ms and D = 0.22 um^2/ms make it half a width in um; tetrahedra have nodes on the membrane."""
    pump = Pump(name="P", surface="az1", law="P*Ca", parameters={"P": "0.22 um/ms"})
    zones = (ActiveZones(positions=((-0.1, 0.0), (0.1, 0.0)), radius=0.08),)
    pore = Channels(name="pore", positions=((0.09, 0.0),), current=PULSE)
    flat = Grid(size_at_active_zone=(0.01, 0.01, 0.04))  # along the normal of the membrane
    one = model(pumps=(pump,), active_zones=zones, channels=(pore,), discretization=flat)
    warned = sentence(one, "a membrane with pumps")
    assert warned.startswith(
        "warning: calcium enters through a membrane with pumps (up to 0.22 um/ms), which see that of"
    )
    assert "cells of 40 nm: calcium may be up to 2 % off, and cells of 20 nm at the channels would leave 1 %" in warned
    others = [one.changed(pumps=[pump.changed(surface=name)]) for name in ("az0", "z_max")]
    others += [one.changed(discretization=Grid(size_at_active_zone=(0.04, 0.04, 0.019))), one.on_tetrahedra()]
    others.append(one.changed(calcium={"diffusivity": 0}))
    assert not any(beside_pores(other).matters for other in others)
    assert beside_pores(one.changed(pumps=[pump.changed(surface="az")])).matters


def test_of_a_pump_that_saturates_the_steepest_of_rest_and_of_open_channels_counts() -> None:
    """J = v c^2 / (k^2 + c^2) has a slope of 2 v k^2 c / (k^2 + c^2)^2, larger at 10 uM than at rest; two add up."""
    law = {"law": "v*Ca^2/(k^2 + Ca^2)", "parameters": {"v": "2 uM*um/ms", "k": "8 uM"}}
    pumps = tuple(Pump.model_validate({"name": name, "surface": "membrane", **law}) for name in "ab")
    slope = 2 * 2 * 64 * 10 / 164**2
    assert beside_pores(model(pumps=pumps[:1])).slope == pytest.approx(slope, rel=1e-5)
    assert beside_pores(model(pumps=pumps)).slope == pytest.approx(2 * slope, rel=1e-5)


@pytest.mark.parametrize(
    ("buffer", "length"),
    [  # published capture lengths in nm, at 50 nM of calcium
        (library.buffer("fixed_xu1997"), 23.5),
        (library.buffer("BAPTA", total="1 mM"), 26.0),
        (library.buffer("ATP_free_arai_jonas2014", total="580 uM"), 27.5),
        (library.buffer("EGTA", total="10 mM"), 61.4),
        (library.buffer("EGTA", total="1 mM"), 194.0),
        (library.buffer("fixed_meinrenken2002", total="80 uM"), 75.0),
    ],
)
def test_capture_lengths_are_the_published_ones(buffer: Buffer, length: float) -> None:
    rate = build_chemistry(model(buffers=(buffer,))).capture_rate(buffer.name)
    assert 1e3 * np.sqrt(0.22 / rate) == pytest.approx(length, rel=0.02)


def test_a_mesh_is_judged_by_its_negative_couplings(tmp_path) -> None:
    """A cube of stretched, skewed tetrahedra is far from Delaunay; the box of the package is not."""
    good = sentence(SHAPES["tetrahedra"], "negative couplings weigh")
    assert not good.startswith("warning")
    quality = discretize(SHAPES["tetrahedra"]).quality
    none = replace(discretize(SHAPES["tetrahedra"]), quality=replace(quality, negative=0.0, negative_weight=0.0))
    assert next(judge_mesh(SHAPES["tetrahedra"], none)) == "no coupling is negative"
    steps = np.linspace(0, 1, 5)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    skewed = grid * [0.4, 0.1, 0.4]
    skewed[:, 0] += 2.0 * skewed[:, 1]
    cells = []
    for i in range(4):
        for j in range(4):
            for k in range(4):
                corner = [(i + a) * 25 + (j + b) * 5 + k + c for a in (0, 1) for b in (0, 1) for c in (0, 1)]
                for path in ((1, 3), (1, 5), (2, 3), (2, 6), (4, 5), (4, 6)):
                    cells.append([corner[0], corner[path[0]], corner[path[1]], corner[7]])
    write_mesh(TetrahedralMesh(skewed, np.array(cells)), tmp_path / "skewed.vtu")
    described = model(
        geometry=MeshFile(file=str(tmp_path / "skewed.vtu"), length_unit="um"),
        discretization=Tetrahedra(),
        channels=(),
        sensors=(),
        probes=(),
    )
    assert sentence(described, "names no part of its surface").endswith("the membrane, on which channels may lie")
    bad = sentence(described, "negative couplings weigh")
    assert bad.startswith("warning: ")
    assert number("weigh # of", bad) > NEGATIVE


@pytest.mark.parametrize("size", [0.02, 0.00005], ids=["fits", "does not fit"])
def test_advice_asks_about_what_was_hardly_meant(size: float) -> None:
    late = PulseCurrent(amplitude=0.1, start=2, duration=1)
    described = model(
        discretization=Grid(size_at_active_zone=size),
        calcium={"rest": 50},
        channels=(Channels(name="pore", positions=((0.0, 0.0),), current=late),),
    )
    assert sentence(described, "resting calcium is").startswith(
        "warning: resting calcium is 50 uM, above 1 uM: is that"
    )
    assert sentence(described, "begins at").startswith(
        "warning: the current of channels 'pore' begins at 2 ms, but the"
    )


def test_advice_on_a_model_that_does_not_fit_comes_at_once() -> None:
    started = time.perf_counter()
    lines = check(model(discretization=Grid(size_at_active_zone=0.00005)))
    assert time.perf_counter() - started < 2
    assert any(line.startswith("warning: this does not fit; cells about ") for line in lines)
    assert any(line.startswith("reference: ") for line in lines)


def test_advice_names_the_backend_and_the_papers() -> None:
    from rdcalcium.backends import choose

    name, reason = choose("auto")
    lines = check(library.load("keller2015"))
    assert f"backend that auto takes: {name}, because {reason}" in lines
    papers = [line for line in lines if line.startswith("reference: ")]
    assert len(papers) == len(library.used_references(library.load("keller2015")))
    assert any("Keller D" in line for line in papers)


def test_a_model_without_channels_has_nothing_near_them() -> None:
    quiet = model(channels=(), sensors=(), probes=(), buffers=())
    assert not any(line.startswith("warning") for line in check(quiet))
    assert not any("channel" in line for line in check(quiet))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_line_is_one_line(shape: str) -> None:
    assert all(line and "\n" not in line for line in check(SHAPES[shape]))


def test_the_binding_ratio_of_a_buffer_at_rest_is_that_of_its_formula() -> None:
    """K_d B / (K_d + c)² (Neher & Augustine 1992)."""
    one = Buffer(name="a", total=400, diffusivity=0, k_on=0.1, K_d=10)
    other = Buffer(name="b", total=40, diffusivity=0, k_on=0.1, K_d=2)
    buffered = model(buffers=(one, other)).changed(calcium={"rest": 0.5})
    first, second = 10 * 400 / 10.5**2, 2 * 40 / 2.5**2
    (line,) = [line for line in check(buffered) if line.startswith("binding ratio at rest")]
    assert line.endswith(f"a {first:.3g}, b {second:.3g}; together {first + second:.3g}")


def test_many_sensors_are_told_of_in_two_lines() -> None:
    """The nearest of those too near with how many are like it, and both ends of the others."""
    places = [[0.0, 0.005 * i, 0.0] for i in range(1, 41)]
    release = Sensor.model_validate({"use": "felmy2003", "name": "release", "positions": places})
    told = [line for line in check(model(sensors=(release,))) if "'release'" in line]
    coupled, near, far = told
    assert coupled.endswith("to the nearest channel: 5 to 200 nm, median 103 nm")
    assert near.startswith("warning: sensor 'release 1' is 5 nm from the nearest channel, 0.25 cells of 20 nm; ")
    assert near.endswith("; of 40 sensors 'release' this one alone")
    assert "of the other 39 sensors 'release' the nearest: sensor 'release 2' is 10 nm" in far
    assert far.endswith("sensor 'release 40' is 200 nm from the nearest channel, 10 cells of 20 nm")


def test_what_is_near_one_cell_away_is_one_cell_away() -> None:
    assert ", 1 cell of 20 nm" in sentence(model(probes=(Probe(name="one", position=(0, 0.02, 0)),)), "probe 'one'")


def test_calcium_in_membranes_and_stores_is_told_of() -> None:
    """Of 180 molecules on each µm² the share c / (c + (k_off + k_out) / k_on), and what lies in a well-mixed store."""
    pump = Pump(use="PMCA_bartol2015")
    store = {"name": "ER", "surface": "x_min", "volume": 1e-3, "rest": 150, "binding_ratio": 20}
    serca = {"use": "SERCA_li_rinzel1994", "parameters": {"V_max": "2e-3 uM*um/ms"}}
    described = model(pumps=(pump,), stores=({**store, "transports": [serca]},))
    c, K = described.calcium.rest, (15 + 12) / 150
    held = 0.25 * 180 / IONS_PER_AMOUNT * c / (c + K)
    said = sentence(described, "besides, at rest: ")
    assert number(r"# uM um\^3 bound to PMCA_bartol2015", said) == pytest.approx(held, rel=1e-4)
    assert number(r"# uM um\^3 stored in ER", said) == pytest.approx(21 * 0.15, rel=1e-4)
    assert not any("besides" in line for line in check(model()))


def test_a_place_of_a_mesh_is_told_by_the_kind_and_name_of_the_body_beside_it() -> None:
    inside = Ellipsoid(centre=(0, 0, 0.2), semi_axes=(0.1, 0.12, 0.12))
    model = Model(
        geometry=Box(size=(0.5, 0.5, 0.4), obstacles=(inside,)),
        discretization=Tetrahedra(size_at_active_zone=0.1, size_in_bulk=0.1),
        run=Run(duration=1),
    )
    made = discretize(model)
    assert where(model, made, [0.1, 0.0, 0.2]).endswith("at ellipsoid 'mitochondrion'")
    assert "from ellipsoid 'mitochondrion'" in where(model, made, [0.11, 0.0, 0.2])
    assert where(model, made, [0.2, 0.2, 0.0]).endswith("surface 'membrane'")
