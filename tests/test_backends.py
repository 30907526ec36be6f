"""The same model gives the same answer on every backend, and kernels are compiled once and safely."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rdcalcium import runner
from rdcalcium.backends import (
    BACKENDS,
    BackendError,
    backend_class,
    choose,
    compiled,
    compiler,
    cupy,
    describe,
    open_backend,
    placement,
    sources,
)
from rdcalcium.backends.base import Operations
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.backends.patch_code import patch_code
from rdcalcium.backends.rate_code import rate_code
from rdcalcium.bench.measure import usable
from rdcalcium.chemistry import build_chemistry
from rdcalcium.discretization.build import discretize
from rdcalcium.memory import memory_needed
from rdcalcium.model import Buffer, Run
from rdcalcium.model.expression import Expression
from rdcalcium.patches import Mechanism, Patch, Patches, Row
from rdcalcium.simulation import Simulation
from rdcalcium.system import build_system
from tests.models import CHEMISTRIES, small_model, small_system
from tests.support import PRECISIONS, ROOT, need_backend
from tests.tolerances import TOLERANCES

KINDS = ("grid", "tetrahedra")


def simulate(kind: str, backend: str, precision: str = "float64") -> Simulation:
    model = small_model(kind, run=Run(duration=0.2, precision=precision))
    simulation = Simulation(model, open_backend(backend, small_system(kind), precision))
    simulation.run()
    return simulation


@pytest.fixture(scope="module")
def reference() -> dict[str, Simulation]:
    """Runs of the specification, in double precision."""
    return {kind: simulate(kind, "numpy") for kind in KINDS}


# One model, every backend --------------------------------------------


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_ends_in_the_same_state_on_every_backend(
    kind: str, precision: str, backend: str, reference: dict[str, Simulation]
) -> None:
    run, twin = simulate(kind, backend, precision), reference[kind]
    got, expected = run.do.to_host(run.stepper.y), twin.do.to_host(twin.stepper.y)
    size = np.abs(expected).max(axis=1, keepdims=True)
    assert (
        np.abs(expected[0] - run.system.chemistry.rest[0]).max() > 0.1 * run.system.chemistry.rest[0]
    )  # something happened
    assert np.all(np.abs(got - expected) <= TOLERANCES[f"run, {precision}"] * size)
    assert np.allclose(run.values, twin.values, rtol=TOLERANCES[f"run, {precision}"])
    if precision == "float64":
        assert (run.steps, run.rejected) == (twin.steps, twin.rejected)
        assert run.stepper.evaluations == twin.stepper.evaluations


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeated_run_is_identical_to_the_bit(kind: str, backend: str) -> None:
    first, second = simulate(kind, backend), simulate(kind, backend)
    assert np.array_equal(first.do.to_host(first.stepper.y), second.do.to_host(second.stepper.y))


def test_the_number_of_threads_does_not_change_a_bit(kernel_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel_backend != "compiled":
        pytest.skip("only CPU cores can be counted out")
    program = (
        "import sys\n"
        "from rdcalcium.backends import compiled; compiled.CompiledOperations.serial_below = 0\n"
        "from tests.test_backends import simulate\n"
        "run = simulate('tetrahedra', 'compiled')\n"
        "sys.stdout.buffer.write(run.do.to_host(run.stepper.y).tobytes())\n"
    )
    ends = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "OMP_NUM_THREADS": str(count)},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for count in (1, 3)
    ]
    assert len(ends[0]) == 8 * np.prod(small_system("tetrahedra").shape)
    assert ends[0] == ends[1]


# The specification, and the generated code --------------------------------------------


def random_fields(kind: str, chemistry: str, low: float = 0.0) -> np.ndarray:
    system = small_system(kind, chemistry)
    return np.random.default_rng(1).uniform(low, 1.0, system.shape) * np.maximum(system.chemistry.rest[:, None], 1.0)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_increment_of_a_stage_is_the_difference_of_right_hand_sides(
    kind: str, chemistry: str, backend: str
) -> None:
    do = open_backend(backend, small_system(kind, chemistry))
    y, z = random_fields(kind, chemistry), 0.1 * random_fields(kind, chemistry, -1.0)
    before, after = do.new(), do.new()
    do.rhs(do.from_host(y), before)
    do.rhs(do.from_host(y + z), after)
    change = do.new()
    do.stage(do.from_host(y), do.new(), do.from_host(z), change, 0.0, 0.0, 1.0, 0.0)
    expected = do.to_host(after) - do.to_host(before)
    size = np.abs(do.to_host(after)).max(axis=1, keepdims=True)
    assert np.all(np.abs(do.to_host(change) - expected) <= TOLERANCES["kernel, float64"] * size)


def test_a_small_increment_loses_no_digits(backend: str) -> None:
    """In single precision the difference of two right-hand sides would be noise here."""
    y, z = random_fields("grid", "six fields"), 1e-6 * random_fields("grid", "six fields", -1.0)
    changes = {}
    for name, precision in ((backend, "float32"), ("numpy", "float64")):
        do = open_backend(name, small_system("grid"), precision)
        change = do.new()
        do.stage(do.from_host(y), do.new(), do.from_host(z), change, 0.0, 0.0, 1.0, 0.0)
        changes[precision] = do.to_host(change)
    size = np.abs(changes["float64"]).max(axis=1, keepdims=True)
    assert np.all(np.abs(changes["float32"] - changes["float64"]) <= TOLERANCES["kernel, float32"] * size)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_code_is_the_specification(kind: str, chemistry: str, kernel_backend: str) -> None:
    system, y = small_system(kind, chemistry), random_fields(kind, chemistry)
    twin, do = NumpyOperations(system), open_backend(kernel_backend, system)
    expected, out = twin.new(), do.new()
    twin.rhs(y, expected)
    do.rhs(do.from_host(y), out)
    size = np.abs(expected).max(axis=1, keepdims=True)
    assert np.all(np.abs(do.to_host(out) - expected) <= TOLERANCES["kernel, float64"] * size)


def test_a_sweep_over_rates_compiles_once() -> None:
    faster = tuple(b.model_copy(update={"total": 2 * b.total}) for b in CHEMISTRIES["six fields"])
    one, other = small_system("grid"), small_model("grid", buffers=faster)
    (header, numbers), (same, others) = rate_code(one.chemistry), rate_code(build_chemistry(other))
    assert header == same
    assert not np.array_equal(numbers, others)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The source of each library that the compiled backend asks for from now on."""
    need_backend("compiled")
    texts: list[str] = []
    build = compiled.build

    def noted(text: str) -> Path:
        texts.append(text)
        return build(text)

    monkeypatch.setattr(compiled, "build", noted)
    return texts


