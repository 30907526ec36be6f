# shellcheck shell=bash
# The Python environment of this checkout: sourced by quickstart.sh and test.sh, does nothing by itself.
#
#   prepare_environment EXTRA …   makes .venv and installs the package with these extras of pyproject.toml
#   driver_extra                  the extra that fits the NVIDIA driver: cuda12, cuda13 or nothing
#
# RDCALCIUM_PYTHON=/path/to/python  chooses the Python that .venv is made from.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
venv="$root/.venv"
stamp="$venv/installed"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

# Shared libraries that the wheels of gmsh (linked, see `ldd libgmsh.so`) and VTK (opened when it draws without
# a screen) expect from the system, with the Debian and Ubuntu package that holds each.
system_libraries="
  libEGL.so.1        libegl1
  libGL.so.1         libgl1
  libGLU.so.1        libglu1-mesa
  libX11.so.6        libx11-6
  libXcursor.so.1    libxcursor1
  libXext.so.6       libxext6
  libXfixes.so.3     libxfixes3
  libXft.so.2        libxft2
  libXinerama.so.1   libxinerama1
  libXrender.so.1    libxrender1
  libfontconfig.so.1 libfontconfig1
  libgomp.so.1       libgomp1
"

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

find_python() {
  local candidate found=""
  for candidate in ${RDCALCIUM_PYTHON:+"$RDCALCIUM_PYTHON"} python3 python3.{14..11} python; do
    command -v "$candidate" >/dev/null || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import ensurepip, venv' 2>/dev/null && {
        command -v "$candidate"
        return
      }
      fail "$("$candidate" --version) is here but cannot make environments (no venv or ensurepip module);" \
        "on Debian and Ubuntu: apt-get install python3-venv"
    fi
    found="$found $("$candidate" --version 2>&1 || true)"
  done
  fail "rdcalcium needs Python 3.11 or newer; found:${found:- none}." \
    "Install one, or name it: RDCALCIUM_PYTHON=/path/to/python3.12 $0"
}

driver_extra() {
  local banner major
  command -v nvidia-smi >/dev/null && banner="$(nvidia-smi 2>/dev/null)" || return 0
  major="$(sed -nE 's/.*CUDA[A-Za-z ]*Version *: *([0-9]+).*/\1/p' <<<"$banner" | head -n 1)"
  if [[ -z "$major" ]]; then
    say "nvidia-smi answers without a CUDA version: installing without the GPU backend"
  elif ((major >= 13)); then
    echo cuda13
  elif ((major == 12)); then
    echo cuda12
  else
    say "the NVIDIA driver is for CUDA $major; the GPU backend needs a driver for CUDA 12 or newer"
  fi
}

missing_packages() {
  "$venv/bin/python" - "$system_libraries" <<'PYTHON'
import ctypes
import sys

words = sys.argv[1].split()
for library, package in zip(words[::2], words[1::2], strict=True):
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
PYTHON
}

provide_system_libraries() {
  local packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  if ((EUID == 0)) && command -v apt-get >/dev/null; then
    say "Installing the system libraries that gmsh and VTK need: ${packages[*]}"
    { apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >&2 || true
    mapfile -t packages < <(missing_packages)
    ((${#packages[@]})) || return 0
  fi
  # Without EGL only the pictures need a screen; without the others gmsh does not load.
  local report=fail
  [[ "${packages[*]}" == libegl1 ]] && report=say
  "$report" "system libraries that gmsh and VTK need are missing; on Debian and Ubuntu, as root:" \
    "apt-get install ${packages[*]}"
}

report_compiler() {
  local compiler
  for compiler in g++ clang++; do
    if command -v "$compiler" >/dev/null; then
      say "C++ compiler: $(command -v "$compiler"); kernels run compiled on the CPU cores"
      return
    fi
  done
  say "No C++ compiler (g++ or clang++) found: on the CPU, NumPy is used, which is slower;" \
    "on Debian and Ubuntu, as root: apt-get install g++"
}

# What pip reads and where the checkout lies; a change of either asks for a new installation.
fingerprint() { { echo "$root" && cat "$root/pyproject.toml"; } | sha256sum | cut -d ' ' -f 1; }

imports_work() {
  local modules="gmsh, pyvista, rdcalcium"
  [[ " $* " == *" cuda"* ]] && modules="$modules, cupy"
  (cd / && "$venv/bin/python" -c "import $modules")
}

prepare_environment() {
  local python digest installed_digest="" extra joined missing=0
  local -a installed=()

  if [[ -x "$venv/bin/python" ]] && "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    say "Python environment: $venv"
  else
    python="$(find_python)"
    say "Making the Python environment $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
  fi

  digest="$(fingerprint)"
  if [[ -f "$stamp" ]]; then read -r installed_digest joined <"$stamp" && read -ra installed <<<"$joined"; fi
  for extra in "$@"; do
    [[ " ${installed[*]} " == *" $extra "* ]] || {
      installed+=("$extra")
      missing=1
    }
  done
  [[ " ${installed[*]} " == *" cuda12 "*" cuda13 "* || " ${installed[*]} " == *" cuda13 "*" cuda12 "* ]] &&
    fail "$venv holds CuPy for another CUDA version than the driver's (${installed[*]}); remove it: rm -r $venv"

  provide_system_libraries
  if [[ "$digest" == "$installed_digest" && $missing == 0 ]] && imports_work "${installed[@]}" 2>/dev/null; then
    say "Installed and up to date${installed[*]:+, with ${installed[*]}}"
  else
    joined="$(IFS=, && echo "${installed[*]}")"
    say "Installing rdcalcium${joined:+ with $joined} from $root (the first time, about 1 GB of wheels)"
    rm -f "$stamp"
    "$venv/bin/python" -m pip install --editable "$root${joined:+[$joined]}" >&2 ||
      fail "pip could not install rdcalcium; its reason is above (is this machine online?)"
    imports_work "${installed[@]}" || fail "the package is installed but does not import; the reason is above"
    echo "$digest ${installed[*]}" >"$stamp"
  fi
  report_compiler
}
