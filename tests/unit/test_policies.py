"""Application policies: every figure computed by hand from R, n, L and the immediate share."""

import json

import pytest

from advisor.capacity.policies import Policy, plan_policies
from advisor.capacity.workloads import Transaction, WorkloadKind, fill_in
from advisor.knowledge import load_workloads
from advisor.output.document import Document, Section, Table
from advisor.output.policies import policy_blocks
from advisor.output.renderers.text import render_text
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

OURS = load_workloads()


def files(
    syncs: int,
    *,
    share: float = 0,
    comfortable: float = 0.5,
    kind: WorkloadKind = "files",
    replaces: int = 0,
) -> Transaction:
    name, of = "made by hand", (share, comfortable)
    return Transaction(name, kind, syncs, syncs, None, 100, *of, replaces=replaces)


def policy(
    transaction: Transaction, sync_us: float, rate_per_s: float, replace_us: float | None = None
) -> Policy:
    (made,) = plan_policies([transaction], sync_us, rate_per_s, replace_us)
    return made


def ours(name: str) -> Transaction:
    (transaction,) = fill_in([OURS[name]], {})
    return transaction


# 100/s x 3 x 1.64 ms = 0.492.
def test_below_the_comfortable_share_every_event_goes_through_at_once() -> None:
    made = policy(files(3), 1640, 100)
    assert made.policy == "persist-immediately"
    assert made.utilisation == pytest.approx(0.492)
    assert made.policy_utilisation == pytest.approx(0.492)
    assert (made.immediate_per_s, made.syncs_per_s, made.lost_events_max) == (100, 300, 0)
    assert (made.batch_events, made.flush_interval_ms, made.not_carried_per_s) == (None, None, 0)


# 100/s x 15 x 1.64 ms = 2.46; / 0.5 = 4.92, so 5; 5 / 100/s = 50 ms; 20 batches/s of 15 syncs.
def test_above_it_events_are_batched() -> None:
    made = policy(files(15), 1640, 100)
    assert (made.policy, made.batch_events, made.immediate_per_s) == ("batched", 5, 0)
    assert made.utilisation == pytest.approx(2.46)
    assert made.flush_interval_ms == pytest.approx(50)
    assert made.syncs_per_s == pytest.approx(300)
    assert made.policy_utilisation == pytest.approx(0.492)
    assert (made.lost_events_max, made.not_carried_per_s) == (10, 0)


# Of 1000/s 5 % at once: 50/s x 2 x 1.64 ms = 0.164 leaves 0.336 for 950/s: 3.116 / 0.336 = 9.27.
# 10 / 950/s = 10.526 ms; 50/s + 95 batches/s, 2 syncs each; 145/s x 3.28 ms = 0.4756.
def test_what_must_go_at_once_is_subtracted_first() -> None:
    made = policy(files(2, share=0.05), 1640, 1000)
    assert (made.policy, made.batch_events, made.immediate_per_s) == ("mixed", 10, 50)
    assert made.utilisation == pytest.approx(3.28)
    assert made.flush_interval_ms == pytest.approx(10.526, abs=0.001)
    assert made.syncs_per_s == pytest.approx(290)
    assert made.policy_utilisation == pytest.approx(0.4756)
    assert made.lost_events_max == 20


# Of 10 000/s 10 % at once: 1000/s x 4.92 ms = 4.92; 0.5 / 4.92 ms = 101.626/s would be comfortable.
def test_what_must_go_at_once_can_be_too_much() -> None:
    made = policy(files(3, share=0.1), 1640, 10_000)
    assert made.policy == "not-carried"
    assert made.immediate_per_s == pytest.approx(101.626, abs=0.001)
    assert made.not_carried_per_s == pytest.approx(898.374, abs=0.001)
    nothing = (made.batch_events, made.flush_interval_ms, made.syncs_per_s)
    assert nothing == (None, None, None)
    assert (made.policy_utilisation, made.lost_events_max) == (None, None)
    assert made.arithmetic[-1] == (
        "this drive sustains 102/s of them comfortably, and 203/s with all its time: 898/s are too "
        "many, and batching the others does not help"
    )


