"""What a server was built with: told, or seen in the values it offers."""

from pathlib import Path

import pytest

from advisor.commands.options import RequestOptions
from advisor.commands.requests import build_request, parse_build
from advisor.errors import UsageError
from advisor.servers.installed.detect import Installed
from advisor.servers.installed.features import detect_features
from advisor.versions import NumericVersion


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "postgres"


def says(program: Path, text: str) -> None:
    """A program that complains as PostgreSQL does of a value no enum has."""
    program.write_text(f"#!/bin/sh\necho '{text}' >&2\nexit 1\n")
    program.chmod(0o755)


# As 15.20 of Debian and 18.4 of npm print them.
@pytest.mark.parametrize(
    ("text", "version", "features"),
    [
        (
            "HINT:  Available values: pglz, lz4, zstd, on, off.",
            (15, 20),
            {"lz4": True, "zstd": True},
        ),
        ("HINT:  Available values: pglz, on, off.", (16, 14), {"lz4": False, "zstd": False}),
        ("HINT:  Available values: pglz, lz4, on, off.", (17,), {"lz4": True, "zstd": False}),
        ("HINT:  Available values: pglz, lz4, zstd, on, off.", (14, 23), {}),  # a boolean there
        ("FATAL:  something else", (15, 20), {}),
        ("", (15, 20), {}),
    ],
)
def test_what_postgresql_offers(
    program: Path, text: str, version: NumericVersion, features: dict[str, bool]
) -> None:
    says(program, text)
    assert detect_features(Installed("postgresql", version, program)) == features


def test_each_setting_is_asked_for_its_own_values(program: Path) -> None:
    program.write_text(
        "#!/bin/sh\ncase $2 in\n"
        "wal_compression) echo 'HINT:  Available values: pglz, on, off.' >&2;;\n"
        "io_method) echo 'HINT:  Available values: sync, worker, io_uring.' >&2;;\n"
        "esac\nexit 1\n"
    )
    program.chmod(0o755)
    found = detect_features(Installed("postgresql", (18, 4), program))
    assert found == {"lz4": False, "zstd": False, "liburing": True}


def test_the_others_do_not_tell(program: Path) -> None:
    says(program, "HINT:  Available values: lz4, zstd.")
    assert detect_features(Installed("mysql", (9, 7), program)) == {}
    assert detect_features(Installed("mariadb", (11, 8), program)) == {}


def test_a_program_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    assert detect_features(Installed("postgresql", (15,), tmp_path / "none")) == {}


@pytest.mark.parametrize("text", ["", "lz5", "lz4,,zstd", "LZ4", "lz4 zstd"])
def test_what_no_rule_knows_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no rule knows") as refusal:
        parse_build(text)
    assert refusal.value.hint == "name some of lz4, zstd, liburing, numa"


def test_what_is_told_is_there_and_the_rest_stays_unknown() -> None:
    assert parse_build("zstd, lz4") == {"lz4": True, "zstd": True}
    asked = build_request("postgresql", "17", RequestOptions(build="numa"))
    assert asked.build == {"numa": True}
    assert build_request("postgresql", "17", RequestOptions()).build == {}
