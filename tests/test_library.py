"""Every entry of the library passes the moment it exists: sources, schemes, rests, published constants."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import rdcalcium as rc
from rdcalcium import library
from rdcalcium.catalogue import CLOSEST, FOLDER
from rdcalcium.library.described import awaits_check
from rdcalcium.model import Buffer, Channels, ModelError, Sensor, write_toml

ENTRIES = [(kind, name) for kind in library.SHELVES for name in library.entries(kind)]


def tables_without_parts() -> dict[str, Any]:
    """A model file that uses nothing of the library."""
    return {
        "geometry": {"kind": "box", "size": [1, 1, 1]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.1},
        "run": {"duration": 1},
    }


def buffers() -> list[str]:
    return list(library.entries("buffers"))


def library_buffer(name: str) -> Buffer:
    """A buffer of the library; of a chelator 1 mM."""
    said = library.entry("buffers", name)
    return library.buffer(name, total=said.get("total", "1 mM"))


@pytest.mark.parametrize("chelator", ["EGTA", "BAPTA"])
def test_how_much_of_a_chelator_there_is_must_be_said(chelator: str) -> None:
    with pytest.raises(ModelError, match=f"^buffer '{chelator}': 'total' is missing: how much there is"):
        library.buffer(chelator)
    with pytest.raises(ModelError, match=r"^model: 'buffers\[1\]\.total' is missing"):
        library.resolve({**tables_without_parts(), "buffers": [{"use": chelator}]})


@pytest.mark.parametrize(("kind", "name"), [e for e in ENTRIES if e[0] != "models"])
def test_every_entry_says_what_it_is_and_where_it_comes_from(kind: str, name: str) -> None:
    found = library.entries(kind)[name]
    assert found["description"]
    assert found["source"], f"{name} has no source"
    for key in found["source"]:
        assert key in library.references(), f"{name} cites {key}, which references.toml does not know"


@pytest.mark.parametrize(("kind", "name"), [e for e in ENTRIES if e[0] != "models"])
def test_an_entry_is_named_after_its_paper(kind: str, name: str) -> None:
    """The chelators apart, on whose values the field agrees; so that another paper's values find their name."""
    sources = library.entries(kind)[name]["source"]
    assert name in ("EGTA", "BAPTA") or name.endswith(tuple(sources))
    assert re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", name)


@pytest.mark.parametrize(("kind", "name"), [e for e in ENTRIES if e[0] != "models"])
def test_an_entry_begins_with_what_it_is_and_ends_with_its_source(kind: str, name: str) -> None:
    """Tables of their own may follow; a note is made of sentences."""
    path = "waveforms/waveforms.toml" if kind == "waveforms" else f"{kind}.toml"
    written = tomllib.loads((FOLDER / path).read_text(encoding="utf-8"))[name]
    first = [key for key in ("like", "description", "note", "check", "cycles") if key in written]
    keys = [*written]
    assert keys[: len(first)] == first
    if "source" in keys:
        assert all(isinstance(written[key], dict) for key in keys[keys.index("source") + 1 :])
    note = library.entries(kind)[name].get("note", "Nothing.")
    assert note[0].isupper()
    assert note[-1] == "."


@pytest.mark.parametrize("name", buffers())
def test_one_site_buffers_say_both_rates(name: str) -> None:
    """What a model says of the three then always leaves two."""
    found = library.entry("buffers", name)
    assert "K_d" not in found
    assert {"k_on", "k_off"} <= found.keys() or "scheme" in found


@pytest.mark.parametrize("key", library.references())
def test_every_reference_can_be_found(key: str) -> None:
    paper = library.references()[key]
    assert paper["doi"].startswith("10.")
    assert " " not in paper["doi"]
    assert any(f"({year})" in paper["citation"] for year in range(1900, 2100))


def test_every_paper_has_one_key() -> None:
    dois = [paper["doi"].lower() for paper in library.references().values()]
    assert len(dois) == len(set(dois))


