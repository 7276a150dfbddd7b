"""What is to be said of a group's advice besides its values, for the fragment and the page."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from advisor.fleet.group_results import GroupSetting, LeftOut
from advisor.fleet.host_advice import DRIVES, DrivesSync, HostAdvice
from advisor.fleet.merge import GroupDecision
from advisor.fleet.outliers import LEAST_HOSTS, OUTLIER_FACTOR
from advisor.request import Request
from advisor.units import format_latency
from advisor.vendors.registry import newer_than_known

NAMES_SHOWN: Final = 10
"""Of hosts, in a fragment; the group's JSON has all."""

WITHOUT_VOTE: Final = "advice there rests on less than that of the others, or there is none"


def group_notes(
    left_out: Sequence[LeftOut], missing: Sequence[str], decisions: Sequence[GroupDecision]
) -> Iterator[str]:
    """Who did not decide, on all or on some settings, and on what the hosts do not agree."""
    for each in left_out[:NAMES_SHOWN]:
        yield f"{each.host} does not decide: {each.why}"
    if (more := len(left_out) - NAMES_SHOWN) > 0:
        yield f"and {more} more hosts do not decide"
    if missing:
        yield f"without a result: {shown_names(missing)}"
    yield from vote_notes([told for told, _ in decisions])
    for told, _ in decisions:
        if told.dissent:
            yield f"{told.setting}: {told.how}"
    if own := [told.setting for told, line in decisions if line is None and told.emitted]:
        yield f"each host has its own {' and '.join(own)}, in a fragment of its own"


def unlike_notes(deciding: Sequence[HostAdvice]) -> Iterator[str]:
    """Who is far slower than another, where hosts are too few to say which of them is the outlier:
    the least counts, so the slow one decides."""
    means_us: dict[DrivesSync, list[tuple[float, str]]] = defaultdict(list)
    for host in deciding:
        for sync, mean_us in host.means_us.items():
            means_us[sync].append((mean_us, host.host))
    for (drive, _), found in means_us.items():
        (least_us, fastest), (most_us, slowest) = min(found), max(found)
        if len(found) < LEAST_HOSTS and most_us > OUTLIER_FACTOR * least_us:
            what = " ".join(filter(None, ("a sync", DRIVES[drive], "takes")))
            yield (
                f"{what} {format_latency(most_us)} on {slowest}, {format_latency(least_us)} on"
                f" {fastest}: {len(found)} hosts are too few to find outliers among, so the slow"
                " one has its say; --exclude HOST leaves one out"
            )


def vote_notes(settings: Iterable[GroupSetting]) -> Iterator[str]:
    """Which of the deciding hosts have no vote on which settings."""
    settings_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for told in settings:
        if told.without_vote:
            settings_of[told.without_vote].append(told.setting)
    for hosts, names in settings_of.items():
        have, whose = ("has", "its") if len(hosts) == 1 else ("have", "their")
        yield f"{shown_names(hosts)} {have} no vote on {', '.join(names)}: {whose} {WITHOUT_VOTE}"


def newer_notes(requests: Mapping[str, Request]) -> Iterator[str]:
    """Which groups are advised for a version that is newer than the rules. `requests`: by group."""
    groups_of: dict[str, list[str]] = defaultdict(list)
    for name, request in requests.items():
        if note := newer_than_known(request.vendor, request.version):
            groups_of[note].append(name)
    for note, groups in groups_of.items():
        yield f"group {shown_names(groups, 3)}: {note}"


def class_notes(deciding: Sequence[HostAdvice]) -> Iterator[str]:
    """Which drives are of which class, where they are not of one."""
    hosts_of: dict[str, list[str]] = defaultdict(list)
    for host in deciding:
        hosts_of[host.verdict.storage_class].append(host.host)
    if len(hosts_of) > 1:
        most_first = sorted(hosts_of.items(), key=lambda pair: -len(pair[1]))
        shown = "; ".join(f"{name}: {shown_names(hosts, 5)}" for name, hosts in most_first)
        yield f"the drives are of {len(hosts_of)} storage classes: {shown}"


def shown_names(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """The first of them by name, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
