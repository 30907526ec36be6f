"""Every example runs as it stands, and gives the number that is said here."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.support import ROOT, need_backend

LONGEST = 40  # lines: one screen
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ANSWERS: dict[str, float] = {
    "active_zones": 7.25,  # times as often released 20 nm from the edge of a cluster as 60 nm from it
    "bouton": 7.87,  # times as much release under the best vesicle as under the worst
    "calmodulin": 7.3,  # C lobes with two calcium for each N lobe
    "calyx_with_egta": 0.210,  # of the release without EGTA
    "chelators": 4.39,  # times as much calcium at 20 nm in EGTA as in BAPTA
    "dose_response": 0.058,  # released by one action potential
    "imaging": 0.640,  # the highest dF/F
    "nanodomain": 34.64,  # uM at 20 nm, the exact solution
    "own_buffer": 0.394,  # forms with two calcium for each with one
    "own_model": 70.0,  # uM at the first sensor
    "stochastic_channels": 0.476,  # pA ms, of the mean trial
    "train": 1.715,  # times as much calcium through R as through P/Q channels
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_gives_its_number(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_backend("compiled")
    monkeypatch.chdir(tmp_path)
    assert runpy.run_path(str(path), run_name="__main__")["answer"] == pytest.approx(ANSWERS[path.stem], rel=2e-2)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_one_screen_that_goes_from_the_model_to_a_look(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < LONGEST
    assert all(word in text for word in ("# Model", "Mesh", "# Run", "Record", "# Look"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_builds_and_runs_its_model_with_the_public_names(path: Path) -> None:
    """Exact solutions apart, which are there to compare with."""
    rooms = set(re.findall(r"^(?:from|import) rdcalcium\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert rooms <= {"exact"}