@pytest.mark.parametrize("name", buffers())
def test_every_buffer_rests_in_an_equilibrium_that_conserves_it(name: str) -> None:
    buffer = library_buffer(name)
    scheme = buffer.kinetics()
    for part in scheme.parts:
        rest = part.equilibrium(calcium=0.05, magnesium=300)
        assert np.isfinite(rest).all()
        assert rest.sum() == pytest.approx(1, abs=1e-15)
        assert np.all(rest >= 0)
        assert part.bound("Ca")[part.states[0]] == 0
    assert max(scheme.bound("Ca").values()) > 0
    assert buffer.photolysis() or all(t.backward is not None for t in scheme.transitions), "a buffer lets go again"
    assert buffer.total > 0


@pytest.mark.parametrize("name", library.entries("channels"))
def test_a_depolarisation_opens_every_gate(name: str) -> None:
    """For a while, if it inactivates; how far, its `check` says."""
    group = Channels.model_validate({"name": name, "positions": [[0, 0]], **library.entry("channels", name)})
    scheme = group.kinetics()
    is_open = [s in group.open_states for s in scheme.states]
    rest = scheme.equilibrium(-80.0, 0.05)
    opened = [(expm(t * scheme.generator(v, 0.05)) @ rest)[is_open].sum() for v in (-40, 0, 40) for t in (0.1, 1, 10)]
    assert 10 * rest[is_open].sum() < max(opened) <= 1
    for voltage in (-120.0, 80.0):
        assert np.isfinite(scheme.generator(voltage, 0.05)).all()


@pytest.mark.parametrize(
    "name", [n for n in library.entries("sensors") if Sensor(use=n, positions=[[0, 0, 0]]).releases]
)
def test_every_sensor_is_at_rest_unreleased_and_can_release(name: str) -> None:
    seen = rc.release(name, [0.0, 0.0, 0.1, 1.0, 10.0, 100.0], [0.05, *[100.0] * 5])
    rest = seen.isel(time=0)
    if Sensor(use=name, positions=[[0, 0, 0]]).reserve is None:  # pools hold any number of vesicles
        assert rest.occupancy.sum() == pytest.approx(1, abs=1e-15)
    assert rest.release_probability == rest.cumulative_release == 0
    assert 10 * rest.release_rate < seen.release_rate.max()
    assert np.all(np.diff(seen.cumulative_release) >= 0)
    assert seen.release_probability[-1] > 0


@pytest.mark.parametrize("name", library.entries("waveforms"))
def test_every_waveform_is_an_action_potential(name: str) -> None:
    stimulus = {"kind": "action_potential", "waveform": name}
    model = library.resolve({**tables_without_parts(), "stimulus": stimulus})
    assert model.stimulus is not None
    times, voltages = np.array(model.stimulus.table).T
    assert np.all(np.diff(times) > 0)
    assert -95 < voltages[0] < -50
    assert 0 < voltages.max() < 60
    assert abs(voltages[-1] - voltages[0]) < 1


@pytest.mark.parametrize("name", library.entries("models"))
def test_every_model_is_valid_and_cites_what_it_uses(name: str) -> None:
    model = library.load(name)
    known = {paper["doi"] for paper in library.references().values()}
    for paper in library.used_references(model):
        assert paper["doi"] in known, f"{name} uses {paper['key']}, which references.toml does not know"
    keys = {paper["key"] for paper in library.used_references(model)}
    for part in (*model.buffers, *model.channels, *model.sensors):
        assert set(part.source) <= keys
    assert write_toml(model)


def test_the_stochastic_calyx_differs_from_the_other_in_its_gating_and_trials_alone() -> None:
    known, by_chance = library.load("keller2015"), library.load("keller2015_stochastic")
    assert by_chance.averaged().channels == known.channels
    same = {"channels": known.channels, "run": known.run, "record": known.record}
    assert by_chance.model_copy(update={**same, "title": known.title, "notes": known.notes}) == known
    assert by_chance.run.trials > 1