# 500/s x 1 ms = 0.5 and 501/s x 1 ms = 0.501, / 0.5 = 1.002.
@pytest.mark.parametrize(
    ("per_s", "how", "batch"), [(500, "persist-immediately", None), (501, "batched", 2)]
)
def test_the_comfortable_share_itself_is_comfortable(
    per_s: float, how: str, batch: int | None
) -> None:
    made = policy(files(1), 1000, per_s)
    assert (made.policy, made.batch_events) == (how, batch)


# 100/s x 3 x 7 ms = 2.1; / 0.7 = 3, and 3.0000000000000004 in floats.
def test_a_whole_number_of_events_stays_one() -> None:
    assert policy(files(3, comfortable=0.7), 7000, 100).batch_events == 3


# All at once: 0.6 of the time is too much, 0.4 is not, and there is nobody to batch.
@pytest.mark.parametrize(("per_s", "how"), [(400, "persist-immediately"), (600, "not-carried")])
def test_where_every_event_must_go_at_once_there_is_no_batch(per_s: float, how: str) -> None:
    made = policy(files(1, share=1), 1000, per_s)
    assert (made.policy, made.batch_events) == (how, None)


# Two files that grow, 1 ms each, and one that is replaced, 5 ms: 7 ms, and 4 syncs. 50/s: 0.35.
def test_a_durable_replace_takes_what_was_measured_and_is_two_syncs() -> None:
    made = policy(files(3, replaces=1), 1000, 50, 5000)
    assert (made.policy, made.syncs_per_event, made.replaces_per_event) == (
        *("persist-immediately", 3, 1),
    )
    assert made.utilisation == pytest.approx(0.35)
    assert made.syncs_per_s == 200
    assert made.durable_replace is not None
    told = made.durable_replace.replace_us
    assert (told.value, told.source) == (5000, "as measured")


# 50/s at once: 0.35, which leaves 0.15; 950/s x 3 x 1 ms / 0.15 = 19, full after 20 ms; 50/s of 4
# syncs, and 50 batches/s of 3; 0.35 + 50/s x 3 ms = 0.5.
def test_in_a_batch_nothing_is_replaced() -> None:
    made = policy(files(3, share=0.05, replaces=1), 1000, 1000, 5000)
    assert (made.policy, made.batch_events, made.lost_events_max) == ("mixed", 19, 38)
    assert made.flush_interval_ms == pytest.approx(20)
    assert made.syncs_per_s == pytest.approx(350)
    assert made.policy_utilisation == pytest.approx(0.5)
    assert made.arithmetic == (
        "each event at once: u = R (m L + k D) = 1,000/s x (2 x 1 ms + 1 x 5 ms) = 7, more than the"
        " comfortable 0.5",
        "at once must go 5 %: 50/s x (2 x 1 ms + 1 x 5 ms) = 0.35, which leaves 0.15",
        "batches: 950/s x 3 x 1 ms / 0.15 = 19, so 19 events; full after 19 / 950/s = 20 ms",
        "a crash loses at most 2 x 19 = 38 events: the batch being synced and the one being filled",
    )


# 100/s x 7 ms = 0.7; appended to logs, 100/s x 3 ms = 0.3 of a writer's time.
def test_a_batch_of_one_is_an_event_in_a_log() -> None:
    made = policy(files(3, replaces=1), 1000, 100, 5000)
    assert (made.policy, made.batch_events, made.lost_events_max) == ("batched", 1, 2)
    assert "so 1 event; full" in made.arithmetic[1]


def test_without_the_series_a_replace_is_two_syncs_and_says_so() -> None:
    made = policy(files(3, replaces=1), 1000, 50)
    assert made.utilisation == pytest.approx(0.2)  # 50/s x (2 x 1 ms + 2 ms)
    assert made.durable_replace is not None
    told = made.durable_replace.replace_us
    assert (told.value, told.source) == (2000, "assumed")
    text = rendered([made])
    assert "takes 2 ms here (assumed: two syncs of a file that grows)" in text


