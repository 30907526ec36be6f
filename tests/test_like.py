"""A model file that says what is different from another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rdcalcium import catalogue, library
from rdcalcium.model import ModelError, write_toml
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
    'like = "keler2015"': "neither a file nor a model of the library; known: .*Did you mean 'keller2015'",
    "like = 3": "'like' is 3; write the name of a library model, or the path of a model file",
    'like = "m.toml"': "m.toml are like each other|m.toml and m.toml are like each other",
    'like = "none.toml"': "there is no file .*none.toml",
}


@pytest.mark.parametrize("line", REFUSED)
def test_another_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, line: str) -> None:
    with pytest.raises(ModelError, match=REFUSED[line]):
        library.load(written(tmp_path, "m.toml", line + "\n"))


def test_a_resolved_model_is_like_no_other() -> None:
    assert "like" not in write_toml(small_model()).split()


def test_a_part_whose_name_is_known_changes_and_the_others_stay(tmp_path: Path) -> None:
    text = 'like = "keller2015"\n[[buffers]]\nname = "ATP"\ntotal = "1 mM"\n[[buffers]]\nuse = "EGTA"\ntotal = "2 mM"\n'
    known, other = library.load("keller2015"), library.load(written(tmp_path, "m.toml", text))
    first, atp, *last = known.buffers
    assert other.buffers == (first, atp.changed(total="1 mM"), *last, library.buffer("EGTA", total="2 mM"))


def test_a_list_of_which_no_name_is_known_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    other = library.load(
        written(tmp_path, "m.toml", 'like = "keller2015"\nbuffers = [{ use = "EGTA", total = "2 mM" }]\n')
    )
    assert other.buffers == (library.buffer("EGTA", total="2 mM"),)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ('{ name = "ATP", totl = "1 mM" }', r"^m\.toml: unknown key 'buffers\[2\]\.totl'"),
        ('{ name = "ATP" }, { name = "ATP", use = "EGTA", total = 2 }', "two buffers are called 'ATP'"),
    ],
)
def test_a_part_that_changes_is_checked_like_any(tmp_path: Path, tables: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
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