def test_each_paper_is_cited_once() -> None:
    keys = [paper["key"] for paper in library.used_references(library.load("keller2015"))]
    assert keys.count("keller2015") == 1
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("calcium", "cited"),
    [({}, True), ({"rest": "70 nM"}, True), ({"diffusivity": 0.22}, False), ({"diffusivity": "0.25 um^2/ms"}, False)],
)
def test_the_diffusivity_of_calcium_is_cited_where_it_was_not_said(calcium: dict[str, Any], cited: bool) -> None:
    model = library.resolve({**tables_without_parts(), "calcium": calcium})
    again = library.resolve(tomllib.loads(write_toml(model)))
    for one in (model, again, model.changed(title="another")):
        assert ("allbritton1992" in [paper["key"] for paper in library.used_references(one)]) == cited


def test_like_takes_over_what_an_entry_does_not_say() -> None:
    felmy, first = (library.entry("sensors", n) for n in ("felmy2003", "schneggenburger_neher2000"))
    assert felmy["scheme"] == first["scheme"]
    assert felmy["parameters"] != first["parameters"]
    assert "like" not in felmy


def test_a_library_buffer_carries_its_source() -> None:
    assert library_buffer("EGTA").source == ("nagerl2000", "keller2015")
    assert isinstance(library.buffer("EGTA", total="1 mM"), Buffer)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("buffers", "EGT", r"no buffer 'EGT'\. Did you mean 'EGTA'"),
        ("buffers", "Egta", r"no buffer 'Egta'\. Did you mean 'EGTA'"),
        ("sensors", "felmy", r"no sensor 'felmy'\. Did you mean 'felmy2003', 'felmy2003_keller2015'"),
        ("bufers", "EGTA", "no 'bufers'; known: .* Did you mean 'buffers'?"),
    ],
)
def test_an_unknown_entry_names_the_nearest(kind: str, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        library.entry(kind, name)


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"neither a file nor a model of the library; .* Did you mean 'keller2015'?"):
        library.load("kellr2015")


def test_the_list_of_buffers_shows_their_numbers_and_each_paper_once() -> None:
    lines = library.explain("buffers")
    (row,) = [i for i, line in enumerate(lines) if line.startswith("EGTA ")]
    assert re.split(r" {2,}", lines[row]) == ["EGTA", "0.01 1/(uM*ms)", "70 nM", "to be said", "0.22 um^2/ms"]
    assert lines[row + 1] == "    slow exogenous chelator (nagerl2000, keller2015)"
    assert " ".join(" ".join(lines).split()).count("An exclusion zone for Ca2+ channels") == 1


@pytest.mark.parametrize(
    ("shelf", "name", "told"),
    [
        ("pumps", "PMCA_matveev2006", ["    V_max = 0.04 uM*um/ms, K = 0.4 uM"]),
        (
            "pumps",
            "NCX_bartol2015",
            ["    k_on = 300 /mM/ms, k_off = 300 /s, k_out = 600 /s", "    to be said: density"],
        ),
        ("transports", "IP3R_li_rinzel1994", ["    to be said: IP3, P"]),
        ("transports", "RyR_4_states_keizer_levine1996", ["    to be said: P"]),
    ],
)
def test_the_list_of_pumps_and_transports_says_their_numbers_and_what_has_to_be_said(
    shelf: str, name: str, told: list[str]
) -> None:
    """Neither gates nor states are numbers that somebody has to say."""
    text = "\n".join(library.explain(shelf))
    below = re.search(rf"^{name}\*?\n((?: +.*\n)*)", text, re.MULTILINE)[1].splitlines()
    assert [line for line in below if " = " in line or "to be said: " in line][-len(told) :] == told