def test_what_a_durable_replace_needs_is_said_once() -> None:
    text = rendered([policy(ours(name), 1640, 10, 4000) for name in ("cart", "login")])
    assert "A durable replace takes 4 ms here (as measured)." in text
    for step in (
        "write the new file under another name in the same directory: a file that is written over "
        "in place is empty, short or half old after a crash.",
        "sync it (fsync): the name may lead to an empty or short file after a crash, or to zeros:",
        "rename it over the old one: readers, and a crash, find the old file.",
        "sync the directory (fsync of a descriptor of it): the old file may be back after a crash, "
        "although the new one was confirmed.",
        "https://docs.kernel.org/admin-guide/ext4.html",
    ):
        assert text.count(step) == 1
    assert "durable replace" not in rendered([policy(files(2), 1640, 10, 4000)])


def rendered(policies: list[Policy]) -> str:
    """As text, on one line."""
    text = render_text(Document(sections=[Section(blocks=list(policy_blocks(policies)))]))
    return " ".join(text.split())


def test_a_policy_of_before_is_still_read() -> None:
    stored = policy(files(2), 1640, 1000).model_dump()
    del stored["replaces_per_event"], stored["durable_replace"]
    assert Policy.model_validate(stored).durable_replace is None


def test_databases_batch_by_themselves() -> None:
    assert plan_policies([files(1, kind="database")], 1000, 1000) == ()


def test_a_policy_can_be_loaded_from_its_json() -> None:
    made = policy(ours("cart"), 1640, 1000)
    assert Policy.model_validate_json(made.model_dump_json()) == made


# 5.5 ms for a sync of a file that grows, in tests/golden/measurements/nvme-consumer.json: of 10/s
# x 15 x 5.5 ms = 0.825, / 0.5 = 1.65, so 2 events and 200 ms.
def test_an_application_loads_its_policy_from_the_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--from", str(MEASUREMENTS / "nvme-consumer.json"), "--format", "json"]
    status, out, _ = run(capsys, "report", *arguments, "--workload", "publish", "--rate", "10")
    assert status == 0
    (told,) = json.loads(out)["policies"]
    made = Policy.model_validate(told)
    assert (made.workload, made.policy, made.batch_events) == ("publish", "batched", 2)
    assert made.flush_interval_ms == pytest.approx(200)


def test_the_arithmetic_shows_its_numbers() -> None:
    assert policy(files(2, share=0.05), 1640, 1000).arithmetic == (
        "each event at once: u = R n L = 1,000/s x 2 x 1.64 ms = 3.28, more than the comfortable "
        "0.5",
        "at once must go 5 %: 50/s x 2 x 1.64 ms = 0.164, which leaves 0.336",
        "batches: 950/s x 2 x 1.64 ms / 0.336 = 9.27, so 10 events; full after 10 / 950/s = "
        "10.5 ms",
        "a crash loses at most 2 x 10 = 20 events: the batch being synced and the one being filled",
    )


# A replace is two syncs: 3.28 ms. cart: 4.92 ms, and 50/s take 0.246; 950/s x 3.28 ms / 0.254 is
# 12.3. login: 6.56 ms, and 100/s take 0.656. publish: 6 x 1.64 + 9 x 3.28 = 39.4 ms.
def test_the_table_says_what_to_do() -> None:
    made = [policy(ours(name), 1640, 1000) for name in ("cart", "login", "publish")]
    table, *_ = policy_blocks([*made, policy(files(3, share=0.9), 1640, 1000)])
    assert isinstance(table, Table)
    assert table.title == "At 1,000 events/s of each workload, 1.64 ms per sync"
    assert table.rows == [
        ("cart", "mixed", "4.9", "50/s", "13", "13.7 ms", "296", "26"),
        ("login", "not sustained", "6.6", "76.2/s", "-", "-", "-", "-"),
        ("publish", "batched", "39", "-", "50", "50 ms", "300", "100"),
        ("made by hand", "not sustained", "4.9", "102/s", "-", "-", "-", "-"),
    ]
    assert (
        max(map(len, render_text(Document(sections=[Section(blocks=[table])])).splitlines())) <= 80
    )


def test_without_files_there_is_nothing_to_say() -> None:
    assert policy_blocks(()) == ()
