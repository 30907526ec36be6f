"""Every kernel compiles for every GPU, and every launch hands it what it declares; this needs no GPU."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdcalcium.backends import BackendError, choose, cupy, open_backend
from rdcalcium.backends.behind import with_behind
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.march import AheadMarcher
from rdcalcium.backends.model_code import model_code, neighbours
from rdcalcium.backends.program import Program
from rdcalcium.backends.sources import Kernel, is_of_patches, kernel_names, kernels_for, prelude, read_kernels
from rdcalcium.discretization import PointWeights
from rdcalcium.discretization.grid import CutLayout, GridLayout, WeightedLayout
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.discretization.sliced_ell import SlicedEll
from rdcalcium.patches import Patches
from rdcalcium.simulation import Simulation
from rdcalcium.system import System
from rdcalcium.vesicles.chain import Rates
from rdcalcium.vesicles.flow import Flow
from tests.models import CHEMISTRIES, FOLLOWING, patched_system, small_model, small_system
from tests.support import PRECISIONS, REQUIRE_GPU, RoundsOfAGpu

WANTED = (75, 80, 86, 89, 90, 100, 120)  # Turing to Blackwell, without the variants for boards and supercomputers
NONE: Any = np.empty(0)
ENDS = (True, True, False)
LAYOUTS: dict[str, Any] = {
    "grid": GridLayout((0, 0, 0), NONE, NONE),
    "weighted": WeightedLayout((0, 0, 0), NONE, NONE, NONE),
    "cut": CutLayout((0, 0, 0), NONE, NONE, NONE, NONE),
    "periodic": GridLayout((0, 0, 0), NONE, NONE, periodic=ENDS),
    "periodic weighted": WeightedLayout((0, 0, 0), NONE, NONE, NONE, periodic=ENDS),
    "mesh": SlicedEll,
}
# What is compiled together: a folder of kernels, and the layout that those are for which are written for one.
OF_A_LAYOUT = [(folder, layout) for folder in ("cells", "ahead") for layout in LAYOUTS]
TOGETHER = [
    *OF_A_LAYOUT,
    *((folder, "grid") for folder in ("state", "march", "patches", "followers", "multigrid", "vesicles")),
]
PLAIN = ("grid", "mesh")  # layouts; the others differ from these in a header
WITH_CHEMISTRY = [*(one for one in OF_A_LAYOUT if one[1] in PLAIN), ("multigrid", "grid")]
INDICES = ("int", "long long")
# What CuPy 13 and 14 add to the options of a RawModule, besides the architecture.
ADDED_BY_CUPY = ("-ftz=true", "--device-as-default-execution-space")


def nvrtc() -> Any:
    """The compiler of CUDA, as CuPy finds it; skips the test where there is none."""
    return pytest.importorskip("cupy", reason="CuPy is not installed").cuda.nvrtc


@cache
def architectures() -> tuple[int, ...]:
    """Those of `WANTED` that the installed NVRTC compiles for."""
    try:
        return tuple(a for a in nvrtc().getSupportedArchs() if a in WANTED)
    except (ImportError, RuntimeError, OSError) as error:
        pytest.skip(f"NVRTC cannot be loaded: {error}")


def generations() -> list[int]:
    """The first architecture of each, such as 80 of 80, 86 and 89."""
    return [a for a in architectures() if a == min(b for b in architectures() if b // 10 == a // 10)]


def compile_for(architecture: int, text: str, options: tuple[str, ...]) -> tuple[bytes, str]:
    """Machine code, and what the compiler had to say."""
    compiler = nvrtc()
    program = compiler.createProgram(text, "kernel.cu", (), ())
    try:
        compiler.compileProgram(program, (*options, f"-arch=sm_{architecture}"))
    except compiler.NVRTCError:
        pytest.fail(compiler.getProgramLog(program))
    return compiler.getCUBIN(program), compiler.getProgramLog(program).strip("\0 \n")


@cache
def kernels(folder: str, layout: str, chemistry: str = "six fields") -> list[Kernel]:
    """Those of a folder, for a model with patches."""
    code = model_code(patched_system("grid", chemistry))
    chosen = LAYOUTS[layout]
    headers = {**code.headers, "neighbours.cuh": neighbours(chosen)}
    names = kernels_for(chosen.kernels, patches=True)[folder]
    return read_kernels(names, replace(code, headers=headers, neighbours=chosen.neighbours))


def test_every_kernel_is_in_what_is_compiled_together() -> None:
    assert {kernel.name for one in TOGETHER for kernel in kernels(*one)} == {*kernel_names()}


def test_nvrtc_knows_the_usual_architectures() -> None:
    before_blackwell = nvrtc().getVersion() < (12, 8)
    assert set(architectures()) == {*WANTED} - ({100, 120} if before_blackwell else set())


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("folder", "layout"), TOGETHER)
def test_kernels_compile_without_a_warning_for_every_generation(
    folder: str, layout: str, precision: str, index: str
) -> None:
    """With the numbers and layouts of most runs for the first GPU of each, whose instructions the others have.

    With other numbers and layouts for the oldest.
    """
    together = kernels(folder, layout)
    text = cupy.cuda_source(together, prelude(precision, index))
    usual = (precision, index) == ("float64", "int") and layout in PLAIN
    for architecture in generations() if usual else architectures()[:1]:
        binary, log = compile_for(architecture, text, (*cupy.OPTIONS, *ADDED_BY_CUPY))
        assert all(kernel.name.encode() in binary for kernel in together)
        assert log == "", f"sm_{architecture}: {log}"


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize(("folder", "layout"), WITH_CHEMISTRY)
def test_every_chemistry_compiles_without_a_warning(folder: str, layout: str, chemistry: str) -> None:
    text = cupy.cuda_source(kernels(folder, layout, chemistry), prelude("float32", "int"))
    assert compile_for(min(architectures()), text, (*cupy.OPTIONS, *ADDED_BY_CUPY))[1] == ""


@pytest.mark.parametrize("precision", PRECISIONS)
def test_states_that_follow_calcium_compile_without_a_warning(precision: str) -> None:
    system = patched_system("grid")
    others = system.patches.patches
    code = model_code(replace(system, patches=Patches((*others, replace(others[0], mechanism=FOLLOWING)))))
    text = cupy.cuda_source(read_kernels(["patch_follow"], code), prelude(precision, "int"))
    assert compile_for(min(architectures()), text, (*cupy.OPTIONS, *ADDED_BY_CUPY))[1] == ""


@pytest.mark.parametrize(("folder", "layout"), WITH_CHEMISTRY)
def test_the_main_kernels_keep_their_numbers_in_registers(folder: str, layout: str) -> None:
    """Arrays of fields that are indexed by constants need no local memory, which would halve the speed."""
    together = [kernel for kernel in kernels(folder, layout) if not is_of_patches(kernel.name)]
    text = cupy.cuda_source(kernels(folder, layout), prelude("float64", "int"))
    target = 90 if 90 in architectures() else max(architectures())
    _, log = compile_for(target, text, (*cupy.OPTIONS, *ADDED_BY_CUPY, "--ptxas-options=-v"))
    for kernel in together:
        properties = log.partition(f"Function properties for {kernel.name}\n")[2].partition("\n")[0]
        assert properties.endswith(" 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"), kernel.name


class DeclaredOperations(KernelOperations):
    """Launches nothing, and insists that every argument is what the kernel declares."""

    name, device, reduction_threads = "declared", "none", 64
    mask = np.dtype(np.uint8)

    def __init__(self, system: System, precision: str):
        super().__init__(system, precision)
        self.launched: set[str] = set()

    def load(self, kernels: list[Kernel]) -> dict[str, Kernel]:
        return {kernel.name: kernel for kernel in kernels}

    def wait(self) -> None:
        pass

    def upload(self, values: np.ndarray) -> np.ndarray:
        return np.array(values, order="C")

    def download(self, values: np.ndarray) -> np.ndarray:
        return values

    def zeros(self, size: int) -> np.ndarray:
        return np.zeros(size, self.real)

    def with_behind(self, state: np.ndarray, count: int) -> np.ndarray:
        return with_behind(state, count)

    def marcher(self, program: Program) -> AheadMarcher:
        return RoundsOfAGpu(self, program)

    def address(self, values: np.ndarray) -> int:
        return int(values.ctypes.data)

    def launch(self, name: str, extent: tuple[int, ...], *args: Any, block: int = 0, work: int = 0) -> None:
        kernel = self.kernel(name)
        types = {**self.types, "unsigned char": np.uint8}
        assert len(args) == len(kernel.arguments)
        for given, declared in zip(args, kernel.arguments, strict=True):
            kind = np.dtype(types.get(declared.type, declared.type))
            if declared.array:
                assert isinstance(given, np.ndarray), declared
                assert given.dtype == kind, declared
                assert given.flags.c_contiguous, declared
            else:
                assert not isinstance(given, np.ndarray), declared
                assert kind.type(given) == pytest.approx(given), declared
                assert kind.kind == "f" or isinstance(given, int | np.integer), declared
        self.launched.add(name)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_every_launch_hands_over_the_declared_types(kind: str, precision: str) -> None:
    do = DeclaredOperations(patched_system(kind), precision)
    y, z, f = do.new(), do.new(), do.new()
    fields = do.system.shape[0]
    do.rhs(y, f)
    do.scale(1.0, y, z)
    do.triad(y, z, 3.0, do.new())
    do.stage(y, f, z, do.new(), 1.0, 1.0, 0.1, 0.1)
    do.follow_calcium(y, z, do.new(), 0.1)
    do.advance(y, z, f, do.new(), do.new())
    do.error_norm(y, z, f, f, f, 0.04, 0.8, 1e-2, np.ones(len(do.system.lengths)))
    do.weighted_sums(y)
    do.site_sums(y)
    do.settle([np.eye(len(patch.mechanism.rows)) for patch in do.system.patches.patches], y, z, keep=True)
    do.add_at(y, do.indices(np.arange(3)), do.values(np.ones(3)), 1.0)
    do.gather(y, do.points(PointWeights(np.zeros((2, 4), dtype=np.int64), np.full((2, 4), 0.25))))
    finest, *_ = build_levels(do.system.discretization.conductance, do.system.discretization.volumes)
    moving = do.system.chemistry.moving
    level, shifts = do.level(finest), do.mode_values(np.ones(moving))
    x, b, d, out = (do.modes(finest.size) for _ in range(4))
    do.relax(level, x, b, d, out, shifts, 0.5, 1.0)
    do.defect(level, x, b, out, shifts)
    do.restrict(level, x, do.modes(finest.restrict.shape[0]))
    do.solve_dense(do.mode_values(np.ones((5, 5, moving))), do.modes(5), do.modes(5))
    do.to_modes(do.values(np.ones((moving, fields))), y, out)
    do.from_modes(do.values(np.ones((fields, moving))), x, do.values(np.ones((fields, fields))), y, z, keep=True)
    there_and_back = Flow(np.arange(2), np.array([[-1.0, 1.0], [1.0, -1.0]]), np.ones(2, dtype=bool))
    series = do.series(there_and_back, Rates(np.ones(2), np.ones(2), np.array([-1, 0])))
    series.after(np.ones((2, 3)), np.ones((1, 3)), np.ones((1, 1, 3)), 0.1)
    model = small_model(kind)
    marcher = Simulation(model, do).way.marcher
    marcher.plan()
    marcher.step(2)
    end = (y, z, f, f, *do.neighbours, do.p, marcher.atol, do.new(), do.new(), do.new(), marcher.worst)
    do.on_cells("arrive", *end, 0.04, 0.8, 1e-2)
    do.on_sites("patch_arrive", *end[:4], *do.at_sites, do.total, do.added, *end[-5:], 0.04, 0.8, 1e-2)
    assert do.launched == {name for name in kernel_names() if do.has_kernel(name)}


def test_a_launch_covers_its_extent_in_whole_blocks() -> None:
    assert cupy.blocks((0,)) == (0, 1, 1)
    assert cupy.blocks((1,)) == (1, 1, 1)
    assert cupy.blocks((cupy.BLOCK + 1, 5, 7)) == (2, 5, 7)


@pytest.mark.parametrize("extent", [(8, 65536, 1), (8, 1, 65536), (2**31 * cupy.BLOCK,)])
def test_a_grid_that_no_launch_can_cover_is_refused(extent: tuple[int, ...]) -> None:
    with pytest.raises(BackendError, match="at most"):
        cupy.blocks(extent)


@pytest.mark.skipif(cupy.missing() is None or REQUIRE_GPU, reason="there is a CUDA device")
def test_without_a_device_cuda_is_refused_in_one_sentence() -> None:
    with pytest.raises(BackendError, match="the cuda backend cannot run") as error:
        open_backend("cuda", small_system())
    assert str(error.value).endswith("; use the compiled or numpy backend")
    assert "\n" not in str(error.value)
    name, reason = choose("auto")
    assert name != "cuda"
    assert str(cupy.missing()) in reason


@pytest.mark.skipif(cupy.missing() is None or REQUIRE_GPU, reason="there is a CUDA device")
def test_the_command_line_says_so_too(tmp_path: Path) -> None:
    start = "from rdcalcium.cli import main; main()"
    line = [sys.executable, "-c", start, "run", "keller2015", "--backend", "cuda"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the cuda backend cannot run" in done.stderr
    assert "Traceback" not in done.stderr
