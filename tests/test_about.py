"""run.json: what a run says about itself is read back whole, and what is damaged is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rdcalcium as rc
from rdcalcium.results import RunFolderError
from rdcalcium.results.about import About

SMALL: dict[str, Any] = {
    "geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]},
    "discretization": {"kind": "grid", "size_at_active_zone": 0.05},
    "buffers": [{"name": "fixed (fast)", "k_on": 0.1, "K_d": 10, "total": 400, "diffusivity": 0}],
    "channels": [{"name": "pore", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": 0.1}}],
    "sensors": [{"name": "vesicle", "use": "felmy2003", "positions": [[0.03, 0, 0]]}],
    "probes": [{"name": "deep", "position": [0, 0, 0.05]}],
    "run": {"duration": 1e-3},
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> rc.Result:
    return rc.run(rc.Model(**SMALL), "numpy", tmp_path_factory.mktemp("about") / "run")


@pytest.fixture
def copy(result: rc.Result, tmp_path: Path) -> Path:
    return shutil.copytree(result.folder, tmp_path / "copy")


def test_a_run_reads_what_it_wrote(result: rc.Result) -> None:
    written = json.loads((result.folder / "run.json").read_text())
    assert result.about.to_json() == written
    assert set(written["summary"]["points"]["deep"]) == {"peak calcium (uM)", "time of peak (ms)"}
    assert written["discretization"]["control volumes"] == result.about.discretization.count > 0
    assert result.about.discretization.quality["largest cell (nm)"] == pytest.approx(50)


def test_what_a_run_says_is_found_under_its_names(result: rc.Result) -> None:
    assert result.summary.points["vesicle"].release_probability > 0
    assert result.summary.points["deep"].release_probability is None
    assert result.summary.ledger.bound["fixed (fast)"] > 0
    assert float(result.probes["deep"]["fixed (fast).bound"][0]) > 0
    assert result.probes["vesicle"].release_probability.size == result.summary.steps + 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "asleep"}, "'status': Input should be 'running', 'finished', 'interrupted' or 'failed'"),
        ({"machine": {}}, "'machine': 'backend': Field required"),
        ({"scene": {}}, "'scene': its entry 'scene', which says what to draw, is missing or damaged"),
        ({"summary": {"steps": 1}}, "'summary': 'time (ms)': Field required"),
    ],
)
def test_what_is_damaged_is_one_sentence(copy: Path, change: dict[str, Any], said: str) -> None:
    about = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps(about | change))
    with pytest.raises(RunFolderError, match=r"run\.json is damaged") as error:
        rc.Result(copy)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "[]", "7", "{}", "{", "\udcff"])
def test_a_file_that_is_no_run_json_is_one_sentence(copy: Path, content: str) -> None:
    (copy / "run.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RunFolderError, match=r"^[^\n]*run\.json is damaged[^\n]*$"):
        rc.Result(copy)


def test_a_run_that_has_not_stopped_says_that_it_has_no_summary(copy: Path) -> None:
    about = About.read(copy).model_copy(update={"status": "running", "summary": None})
    about.write(copy)
    assert "summary" not in json.loads((copy / "run.json").read_text())
    with pytest.raises(RunFolderError, match="has no summary yet: its status is 'running'"):
        _ = rc.Result(copy).summary


def test_peak_memory_is_that_of_the_whole_process() -> None:
    """Memory that was given back before a run counts too, which is why the summary says "of the process"."""
    code = """
from rdcalcium.machine import peak_memory
before = peak_memory()
held = bytearray(200 << 20)
del held
print(peak_memory() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 150 < float(done.stdout) < 250
