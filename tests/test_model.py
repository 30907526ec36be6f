"""A model is frozen data: checked when it is read, and the same when it is written and read again."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import tomli_w

from rdcalcium import library
from rdcalcium.model import (
    Box,
    Buffer,
    Calcium,
    Channels,
    Grid,
    Model,
    ModelError,
    PulseCurrent,
    Record,
    Run,
    Sphere,
    Tetrahedra,
    write_toml,
)
from rdcalcium.model.docstrings import key_meaning
from rdcalcium.model.waveform import read_waveform
from rdcalcium.recorders.release import ReleaseSensors
from tests.model_tables import (
    DISCRETIZATIONS,
    FIXED,
    GEOMETRIES,
    OHMIC,
    PARTS,
    channel,
    kinds_of_table,
    kinds_used,
    model_of_tables,
    tables,
)


def table(times: list[float], values: list[float]) -> dict[str, Any]:
    """Channels with a tabulated current."""
    return channel(current={"kind": "table", "times": times, "values": values})


def reread(model: Model) -> Model:
    return library.resolve(tomllib.loads(write_toml(model)))


class Broken:
    """What follows "none:" may begin in the next line of the source."""

    one: float | None
    """Longest time step; none: any
    length."""
    other: float | None
    """Longest time step; none:
    any length."""


def test_an_open_key_is_written_wherever_its_docstring_breaks() -> None:
    assert {key_meaning(Broken, key) for key in ("one", "other")} == {("Longest time step", "any length")}


@pytest.mark.parametrize("part", PARTS)
def test_a_model_is_the_same_when_it_is_written_and_read(part: str) -> None:
    model = library.resolve(tables(**PARTS[part]))
    again = reread(model)
    assert again == model
    assert write_toml(again) == write_toml(model)


def test_every_kind_of_part_is_written_and_read() -> None:
    there = set().union(*(kinds_used(model_of_tables(**part)) for part in PARTS.values()))
    assert kinds_of_table(Model) - there == set()


@pytest.mark.parametrize("name", library.entries("models"))
def test_a_library_model_is_the_same_when_it_is_written_and_read(name: str) -> None:
    model = library.load(name)
    assert reread(model) == model


def test_equality_notices_every_change() -> None:
    model = library.resolve(tables())
    text = write_toml(model)
    assert library.resolve(tomllib.loads(text.replace("10 mM", "10000.000000000002 uM"))) != model
    assert library.resolve(tomllib.loads(text.replace("60 nm", "61 nm"))) != model


def test_the_written_model_says_every_quantity_with_its_unit() -> None:
    text = " ".join(write_toml(library.resolve(tables(**PARTS["geometry vesicles"]))).split())
    for said in ('size = ["1 um", "1 um", "0.5 um"]', 'radius = "25 nm"', 'total = "10 mM"'):
        assert said in text
    for said in (
        'k_on = "0.01 1/(uM*ms)"',
        'k_off = "0.0007 1/ms"',
        '[sensors.parameters] k_on = "0.116 1/(uM*ms)" k_off = "8.43 1/ms" b = 0.25 gamma = "6.96 1/ms"',
        'rest = "50 nM"',
        'amplitude = "0.1 pA"',
    ):
        assert said in text


def test_the_written_model_says_what_is_left_open() -> None:
    """Every key with a default stands in it: with its value, or with what it means that there is none."""
    text = write_toml(model_of_tables(buffers=[]))
    for said in (
        "# max_step is not said: as long as the tolerance allows\n",
        "# absolute_tolerance is not said: tolerance × the resting level of each, or × 0.01 µM where that is lower\n",
        "# symmetry is not said: the whole terminal is computed\n",
        "# size_in_bulk is not said: the grid is uniform\n",
        "# buffers is not said: nothing binds calcium\n",
        "# snapshots is not said: rest and end alone\n",
    ):
        assert said in text
    unseen = {"name", "use", "source", "references", "released", "K_d", "k_on", "k_off"}
    for part in (Model, Box, Grid, Run, Record, Calcium):
        for key, field in part.model_fields.items():
            if not field.is_required() and key not in unseen:
                assert re.search(rf"^(# {key} is not said|{key} =|\[+{key})", text, re.MULTILINE), key


def test_a_text_that_looks_like_a_comment_stays_a_text() -> None:
    model = model_of_tables(title="# x is not said: [\n]")
    assert reread(model) == model


def test_a_number_without_a_unit_is_in_the_units_of_the_package() -> None:
    with_units = tables(probes=[{"name": "deep", "position": ["0 nm", "0 nm", "400 nm"]}])
    assert library.resolve(with_units) == library.resolve(tables())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"titel": "x"}, "unknown key 'titel'; known: .*. Did you mean 'title'?"),
        ({"run": {"durration": "5 ms"}}, "unknown key 'run.durration'; .*. Did you mean 'duration'?"),
        (
            {"buffers": [{"use": "EGTA", "totl": 1}]},
            r"unknown key 'buffers\[1\].totl'; .*. Did you mean 'total'?",
        ),
        (
            {"geometry": {"kind": "box", "sise": [1, 1, 1]}},
            "unknown key 'geometry.sise'; .*. Did you mean 'size'?",
        ),
        (
            {"channels": [channel(current={"kind": "pulse", "ampltude": 1})]},
            r"unknown key 'channels\[1\].current.ampltude'; .*. Did you mean 'amplitude'?",
        ),
        (
            {
                "geometry": {
                    "kind": "box",
                    "size": [1, 1, 1],
                    "obstacles": [{"center": [0, 0, 0.1], "radius": 0.02}],
                }
            },
            r"unknown key 'geometry.obstacles\[1\].center'; .*. Did you mean 'centre'?",
        ),
        (
            {"record": {"snapshots": {"evry": 1}}},
            "unknown key 'record.snapshots.evry'; .*. Did you mean 'every'?",
        ),
        (
            {"geometry": {"kind": "bocks", "size": [1, 1, 1]}},
            "unknown kind 'bocks' of 'geometry'; known: .*box, ",
        ),
        ({"geometry": {"size": [1, 1, 1]}}, "'geometry' needs a kind"),
        ({"channels": [channel(current={"kind": "puls"})]}, r"unknown kind 'puls' .*. Did you mean 'pulse'?"),
        ({"run": {}}, "'run.duration' is missing"),
        ({"run": {"duration": "5 uM"}}, "'5 uM' is not a time: its unit is .M, expected one like ms"),
        (
            {"stimulus": {"kind": "action_potential", "waveform": "calyx_keller2015", "times": []}},
            "'stimulus.times' needs at least 1 of them, not 0",
        ),
        ({"run": {"duration": 0}}, "'run.duration' is 0; it should be greater than 0"),
        ({"run": {"duration": float("nan")}}, "nan is not a finite time"),
        ({"run": {"duration": 1, "tolerance": True}}, "run.tolerance: True is not a number"),
        ({"run": {"duration": 1, "tolerance": 1}}, "'run.tolerance' is 1; it should be less than 1"),
        ({"run": {"duration": 1, "seed": 1.5}}, "'run.seed' is 1.5; write a whole number"),
        ({"run": {"duration": 1, "tolerance": float("nan")}}, "run.tolerance: nan is not a finite number"),
        (
            {"run": {"duration": 1, "precision": "float16"}},
            "'run.precision' is 'float16'; possible: .*float32",
        ),
        (
            {"calcium": {"rest": "-50 nM"}},
            "'calcium.rest' is '-50 nM'; it should be greater than or equal to 0",
        ),
        ({"calcium": {"rest": "inf uM"}}, "not a finite concentration"),
        (
            {"buffers": [{"use": "EGTA", "total": "-1 mM"}]},
            r"'buffers\[1\].total' is '-1 mM'; it should be greater",
        ),
        (
            {"buffers": [{"use": "EGAT", "total": 1}]},
            "the library has no buffer 'EGAT'. Did you mean 'EGTA'",
        ),
        ({"buffers": [{"use": "EGTA", "total": 1}, {"use": "EGTA", "total": 1}]}, "two buffers are called 'EGTA'"),
        ({"buffers": [{"use": "ATP_keller2015"}]}, "'ATP_keller2015' binds Mg: say how much there is"),
        ({"probes": [{"name": "v 1", "position": [0, 0, 0.1]}]}, "two recorded points are called 'v 1'"),
        ({"channels": [channel(**OHMIC)]}, r"channels with a gate need a voltage: add a \[stimulus\]"),
        (
            {"channels": [channel(gate=OHMIC["gate"], parameters=OHMIC["parameters"])]},
            "a current of kind 'pulse' has no gate",
        ),
        ({"channels": [channel(positions=[])]}, r"'channels\[1\].positions' needs at least 1 of them, not 0"),
        ({"channels": [channel(positions=[[0]])]}, r"'channels\[1\].positions\[1\]' needs at least 2 of them, not 1"),
        ({"channels": [table([1], [0.1])]}, r"'channels\[1\].current.times' needs at least 2 of them, not 1"),
        ({"channels": [table([1, 1], [0, 0.1])]}, r"all times of the table are 1 ms: it lasts for no time"),
        ({"channels": [table([2, 1], [0, 0.1])]}, r"the times of the table must ascend"),
        ({"channels": [table([1, 2], [0, 0.1, 0])]}, r"the table has 2 times but 3 values"),
        ({"channels": channel()}, r"'channels' is one table, .*; write \[\[channels\]\] in double brackets"),
        (
            {"geometry": {**GEOMETRIES["box"], "obstacles": {"centre": [0, 0, 0.2], "radius": 0.1}}},
            r"'geometry.obstacles' is one table, .*; write \[\[geometry.obstacles\]\] in double brackets",
        ),
        ({"channels": [channel(positions=[["0 nm", "0 nn"]])]}, r"^model: channels\[1\].positions\[1\]\[2\]: 'nn' in"),
        (
            {"sensors": [{"name": "s", "use": "felmy2003", "positions": [["30 nm", "0 nm"]]}]},
            r"^model: 'sensors\[1\].positions\[1\]' has no z; write x, y and z$",
        ),
        (
            {"probes": [{"name": "p", "position": [0, 0]}]},
            r"^model: 'probes\[1\].position' has no z; write x, y and z$",
        ),
        ({"geometry": {"kind": "box", "size": [1, 1, 1], "symmetry": ["x", "x"]}}, "names the plane x = 0 twice"),
        ({"geometry": GEOMETRIES["mesh"]}, "a mesh file is solved on its own tetrahedra"),
        (
            {"geometry": GEOMETRIES["mesh"], "discretization": DISCRETIZATIONS["tetrahedra"]},
            "a mesh file has tetrahedra of its own size: leave out size_at, size_at_active_zone, size_in_bulk",
        ),
        (
            {"stimulus": {"kind": "action_potential", "waveform": "calyx_kelller2015"}},
            "no waveform 'calyx_kelller2015'. Did you mean 'calyx_keller2015'?",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence_that_names_it(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        library.resolve(tables(**change))


@pytest.mark.parametrize("character", [*':,"/\\', "\0", "\x1b", "\v", "\n", "\x85", "\u2028", "\u2029", "\x7f"])
@pytest.mark.parametrize("part", ["buffers", "channels", "sensors", "probes"])
def test_a_name_holds_nothing_that_would_break_a_heading(part: str, character: str) -> None:
    for name in (f"a{character}b", f"a{character}"):
        named = [{**tables()[part][0], "name": name}]
        with pytest.raises(ModelError, match=r"must not be empty, nor hold a colon, .* or control character") as error:
            library.resolve(tables(**{part: named}))
        assert "\n" not in str(error.value)


def test_a_name_may_be_of_any_language() -> None:
    assert model_of_tables(probes=[{"name": " Sonde 1 (µm) é 探针 ", "position": [0, 0, 0.1]}]).probes[0].name == (
        "Sonde 1 (µm) é 探针"
    )


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (
            [[0, 0], [0.6, 0]],
            r"channels 'pore', number 2 at \(600, 0, 0\) nm is outside the terminal, whose x goes",
        ),
        ([[0, 0, -0.001]], r"at \(0, 0, -1\) nm is outside the terminal, whose z goes from 0 to 500 nm"),
        (
            [[0, 0.1], [0.1, 0.2, 0.1]],
            r"'pore', number 2 at \(100, 200, 100\) nm is 100 nm away from the membrane, which is nearest at "
            r"\(100, 200, 0\) nm; move it there, or say place = \"anywhere\"",
        ),
        ([[0.5, 0, 0.1]], "is 100 nm away from the membrane"),  # another wall is none
    ],
)
def test_a_channel_sits_on_the_membrane(positions: list[list[float]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        library.resolve(tables(channels=[channel(positions=positions)]))


def test_a_source_may_be_anywhere_in_the_cytosol_if_it_says_so() -> None:
    model = library.resolve(tables(channels=[channel(positions=[[0.1, 0, 0.2]], place="anywhere"), channel(name="b")]))
    assert model.channels[0].points == ((0.1, 0.0, 0.2),)
    assert list(model.points_on_membrane()) == ["channels 'b', number 1"]
    with pytest.raises(ModelError, match="outside the terminal"):
        library.resolve(tables(channels=[channel(positions=[[0.1, 0, 0.6]], place="anywhere")]))


def test_a_sensor_inside_a_vesicle_is_refused() -> None:
    box = {"kind": "box", "size": [1, 1, 0.5], "obstacles": [{"centre": [0.06, 0, 0.02], "radius": "19 nm"}]}
    with pytest.raises(ModelError, match=r"sensor 'v 1' at \(60, 0, 2\) nm is inside obstacle 1, 'vesicle'"):
        library.resolve(tables(geometry=box))


def test_a_channel_touched_by_a_vesicle_is_inside_it() -> None:
    box = {"kind": "box", "size": [1, 1, 0.5], "obstacles": [{"centre": [0, 0, 0.02], "radius": "25 nm"}]}
    with pytest.raises(ModelError, match=r"channels 'pore', number 1 .* is inside obstacle 1"):
        library.resolve(tables(geometry=box))


def test_a_symmetric_box_computes_its_positive_part() -> None:
    whole = Box(size=(1, 0.8, 0.5))
    half = Box(size=(1, 0.8, 0.5), symmetry=("x",))
    quarter = Box(size=(1, 0.8, 0.5), symmetry=("x", "y"))
    assert (whole.copies, half.copies, quarter.copies) == (1, 2, 4)
    assert whole.bounds == ((-0.5, -0.4, 0.0), (0.5, 0.4, 0.5))
    assert half.bounds == ((0.0, -0.4, 0.0), (0.5, 0.4, 0.5))
    assert quarter.bounds == ((0.0, 0.0, 0.0), (0.5, 0.4, 0.5))


def test_nothing_may_lie_beyond_a_mirror_plane() -> None:
    box = {"kind": "box", "size": [1, 1, 0.5], "symmetry": ["x"]}
    message = r"at \(-60, 0, 0\) nm, but symmetry = \[\"x\"\] computes only x >= 0: leave the mirror images out"
    with pytest.raises(ModelError, match=message):
        library.resolve(tables(geometry=box, channels=[channel(positions=[[-0.06, 0]])]))
    with pytest.raises(ModelError, match="'vesicle' lies at x < 0, outside the computed half"):
        Box(size=(1, 1, 1), symmetry=("x",), obstacles=(Sphere(centre=(-0.1, 0, 0.1), radius=0.02),))


def test_a_model_is_frozen() -> None:
    model = model_of_tables()
    with pytest.raises(ModelError, match="stays as it is; make another one: changed"):
        model.title = "another"  # type: ignore[misc]
    with pytest.raises(ModelError, match="stays as it is; make another one: changed"):
        model.buffers[0].total = 1.0  # type: ignore[misc]


def test_a_changed_model_is_checked_again() -> None:
    model = model_of_tables()
    assert model.changed(title="another").title == "another"
    assert model.title == "tables"
    with pytest.raises(ModelError, match="outside the terminal"):
        model.changed(geometry=Box(size=(0.01, 0.01, 0.01)))


def test_a_change_says_only_what_is_new() -> None:
    model = model_of_tables()
    assert model.changed(run={"duration": "1 ms"}).run == model.run.changed(duration=1)
    assert model.changed(run={"tolerance": 0.1}).run.duration == model.run.duration
    assert model.changed(calcium={"rest": "70 nM"}).calcium.diffusivity == model.calcium.diffusivity
    assert model.changed(calcium={"diffusivity": 0.3}).calcium.source == ()
    snapshots = model.changed(record={"snapshots": {"every": 1}}).record.snapshots
    assert snapshots is not None
    assert model.changed(record={"snapshots": snapshots}).changed(record={"snapshots": {"fields": "all"}}) == (
        model.changed(record={"snapshots": {"every": 1, "fields": "all"}})
    )
    tetrahedra = model.changed(discretization={"kind": "tetrahedra", "size_in_bulk": "0.1 um"}).discretization
    assert tetrahedra == Tetrahedra(size_in_bulk=0.1)  # of another kind: nothing of the grid stays
    with pytest.raises(ModelError, match=r"unknown key 'durration'; known: .* Did you mean 'duration'"):
        model.changed(run={"durration": 1})


def test_a_list_is_replaced_and_its_parts_are_filled_in_from_the_library() -> None:
    model = model_of_tables()
    sensors = [{"name": "s", "use": "felmy2003", "positions": [["50 nm", "0 nm", "0 nm"]]}]
    moved = model.changed(sensors=sensors)
    assert [sensor.positions for sensor in moved.sensors] == [((0.05, 0.0, 0.0),)]
    assert moved.sensors[0].scheme == model.sensors[0].scheme
    assert moved == model.changed(sensors=[library.sensor("felmy2003", name="s", positions=[[0.05, 0, 0]])])
    assert moved.changed(sensors=[model.sensors[0]]) == model


@pytest.mark.parametrize(
    ("changes", "k_on", "k_off"),
    [
        ({"total": "1 mM"}, 0.010, 0.0007),
        ({"K_d": "0.1 uM"}, 0.010, 0.001),
        ({"k_on": 0.02}, 0.02, 0.0007),
        ({"k_off": 0.001, "K_d": 1}, 0.001, 0.001),
        ({"use": "BAPTA"}, 0.4, 0.088),
    ],
)
def test_a_changed_buffer_stays_consistent(changes: dict[str, Any], k_on: float, k_off: float) -> None:
    changed = library.buffer("EGTA", total="10 mM").changed(**changes)
    ((forward, backward),) = changed.kinetics().rates()
    assert (float(forward), float(backward)) == pytest.approx((k_on, k_off), rel=1e-12)
    assert changed.total == (1000 if "total" in changes else 10000)
    assert changed.name == changed.use == changes.get("use", "EGTA")


def test_another_entry_says_all_but_where_the_sensors_are() -> None:
    sensor = library.sensor("felmy2003", name="mine", positions=[[0, 0, 0]], parameters={"b": 0.5})
    other = sensor.changed(use="schneggenburger_neher2000")
    assert other == library.sensor("schneggenburger_neher2000", name="mine", positions=[[0, 0, 0]])
    own = sensor.changed(scheme=["A + Ca <-> B : 1, k", "B -> fused : 1"], parameters={"k": 1})
    assert own.parameters == {"k": 1.0}


def test_with_buffer_adds_or_replaces_by_name() -> None:
    model = model_of_tables(buffers=[FIXED])
    more = model.with_buffer(library.buffer("EGTA", total="10 mM"))
    assert [(b.name, b.total) for b in more.buffers] == [("fixed", 400), ("EGTA", 10000)]
    less = more.with_buffer(library.buffer("EGTA", total="1 mM"))
    assert [(b.name, b.total) for b in less.buffers] == [("fixed", 400), ("EGTA", 1000)]
    assert model == model_of_tables(buffers=[FIXED])


RATES = {"k_on": 0.1, "k_off": 10.0, "K_d": 100.0}


@pytest.mark.parametrize("left_out", [None, *RATES])
def test_any_two_of_the_rates_and_the_dissociation_constant_make_a_buffer(left_out: str | None) -> None:
    given = {k: v for k, v in RATES.items() if k != left_out}
    forward, backward = Buffer(name="B", total=1, diffusivity=0, **given).kinetics().rates()[0]
    assert forward == pytest.approx(0.1, rel=1e-15)
    assert backward == pytest.approx(10.0, rel=1e-15)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"k_on": 1}, "needs two of k_on, k_off and K_d, or a scheme"),
        ({"k_on": 0, "k_off": 1}, "never binds"),
        ({"k_off": 1, "K_d": 0}, "never binds"),
        # As printed in table 1 of Kobbersmed et al. 2020 (eLife): the three do not fit each other.
        (
            {"k_on": 0.1, "k_off": 1, "K_d": 100},
            r"k_off / k_on is 10 uM but K_d is 100 uM; give two of the three",
        ),
        ({"scheme": ("B + Ca <-> C : 1, 1",), "k_on": 1, "k_off": 1}, "put its rates under parameters"),
        ({"scheme": ("B + Ca <-> C : exp(V/20), 1",)}, "cannot depend on the voltage"),
        ({"scheme": ("C <-> B + Ca : 1, 1",)}, "cannot read the transition"),
        ({"scheme": ("A <-> B : 1, 1",)}, "no step of its scheme binds calcium or magnesium"),
        (
            {"scheme": ("A <-> B : 1, 1", "C + Ca <-> A : 1, 1")},
            "the first state of the scheme must be the one without",
        ),
    ],
)
def test_rates_that_do_not_make_a_buffer_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Buffer(name="B", total=1, diffusivity=0, **given)


@pytest.mark.parametrize(
    ("said", "k_on", "k_off"),
    [
        ({}, 0.010, 0.0007),
        ({"total": "10 mM"}, 0.010, 0.0007),
        ({"k_on": "0.0027 /uM/ms"}, 0.0027, 0.0007),  # K_D follows
        ({"k_off": "0.00047 /ms"}, 0.010, 0.00047),  # K_D follows
        ({"K_d": "0.543 uM"}, 0.010, 0.00543),  # binding is what diffusion allows: unbinding follows
        ({"K_d": "180 nM", "k_on": 0.0025}, 0.0025, 0.00045),
        ({"K_d": "180 nM", "k_off": 0.00045}, 0.0025, 0.00045),
        ({"k_on": 0.0025, "k_off": 0.00045}, 0.0025, 0.00045),
    ],
)
def test_what_is_said_replaces_the_library_and_the_rest_stays_consistent(said, k_on, k_off) -> None:
    buffer = library.buffer("EGTA", **{"total": "1 mM", **said})
    forward, backward = buffer.kinetics().rates()[0]
    assert forward == pytest.approx(k_on, rel=1e-12)
    assert backward == pytest.approx(k_off, rel=1e-12)
    assert (buffer.use, buffer.name, buffer.diffusivity) == ("EGTA", "EGTA", 0.22)


def test_one_parameter_of_a_library_scheme_can_be_replaced() -> None:
    buffer = library.buffer("ATP_keller2015", parameters={"k_off": "100 /ms"})
    assert buffer.parameters == {"k_on": 0.5, "k_off": 100.0, "k_on_Mg": 0.5, "k_off_Mg": 22.5}


@pytest.mark.parametrize(
    ("kind", "part", "message"),
    [
        (
            "sensors",
            {"use": "felmy2003", "positions": [[0, 0, 0]], "parameters": {"k_onn": 0.3}},
            r"no rate of 'felmy2003' uses the parameter 'k_onn'; used: b, gamma, k_off, k_on. Did you mean 'k_on'\?",
        ),
        ("buffers", {**FIXED, "parameters": {"k": 1}}, "no rate of 'fixed' uses the parameter 'k'; used: none"),
        ("channels", channel(parameters={"k": 1}), "no rate of 'pore' uses the parameter 'k'; used: none"),
    ],
)
def test_a_parameter_that_no_rate_uses_is_refused(kind: str, part: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        library.resolve(tables(**{kind: [part]}))


SCHEMES = {  # lines, bare numbers, and what is written of them
    "one step": (["A + Ca <-> B : 5*k_on, k_off"], "k_on = 0.1 1/(uM*ms), k_off = 2 1/ms"),
    "a factor": (["A + Ca <-> B : 5*k_on, k_off", "B + Ca <-> C : k_on, 2*k_off*b*b"], "b = 0.25"),
    "a constant of dissociation": (["A + Ca <-> B : k_on, k_on*K"], "K = 7 uM"),
    "a time": (["A <-> B : 1/tau, k_off"], "tau = 3 ms"),
    "a voltage": (["A <-> B : k_off*exp(V/s), exp(-V/s)"], "s = 20 mV, k_off = 2 1/ms"),
    "terms of a sum": (["A <-> B : a + k_off*exp(V/s), 1"], "a = 4 1/ms, k_off = 2 1/ms, s = 20 mV"),
    "a half-saturation": (["A <-> B : k_off + a*Ca/(K + Ca), 1"], "k_off = 2 1/ms, a = 4 1/ms, K = 7 uM"),
    "two unknown stay bare": (["A <-> B : a*k_off, 1"], "a = 4.0, k_off = 2.0"),
    "one name for two things stays bare": (["A + Ca <-> B : a, a"], "a = 4.0"),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_a_bare_number_of_a_scheme_is_written_with_the_unit_of_its_place(name: str) -> None:
    lines, written = SCHEMES[name]
    numbers = {"k_on": 0.1, "k_off": 2, "b": 0.25, "K": 7, "tau": 3, "s": 20, "a": 4}
    used = {k: v for k, v in numbers.items() if re.search(rf"\b{k}\b", " ".join(lines))}
    if "V" in "".join(lines):
        new = {"channels": [channel(**{**OHMIC, "gate": lines, "parameters": used, "open_states": ["B"]})]}
        model = library.resolve(tables(**new, stimulus=PARTS["current ohmic"]["stimulus"]))
    else:
        sensor = {"name": "s", "positions": [[0, 0, 0]], "scheme": [*lines, "B -> fused : 1"], "parameters": used}
        model = library.resolve(tables(sensors=[sensor]))
    text = write_toml(model).replace('"', "")
    for line in written.split(", "):
        assert f"\n{line}\n" in text
    assert reread(model) == model
    assert write_toml(reread(model)).replace('"', "") == text


def test_a_scheme_of_the_library_has_no_dissociation_constant_to_replace() -> None:
    with pytest.raises(ModelError, match="put its rates under parameters"):
        library.buffer("ATP_keller2015", K_d="90 uM")


def test_a_channel_group_gives_its_points_a_height() -> None:
    current = PulseCurrent(amplitude=0.1, duration=1)
    group = Channels(name="c", positions=((0.1, 0.2), (0.3, 0.4, 0.5)), current=current)
    assert group.points == ((0.1, 0.2, 0.0), (0.3, 0.4, 0.5))


@pytest.mark.parametrize("text", ["", "title = ", "[geometry", "hello there", "\0"])
def test_a_file_that_holds_no_model_is_one_sentence(tmp_path, text: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(ModelError, match=re.escape("m.toml")) as error:
        library.load(path)
    assert str(error.value).startswith(("m.toml", str(path)))


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path) -> None:
    """As editors on Windows write it; also a waveform, whose first row would else be taken for its heading."""
    stimulus = {"kind": "action_potential", "waveform": "ap.csv"}
    (tmp_path / "ap.csv").write_text("0,-80\n1,20\n", encoding="utf-8-sig")
    (tmp_path / "m.toml").write_text(tomli_w.dumps(tables(stimulus=stimulus)), encoding="utf-8-sig")
    model = library.load(tmp_path / "m.toml")
    assert model.stimulus is not None
    assert model.stimulus.table == ((0, -80), (1, 20))


@pytest.mark.parametrize(
    "text",
    [
        "title = " + "[" * 5000,
        "title = " + "[" * 5000 + "]" * 5000,
        "title = " + "{a=" * 5000,
        'probes = [{ name = "p", position = ' + "[" * 90 + "1" + "]" * 90 + "}]",
    ],
)
def test_brackets_within_brackets_are_one_short_sentence(tmp_path, text: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"m\.toml") as error:
        library.load(path)
    assert max(map(len, str(error.value).splitlines())) < 300


def test_a_waveform_of_the_user_is_found_beside_the_model(tmp_path) -> None:
    (tmp_path / "ap.csv").write_text("# mine\ntime,voltage\n0,-80\n1,20\n2,-80\n")
    stimulus = {"kind": "action_potential", "waveform": "ap.csv", "times": [1]}
    (tmp_path / "m.toml").write_text(tomli_w.dumps(tables(channels=[channel(**OHMIC)], stimulus=stimulus)))
    model = library.load(tmp_path / "m.toml")
    assert model.stimulus is not None
    assert model.stimulus.table == ((0, -80), (1, 20), (2, -80))
    assert [float(model.stimulus.voltage(t)) for t in (0, 1, 2, 3, 9)] == [-80, -80, 20, -80, -80]
    assert reread(model) == model


def test_another_waveform_brings_its_own_rows_and_no_old_references(tmp_path) -> None:
    (tmp_path / "ap.csv").write_text("0,-80\n1,20\n")
    model = model_of_tables(stimulus={"kind": "action_potential", "waveform": "calyx_keller2015", "times": [1, 2]})
    assert model.stimulus is not None
    assert model.stimulus.source
    other = model.changed(stimulus={"waveform": str(tmp_path / "ap.csv")}).stimulus
    assert other is not None
    assert (other.table, other.source, other.times) == (((0, -80), (1, 20)), (), (1, 2))
    assert model.changed(stimulus={"times": [3]}).stimulus == model.stimulus.changed(times=[3])


def test_a_waveform_that_is_not_there_is_answered_with_a_file_beside(tmp_path) -> None:
    """And one with times in seconds is not read as milliseconds."""
    (tmp_path / "ap.csv").write_text("t (s),V\n0,-80\n1,20\n")
    for named, sentence in (
        ("ap.cvs", "No such file or directory. Did you mean 'ap.csv'"),
        ("ap.csv", "write them in ms"),
    ):
        stimulus = {"kind": "action_potential", "waveform": named}
        (tmp_path / "m.toml").write_text(tomli_w.dumps(tables(stimulus=stimulus)))
        with pytest.raises(ModelError, match=re.escape(sentence)):
            library.load(tmp_path / "m.toml")
    (tmp_path / "ap.csv").write_text("t (ms),V\n0,-80\n1,20\n")
    assert library.load(tmp_path / "m.toml").stimulus.table == ((0, -80), (1, 20))


def test_a_waveform_that_is_no_text_is_refused(tmp_path) -> None:
    (tmp_path / "ap.csv").write_bytes(bytes(range(256)))
    stimulus = {"kind": "action_potential", "waveform": "ap.csv"}
    with pytest.raises(ModelError, match=r"ap\.csv is not a text file of comma-separated values"):
        library.resolve(tables(stimulus=stimulus), folder=tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0,-80\n1,nan\n", "has a row that is not finite"),
        ("0,-80\n", "has fewer than two rows"),
        ("", "has fewer than two rows"),
        ("t,v\n0,-80\nx,y\n", "is not a table of two columns"),
        (",t,v\n0,0,-80\n1,0.5,20\n", "is not a table of two columns"),  # with the row numbers of pandas
        ("0\n1\n", "is not a table of two columns"),
        ("0;-80;3\n1;20;3\n", "is not a table of two columns"),
        ("0,-80\n0,-70\n", "the times of waveform .* must ascend"),
    ],
)
def test_a_waveform_that_is_none_is_refused(tmp_path, rows: str, message: str) -> None:
    (tmp_path / "ap.csv").write_text(rows)
    stimulus = {"kind": "action_potential", "waveform": "ap.csv"}
    with pytest.raises(ModelError, match=message):
        library.resolve(tables(stimulus=stimulus), folder=tmp_path)


@pytest.mark.parametrize(
    "rows", ["t,v\n0,-80.5\n1,20\n", "0;-80.5\n1;20\n", "t\tv\n0\t-80.5\n1\t20\n", "t;v\n0,0;-80,5\n1,0;20\n"]
)
def test_a_table_may_be_of_commas_tabs_or_semicolons(tmp_path, rows: str) -> None:
    (tmp_path / "ap.csv").write_text("# mine\n" + rows)
    assert read_waveform(tmp_path / "ap.csv") == [(0.0, -80.5), (1.0, 20.0)]


def test_sensors_are_watched_first_then_probes_each_in_its_own_order() -> None:
    sensor = {"use": "schneggenburger_neher2000", "positions": [[0.03, 0, 0.01], [0.01, 0, 0.01]]}
    described = model_of_tables(
        sensors=[{**sensor, "name": "b"}, {**sensor, "name": "a", "positions": [[0.02, 0, 0.01]]}],
        probes=[{"name": "z", "position": [0, 0, 0.03]}, {"name": "c", "position": [0, 0, 0.02]}],
    )
    assert list(described.watched) == ["b 1", "b 2", "a", "z", "c"]
    assert list(described.watched.values()) == [
        *described.sensors[0].positions, *described.sensors[1].positions, *(p.position for p in described.probes),
    ]  # fmt: skip
    places = [sensors.places for sensors in ReleaseSensors.of(described, [1])]
    assert [list(described.watched)[at] for at in places] == [["b 1", "b 2"], ["a"]]
