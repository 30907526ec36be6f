"""run.json: what a run says about itself is read back whole, also from folders that were written before."""

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

OLD = Path(__file__).parent / "written_by_0.1.0"  # its run.json calls the peak memory of the process just peak memory
SMALL: dict[str, Any] = {
    "geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]},
    "discretization": {"kind": "grid", "size_at_active_zone": 0.05},
    "probes": [{"name": "deep", "position": [0, 0, 0.05]}],
    "run": {"duration": 1e-3},
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return shutil.copytree(OLD, tmp_path / "old")


def test_a_run_reads_what_it_wrote(tmp_path: Path) -> None:
    result = rc.run(rc.Model(**SMALL), "numpy", tmp_path / "run")
    written = json.loads((tmp_path / "run" / "run.json").read_text())
    assert result.about.to_json() == written
    assert set(written["summary"]["points"]["deep"]) == {"peak calcium (uM)", "time of peak (ms)"}
    assert written["discretization"]["control volumes"] == result.about.discretization.count > 0
    assert result.about.discretization.quality["largest cell (nm)"] == pytest.approx(50)


def test_a_folder_of_an_earlier_version_is_read_whole() -> None:
    result, said = rc.Result(OLD), json.loads((OLD / "run.json").read_text())
    said["summary"]["peak memory of the process (MiB)"] = said["summary"].pop("peak memory (MiB)")
    assert result.about.to_json() == said
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
def test_what_is_damaged_is_one_sentence(old: Path, change: dict[str, Any], said: str) -> None:
    about = json.loads((old / "run.json").read_text())
    (old / "run.json").write_text(json.dumps(about | change))
    with pytest.raises(RunFolderError, match=r"run\.json is damaged") as error:
        rc.Result(old)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "[]", "7", "{}", "{", "\udcff"])
def test_a_file_that_is_no_run_json_is_one_sentence(old: Path, content: str) -> None:
    (old / "run.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RunFolderError, match=r"^[^\n]*run\.json is damaged[^\n]*$"):
        rc.Result(old)


def test_a_run_that_has_not_stopped_says_that_it_has_no_summary(old: Path) -> None:
    about = About.read(old).model_copy(update={"status": "running", "summary": None})
    about.write(old)
    assert "summary" not in json.loads((old / "run.json").read_text())
    with pytest.raises(RunFolderError, match="has no summary yet: its status is 'running'"):
        _ = rc.Result(old).summary


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
