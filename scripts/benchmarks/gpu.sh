#!/usr/bin/env bash
# Everything to do once on a machine with a CUDA GPU: all tests, the kernels under compute-sanitizer where that is
# installed, the benchmark, and one model with its pictures.
# Installs nothing: the environment must be there (scripts/quickstart.sh or scripts/test.sh makes it).
#   scripts/benchmarks/gpu.sh [FOLDER]    pictures and the run go to FOLDER [runs/gpu]
# With QUICK=1 the benchmark takes tiny sizes, to see that all of it works before a long one is begun.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
cd "$root"
python="${RDCALCIUM_PYTHON:-$root/.venv/bin/python}"
out="${1:-runs/gpu}"
run() { printf '==> %s\n' "$*" >&2 && "$@"; }
rdcalcium() { run "$python" -m rdcalcium "$@"; }

export RDCALCIUM_REQUIRE_GPU=1  # a missing device fails; it does not skip

failed=()
run "$python" -m pytest -q -n "${WORKERS:-4}" || failed+=("tests")
# Without a pool each array is an allocation of its own, outside of which an access is seen.
small='import cupy; cupy.cuda.set_allocator(None)
from rdcalcium.integrators import limits
from tests.models import small_model
from tests.support import fresh
limits.IMPLICIT_FROM, limits.IMPLICIT_ON = 6.0, 3.0  # implicit steps too
for kind in ("grid", "tetrahedra"):
    run = fresh(small_model(kind), "cuda")
    while not run.finished:
        for last in run.stretch()[-1:]:
            [*run.fields_within(last, [last.t - last.h / 2])]'
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck initcheck; do  # no kernel shares memory between threads, where racecheck looks
    run compute-sanitizer --tool "$tool" --error-exitcode 1 "$python" -c "$small" || failed+=("$tool")
  done
else
  printf '==> compute-sanitizer is not installed: no access of a kernel is checked\n' >&2
fi
# One part after the other, so that one that fails leaves the figures of the others; the file has the name of the GPU.
for part in $(PYTHONPATH=scripts/benchmarks "$python" -c 'from parts import PARTS; print(*PARTS)'); do
  run "$python" scripts/benchmarks/all.py --backend cuda --only "$part" ${QUICK:+--quick} || failed+=("$part")
done
rdcalcium run keller2015 --backend cuda --overwrite --out "$out/keller2015" || failed+=("run")
rdcalcium view "$out/keller2015" --screenshot || failed+=("pictures")

if ((${#failed[@]})); then
  printf 'error: failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
printf '==> Done: scripts/benchmarks/results, %s\n' "$out/keller2015" >&2
