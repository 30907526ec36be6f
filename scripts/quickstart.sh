#!/usr/bin/env bash
# From a clean Linux machine to the first calcium plume: installs rdcalcium, runs one model and draws it.
# Arguments go to `rdcalcium run`:  scripts/quickstart.sh --refine 1.5
set -euo pipefail
# shellcheck source=scripts/environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

out="$root/runs/keller2015"
previous=""
for argument in "$@"; do
  [[ "$previous" == --out ]] && out="$argument"
  [[ "$argument" == --out=* ]] && out="${argument#--out=}"
  previous="$argument"
done

list() {
  local title="$1" file
  shift
  while IFS= read -r file; do
    printf '    %-9s %s\n' "$title" "$file"
  done < <(find "$out" "$@" -type f | sort)
}

mapfile -t extras < <(driver_extra)
prepare_environment "${extras[@]}"

say "Simulating one action potential at a calyx active zone: rdcalcium run keller2015 --out $out --overwrite $*"
"$venv/bin/rdcalcium" run keller2015 --out "$out" --overwrite "$@"

say "Drawing the plume: rdcalcium view $out --screenshot"
"$venv/bin/rdcalcium" view "$out" --screenshot

say "Done. Everything is in $out"
list picture -name '*.png'
list table -name '*.csv'
list result \( -name '*.vtkhdf' -o -name '*.toml' -o -name '*.json' \)
say "Use it in this shell: . .venv/bin/activate, then rdcalcium --help"