def test_what_is_never_launched_is_never_compiled(built: list[str]) -> None:
    do = open_backend("compiled", small_system("grid"))
    assert not built
    do.scale(2.0, do.new(), do.new())
    do.triad(do.new(), do.new(), 2.0, do.new())  # of the same folder
    assert len(built) == 1
    do.rhs(do.new(), do.new())
    assert len(built) == 2
    assert not any(name in text for text in built for name in ("launch_relax", "launch_plan", "launch_patch_rhs"))


def test_models_share_what_does_not_depend_on_their_reactions(built: list[str]) -> None:
    for chemistry in ("no buffer", "six fields"):
        open_backend("compiled", small_system("grid", chemistry)).prepare()
    shared = "".join(text for text in built if built.count(text) == 2)
    assert all(f"void {name}(" in shared for name in ("launch_scale", "launch_plan", "launch_series", "march"))
    assert not any(f"void {name}(" in shared for name in ("launch_rhs_grid", "launch_stage_grid", "launch_to_modes"))


def test_laws_that_differ_in_numbers_alone_compile_once() -> None:
    def laws(rate: str, K: float) -> tuple[str, np.ndarray]:
        mechanism = Mechanism("pump", (Row("pumped", Expression(rate), calcium=1.0),), {"K": K})
        return patch_code(Patches((Patch(mechanism, np.arange(1), np.ones(1), np.ones(1)),)))

    (code, numbers), (same, others) = laws("0.7*Ca**2/(K + Ca**2) - 0.1", 0.3), laws("0.8*Ca**2/(K + Ca**2) - 3", 0.4)
    assert code == same
    assert not np.array_equal(numbers, others)
    assert laws("0.7*Ca**3/(K + Ca**3) - 0.1", 0.3)[0] != code


