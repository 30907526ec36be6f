"""What the pages in docs/ and CONTRIBUTING.md name is there: files, columns of a run folder, keys of run.json."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rdcalcium as rc
from rdcalcium.model import Buffer
from rdcalcium.results import folder
from tests.models import small_model, small_system
from tests.support import ROOT

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/equations.md",
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


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> rc.Result:
    """A run with every kind of column: sensors, a gate, buffers of one and of several states, and dyes."""
    sensor = rc.sensor("felmy2003", name="vesicle", positions=[[0.02, 0, 0.0]])
    stimulus = {"kind": "action_potential", "waveform": "calyx_keller2015"}
    channels = rc.channels("calyx_borst_sakmann1998", positions=[[0, 0]])
    run = {"duration": 0.02}
    model = small_model(sensors=(sensor,), stimulus=stimulus, channels=(channels,), run=run)
    lights = {"340 nm": {"free": 1, "bound": 3}, "380 nm": {"free": 1, "bound": 0.1}}
    dye = Buffer(name="dye", total=1, diffusivity=0.1, k_on=0.3, K_d=0.3, brightness=lights)
    entry = {"dye": "dye", "view": {"kind": "terminal"}, "every": 0.01, "photons": 100}
    others = ({"ratio": ["340 nm", "380 nm"]}, {"light": "380 nm", "reference": 1})
    imaging = [{"name": f"{i}", **entry, **other} for i, other in enumerate(others)]
    model = model.changed(buffers=(*model.buffers, dye), imaging=imaging)
    return rc.run(model, "numpy", tmp_path_factory.mktemp("docs") / "run")


@pytest.mark.parametrize("trials", [1, 2])
def test_every_file_and_column_of_a_run_folder_is_explained(result: rc.Result, tmp_path: Path, trials: int) -> None:
    if trials > 1:
        known = rc.load(result.folder / "model.toml")
        model = known.changed(channels=(known.channels[0].changed(gating="stochastic"),), run={"trials": trials})
        result = rc.run(model, "numpy", tmp_path / "run")
    spans = set(re.findall(r"`([^`]+)`", RUN_FOLDER))
    patterns = [re.sub(r"POINT|SENSOR|GROUP|BUFFER|STATE|VIEW|LIGHT", ".+", re.escape(span)) for span in spans]
    for path in result.folder.iterdir():
        assert path.name in spans
    for table in (folder.PROBES, folder.SENSORS, folder.STIMULUS, folder.LEDGER, folder.TRIALS, folder.IMAGING_TABLE):
        for column in result.table(table):
            assert any(re.fullmatch(pattern, column) for pattern in patterns), f"{table}: {column}"


def test_every_key_of_run_json_is_explained(result: rc.Result) -> None:
    explained = RUN_FOLDER.partition("## `run.json`")[2].partition("##")[0]
    assert set(result.about.to_json()) == set(re.findall(r"`(\w+)`", explained))


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_every_figure_of_quality_is_explained(kind: str) -> None:
    spans = re.findall(r"`([^`]+)`", RUN_FOLDER.partition(f"| of {'a grid' if kind == 'grid' else kind} |")[2])
    figures = list(small_system(kind).discretization.quality.figures())
    assert sorted(spans[: len(figures)]) == sorted(figures)
