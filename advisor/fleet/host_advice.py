"""What one host of a group is advised, by today's rules, kept small: a fleet has thousands."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from advisor.advice import Recommendation
from advisor.advise import decide
from advisor.analysis.fact_model import Facts
from advisor.analysis.observed_load import with_observed_load
from advisor.analysis.verdict import Verdict, judge
from advisor.capacity.drive import sync_us
from advisor.errors import AdvisorError
from advisor.fleet.results import LOW_TRUST
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.units import Value
from advisor.vendors.registry import VENDORS

DRIVES: Final = {"": "", "data_files": "of its data files", "binary_log": "of its binary log"}
"""Which drive of a measurement -> what to call its syncs."""


class Vote(NamedTuple):
    """What a host is advised for one setting, in the words of the first that is advised so."""

    host: str
    advised: Recommendation


Pool = dict[tuple[str, str, Value | None], Vote]
"""Setting, rule and value -> the first vote for it: what thousands say alike is kept once."""

DrivesSync = tuple[str, str]
"""A key of DRIVES, and the series: what may be held against each other."""


class HostAdvice(NamedTuple):
    """One host of the inventory, with what its measurement says."""

    host: str
    verdict: Verdict
    means_us: Mapping[DrivesSync, float]
    """Of one sync, the most like an 8 KiB overwrite with fdatasync."""
    votes: Mapping[str, Vote]
    """By setting; none where it cannot be advised."""
    facts: Facts | None
    why_not: str
    """Why it does not decide, whatever the others say; "" where it does."""


def advise_host(
    host: str, measurement: Measurement, request: Request, knowledge: Knowledge, pool: Pool
) -> HostAdvice:
    """The advice for one host, which may have none; what the pool has already is shared."""
    verdict = judge(measurement, knowledge.storage).model_copy(update={"standings": ()})
    low = f"{verdict.trust}: {verdict.evidence[0].text}" if verdict.trust in LOW_TRUST else ""
    other = _other_server(measurement, request)
    without = HostAdvice(host, verdict, {}, {}, None, other or low)
    if other or verdict.trust == "not-durable":
        return without
    try:
        sync_us(measurement)  # without one `recommend` has no advice, either
        request = with_observed_load(request, measurement)
        decided = decide(measurement, verdict, request, knowledge)
    except AdvisorError as error:
        return without._replace(why_not=error.message)
    named = {setting.name: setting for setting in knowledge.settings}
    votes = {}
    for entry in decided.result.recommendations:
        vote = Vote(host, entry)
        if named[entry.setting].in_a_group == "agreed":
            vote = pool.setdefault((entry.setting, entry.rule.name, entry.value), vote)
        votes[entry.setting] = vote
    return HostAdvice(
        host,
        verdict,
        dict(_means_us(measurement)),
        votes,
        decided.facts,
        low,
    )


def _other_server(measurement: Measurement, request: Request) -> str:
    """Like "its server is MySQL 9.7.1", where another one was asked for."""
    observation = measurement.observation
    if observation is None or isinstance(observation.engine, Unknown):
        return ""
    if observation.engine == request.vendor:
        return ""
    title = VENDORS[request.vendor].title
    return f"its server is {observation.server}, not {title}"


def _means_us(measurement: Measurement) -> "list[tuple[DrivesSync, float]]":
    drives = {name: getattr(measurement, name) if name else measurement for name in DRIVES}
    return [
        ((name, sync.name), sync.summary.mean_us)
        for name, drive in drives.items()
        if drive is not None and (sync := drive.effective_sync) is not None
    ]
