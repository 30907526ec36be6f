#!/usr/bin/env bash
# Every check of this checkout: format, lint, types, Dockerfile, then the tests. Fails if any of them fails.
# Arguments go to pytest:  scripts/test.sh tests/test_architecture.py -k kernel
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# CuPy compiles every kernel also where there is no GPU; then any version of it will do.
mapfile -t extras < <(driver_extra)
((${#extras[@]})) || extras=(cuda13)
prepare_environment dev "${extras[@]}"
cd "$root"
export PATH="$venv/bin:$PATH"

# pytest runs one worker per core; each of them computes on its own core. The tests of a file share what takes long to
# make, and are of one worker.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"

failed=()
check() {
  say "$*"
  "$@" || failed+=("$*")
}

check ruff format --check .
check ruff check .
check mypy
check hadolint Dockerfile
((${#failed[@]} == 0)) || say "Failed: $(printf '%s; ' "${failed[@]}")the tests follow"
check pytest -n auto --dist loadfile "$@"
((${#failed[@]} == 0))
