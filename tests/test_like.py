"""A model file that says what is different from another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rdcalcium import catalogue, library
from rdcalcium.cli.main import cli
from rdcalcium.library.likeness import _by_name, named_lists
from rdcalcium.model import Model, ModelError, write_toml
from tests.models import small_model


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_file_like_a_library_model_is_that_model_changed(tmp_path: Path) -> None:
    path = written(tmp_path, "m.toml", 'like = "keller2015"\ntitle = "longer"\nrun = { duration = "20 ms" }\n')
    assert library.load(path) == library.load("keller2015").changed(title="longer", run={"duration": "20 ms"})


def test_a_file_is_like_one_beside_it_whose_own_paths_stay(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    written(tmp_path / "base", "wave.csv", "time (ms),voltage (mV)\n0,-80\n1,0\n")
    known = library.load("keller2015")
    text = write_toml(known).replace('waveform = "calyx_keller2015"', 'waveform = "wave.csv"')
    written(tmp_path / "base", "first.toml", text)
    written(tmp_path, "second.toml", 'like = "base/first.toml"\ntitle = "second"\n')
    third = library.load(written(tmp_path, "third.toml", 'like = "second.toml"\nsensors = []\n'))
    assert third.title == "second"
    assert third.sensors == ()
    assert third.stimulus is not None
    assert Path(third.stimulus.waveform) == tmp_path / "base" / "wave.csv"
    assert third.buffers == known.buffers


def test_what_is_different_is_checked_like_any_model(tmp_path: Path) -> None:
    path = written(tmp_path, "m.toml", 'like = "keller2015"\nbufers = []\n')
    with pytest.raises(ModelError, match=r"^m\.toml: unknown key 'bufers'; .*Did you mean 'buffers'"):
        library.load(path)


REFUSED = {
    'like = "keler2015"': "'like' is 'keler2015', neither .* nor a model of the library; did you mean 'keller2015'",
    "like = 3": "'like' is 3; write the name of a library model, or the path of a model file",
    'like = "m.toml"': "m.toml: is like itself; one must say it all",
    'like = "nothing"': "m.toml: 'like' is 'nothing', neither a file beside it nor a model of the library; known: kel",
    'like = "bese.toml"': "'like' is 'bese.toml', neither .*; did you mean 'base.toml'",
    'lik = "base.toml"': "^m.toml: unknown key 'lik'; known: .*like, .*Did you mean 'like'?",
    'without = ["ATP"]\ntitle = "m"': "'without' says what is left out of the model that a model file is like",
    'like = "keller2015"\nwithout = ["AT"]': "'without' names 'AT', which is not in keller2015; .* mean 'ATP'",
    'like = "keller2015"\nwithout = "ATP"': "'without' names 'ATP'; write a list of names",
}


@pytest.mark.parametrize("line", REFUSED)
def test_another_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, line: str) -> None:
    written(tmp_path, "base.toml", "")
    with pytest.raises(ModelError, match=REFUSED[line]):
        library.load(written(tmp_path, "m.toml", line + "\n"))


def test_python_says_how_a_model_is_changed_there() -> None:
    with pytest.raises(ModelError, match=r"'like' is for model files; in Python change the model that is loaded"):
        Model(like="keller2015")


def test_a_resolved_model_is_like_no_other() -> None:
    assert "like" not in write_toml(small_model()).split()


def test_a_part_whose_name_is_known_changes_and_the_others_stay(tmp_path: Path) -> None:
    text = 'like = "keller2015"\n[[buffers]]\nname = "ATP"\ntotal = "1 mM"\n[[buffers]]\nuse = "EGTA"\ntotal = "2 mM"\n'
    known, other = library.load("keller2015"), library.load(written(tmp_path, "m.toml", text))
    first, atp, *last = known.buffers
    assert other.buffers == (first, atp.changed(total="1 mM"), *last, library.buffer("EGTA", total="2 mM"))


EGTA = '[[buffers]]\nuse = "EGTA"\ntotal = "2 mM"\n'


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ("", ["fixed", "ATP", "parvalbumin", "EGTA"]),
        ('without = ["ATP"]\n', ["fixed", "parvalbumin", "EGTA"]),
        ('without = ["buffers", "sensor"]\n', ["EGTA"]),
    ],
)
def test_a_part_of_another_name_is_added_to_those_that_are_not_left_out(
    tmp_path: Path, without: str, left: list[str]
) -> None:
    other = library.load(written(tmp_path, "m.toml", f'like = "keller2015"\n{without}{EGTA}'))
    assert [buffer.name for buffer in other.buffers] == left
    assert other.buffers[-1] == library.buffer("EGTA", total="2 mM")
    assert [sensor.name for sensor in other.sensors] == ([] if "sensor" in without else ["sensor"])


def test_what_is_left_out_may_come_back_as_another_part(tmp_path: Path) -> None:
    text = 'like = "keller2015"\nwithout = ["ATP"]\n[[buffers]]\nname = "ATP"\nuse = "EGTA"\ntotal = 2\n'
    other = library.load(written(tmp_path, "m.toml", text))
    assert other.buffers[-1] == library.buffer("EGTA", name="ATP", total=2)


def test_blanks_around_a_name_do_not_make_it_another_one(tmp_path: Path) -> None:
    text = 'like = "keller2015"\n[[channels]]\nname = "Cav2.1 "\nspacing = "1 nm"\n'
    with pytest.raises(ModelError, match=r"unknown key 'channels\[1\]\.spacing'"):
        library.load(written(tmp_path, "m.toml", text))
    same = text.replace('spacing = "1 nm"', 'gating = "stochastic"')
    (channels,) = library.load(written(tmp_path, "m.toml", same)).channels
    assert len(channels.positions) == 14


def test_what_is_different_is_told(tmp_path: Path) -> None:
    text = 'like = "keller2015"\nwithout = ["ATP"]\ntitle = "other"\n[[channels]]\nname = "Cav2.1"\nspeed = 2\n'
    (told,) = library.likeness(written(tmp_path, "m.toml", text + EGTA))
    assert (
        told == "like keller2015; buffers added: EGTA; buffers left out: ATP; channels changed: Cav2.1; another title"
    )
    result = CliRunner().invoke(cli, ["check", str(tmp_path / "m.toml")])
    assert f"# {told}\n" in result.output
    assert not [*library.likeness("keller2015")]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ('{ name = "ATP", totl = "1 mM" }', r"^m\.toml: unknown key 'buffers\[2\]\.totl'"),
        ('{ name = "ATP" }, { name = "ATP", use = "EGTA", total = 2 }', "two buffers are called 'ATP'"),
        ('{ use = "ATP_keller2015" }', "among the buffers of keller2015 as 'ATP'; write name = 'ATP' to change that"),
        (
            '{ name = "parvalbum", total = 2 }',
            "keller2015 has no 'parvalbum' among its buffers; .* mean 'parvalbumin'.*'diffusivity' is missing",
        ),
    ],
)
def test_a_part_that_changes_is_checked_like_any(tmp_path: Path, tables: str, message: str) -> None:
    with pytest.raises(ModelError, match=f"(?s){message}"):
        library.load(written(tmp_path, "m.toml", f'like = "keller2015"\nbuffers = [{tables}]\n'))


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"a": {"x": 1, "y": 1}, "b": {"like": "a", "y": 2}, "c": {"like": "b", "z": 3}}, {"x": 1, "y": 2, "z": 3}),
        ({"abc": {}, "c": {"like": "abd"}}, "the entry 'c' is like 'abd', which is not there; .*Did you mean 'abc'"),
        ({"a": {"like": "c"}, "c": {"like": "a"}}, "are like each other; one must say it all"),
    ],
)
def test_an_entry_of_the_library_is_like_others_in_turn(
    table: dict[str, dict[str, Any]], found: dict[str, Any] | str
) -> None:
    if isinstance(found, str):
        with pytest.raises(ModelError, match=found):
            catalogue._whole(table, "c", ())
    else:
        whole = catalogue._whole(table, "c", ())
        assert {key: value for key, value in whole.items() if key != "like"} == found


@pytest.mark.parametrize("key", named_lists(Model))
def test_a_part_without_a_name_is_left_to_the_check_of_the_whole(key: str) -> None:
    known = named_lists(Model)[key].model_construct(name="known", transports=())
    whole = Model.model_construct(**{key: (known,)})
    assert _by_name(whole, key, [{}], set(), "m.toml", "base.toml") == [known, {}]


def test_a_probe_without_a_name_is_refused_in_one_sentence(tmp_path: Path) -> None:
    text = 'like = "keller2015"\nprobes = [{ name = "near", position = [0, 0, 0.1] }]\n'
    written(tmp_path, "base.toml", text)
    path = written(tmp_path, "m.toml", 'like = "base.toml"\n[[probes]]\nposition = [0, 0, 0.2]\n')
    with pytest.raises(ModelError, match=r"probes\[2\].*name"):
        library.load(path)


IP3R = """[[stores.transports]]
use = "IP3R_li_rinzel1994"
parameters = { P = "1e-3 um/ms", IP3 = "0.1 uM" }
"""
RETICULUM = f"""like = "keller2015"
[[stores]]
name = "reticulum"
surface = "vesicles"
volume = "1e-3 um^3"
rest = "100 uM"
[[stores.transports]]
use = "SERCA_li_rinzel1994"
parameters = {{ V_max = "1e-3 uM*um/ms" }}
{IP3R}"""
THERE = ["SERCA_li_rinzel1994", "IP3R_li_rinzel1994"]
UNIPORTER = '[[stores.transports]]\nuse = "uniporter_colegrove2000"\nparameters = { V_max = "2 uM*um/ms" }\n'


def like_reticulum(folder: Path, text: str, base: str = RETICULUM) -> tuple[Model, str]:
    """A model that is like one with a store, and what is told of it."""
    written(folder, "base.toml", base)
    path = written(folder, "m.toml", f'like = "base.toml"\n{text}')
    return library.load(path), next(library.likeness(path))


def names(model: Model) -> list[str]:
    return [transport.name for transport in model.stores[0].transports]


def test_a_transport_of_another_name_is_added_to_those_of_the_store(tmp_path: Path) -> None:
    model, told = like_reticulum(tmp_path, f'[[stores]]\nname = "reticulum"\nrest = "90 uM"\n{UNIPORTER}')
    (old,), (new,) = library.load(tmp_path / "base.toml").stores, model.stores
    assert names(model) == [*THERE, "uniporter_colegrove2000"]
    assert (new.transports[:2], new.rest, new.volume) == (old.transports, 90, old.volume)
    assert told == "like base.toml; stores changed: reticulum (transports added: uniporter_colegrove2000; another rest)"


def test_a_transport_whose_name_is_known_in_its_store_changes(tmp_path: Path) -> None:
    text = '[[stores]]\nname = "reticulum"\n[[stores.transports]]\nname = "IP3R_li_rinzel1994"\n'
    model, told = like_reticulum(tmp_path, f'{text}parameters = {{ P = "2e-3 um/ms" }}\n')
    serca, ip3r = library.load(tmp_path / "base.toml").stores[0].transports
    assert model.stores[0].transports == (serca, ip3r.changed(parameters={"P": "2e-3 um/ms"}))
    assert told == "like base.toml; stores changed: reticulum (transports changed: IP3R_li_rinzel1994)"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('without = ["SERCA_li_rinzel1994"]\n', THERE[1:]),
        (f'without = ["transports"]\n[[stores]]\nname = "reticulum"\n{UNIPORTER}', ["uniporter_colegrove2000"]),
    ],
)
def test_transports_are_left_out_of_a_store_by_name(tmp_path: Path, text: str, left: list[str]) -> None:
    model, told = like_reticulum(tmp_path, text)
    assert names(model) == left
    assert "transports left out: SERCA_li_rinzel1994" in told


@pytest.mark.parametrize(
    ("table", "base", "message"),
    [
        ('name = "IP3R"', RETICULUM, "'reticulum' of base.toml has no 'IP3R' among its transports"),
        ('name = "IP3R_li_rinzel1994"', RETICULUM + IP3R, "has 2 transports called 'IP3R_li_rinzel1994'; name them"),
        ('name = "IP3R_li_rinzel1994"\nlow = "1"', RETICULUM, r"unknown key 'stores\[1\]\.transports\[2\]\.low'"),
    ],
)
def test_a_transport_that_changes_none_is_refused_in_one_sentence(
    tmp_path: Path, table: str, base: str, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        like_reticulum(tmp_path, f'[[stores]]\nname = "reticulum"\n[[stores.transports]]\n{table}\n', base)


def test_zones_and_vesicles_without_a_name_are_those_of_the_usual_name(tmp_path: Path) -> None:
    zones = '[[active_zones]]\npositions = [["0 nm", "0 nm"]]\nradius = "100 nm"\n'
    pool = '[[vesicles]]\nradius = "20 nm"\nplacement = { kind = "uniform", zones = "az", count = 3 }\n'
    written(tmp_path, "base.toml", write_toml(small_model()) + zones + pool)
    changed = '[[active_zones]]\nradius = "120 nm"\n[[vesicles]]\nname = "vesicle"\nradius = "15 nm"\n'
    other = library.load(written(tmp_path, "m.toml", f'like = "base.toml"\n{changed}'))
    (zone,), (vesicles,) = other.active_zones, other.vesicles
    assert (zone.name, zone.positions, zone.radius) == ("az", ((0.0, 0.0),), pytest.approx(0.12))
    assert (vesicles.name, vesicles.placement.count, vesicles.radius) == ("vesicle", 3, pytest.approx(0.015))