def test_what_a_scheme_of_the_library_names_without_a_number_has_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = ["P + Ca <-> PCa : k_on, 2*k_off", "PCa -> P : k_out*exp(-V/40)"]
    entry = {"description": "new", "scheme": scheme, "parameters": {"k_on": "0.1 /uM/ms"}, "source": ["bartol2015"]}
    monkeypatch.setitem(library.entries("pumps"), "new", entry)
    assert "    to be said: density, k_off, k_out" in library.explain("pumps")


def test_no_list_is_wider_than_a_terminal() -> None:
    assert max(map(len, library.explain())) <= 80


def test_pumps_and_transports_of_the_library_are_parts_of_a_model() -> None:
    model = library.load("keller2015").with_pump(rc.pump("PMCA_matveev2006", surface="z_max"))
    assert [pump.surface for pump in model.pumps] == ["z_max"]
    again = model.with_pump(rc.pump("PMCA_matveev2006", leak="none"))
    assert [(pump.surface, pump.leak) for pump in again.pumps] == [("membrane", "none")]
    assert rc.transport("SERCA_li_rinzel1994", parameters={"V_max": "2e-3 uM*um/ms"}).parameters["K"] == 0.1
    with pytest.raises(ModelError, match=r"is no pump; make one: pump\("):
        model.with_pump("PMCA")


def texts(value: Any) -> list[str]:
    """Everything that stands in a value."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inside for text in texts(one)] if isinstance(value, dict | list) else [str(value)]


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("calyx_borst_sakmann1998", (0.00030, 0.34441, 0.85948)),
        ("PQ_type_li2007", (0.00002, 0.06009, 0.68899)),
        ("R_type_li2007", (0.00018, 0.12948, 0.79213)),
    ],
)
def test_the_list_of_channels_says_how_open_they_are(name: str, shares: tuple[float, ...]) -> None:
    (row,) = [line for line in library.explain("channels") if line.startswith((f"{name} ", f"{name}* "))]
    found = [float(percent) / 100 for percent in re.findall(r"(\S+) %", row)[:3]]
    assert found == pytest.approx(shares, rel=5e-3, abs=6e-6)


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_an_entry_is_described_with_all_that_it_says(kind: str, name: str) -> None:
    text = "\n".join(library.explain(name))
    for value in library.entry(kind, name).values():
        assert all(number in text for number in texts(value))
    for key in library.entries(kind)[name].get("source", []):
        assert library.references()[key]["doi"] in text


def test_the_whole_library_is_listed_by_kind() -> None:
    text = "\n".join(library.explain())
    assert all(
        re.search(rf"^{name}\b", text, re.MULTILINE) for name in (*library.SHELVES, *(name for _, name in ENTRIES))
    )


def test_a_word_that_the_library_does_not_know_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"the library has no 'EGAT'\. Did you mean 'EGTA'"):
        library.explain("EGAT")


@pytest.mark.parametrize(
    ("word", "offered"),
    [("Fluo-5F", "'Fluo5F_eshra2021'"), ("Cav2.1", "'PQ_type_li2007'"), ("bufers", "'buffers'")],
)
def test_a_word_is_looked_for_without_hyphens_and_in_descriptions(word: str, offered: str) -> None:
    with pytest.raises(ModelError) as refused:
        library.explain(word)
    assert offered in str(refused.value)
    assert str(refused.value).count("'") <= 2 * (1 + CLOSEST)


def test_a_word_like_nothing_is_answered_with_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"no channel 'xyzzy', and nothing like it; known: .*PQ_type_li2007"):
        rc.channels("xyzzy")


def test_the_lists_mark_what_awaits_a_check() -> None:
    text = "\n".join(library.explain("buffers"))
    assert "\nFura2_matveev2002* " in text
    assert "\nBAPTA " in text
    assert "\n* some of its values await a check" in text


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_what_is_from_memory_awaits_a_check(kind: str, name: str) -> None:
    values = library.entries(kind)[name]
    assert "memory" not in values.get("note", "") or awaits_check(values)
