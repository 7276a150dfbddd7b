"""fsync-advisor verify names every known trap by its line, on every server, and nothing else.

Many bad lines stand in one fragment, good ones between them: verify starts the server again and
again until each has been named.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from advisor.output.verification import problem_lines
from advisor.servers.config.fragment import parse_fragment
from advisor.servers.installed.detect import Installed
from advisor.servers.sandbox.verify import verify_fragment
from advisor.verification import LineVerdict
from tests.servers.checks import Caught
from tests.servers.harness import server_named, version_of
from tests.servers.provision import SERVERS, Row
from tests.servers.test_verify import program_of
from tests.servers.traps import SECTIONS, Broken, traps_of

GOOD_LINES: Final[Mapping[str, tuple[str, str]]] = {
    "postgresql": ("commit_siblings = 7", "random_page_cost = 1.1"),
    "mysql": ("sync_binlog = 1", "innodb_io_capacity_max = 40000"),
    "mariadb": ("sync_binlog = 1", "innodb_io_capacity_max = 4000"),
}
"""The first stands before all bad lines, the second after them."""

VERDICTS: Final[Mapping[frozenset[Caught], LineVerdict]] = {
    frozenset({"start"}): "refused",
    frozenset({"value", "log"}): "differs",
    frozenset({"log"}): "warned",
}
"""How a server meets a bad line -> what verify calls it."""


def batches(traps: Sequence[Broken]) -> list[list[Broken]]:
    """As few fragments as may be: no setting twice in one, and one for each trap with company."""
    alone = [[trap] for trap in traps if trap.besides]
    together: list[list[Broken]] = []
    for trap in (trap for trap in traps if not trap.besides):
        for batch in together:
            if trap.setting not in (other.setting for other in batch):
                batch.append(trap)
                break
        else:
            together.append([trap])
    return [*together, *alone]


def batches_of(row: Row) -> list[list[Broken]]:
    return batches(traps_of(row.vendor, row.series))


@pytest.mark.parametrize(
    ("name", "traps"),
    [
        pytest.param(row.name, traps, id=f"{row.name}: {number}")
        for row in SERVERS
        for number, traps in enumerate(batches_of(row), start=1)
    ],
)
def test_verify_names_every_bad_line_and_no_good_one(
    name: str, traps: list[Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_named(name)
    first, last = GOOD_LINES[server.vendor]
    besides = [line for trap in traps for line in trap.besides]
    lines = [first, *besides, *(trap.line for trap in traps), last]
    head = SECTIONS[server.vendor]
    text = head + "".join(f"{line}\n" for line in lines)
    expected: dict[int, tuple[str, LineVerdict]] = {
        head.count("\n") + number: (line, "ok") for number, line in enumerate(lines, start=1)
    }
    for number, trap in enumerate(traps, start=head.count("\n") + 2 + len(besides)):
        expected[number] = (trap.line, VERDICTS[trap.caught])

    with program_of(server) as (program, places):
        monkeypatch.setenv("TMPDIR", str(places))
        installed = Installed(server.vendor, version_of(server), program)
        found = verify_fragment(parse_fragment(text, "my.conf", server.vendor), installed)

    said = {one.line: (f"{one.setting} = {one.fragment}", one.verdict) for one in found.lines}
    assert said == expected, found
    assert not found.ok
    problems = list(problem_lines(found))
    assert len(problems) == len(traps)
    for problem, one in zip(problems, (one for one in found.lines if one.message), strict=True):
        assert problem.startswith(f"my.conf:{one.line}: {one.setting} {one.verdict}: ")
        # What the server says of it, and no guess.
        assert "the server starts without this line" not in problem


def test_every_trap_of_every_server_is_shown_to_verify() -> None:
    for row in SERVERS:
        shown = [trap for batch in batches_of(row) for trap in batch]
        assert sorted(map(repr, shown)) == sorted(map(repr, traps_of(row.vendor, row.series)))
        assert len(shown) >= 8
    assert len(SERVERS) >= 10
