"""Kubernetes' StorageClasses, as `fleet init` is told them: a Job for each, and when it runs."""

import hashlib
import re
from typing import Final, NamedTuple

from advisor.errors import UsageError

SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""RFC 1123, which Kubernetes holds the names of most objects to."""
SUBDOMAIN_MAX: Final = 253
LABEL_MAX: Final = 40
"""A CronJob's name may have 52 characters, ours begin with "measure-"."""
DIGEST_LENGTH: Final = 8

FIRST_HOUR: Final = 2
MINUTES_APART: Final = 20
"""More than a Job may take."""
SLOTS_PER_HOUR: Final = 60 // MINUTES_APART
SLOTS_PER_WEEK: Final = 7 * 24 * SLOTS_PER_HOUR


class StorageClassJob(NamedTuple):
    """What the manifests say of one StorageClass."""

    storage_class: str
    name: str
    """Of its Job and CronJob."""
    schedule: str
    """cron's five fields: once a week, apart from all others."""


def storage_class_jobs(names: str) -> tuple[StorageClassJob, ...]:
    """`names`: "gp3,io2". Raises UsageError where Kubernetes has no such name."""
    classes = [name.strip() for name in names.split(",")]
    for name in classes:
        if len(name) > SUBDOMAIN_MAX or not SUBDOMAIN.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name of a StorageClass",
                "small letters, digits, - and .: kubectl get storageclass lists yours",
            )
        if classes.count(name) > 1:
            raise UsageError(f"StorageClass {name} is given twice", "once is enough")
    if len(classes) > SLOTS_PER_WEEK:
        raise UsageError(
            f"{len(classes)} StorageClasses do not fit into a week, {MINUTES_APART} minutes apart",
            f"at most {SLOTS_PER_WEEK} at a time",
        )
    return tuple(
        StorageClassJob(name, f"measure-{_label(name)}", _schedule(index))
        for index, name in enumerate(classes)
    )


def _label(name: str) -> str:
    """The name without dots and no longer than a label; what was changed stays unlike others."""
    label = name.replace(".", "-")
    if label == name and len(label) <= LABEL_MAX:
        return label
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{label[: LABEL_MAX - DIGEST_LENGTH - 1].rstrip('-')}-{digest}"


def _schedule(index: int) -> str:
    """On Sunday at 2 the first one."""
    hours, slot = divmod(index, SLOTS_PER_HOUR)
    days, hour = divmod(FIRST_HOUR + hours, 24)
    return f"{slot * MINUTES_APART} {hour} * * {days % 7}"
