#!/usr/bin/env bash
# Everything to do once on a machine with a CUDA GPU: the kernel tests, the benchmark, and one model with its pictures.
# Installs nothing: the environment must be there (scripts/quickstart.sh or scripts/test.sh makes it).
#   scripts/benchmarks/gpu.sh [FOLDER]    pictures and the run go to FOLDER [runs/gpu]
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
cd "$root"
python="${RDCALCIUM_PYTHON:-$root/.venv/bin/python}"
out="${1:-runs/gpu}"
results="scripts/benchmarks/results"
run() { printf '==> %s\n' "$*" >&2 && "$@"; }
rdcalcium() { run "$python" -c 'from rdcalcium.cli import main; main()' "$@"; }

device="$("$python" -c '
import re, cupy
name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
print(re.sub("[^a-z0-9]+", "-", name.lower()).strip("-"))')"
export RDCALCIUM_REQUIRE_GPU=1  # a missing device fails; it does not skip

failed=()
run "$python" -m pytest -q tests/test_kernels.py tests/test_backends.py tests/test_nvrtc.py -k "cuda or nvrtc or declared" ||
  failed+=("tests")
mkdir -p "$results"
rdcalcium bench --json "$results/$device.json" | tee "$results/$device.md" || failed+=("benchmark")
rdcalcium run keller2015 --backend cuda --overwrite --out "$out/keller2015" || failed+=("run")
rdcalcium view "$out/keller2015" --screenshot || failed+=("pictures")

if ((${#failed[@]})); then
  printf 'error: failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
printf '==> Done: %s, %s\n' "$results/$device.json" "$out/keller2015" >&2
