"""Random configuration files, read by us and by a real server: every difference is printed.

    python -m tests.benchmarks.config_file_fuzz SERVER [N [SEED]]

SERVER is a row of tests/servers/provision.py. Options without a name ("  = x") are left out: of
these, MySQL and MariaDB read what lies before their buffer.
"""

import random
import re
import sys

from advisor.servers.config import read_settings
from tests.servers.account import private_folder
from tests.servers.harness import Instance, Server, server_named, version_of
from tests.servers.test_config_files import options_of_the_server, options_read, program_of

ATOMS = (
    *"abcXY019=#;'\"\\ \t.,:/!-_[]$%()+\r\x0c\x0b\u00e9",
    *("[mysqld]\n", "\n", "\n", "a=", "b =", "= '", "\\'", "''", "\\\\", "\\n", "\\101", " # "),
    *("name", "on", "1e3", ".5", "0x1F", "12kB", "a.b", "my.x = "),
)


def junk(lot: random.Random) -> str:
    return "".join(lot.choice(ATOMS) for _ in range(lot.randint(1, 60)))


def option_file(lot: random.Random) -> str:
    starts = ("v=", "v = ", "skip-v", "", "v")
    lines = [lot.choice(starts) + junk(lot) for _ in range(6)]
    return re.sub(r"(?m)^[ \t\v\f\r]*=", "q=", "\n".join(["[mysqld]", *lines, "end=1", ""]))


def fuzz_option_files(server: Server, files: int, lot: random.Random) -> int:
    different = 0
    with private_folder() as folder:
        program = program_of(server, folder)
        for _ in range(files):
            text = option_file(lot)
            (folder / "main.cnf").write_text(text)
            found = read_settings(server.vendor, [folder / "main.cnf"], version_of(server))
            if any("cannot read" in note for note in found.notes):
                continue  # the server stops there
            ours = options_read(found, server)
            theirs = options_of_the_server(program, folder / "main.cnf")
            if ours != theirs:
                different += 1
                print(repr(text), "ours", ours, "theirs", theirs, sep="\n  ")
    return different


def fuzz_lines(instance: Instance, lines: int, lot: random.Random) -> int:
    different = 0
    file = instance.place.fragments / "fuzz.conf"
    for _ in range(lines):
        line = (lot.choice(("my.x = ", "my.x ", "")) + junk(lot)).replace("\n", " ")
        file.write_text(f"{line}\n")
        rows = instance.query(
            "SELECT lower(name), setting FROM pg_file_settings WHERE sourcefile = %s", [str(file)]
        )
        found = read_settings("postgresql", [instance.place.data / "postgresql.conf"])
        pairs = (pair for tree in found.trees for pair in tree.lines())
        ours = [(one.name, one.value) for source, one in pairs if source.path == file]
        broken = any(f"{file}:1: the server cannot read" in note for note in found.notes)
        if [*ours, *([(None, None)] if broken else [])] != rows:
            different += 1
            print(repr(line), "ours", ours, broken, "theirs", rows, sep="\n  ")
    return different


def main(name: str, count: int = 300, seed: int = 7) -> None:
    server, lot = server_named(name), random.Random(seed)
    if server.vendor == "postgresql":
        with server.running("") as instance:
            different = fuzz_lines(instance, count, lot)
    else:
        different = fuzz_option_files(server, count, lot)
    print(f"{name}: {different} of {count} differ")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
