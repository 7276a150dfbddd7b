"""fsync-advisor fleet waves: no storage backend is measured by two hosts at once."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.fleet.waves import plan_waves
from tests.support.command_line import run

BACKENDS = st.one_of(st.none(), st.sampled_from(["local", "san-a", "san-b", "ceph", ""]))
INVENTORIES = st.dictionaries(st.text(min_size=1), BACKENDS, max_size=40)


@given(INVENTORIES)
def test_every_host_has_its_wave_and_no_backend_is_twice_in_one(
    backends: dict[str, str | None],
) -> None:
    planned = plan_waves(backends).waves
    assert sorted(host for wave in planned for host in wave) == sorted(backends)
    for wave in planned:
        assert wave
        shared = Counter(backends[host] or "" for host in wave if backends[host] != "local")
        assert max(shared.values(), default=0) <= 1
        assert not shared[""] or len(shared) == 1  # whose backend is not known may be on any


@given(INVENTORIES)
def test_the_waves_are_as_few_as_the_largest_backend_allows(
    backends: dict[str, str | None],
) -> None:
    shared = Counter(each or "" for each in backends.values() if each != "local")
    unknown = shared.pop("", 0)
    largest = max(shared.values(), default=0)
    assert len(plan_waves(backends).waves) == (unknown + largest or min(1, len(backends)))


@given(INVENTORIES)
def test_hosts_without_a_backend_are_named(backends: dict[str, str | None]) -> None:
    unknown = {host for host, backend in backends.items() if backend in (None, "")}
    assert set(plan_waves(backends).unknown) == unknown


def test_the_order_is_the_inventorys() -> None:
    backends = {"a1": "a", "own": "local", "a2": "a", "b1": "b", "own2": "local", "a3": "a"}
    assert plan_waves(backends).waves == (("a1", "own", "b1", "own2"), ("a2",), ("a3",))


def test_ten_thousand_hosts_on_three_hundred_arrays() -> None:
    backends = {f"db{n:05d}": f"array-{n % 300}" for n in range(10_000)}
    waves = plan_waves(backends).waves
    assert len(waves) == 34  # 10,000 / 300 = 33.3
    assert [len(wave) for wave in waves] == [300] * 33 + [100]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    file = tmp_path / "backends.json"
    file.write_text('{"db1": "san-a", "db2": "san-a", "db3": "local", "db4": null, "db5": null}')
    return file


def test_a_line_is_a_wave(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "fleet", "waves", str(inventory))
    assert (status, out) == (0, "db1 db3\ndb2\ndb4\ndb5\n")
    assert "2 hosts without a backend, measured one at a time" in err
    assert run(capsys, "fleet", "waves", str(inventory), "--quiet")[2] == ""


def test_json_has_the_same(inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "fleet", "waves", "--format", "json", "-q", str(inventory))[1]
    assert json.loads(out) == {
        "schema_version": 1,
        "waves": [["db1", "db3"], ["db2"], ["db4"], ["db5"]],
        "unknown": ["db4", "db5"],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", " is no JSON: Expecting value"),
        ('{"db1": "a",', " is no JSON: Expecting property name"),
        ('{"db1":' * 100_000, " is no JSON: "),
        ('{"db1": "a", "db2": "b", "db1": "c"}', ": 'db1' stands twice in one object"),
        ('{"": "a"}', ": '' is no name of a host"),
        ('{"db 1": "a"}', ": 'db 1' is no name of a host"),
        ("[]", " does not say the backend: Input should be an object"),
        ('{"db1": 7}', " does not say the backend of 'db1': Input should be a valid string"),
        ('{"db1": ["a"]}', " does not say the backend of 'db1': Input should be a valid string"),
    ],
)
def test_what_is_no_inventory_is_told(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "inventory"
    file.write_text(text)
    status, out, err = run(capsys, "fleet", "waves", str(file))
    assert (status, out) == (2, "")
    assert f"{file}{said}" in err
    assert err.count("\n") == 2
