"""What every test can ask for: each backend that can run here."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each worker of pytest; read when OpenMP is loaded

import pytest

from rdcalcium.backends.kernels import KernelOperations
from tests.support import each_backend, need_backend


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