TWICE = """// SPDX-License-Identifier: BSD-3-Clause
#include "common.cuh"

extern "C" __global__ void twice{end}(real_t* __restrict__ x, const index_t n) {{
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    x[i] *= 2;
}}
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_kernel_is_one_file(
    kind: str, kernel_backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It can be launched as soon as it is there; one for a layout, where that is the layout."""
    folder, system = tmp_path / "kernels", small_system(kind)
    shutil.copytree(sources.kernel_folder(), folder)
    for end in ("", "_grid", "_mesh"):
        (folder / "state" / f"twice{end}.cu").write_text(TWICE.format(end=end))
    monkeypatch.setattr(sources, "kernel_folder", lambda: folder)
    do = open_backend(kernel_backend, system)
    x = do.values(np.arange(5.0))
    do.launch("twice", (5,), x, 5)
    do.launch(f"twice_{do.layout.kernels}", (5,), x, 5)
    assert do.download(x).tolist() == [0.0, 4.0, 8.0, 12.0, 16.0]
    with pytest.raises(KeyError):
        do.launch("twice_mesh" if kind == "grid" else "twice_grid", (5,), x, 5)


# Choosing a backend --------------------------------------------


def test_an_unknown_backend_names_those_that_exist() -> None:
    with pytest.raises(BackendError, match="unknown backend 'nope'") as error:
        open_backend("nope", small_system())
    assert all(name in str(error.value) for name in (*BACKENDS, "auto"))


def test_without_a_compiler_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(BackendError, match=r"apt install g\+\+.*set CXX.*use the numpy backend"):
        open_backend("compiled", small_system())
    name, reason = choose("auto")
    assert name in ("numpy", "cuda")
    assert name == "cuda" or "no C++ compiler was found" in reason


