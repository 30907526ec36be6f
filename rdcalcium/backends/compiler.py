"""The C++ compiler of this machine, and the libraries it has made: each built once, kept in the user's cache."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs

from rdcalcium.backends.base import BackendError
from rdcalcium.machine import instruction_sets

FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp",
    "-shared",
    "-fPIC",
)
_PROBE = 'extern "C" int rdcalcium_probe() { return 1; }\n'
_DIGEST = hashlib.sha256().digest_size  # bytes


def find_compiler() -> tuple[str, ...] | None:
    """The words that call the C++ compiler: those of $CXX if set, else g++, clang++ or c++; None if there is none."""
    asked = os.environ.get("CXX")
    for name in [asked] if asked else ["g++", "clang++", "c++"]:
        program, *options = shlex.split(name) or [name]
        path = shutil.which(program)
        if path:
            return path, *options
    return None


def compiler_missing() -> str | None:
    """Why nothing can be compiled here, or None if a small program can."""
    if find_compiler() is None:
        asked = os.environ.get("CXX")
        what = f"CXX is {asked!r}, which was not found" if asked else "no C++ compiler was found"
        return f"{what} (install g++, in Debian: apt install g++, or set CXX to a compiler)"
    try:
        ctypes.CDLL(str(build(_PROBE)))
    except BackendError as error:
        return str(error).partition("\n")[0]
    except OSError as error:  # made, but the libraries that it needs are not here
        return f"what the C++ compiler makes cannot be loaded ({error})"
    return None


def build(source: str, flags: tuple[str, ...] = FLAGS) -> Path:
    """A shared library of this source, from the cache if it was built before by this compiler for this CPU.

    The digest of its content stands behind it, where no loader looks: one that has been damaged since would kill every
    later run as it is loaded, and is built anew.
    """
    compiler = find_compiler()
    if compiler is None:
        raise BackendError("no C++ compiler was found")
    parts = [source, *flags, *compiler, _compiler_version(compiler), instruction_sets()]
    folder = _cache_folder()
    library = folder / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}.so"
    if not _is_whole(library):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            text, made = Path(scratch) / "kernels.cpp", Path(scratch) / "kernels.so"
            text.write_text(source, encoding="utf-8")
            _compile(compiler, [*flags, str(text), "-o", str(made)], made)
            content = made.read_bytes()
            made.write_bytes(content + hashlib.sha256(content).digest())
            made.replace(library)
    return library


def _is_whole(library: Path) -> bool:
    """Whether a library is there and is what was built."""
    try:
        content = library.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-_DIGEST]).digest() == content[-_DIGEST:]


def _compile(compiler: tuple[str, ...], words: list[str], made: Path) -> None:
    try:
        done = subprocess.run([*compiler, *words], capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise BackendError(f"the C++ compiler {shlex.join(compiler)} cannot be started: {error.strerror}") from error
    if done.returncode or not made.exists():
        said = done.stderr.strip()[:2000] or f"it ended with exit status {done.returncode} and said nothing"
        raise BackendError(
            f"the C++ compiler {shlex.join(compiler)} could not compile the kernels: {said}\n"
            "set CXX to another compiler, or use the numpy backend",
            "backend",
        )


@cache
def _compiler_version(compiler: tuple[str, ...]) -> str:
    """All that the compiler says about itself; nothing if it cannot be asked."""
    with suppress(OSError):
        return subprocess.run([*compiler, "--version"], capture_output=True, text=True, errors="replace").stdout
    return ""


def compiler_name() -> str:
    """Name and version of the compiler in one line; "none" if there is none."""
    compiler = find_compiler()
    return _compiler_version(compiler).partition("\n")[0] if compiler else "none"


def _cache_folder() -> Path:
    """The user's cache, readable by nobody else; a folder of this process where it cannot be written."""
    root = os.environ.get("RDCALCIUM_CACHE") or platformdirs.user_cache_dir("rdcalcium")
    folder = Path(root) / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return _scratch_folder()


@cache
def _scratch_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="rdcalcium-"))
