"""Data flows one way: every module imports only from the rooms above its own."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

import pytest

from rdcalcium.backends import BACKENDS, backend_class
from rdcalcium.catalogue import SHELVES, entries
from rdcalcium.integrators import METHODS
from rdcalcium.model import Run, Shape, obstacles, placement, shapes
from rdcalcium.model.current_laws import CurrentLaw
from rdcalcium.model.kinds import kinds_in
from rdcalcium.model.optics import AnyOptics
from rdcalcium.model.stimulus import Stimulus
from rdcalcium.model.views import AnyView
from tests.support import ROOT

PACKAGE = ROOT / "rdcalcium"
MODULES = sorted(PACKAGE.rglob("*.py"))
CUDA = sorted((ROOT / "kernels").rglob("*.cu*"))
KERNELS = [path for path in CUDA if path.suffix == ".cu"]

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the table of CONTRIBUTING.md under a heading row."""
    lines = CONTRIBUTING.partition(heading)[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> list[str]:
    """Rooms in a cell: `units.py`, `model/`."""
    return [name.removesuffix("/").removesuffix(".py") for name in re.findall(r"`([^`]*)`", cell)]


# From what is described to what is computed; each room may import from those before it.
FLOW = [named(row[0])[0] for row in rows("| room | what it knows |")]
MAY_IMPORT = {room: set(FLOW[:position]) for position, room in enumerate(FLOW)}
for beside, allowed, _ in rows("| room | may import |"):
    MAY_IMPORT[named(beside)[0]] = {*named(allowed), *(FLOW if "the flow" in allowed else ())}
MAY_IMPORT["__init__"] = {*FLOW}
MAY_IMPORT["__main__"] = {"cli"}
FREE = {"__version__"}  # the one name of the package itself that a run may write down


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """Line and room of every import of rdcalcium in a file, inside functions and TYPE_CHECKING blocks too."""
    package = ("rdcalcium", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module or "").split(".")) if node.module else base
            names = [(*module, alias.name) for alias in node.names]
        for name in names:
            if name[0] == "rdcalcium":
                yield node.lineno, name[1] if len(name) > 1 else "the package itself"


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every call in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_the_map_of_contributing_shows_every_room_that_there_is() -> None:
    there = {room_of(path) for path in MODULES} - {"__init__", "__main__"}
    assert there == MAY_IMPORT.keys() - {"__init__", "__main__"}
    for first, *_ in rows("| room | what it knows |") + rows("| room | may import |"):
        assert (PACKAGE / first.strip("`")).exists(), first
    assert FLOW[0] == "errors"
    assert FLOW[-1] == "runner"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_rooms_above_it(path: Path) -> None:
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is a new room: say in CONTRIBUTING.md what it may import"
    allowed = MAY_IMPORT[room] | {room} | FREE
    wrong = [
        f"line {line} of {path.relative_to(ROOT)} imports {imported}, which is not above {room}; "
        f"{room} may import: {', '.join(sorted(MAY_IMPORT[room])) or 'nothing'}"
        for line, imported in imported_rooms(path)
        if imported not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_the_library_never_prints() -> None:
    found = [f"{path}:{line}" for path in MODULES for line, name in calls(path) if name == "print"]
    assert not found, f"print() in {', '.join(found)}; return the text, and let cli/ show it"


# Parts that are added without touching what uses them: where they are, and what is asked for its kind in their stead.
ADDED: dict[str, tuple[tuple[type, ...], str]] = {
    "model/shapes": ((Shape, *shapes.KINDS), "geometry"),
    "model/obstacles": (obstacles.KINDS, "obstacle"),
    "model/placement": (placement.KINDS, "placement"),
    "model/prescribed_currents.py and model/gated_currents.py": (tuple(kinds_in(CurrentLaw)), "current"),
    "model/stimulus.py": (tuple(kinds_in(Stimulus)), "stimulus"),
    "model/views.py": (tuple(kinds_in(AnyView)), "view"),
    "model/optics.py": (tuple(kinds_in(AnyOptics)), "optics"),
    "backends": (tuple(map(backend_class, BACKENDS)), "backend"),
}
MAY_ASK = {
    "geometry/surface_mesh.py": {"SurfaceObstacle"},  # surfaces from files are meshed together
    "geometry/given_surface.py": {"SurfaceObstacle"},
    "recorders/sight.py": {"RegionView", "Frame"},  # CONTRIBUTING.md: how to add a view
}


def asked_for_their_kind(source: str, kinds: set[str], called: str) -> Iterator[tuple[int, set[str]]]:
    """Lines that ask a part for its class or its kind, instead of asking it what they want to know; and the classes."""
    for node in ast.walk(ast.parse(source)):
        asked: set[str] = set()
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"isinstance", "issubclass"}:
            asked = kinds & {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}
        if isinstance(node, ast.Compare) and re.search(rf"\b{called}\.kind\b", ast.unparse(node)):
            asked = {f"{called}.kind"}
        if isinstance(node, ast.MatchClass):
            asked = kinds & {ast.unparse(node.cls)}
        if asked:
            yield node.lineno, asked


