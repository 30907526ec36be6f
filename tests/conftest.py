"""What all tests share: the table of tolerances, the backends to try, and small models to try them on."""

from __future__ import annotations

import os
from functools import lru_cache

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each worker of pytest; read when OpenMP is loaded

import pytest

from rdcalcium.backends import BACKENDS, Operations, backend_class
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.discretization.build import discretize
from rdcalcium.model import (
    Box,
    Buffer,
    Channels,
    Grid,
    Magnesium,
    Model,
    Probe,
    PulseCurrent,
    Run,
    Sphere,
    Tetrahedra,
)
from rdcalcium.system import System, build_system

# Relative to the largest value compared, unless said otherwise. A test names the entry it uses.
TOLERANCES = {
    # One kernel against its NumPy twin: ~20 operations a value, fused multiply-adds on one side only.
    "kernel, float64": 1e-10,
    "kernel, float32": 2e-5,  # 2^-24 × ~20 operations, × ~10 where neighbours nearly cancel in the Laplacian
    # Calcium found against calcium entered: ~1e4 stages, each rounding to 2^-53, with random signs.
    "balance, float64": 1e-12,
    "balance, float32": 1e-5,  # 2^-24 × 100: increments are added without loss, but each is itself rounded
    # A whole run on two backends. Diffusion damps rounding, so it does not grow with the number of steps.
    "run, float64": 1e-10,
    "run, float32": 2e-4,  # 2^-24 × ~80 stages a step, and as much again where the step size reacts: 2e-5 seen
}

PRECISIONS = ("float64", "float32")
REQUIRE_GPU = os.environ.get("RDCALCIUM_REQUIRE_GPU") == "1"

FIXED = Buffer(name="fixed", total=400, diffusivity=0, k_on=0.1, K_d=10)
ATP = Buffer(  # binds Ca or Mg, not both
    name="ATP",
    total=2000,
    diffusivity=0.22,
    scheme=("ATP + Ca <-> CaATP : k_on_Ca, k_off_Ca", "ATP + Mg <-> MgATP : k_on_Mg, k_off_Mg"),
    parameters={"k_on_Ca": 0.5, "k_off_Ca": 100.0, "k_on_Mg": 0.01, "k_off_Mg": 1.0},
)
TWO_SITE = Buffer(  # binds two ions, one after the other
    name="calretinin",
    total=100,
    diffusivity=0.02,
    scheme=("B + Ca <-> CaB : 2*k_on, k_off", "CaB + Ca <-> Ca2B : k_on, 2*k_off"),
    parameters={"k_on": 0.2, "k_off": 0.3},
)
# Every kind of rate code: none, one site, competition, and six fields with all of it.
CHEMISTRIES = {
    "no buffer": (),
    "fixed": (FIXED,),
    "competitive": (ATP,),
    "six fields": (FIXED, ATP, TWO_SITE),
}


def need_backend(name: str) -> None:
    """Skip the test where this backend cannot run; a missing GPU fails if RDCALCIUM_REQUIRE_GPU=1."""
    reason = backend_class(name).missing()
    if reason and REQUIRE_GPU and backend_class(name).on_gpu:
        pytest.fail(f"RDCALCIUM_REQUIRE_GPU=1, but {reason}")
    if reason:
        pytest.skip(reason)


def each_backend(kind: type[Operations] = Operations) -> list[object]:
    """Every backend of a kind that the registry knows, the specification first."""
    kinds = {name: backend_class(name) for name in reversed(BACKENDS)}
    return [pytest.param(n, marks=[pytest.mark.gpu] * k.on_gpu) for n, k in kinds.items() if issubclass(k, kind)]


@pytest.fixture(params=each_backend())
def backend(request: pytest.FixtureRequest) -> str:
    """Name of each backend that can run here."""
    need_backend(request.param)
    return request.param


@pytest.fixture(params=each_backend(KernelOperations))
def kernel_backend(request: pytest.FixtureRequest) -> str:
    """Name of each backend that runs the kernels."""
    need_backend(request.param)
    return request.param


def small_model(kind: str = "grid", chemistry: str = "six fields", **changes: object) -> Model:
    """A box of 0.3 × 0.3 × 0.2 µm³ with a vesicle over one channel that opens for 0.1 ms, and two probes.

    kind       "grid" or "tetrahedra", about 2000 control volumes
    chemistry  a key of CHEMISTRIES
    changes    parts of the Model to replace
    """
    fine_to_coarse = {"size_at_active_zone": 0.015, "size_in_bulk": 0.05}
    model = Model(
        title="small",
        geometry=Box(size=(0.3, 0.3, 0.2), obstacles=(Sphere(centre=(0.04, 0.03, 0.05), radius=0.03),)),
        discretization=Grid(**fine_to_coarse) if kind == "grid" else Tetrahedra(**fine_to_coarse),
        magnesium=Magnesium(free=300),
        buffers=CHEMISTRIES[chemistry],
        channels=(
            Channels(
                name="Ca",
                positions=((0.0, 0.0),),
                current=PulseCurrent(amplitude=0.1, start=0.05, duration=0.1),
            ),
        ),
        probes=(
            Probe(name="near", position=(0.02, 0.0, 0.01)),
            Probe(name="far", position=(-0.1, 0.1, 0.15)),
        ),
        run=Run(duration=0.3),
    )
    return model.changed(**changes) if changes else model


@lru_cache(maxsize=32)
def small_system(kind: str = "grid", chemistry: str = "six fields") -> System:
    """Arrays of a small_model; the same object for the same words."""
    model = small_model(kind, chemistry)
    return build_system(model, discretize(model))