BROKEN = {
    "not there": ("no-such-compiler", "CXX is 'no-such-compiler', which was not found"),
    "fails": ("false", "could not compile the kernels: it ended with exit status 1 and said nothing"),
    "makes nothing": ("true", "could not compile the kernels: it ended with exit status 0 and said nothing"),
    "no program": ("{folder}/compiler", "cannot be started: Exec format error"),
    "complains": ("g++ --nonsense", "unrecognized command-line option"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_compiler_leaves_numpy_and_says_why(
    broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program, said = BROKEN[broken]
    if program.startswith("g++"):
        need_backend("compiled")
    (tmp_path / "compiler").write_bytes(bytes(range(64)))
    (tmp_path / "compiler").chmod(0o755)
    monkeypatch.setenv("CXX", program.format(folder=tmp_path))
    monkeypatch.setenv("RDCALCIUM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cupy, "missing", lambda: "no GPU")
    name, reason = choose("auto")
    assert name == "numpy"
    assert said in reason
    assert "\n" not in reason
    assert isinstance(open_backend("auto", small_system()), NumpyOperations)
    with pytest.raises(BackendError, match=r"^the compiled backend cannot run: .*; use the numpy backend$") as error:
        open_backend("compiled", small_system())
    assert said in str(error.value)


def test_a_compiler_may_come_with_options(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = compiler.build(ONE)
    path, *_ = compiler.find_compiler() or ()
    monkeypatch.setenv("CXX", f"'{path}' -DWITH_OPTIONS")
    assert choose("compiled") == ("compiled", "as asked")
    assert compiler.build(ONE) != plain


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_says_all_that_the_package_asks_of_it(name: str) -> None:
    kind = backend_class(name)
    assert kind.name == name
    assert kind.host_states > 0
    assert kind.host_bytes >= 0
    assert "\n" not in kind.found()
    assert min(kind.sides.grid) > 1 < min(kind.sides.mesh)
    assert kind.thread_counts() == tuple(sorted(set(kind.thread_counts())))


def test_a_new_backend_is_one_class_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory, the choice, its errors and the benchmark know it as soon as the registry does."""

    class Abacus(NumpyOperations):
        name = "abacus"
        host_states = 1000

    module = ModuleType("abacus")
    vars(module)["Abacus"] = Abacus
    monkeypatch.setitem(sys.modules, "abacus", module)
    monkeypatch.setitem(BACKENDS, "abacus", "abacus:Abacus")
    assert isinstance(open_backend("abacus", small_system()), Abacus)
    assert memory_needed(small_model(), 10, "abacus") > memory_needed(small_model(), 10, "numpy")
    with pytest.raises(BackendError, match=r"available: .*abacus"):
        choose("counting frame")
    assert Abacus in [place.kind for place in usable()]


class TwoDevices(NumpyOperations):
    """As a machine with two GPUs would have it."""

    name, on_gpu = "cuda", True

    @classmethod
    def devices(cls) -> tuple[str, ...]:
        return "Small GPU", "Large GPU"

    def __init__(self, *args: object):
        super().__init__(*args)
        self.device = self.devices()[self.number]


@pytest.fixture
def two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two GPUs."""
    monkeypatch.setattr(cupy, "CupyOperations", TwoDevices)


@pytest.mark.usefixtures("two_devices")
def test_a_device_is_chosen_by_its_number(tmp_path: Path) -> None:
    assert open_backend("auto", small_system()).number == 0
    assert open_backend("auto", small_system(), device=1).device == "Large GPU"
    assert choose("auto", 1) == ("cuda", "as asked")
    result = runner.run(small_model(run=Run(duration=0.01)), out=tmp_path / "run", device=1)
    assert result.about.machine.device == "Large GPU"
    assert describe()[0] == "cuda      0 (Small GPU), 1 (Large GPU)"
    assert [place.number for place in usable() if place.kind is TwoDevices] == [0, 1]


@pytest.mark.usefixtures("two_devices")
@pytest.mark.parametrize("number", [2, -1])
def test_a_device_that_is_not_there_names_those_that_are(number: int) -> None:
    with pytest.raises(BackendError) as error:
        open_backend("auto", small_system(), device=number)
    assert str(error.value) == f"there is no device {number}; available: 0 (Small GPU), 1 (Large GPU)"


def test_a_backend_without_devices_refuses_one() -> None:
    with pytest.raises(BackendError, match="device 0 was asked for, and the numpy backend has none to choose from"):
        open_backend("numpy", small_system(), device=0)


def test_every_backend_says_what_it_runs_on_or_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy, "missing", lambda: "no GPU")
    assert [line.split()[0] for line in describe()] == list(BACKENDS)
    assert describe()[0] == "cuda      cannot run: no GPU"


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_backend("compiled")
    monkeypatch.setenv("RDCALCIUM_CACHE", str(tmp_path))
    with pytest.raises(BackendError, match=r"could not compile the kernels:(.|\n)*error"):
        compiler.build("this is not C++")
    assert not list((tmp_path / "kernels").iterdir())  # nothing half-made is left


# The cache of compiled kernels --------------------------------------------

ONE = 'extern "C" int answer() { return 1; }\n'


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of this test's own."""
    need_backend("compiled")
    monkeypatch.setenv("RDCALCIUM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


def test_a_library_is_built_once_and_found_again(cache: Path) -> None:
    library = compiler.build(ONE)
    built = library.stat().st_mtime_ns
    assert library.parent == cache
    assert compiler.build(ONE) == library
    assert library.stat().st_mtime_ns == built


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "cut short": lambda whole: whole[:3000],
    "a byte lost": lambda whole: whole[:-1],
    "another byte": lambda whole: whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_library_that_was_damaged_is_built_anew(cache: Path, damage: str) -> None:
    """To load it would kill the process."""
    library = compiler.build(ONE)
    damaged = DAMAGE[damage](library.read_bytes())
    library.write_bytes(damaged)
    assert compiler.build(ONE) == library
    assert library.read_bytes() != damaged
    assert ctypes.CDLL(str(library)).answer() == 1


@pytest.mark.usefixtures("cache")
def test_a_compiler_is_not_given_up_for_a_library_that_was_damaged() -> None:
    compiler.build(compiler._PROBE).write_bytes(b"")
    assert compiler.compiler_missing() is None


def test_another_source_flag_compiler_or_cpu_is_another_library(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = [
        compiler.build(ONE),
        compiler.build(ONE.replace("1", "2")),
        compiler.build(ONE, (*compiler.FLAGS, "-g")),
    ]
    monkeypatch.setattr(compiler, "instruction_sets", lambda: "another CPU")
    libraries.append(compiler.build(ONE))
    monkeypatch.setattr(compiler, "_compiler_version", lambda words: "another compiler")
    libraries.append(compiler.build(ONE))
    assert len(set(libraries)) == len(libraries) == len(list(cache.iterdir()))


def test_nobody_else_can_write_into_the_cache(cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)  # as another program may have left it
    assert stat.S_IMODE(compiler.build(ONE).parent.stat().st_mode) == 0o700


def test_a_cache_that_cannot_be_written_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_backend("compiled")
    (tmp_path / "a file").write_text("not a folder")
    monkeypatch.setenv("RDCALCIUM_CACHE", str(tmp_path / "a file"))
    library = compiler.build(ONE)
    assert library.exists()
    assert tmp_path not in library.parents
    assert stat.S_IMODE(library.parent.stat().st_mode) == 0o700


def test_two_processes_may_build_at_the_same_time(cache: Path) -> None:
    program = (
        "import ctypes, sys; from rdcalcium.backends.compiler import build\n"
        "sys.stdin.readline()\n"
        f"print(ctypes.CDLL(str(build({ONE!r}))).answer())\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in both] == ["1\n", "1\n"]
    assert len(list(cache.iterdir())) == 1


# Where arrays lie --------------------------------------------


def test_large_arrays_take_turns_at_the_lines_of_a_page() -> None:
    size = placement.LARGE
    arrays = [
        placement.placed(size, np.dtype(np.float32), number) for number in range(placement.PAGE // placement.LINE)
    ]
    begins = [array.ctypes.data % placement.PAGE for array in arrays]
    assert sorted(begins) == list(range(0, placement.PAGE, placement.LINE))
    assert all(array.size == size and not array.any() for array in arrays)


# Accesses outside an array --------------------------------------------

SANITIZED = """
from rdcalcium.backends import compiled, compiler, placement
flags = ("-std=c++17", "-O0", "-march=native", "-fopenmp", "-shared", "-fPIC", "-fsanitize=address")
compiler.build.__defaults__ = (flags,)
compiled.CompiledOperations.serial_below = 10**12
placement.LARGE = 10**12
from tests import test_kernels as t
BREAK = {broken}
if BREAK:
    source = compiled.cpu_source
    compiled.cpu_source = lambda kernel: source(kernel).replace("y[i] + increment", "y[i + 1] + increment")
count = 0
for name in t.CHECKS:
    for n in t.SIZES:
        for label, system, rng in t.every_case(name, n):
            if "no buffer" in label or "competitive" in label:
                continue  # the same accesses as with other numbers of fields; each costs a compilation
            t.CHECKS[name].claim(compiled.CompiledOperations(system, "float64"), rng)
            count += 1
print(count, "cases")
"""


def sanitized(broken: bool = False) -> subprocess.CompletedProcess[str]:
    """All kernels on buffers of exactly their size, where every access outside of one is reported."""
    need_backend("compiled")
    command = compiler.find_compiler() or ()
    runtime = subprocess.run([*command, "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    if not Path(runtime).is_absolute():
        pytest.skip(f"{command[0]} comes without AddressSanitizer")
    # Where each block came from is not kept: that would double the time. NumPy takes what arrays hold from malloc.
    options = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0:malloc_context_size=0"}
    program = SANITIZED.format(broken=broken)
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **options},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_no_kernel_leaves_its_arrays() -> None:
    """In one precision: which places a kernel reads does not depend on what numbers are there."""
    done = sanitized()
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("cases\n")


def test_an_access_outside_an_array_would_be_seen() -> None:
    done = sanitized(broken=True)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr


def test_a_buffer_of_more_states_than_an_integer_has_bits(kernel_backend):
    sites = 70
    scheme = tuple(f"B{i} + Ca <-> B{i + 1} : 0.1, {i + 1}" for i in range(sites))
    many = Buffer(name="many", total=100, diffusivity=0, scheme=scheme)
    mobile = Buffer(name="mobile", total=100, diffusivity=0.2, k_on=0.1, K_d=1)
    model = small_model("grid", "no buffer").changed(buffers=(many, mobile))
    system = build_system(model, discretize(model))
    state = np.random.default_rng(0).uniform(0, 1, system.shape)
    expected, found = (rhs_of(open_backend(name, system), state) for name in ("numpy", kernel_backend))
    np.testing.assert_allclose(found, expected, atol=TOLERANCES["kernel, float64"] * np.abs(expected).max())


def rhs_of(do: Operations, state: np.ndarray) -> np.ndarray:
    """Its right-hand side, on the host."""
    out = do.new()
    do.rhs(do.from_host(state), out)
    return do.to_host(out)
