"""Options -> the Request."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from advisor.commands.options import RequestOptions
from advisor.errors import AdvisorError, UsageError
from advisor.instance import ServerInstance
from advisor.request import Request
from advisor.roles import Role
from advisor.units import parse_duration_us, parse_size
from advisor.vendors.names import ClusterName, VendorName
from advisor.vendors.registry import VENDORS, relatives_with, version_of
from advisor.versions import FEATURES, NEWEST, Feature, NumericVersion, format_version

SIZES: Final = {
    "--memory": ("32MB", "1PB"),
    "--log-bytes-per-commit": ("1B", "1TB"),
    "--data-size": ("1B", "1024PB"),
    "--atomic-writes": ("1B", "1GB"),
}
UNIT_SAID: Final = frozenset({"--log-bytes-per-commit", "--atomic-writes"})
"""By the option's name, or by BYTES in its help: a plain number is taken."""
RECOVERY_TIMES: Final = ("1s", "7d")
"""What a database server may have or need; beyond, a unit was mistaken."""


def build_request(
    vendor: VendorName,
    given_version: str | None,
    asked: RequestOptions,
    *,
    here: ServerInstance | None = None,
    version_source: str = "",
    accept_not_durable: bool = False,
    role: Role = "standalone",
    cluster: ClusterName | None = None,
) -> Request:
    """The request that the options make; `version_source` where nobody gave the version by hand,
    `here` where a server was found, whose version it is then.

    Raises UsageError for one that makes no sense, AdvisorError for a server that is too old.
    """
    if cluster:
        from advisor.knowledge import load_cluster, load_clusters  # most servers stand alone

        load_cluster(cluster).require_runs_on(vendor, load_clusters())
    if not VENDORS[vendor].has_binary_log and asked.binary_log is not None:
        raise UsageError("PostgreSQL has no binary log", "leave --binary-log out")
    version, found_by, detected = (
        _target(vendor, given_version)
        if here is None or given_version is not None
        else _found(here)
    )
    return Request(
        vendor=vendor,
        version=version,
        version_source=version_source or found_by,
        durability=asked.durability,
        log_bin=_binary_log(vendor, asked.binary_log, role, cluster),
        memory_bytes=size_of("--memory", asked.memory),
        recovery_time_s=None
        if asked.recovery_time is None
        else duration_s("--recovery-time", asked.recovery_time, RECOVERY_TIMES, needs_unit=True),
        expected_commits_per_s=asked.expected_tps,
        log_bytes_per_commit=size_of("--log-bytes-per-commit", asked.log_bytes_per_commit),
        max_ops_per_s=asked.max_iops,
        syncs=parse_syncs(asked.syncs),
        accept_not_durable=accept_not_durable,
        cluster=cluster,
        build=detected if asked.build is None else parse_build(asked.build),
        role=role,
    )


def _binary_log(
    vendor: VendorName, asked: bool | None, role: Role, cluster: ClusterName | None
) -> bool | None:
    """Whether a binary log is written, where it is said: a source has one, and so has each member
    of a group. Raises UsageError where it is said not to be. A semi-sync replica has one, to be the
    source after a promotion, unless it is said not to."""
    if cluster == "semi-sync" and role == "replica":
        return asked is not False
    is_source = role == "primary" or (cluster == "semi-sync" and role != "replica")
    if not VENDORS[vendor].has_binary_log or not (is_source or cluster == "group-replication"):
        return asked
    if asked is False:
        needs = "--role primary" if cluster is None else f"--cluster {cluster}"
        raise UsageError(
            f"{needs} does not go with --no-binary-log: replicas read it", "leave one of them out"
        )
    return True