def test_the_guard_sees_who_asks_for_a_kind() -> None:
    asking = "isinstance(g, (int, Box))\nmodel.geometry.kind == 'box'\nmatch g:\n    case Shape(): pass\n"
    assert [line for line, _ in asked_for_their_kind(asking, {"Box", "Shape"}, "geometry")] == [1, 2, 4]


@pytest.mark.parametrize("home", ADDED)
def test_no_module_asks_a_part_for_its_kind(home: str) -> None:
    """One that did would have to be edited for the next kind."""
    kinds, called = ADDED[home]
    own = {Path(*kind.__module__.split(".")[1:]).with_suffix(".py") for kind in kinds}
    found = [
        f"line {line} of {path} asks for {', '.join(sorted(asked))}"
        for path in (path.relative_to(PACKAGE) for path in MODULES)
        for line, asked in asked_for_their_kind((PACKAGE / path).read_text(), {k.__name__ for k in kinds}, called)
        if path not in own and not asked <= MAY_ASK.get(str(path), set())
    ]
    assert not found, f"{'; '.join(found)}: let the part answer, in {home}"


def test_no_entry_of_the_library_is_named_in_code() -> None:
    named = {name for kind in SHELVES for name in entries(kind)}
    assert {"EGTA", "felmy2003", "keller2015"} < named
    found = [
        f"{path}:{node.lineno} names {node.value!r}"
        for path in MODULES
        if room_of(path) != "bench"  # what it measures has buffers of its own
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in named
    ]
    assert not found, ", ".join(found)


def test_what_contributing_calls_found_by_itself_is_found() -> None:
    """Every module of a package of kinds is used: a file that nobody sees is no addition."""
    homes = {"model/shapes", "model/obstacles", "model/placement", "placement/rules", "geometry/formats"}
    assert homes <= set(named(CONTRIBUTING.partition("## Adding")[2]))
    for home in homes:
        package = f"rdcalcium.{home.replace('/', '.')}"
        import_module(package)
        there = {f"{package}.{module.name}" for module in iter_modules([PACKAGE / home])}
        assert there <= sys.modules.keys(), f"{there - sys.modules.keys()} of {home} is not imported with it"


def test_every_method_is_a_choice_of_the_model() -> None:
    assert set(METHODS) == set(get_args(Run.model_fields["method"].annotation))


def test_only_the_command_line_exits() -> None:
    leaving = {"exit", "quit", "sys.exit", "os._exit", "SystemExit"}
    found = [
        f"{path}:{line}"
        for path in MODULES
        if room_of(path) not in {"cli", "__main__"}
        for line, name in calls(path)
        if name in leaving
    ]
    assert not found, f"the program is left in {', '.join(found)}; raise an error that says what to do"


@pytest.mark.parametrize("number", [r"96[._]?485", r"6\.022"], ids=["Faraday", "Avogadro"])
def test_physical_constants_live_in_units(number: str) -> None:
    sources = [path for path in MODULES if path != PACKAGE / "units.py"] + CUDA
    found = [str(path) for path in sources if path.is_file() and re.search(number, path.read_text())]
    assert not found, f"a constant that units.py knows is written again in {', '.join(found)}"
    assert re.search(number, (PACKAGE / "units.py").read_text())


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_a_kernel_file_holds_one_kernel(path: Path) -> None:
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    count = len(re.findall(r"\b__global__\b", code))
    assert count == 1, f"{path.name} has {count} __global__ functions; one operation, one file"


@pytest.mark.parametrize("path", CUDA, ids=lambda path: path.name)
def test_the_lines_of_a_kernel_are_no_longer_than_those_of_python(path: Path) -> None:
    most = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]
    long = [number for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > most]
    assert not long, f"lines {long} of {path.name} are longer than {most} columns"


def test_the_guard_sees_imports_that_hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    source = tmp_path / "model" / "secret.py"
    source.parent.mkdir()
    source.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from ..system import System\n"
        "def late():\n    import rdcalcium.backends.numpy\n"
        "    from rdcalcium import cli\n    from .. import view\n"
        "from . import buffers\nfrom .channels import Channel\nimport numpy\n"
    )
    assert sorted(room for _, room in imported_rooms(source)) == [
        "backends", "cli", "model", "model", "system", "view",
    ]  # fmt: skip


def words_for_users(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of everything that stands in a raised error."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and node.exc:
            for part in ast.walk(node.exc):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.lineno, part.value


@pytest.mark.parametrize("room", sorted({*FLOW, "exact", "view", "advice", "bench"}))
def test_an_error_speaks_of_no_command_line(room: str) -> None:
    """Who calls from Python has no options; an error names its ways, and cli/ says by which option they are gone."""
    paths = [path for path in MODULES if room_of(path) == room]
    found = [f"{p}:{line}" for p in paths for line, text in words_for_users(p) if re.search(r"--[a-z]", text)]
    assert not found, f"an option in {', '.join(found)}; give the error its ways instead"


def test_every_way_that_an_error_names_is_an_option() -> None:
    from rdcalcium.cli.commands import cli

    options = {option for command in cli.commands.values() for p in command.params for option in p.opts}
    ways = {
        argument.value
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("RunFolderError", "DisplayError", "BackendError"))
        for argument in ast.walk(ast.Tuple(node.args[1:]))
        if isinstance(argument, ast.Constant)
    }
    assert ways
    assert {f"--{way}" for way in ways} <= options
