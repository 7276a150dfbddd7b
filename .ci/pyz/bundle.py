"""Builds a bundle: the program with a Python and a C library, for hosts without Python 3.10.

    python3 .ci/pyz/bundle.py [FILE]      FILE: dist/fsync-advisor-MACHINE.tar.xz

The Python is the one that this is run with, the C library this machine's; so the bundle is for this
kind of machine. It needs CPython 3.10 or later with pip, Linux with glibc, and a package index.
FILE may end in .tar.gz, for hosts without xz: it is a third larger. A build takes about a minute of
processor time, most of it to pack; stderr says what is being done.

In the archive is one folder, fsync-advisor/, which may lie anywhere:

    fsync-advisor     starts it, with /bin/sh
    start.py          the same without a shell, as in an empty root:
                      lib/ld.so --library-path lib bin/python3 -I -S start.py
    bin/python3, lib/, packages/

Modules are compiled, and their sources left out: half the size, and nothing is written at a start.
"""

import argparse
import compileall
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from gzip import GzipFile
from lzma import LZMAFile
from pathlib import Path
from py_compile import PycInvalidationMode

from fetching import CHECKOUT, our_wheel, pip
from progress import elapsed_s, tell

HERE = Path(__file__).resolve().parent
MACHINE = platform.machine()
PYTHON = Path(sys.base_prefix, "bin", f"python{sysconfig.get_python_version()}")
COMPRESSIONS: dict[str, Callable[[Path], LZMAFile | GzipFile]] = {
    ".xz": partial(LZMAFile, mode="w"),
    ".gz": partial(GzipFile, mode="w", compresslevel=6, mtime=0),
}
NOT_NEEDED = (
    *("__pycache__", "site-packages", "dist-packages", "sitecustomize.py", "config-*"),
    *("test", "tests", "idlelib", "turtle.py", "turtledemo", "tkinter", "ensurepip", "venv"),
    *("distutils", "lib2to3", "pydoc_data", "curses", "_curses*.so", "readline*.so"),
    *("_test*.so", "_xx*.so", "xx*.so", "_ctypes_test*.so", "_tkinter*.so"),
    *("sqlite3", "_sqlite3*.so", "dbm", "_dbm*.so", "_gdbm*.so"),
    *("_codecs_cn*.so", "_codecs_hk*.so", "_codecs_jp*.so", "_codecs_kr*.so", "_codecs_tw*.so"),
    *("_codecs_iso2022*.so", "nis*.so", "ossaudiodev*.so"),
)
"""Of the standard library: neither the program nor what it depends on imports it."""
COLOURS = "packages/pygments/lexers/[!_]*.py"
"""How source code of 500 languages is coloured: rich can, we never ask."""
NAMES = ("libnss_files.so.2", "libnss_dns.so.2")
"""The C library opens them by name, before 2.34."""
LAUNCHER = """\
#!/bin/sh
# Starts fsync-advisor with the Python and the C library that lie beside this file.
here=$(dirname -- "$(readlink -f -- "$0")")
if [ "$(uname -m)" != {machine} ]; then
    echo "fsync-advisor: this bundle is for {machine}, this host is $(uname -m)" >&2
    exit 1
fi
if ! [ -x "$here/lib/ld.so" ]; then
    echo "fsync-advisor: nothing can be run in $here: it is mounted noexec, or not for this" \\
        "user; move the folder to where programs can be run" >&2
    exit 1
fi
exec "$here/lib/ld.so" --library-path "$here/lib" "$here/bin/python3" -I -S "$here/start.py" "$@"
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog=".ci/pyz/bundle.py", description="Builds a bundle.")
    usual = CHECKOUT / f"dist/fsync-advisor-{MACHINE}.tar.xz"
    parser.add_argument("file", nargs="?", type=Path, default=usual)
    file: Path = parser.parse_args().file
    if file.suffix not in COMPRESSIONS:
        parser.error(f"{file} ends neither in .tar.xz nor in .tar.gz")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work) / "fsync-advisor"
            tell("building a wheel of the program")
            wheel = our_wheel(Path(work))
            tell("copying Python's modules")
            copy_modules(folder)
            tell("installing the program, and what it needs")
            install(folder, wheel)
            tell("compiling all modules")
            compile_modules(folder)
            tell("copying Python, and the libraries that are loaded")
            add_programs(folder)
            tell(f"packing {file}")
            pack(folder, file)
    except (RuntimeError, OSError) as error:
        print(f".ci/pyz/bundle.py: {error}", file=sys.stderr)
        return 1
    size = file.stat().st_size / 1e6
    python, (_, libc) = platform.python_version(), platform.libc_ver()
    what = f"{size:.1f} MB, for {MACHINE}, with Python {python} and glibc {libc}"
    print(f"{file}: {what}, in {elapsed_s():.0f} s")
    return 0


def copy_modules(folder: Path) -> None:
    """The standard library. Raises OSError."""
    shutil.copytree(
        sysconfig.get_path("stdlib"),
        folder / "lib" / PYTHON.name,
        ignore=shutil.ignore_patterns(*NOT_NEEDED),
        ignore_dangling_symlinks=True,
    )


def install(folder: Path, wheel: Path) -> None:
    """Raises RuntimeError with pip's reason."""
    wanted = ("--only-binary", ":all:", "--no-compile", "--target", str(folder / "packages"))
    pip("install", *wanted, f"{wheel}[live]")
    shutil.rmtree(folder / "packages/bin")
    for lexer in folder.glob(COLOURS):
        lexer.unlink()