def _target(
    vendor: VendorName, given: str | None
) -> tuple[NumericVersion, str, Mapping[Feature, bool]]:
    """The version to advise for, where it comes from (given, installed, or the newest known), and
    what the server was built with, where that is detected.

    Raises UsageError or AdvisorError for a version older than the tables.
    """
    server = VENDORS[vendor]
    name = server.title
    if given is not None:
        version = version_of(vendor, given)
        if server.is_too_old(version):
            relatives = relatives_with(vendor, version)
            hint = f"did you mean --db {relatives[0]}?" if relatives else server.tables_begin
            raise UsageError(f"{name} {given} is older than what we know", hint)
        is_any = NEWEST in version and server.series_length > 1  # else no setting differs
        return version, "as given, its newest release" if is_any else "as given", {}
    # These start programs; not needed above.
    from advisor.servers.installed import (
        detect_features,
        find_installed,
        find_relative,
        which_it_is,
    )

    installed = find_installed(vendor)
    if installed is None:
        if other := find_relative(vendor):  # which would be handed this one's settings
            raise UsageError(
                which_it_is(other),
                f"did you mean --db {other.vendor}? For a {name} elsewhere give its version with"
                " --db-version",
            )
        return server.newest_version, f"no {name} was found here; this is the newest we know", {}
    if server.is_too_old(installed.version):
        # Neither the oldest rules nor the newest are about it.
        raise AdvisorError(
            f"{name} {format_version(installed.version)}, installed here as {installed.program},"
            " is older than what we know",
            f"{server.tables_begin}; name the version it will be with --db-version",
        )
    source = f"installed here: {installed.program}"
    return installed.version, source, detect_features(installed)


def _found(here: ServerInstance) -> tuple[NumericVersion, str, Mapping[Feature, bool]]:
    """The same for a server that was found. Raises AdvisorError."""
    server = VENDORS[here.vendor]
    where = f"its data is in {here.directory}"
    if not here.version:
        unseen = "its version cannot be seen from here; this is the newest we know"
        return server.newest_version, f"{where}; {unseen}", {}
    if server.is_too_old(here.version):
        raise AdvisorError(
            f"{server.title} {format_version(here.version)} in {here.directory} is older than what"
            " we know",
            f"{server.tables_begin}; name the version it will be with --db-version",
        )
    if here.program is None:
        return here.version, where, {}
    from advisor.servers.installed import Installed, detect_features

    installed = Installed(here.vendor, here.version, here.program)
    return here.version, f"installed here: {here.program}", detect_features(installed)


def parse_syncs(text: str | None) -> tuple[int, ...] | None:
    """Of "1,2,6" the tuple (1, 2, 6). Raises UsageError."""
    return parse_counts("--syncs", text)


def parse_counts(
    option: str, text: str | None, *, at_most: int | None = None
) -> tuple[int, ...] | None:
    """Whole numbers above 0, between commas. Raises UsageError."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise UsageError(f"{option} {text!r}: whole numbers above 0 are needed, like 1,2,6")
    counts = tuple(int(part) for part in parts)
    if at_most is not None and max(counts) > at_most:
        raise UsageError(f"{option} {text!r}: at most {at_most:,} are modelled")
    return counts


def parse_build(text: str) -> dict[Feature, bool]:
    """Of "lz4,zstd" what the server has; what is not named stays unknown. Raises UsageError."""
    named = {part.strip() for part in text.split(",")}
    if strangers := named - set(FEATURES):
        raise UsageError(
            f"--build {text!r}: no rule knows {', '.join(map(repr, sorted(strangers)))}",
            f"name some of {', '.join(FEATURES)}",
        )
    return {feature: True for feature in FEATURES if feature in named}


def size_of(option: str, text: str | None) -> int | None:
    """The bytes that an option of SIZES says. Raises UsageError that names the option."""
    if text is None:
        return None
    read = partial(parse_size, needs_unit=option not in UNIT_SAID)
    return _within(option, text, SIZES[option], read)


def duration_s(
    option: str, text: str, bounds: tuple[str, str], *, needs_unit: bool = False
) -> float:
    """The seconds that an option says, within bounds like ("1s", "7d"); a plain number is seconds.

    Raises UsageError that names the option.
    """
    read = partial(parse_duration_us, needs_unit=needs_unit)
    return _within(option, text, bounds, read) / 1e6


def _within(option: str, text: str, bounds: tuple[str, str], read: Callable[[str], int]) -> int:
    """Raises UsageError that names the option."""
    amount = named(option, text, partial(_signed, read=read))
    least, most = bounds
    if not read(least) <= amount <= read(most):
        raise UsageError(f"{option} {text!r} is not between {least} and {most}")
    return amount


def _signed(text: str, read: Callable[[str], int]) -> int:
    """What a minus makes too little, and not unreadable."""
    return -read(text[1:]) if text.startswith("-") else read(text)


def named(option: str, text: str, read: Callable[[str], int]) -> int:
    """What `read` makes of the text. Raises UsageError that names the option."""
    try:
        return read(text)
    except UsageError as error:
        raise UsageError(f"{option} {error.message}", error.hint) from None
