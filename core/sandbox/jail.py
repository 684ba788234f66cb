"""The jail: bubblewrap's arguments, and where on this machine the Python is that runs inside.

Mounts the interpreter, its standard library, the system's shared libraries and a few packages, read-only; one small
scratch folder; nothing of Loupe, of anybody's home or of the data directory. Knows nothing of programs.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from core.errors import Unsupported

SCRATCH_BYTES = 64 * 2**20
GUESTS = Path(__file__).parent / "guest"
_OLDEST = (0, 8)
"""`--disable-userns` and `--size` came with 0.8."""


def find_bubblewrap() -> str:
    """The path of `bwrap`.

    Raises:
        Unsupported: it is not installed, or too old.
    """
    path = shutil.which("bwrap")
    if path is None:
        raise Unsupported("bubblewrap (bwrap) is not installed; install the package bubblewrap.")
    found = _version(os.path.realpath(path))
    if found is not None and found < _OLDEST:
        raise Unsupported(f"bubblewrap is {found[0]}.{found[1]}; 0.8 or newer is needed.")
    return os.path.abspath(path)


@cache
def _version(path: str) -> tuple[int, int] | None:
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, env={}, check=True
        ).stdout
        major, minor = said.split()[-1].split(".")[:2]
        return int(major), int(minor)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def jail(
    guest: str, arguments: Sequence[str], packages: Iterable[str], filter_descriptor: int, extra: Sequence[str] = ()
) -> list[str]:
    """The argument list that starts `guest` (a file of `core/sandbox/guest`) in a new jail.

    Args:
        guest: the file's name.
        arguments: its arguments.
        packages: importable names to mount below /packages, those that are installed.
        filter_descriptor: open descriptor with the filter on system calls for everything inside.
        extra: further options of bwrap.

    Raises:
        Unsupported: there is no usable bubblewrap.
    """
    return [
        find_bubblewrap(),
        # Everything new: user, PID, network, IPC, UTS and cgroup namespaces; --unshare-user must be said again for
        # --disable-userns to be accepted.
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"),
        *("--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox"),
        *_system_libraries(),
        *_interpreter(),
        *_packages(tuple(packages)),
        *("--ro-bind", str(GUESTS / guest), f"/guest/{guest}"),
        *extra,
        # No --proc: it would show bwrap's own environment and memory as process 1. No --dev: its /dev is a file system
        # of any size, with shared memory and terminals. Not even /dev/null: when root runs Loupe the program owns that
        # file, and a chmod of it would be one of the machine's own.
        *("--perms", "0755", "--size", str(SCRATCH_BYTES), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/"),
        *("--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8", "--setenv", "LD_LIBRARY_PATH", "/py/lib"),
        *("--setenv", "OPENBLAS_NUM_THREADS", "1", "--setenv", "OMP_NUM_THREADS", "1"),
        *("--seccomp", str(filter_descriptor), "--"),
        *("/py/bin/python3", "-I", "-S", "-B", f"/guest/{guest}", *arguments),
    ]


def descriptor_with(data: bytes) -> int:
    """An open descriptor from which `data` can be read once; small enough for a pipe."""
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return reader


@cache
def _system_libraries() -> tuple[str, ...]:
    """The dynamic loader and the C library's folder, without the rest of the system."""
    architecture = sysconfig.get_config_var("MULTIARCH") or "none"
    made: list[str] = []
    for folder in (Path("/usr/lib"), Path("/usr/lib64"), Path("/lib"), Path("/lib64")):
        if folder.is_symlink():
            made += ["--symlink", os.readlink(folder), str(folder)]
        elif (folder / architecture).is_dir():
            made += ["--ro-bind", str(folder / architecture), str(folder / architecture)]
            for loader in [*folder.glob("ld-linux*"), *folder.glob("ld-musl*")]:
                made += ["--ro-bind", str(loader), str(loader)]
        elif folder.is_dir():
            made += ["--ro-bind", str(folder), str(folder)]
    if os.path.realpath(sys.executable).startswith("/nix/store/"):
        made += ["--ro-bind", "/nix/store", "/nix/store"]
    return tuple(made)


@cache
def _interpreter() -> tuple[str, ...]:
    """The real Python below /py, wherever it lives: below a home folder nobody else may enter, behind symlinks."""
    base = Path(os.path.realpath(sys.base_prefix))
    program = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    library = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix, "installed_base": sys.base_prefix}))
    inside = Path("/py") / os.path.relpath(os.path.realpath(library), base)
    made = ["--ro-bind", program, "/py/bin/python3"]
    if (base / "conda-meta").is_dir():  # its Python leans on libraries of its own
        made += ["--ro-bind", str(base / "lib"), "/py/lib"]
    else:
        for shared in sorted((base / "lib").glob("libpython*.so*")):
            made += ["--ro-bind", str(shared), f"/py/lib/{shared.name}"]
        made += ["--ro-bind", str(library), str(inside)]
    for others in ("site-packages", "dist-packages"):
        if (library / others).is_dir():
            made += ["--size", "4096", "--tmpfs", str(inside / others), "--remount-ro", str(inside / others)]
    return tuple(made)


@cache
def _packages(names: tuple[str, ...]) -> tuple[str, ...]:
    made: list[str] = []
    for name in names:
        for path in _files_of(name):
            made += ["--ro-bind", str(path), f"/packages/{path.name}"]
    return tuple(made)


def _files_of(name: str) -> Iterator[Path]:
    """The folder or file that an import of `name` reads, and the shared libraries a wheel put beside it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return
    if spec is None or spec.origin is None:
        return
    origin = Path(spec.origin)
    if spec.submodule_search_locations:
        yield origin.parent
        if (libraries := origin.parent.with_name(f"{name}.libs")).is_dir():
            yield libraries
    else:
        yield origin
