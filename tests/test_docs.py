"""What the pages in docs/ and CONTRIBUTING.md name is there: files, columns of a run folder, keys of run.json."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import rdcalcium as rc
from rdcalcium.model import Buffer, Channels, Model, Sensor
from rdcalcium.results import folder
from rdcalcium.results.about import Amounts, Begins, Entry, Machine, Point, Rest, Summary, Volumes
from tests.models import small_model, small_system
from tests.support import ROOT

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/equations.md",
    "docs/how-fine.md",
    "docs/meshes.md",
    "docs/performance.md",
    "docs/precision.md",
    "docs/run-folder.md",
)
RUN_FOLDER = (ROOT / "docs" / "run-folder.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|sh|md|cu))`", text))
    paths |= {f"{Path(page).parent}/{link}" for link in re.findall(r"\]\(([\w./-]+)\)", text)}
    missing = [path for path in paths if not (ROOT / path).exists() and not (ROOT / "rdcalcium" / path).exists()]
    assert not missing, f"{page} names {missing}"


def test_files_that_a_module_names_exist() -> None:
    missing = []
    for module in sorted((ROOT / "rdcalcium").rglob("*.py")):
        named = set(re.findall(r"\b((?:[a-z_]+/)+[a-z_]+\.(?:py|cuh?|md|toml))\b", module.read_text(encoding="utf-8")))
        places = (ROOT, ROOT / "rdcalcium", module.parent)
        missing += [(module.name, name) for name in named if not any((place / name).exists() for place in places)]
    assert not missing


def everything() -> Model:
    """A model that has every kind of column."""
    places = {"positions": [[0.02, 0, 0.0]]}
    refilled = ["X + Ca <-> CaX : 0.1, 5", "CaX -> fused : 1", "fused -> X : 0.01"]
    sensors = (
        rc.sensor("felmy2003", name="vesicle", fusion="stochastic", **places),
        rc.sensor("felmy2003", name="sink", binds=True, **places),
        Sensor(name="pool", scheme=refilled, **places),
    )
    inactivating = {"name": "CDI", "gate": ["C <-> O : exp(V/20), 1", "O + Ca <-> I : 0.5, 0.2"], "open_states": ["O"],
                    "current": {"kind": "ohmic", "conductance": 2e-3, "reversal": 60}}  # fmt: skip
    channels = (
        rc.channels("calyx_borst_sakmann1998", positions=[[0, 0]]),
        Channels(positions=((0, 0.02),), **inactivating),
    )
    molecules = {"scheme": ["P + Ca <-> PCa : 0.15, 0.015", "PCa -> P : 0.06"], "density": 180}
    store = {"name": "ER", "volume": 1e-4, "rest": 100, "transports": [{"name": "SERCA", **molecules}]}
    lights = {"340 nm": {"free": 1, "bound": 3}, "380 nm": {"free": 1, "bound": 0.1}}
    dye = Buffer(name="dye", total=1, diffusivity=0.1, k_on=0.3, K_d=0.3, brightness=lights)
    entry = {"dye": "dye", "view": {"kind": "terminal"}, "every": 0.01, "photons": 100}
    others = ({"ratio": ["340 nm", "380 nm"]}, {"light": "380 nm", "reference": 1})
    model = small_model(
        sensors=sensors,
        stimulus={"kind": "action_potential", "waveform": "calyx_keller2015"},
        channels=channels,
        pumps=[{"name": "PMCA", **molecules}],
        stores=[store],
        calcium={"clearance": 0.1},
        run={"duration": 0.02},
    )
    imaging = [{"name": f"{i}", **entry, **other} for i, other in enumerate(others)]
    return model.changed(buffers=(*model.buffers, dye), imaging=imaging)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> rc.Result:
    """A run of it."""
    return rc.run(everything(), "numpy", tmp_path_factory.mktemp("docs") / "run")


@pytest.mark.parametrize("trials", [1, 2])
def test_every_file_and_column_of_a_run_folder_is_explained(result: rc.Result, tmp_path: Path, trials: int) -> None:
    if trials > 1:
        known = everything()
        first, second = known.channels
        model = known.changed(channels=(first.changed(gating="stochastic"), second), run={"trials": trials})
        result = rc.run(model, "numpy", tmp_path / "run")
    spans = set(re.findall(r"`([^`]+)`", RUN_FOLDER))
    for path in result.folder.iterdir():
        assert path.name in spans or f"{path.name}/" in spans
    tables = sorted(path.name for path in result.folder.glob("*.csv") if path.name != folder.DISTANCES)
    assert {folder.CHANNELS, folder.RELEASES, folder.IMAGING_TABLE} <= {*tables}
    for table in tables:
        patterns = patterns_of(table)
        for column in result.table(table):
            assert any(re.fullmatch(pattern, column) for pattern in patterns), f"{table}: {column}"
    head, *_ = (result.folder / folder.DISTANCES).read_text(encoding="utf-8").splitlines()
    for column in head.split(","):
        assert any(re.fullmatch(pattern, column) for pattern in patterns_of(folder.DISTANCES)), column


def patterns_of(table: str) -> list[str]:
    """Of the headings that the part of the page about a table explains; the times and trials of all stand before it."""
    part = RUN_FOLDER.partition(f"**`{table}`**")[2].partition("**`")[0]
    spans = {*re.findall(r"`([^`]+)`", part), "time (ms)", "trial"}
    words = r"CHANNEL|POINT|SENSOR|GROUP|BUFFER|STATE|VIEW|LIGHT|PUMP|STORE|TRANSPORT|GATE|NAME"
    return [re.sub(words, ".+", re.escape(span)) for span in spans]


def test_every_key_of_run_json_is_explained(result: rc.Result) -> None:
    explained = RUN_FOLDER.partition("## `run.json`")[2].partition("##")[0]
    assert set(result.about.to_json()) == set(re.findall(r"`(\w+)`", explained))


@pytest.mark.parametrize(
    ("table", "entries"),
    [("discretization", [Volumes]), ("machine", [Machine]), ("rest", [Rest]), ("summary", [Summary, Point, Amounts])],
)
def test_every_key_of_a_table_of_run_json_is_explained(table: str, entries: list[type[Entry]]) -> None:
    explained = set(re.findall(r"`([^`]+)`", RUN_FOLDER.partition(f"### `{table}`")[2].partition("##")[0]))
    for entry in entries:
        fields = [field.alias or name for name, field in entry.model_fields.items() if not field.exclude]
        assert {*fields} <= explained


def test_every_way_in_which_a_run_begins_is_explained() -> None:
    of_rest = RUN_FOLDER.partition("### `rest`")[2].partition("##")[0]
    assert all(f"`{begins}`" in of_rest for begins in get_args(Begins))


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_every_figure_of_quality_is_explained(kind: str) -> None:
    spans = re.findall(r"`([^`]+)`", RUN_FOLDER.partition(f"| of {'a grid' if kind == 'grid' else kind} |")[2])
    figures = list(small_system(kind).discretization.quality.figures())
    assert sorted(spans[: len(figures)]) == sorted(figures)