def add_programs(folder: Path) -> None:
    """Python, all that is loaded, and what starts it. Raises RuntimeError and OSError."""
    (folder / "bin").mkdir()
    python = shutil.copy(PYTHON, folder / "bin/python3")
    add_libraries(folder, [Path(python), *folder.rglob("*.so")])
    shutil.copy(HERE / "bundled.py", folder / "start.py")
    launcher = folder / "fsync-advisor"
    launcher.write_text(LAUNCHER.format(machine=MACHINE))
    launcher.chmod(0o755)


def compile_modules(folder: Path) -> None:
    """Each source gives way to what is compiled of it."""
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        folder, quiet=2, legacy=True, stripdir=folder, invalidation_mode=unchecked
    )
    for source in folder.rglob("*.py"):
        if source.with_suffix(".pyc").exists():
            source.unlink()


def add_libraries(folder: Path, programs: Iterable[Path]) -> None:
    """All that these load, the loader as ld.so. Raises RuntimeError."""
    needed = set(libraries(programs))
    for library in sorted(needed):
        if not library.is_relative_to(folder):
            loader = library.name.startswith("ld-linux")
            shutil.copy(library, folder / "lib" / ("ld.so" if loader else library.name))
        if library.name == "libc.so.6":
            for name in NAMES:
                if (found := library.with_name(name)).exists():
                    shutil.copy(found, folder / "lib")
    if not (folder / "lib/ld.so").exists():
        raise RuntimeError(f"{PYTHON} does not load its C library from glibc")


def libraries(programs: Iterable[Path]) -> Iterator[Path]:
    """What ldd finds. Raises RuntimeError where one is missing."""
    done = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if "not found" in line:
            raise RuntimeError(f"ldd: {line.strip()}")
        if found := re.fullmatch(r"\s+(?:\S+ => )?(/.+) \(0x[0-9a-f]+\)", line):
            yield Path(found[1])


def pack(folder: Path, file: Path) -> None:
    """All of it root's, and of one time, so that the same pieces make the same archive."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.mode & 0o100 else 0o644
        return member

    draft = file.with_name(f"{file.name}.draft")
    with (
        COMPRESSIONS[file.suffix](draft) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        archive.add(folder, folder.name, filter=plain)
    os.replace(draft, file)


if __name__ == "__main__":
    sys.exit(main())
