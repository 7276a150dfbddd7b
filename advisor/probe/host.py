"""The host: system, processor, memory, and whether it is a virtual one."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from advisor.measurement import Environment
from advisor.model import Known, Unknown
from advisor.probe.control_groups import cpu_quotas, memory_limits_bytes

HYPERVISOR_NAMES: Final = (
    ("VMware", "vmware"),
    ("Xen", "xen"),
    ("innotek", "virtualbox"),
    ("VirtualBox", "virtualbox"),
    ("Microsoft Corporation Virtual Machine", "microsoft"),
    ("Parallels", "parallels"),
    ("KVM", "kvm"),
    ("QEMU", "kvm"),
    ("Amazon EC2", "kvm"),
    ("Google Compute Engine", "kvm"),
    ("OpenStack", "kvm"),
    ("Firecracker", "kvm"),
)
"""Part of the firmware's vendor and product name -> the hypervisor; the first that fits."""

HYPERVISOR_CLOCKS: Final = (("kvm-clock", "kvm"), ("hyperv", "microsoft"), ("xen", "xen"))
"""A word in the list of clock sources -> the hypervisor."""

CONTAINER_MARKS: Final = (".dockerenv", "run/.containerenv", "run/systemd/container")


def describe_host(root: Path = Path("/")) -> Environment:
    """The host as a database on it would find it. `root` holds the etc, proc and sys to read."""
    memory_bytes = _memory_bytes(root)
    dirty_limit_bytes, dirty_background_bytes = dirty_limits_bytes(memory_bytes, root)
    return Environment(
        os=_os_name(root),
        kernel=_text(root / "proc/sys/kernel/osrelease")
        or Unknown(unknown="/proc/sys/kernel/osrelease says nothing"),
        cpu_model=_cpu_model(root),
        cpu_count=min([len(os.sched_getaffinity(0)), *cpu_quotas(root)]),
        memory_bytes=memory_bytes,
        virtualisation=virtualisation(root),
        preloaded=preloaded(root, os.environ),
        host_name=host_name(root),
        dirty_limit_bytes=dirty_limit_bytes,
        dirty_background_bytes=dirty_background_bytes,
    )


def host_name(root: Path = Path("/")) -> Known[str]:
    """The host's own name, without its domain; names that every host could have are none."""
    name = (_text(root / "proc/sys/kernel/hostname") or "").partition(".")[0]
    if name in ("", "(none)", "localhost"):
        return Unknown(unknown="the host has no name of its own")
    return name


def dirty_limits_bytes(
    memory_bytes: Known[int], root: Path = Path("/")
) -> tuple[Known[int], Known[int]]:
    """How much may be written and not yet on a drive until writers wait, and until the kernel
    writes in the background.

    A ratio is taken of `memory_bytes`. The kernel takes it of dirtyable memory, which is what is
    free or holds files' pages, and so always less. A background limit that is not below the other
    is half of that (domain_dirty_limits in Linux's mm/page-writeback.c).
    """
    limit = _dirty_bytes("dirty", memory_bytes, root)
    background = _dirty_bytes("dirty_background", memory_bytes, root)
    if isinstance(limit, int) and isinstance(background, int) and background >= limit:
        background = limit // 2
    return limit, background


def _dirty_bytes(name: str, memory_bytes: Known[int], root: Path) -> Known[int]:
    """vm.NAME_bytes, or where that is 0, vm.NAME_ratio of memory."""
    found = []
    for path in (f"proc/sys/vm/{name}_bytes", f"proc/sys/vm/{name}_ratio"):
        text = _text(root / path)
        if not text.isdecimal():
            return Unknown(unknown=f"/{path} says {text or 'nothing'}")
        found.append(int(text))
    size_bytes, ratio = found
    if size_bytes:
        return size_bytes
    return memory_bytes if isinstance(memory_bytes, Unknown) else memory_bytes * ratio // 100


def virtualisation(root: Path = Path("/")) -> Known[str]:
    """The hypervisor's name, "container" on bare metal in one, "none", or why it isn't known.

    "none" only where an x86 processor would say otherwise.
    """
    flagged = _hypervisor_flag(root)
    hypervisor = _text(root / "sys/hypervisor/type") or (
        "" if flagged is False else _hypervisor_name(root)
    )
    if hypervisor:
        return hypervisor
    if flagged:
        return "a hypervisor that does not name itself"
    if flagged is None:
        return Unknown(unknown="only x86 processors say whether they are virtual")
    return "container" if any((root / mark).exists() for mark in CONTAINER_MARKS) else "none"


def preloaded(root: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Libraries preloaded into this process, and any libeatmydata mapped into it."""
    listed = environment.get("LD_PRELOAD", "").replace(":", " ").split()
    listed += _text(root / "etc/ld.so.preload").replace(":", " ").split()
    mapped = [
        line.split(maxsplit=5)[5].strip()
        for line in _text(root / "proc/self/maps").split("\n")
        if "eatmydata" in line and len(line.split(maxsplit=5)) == 6
    ]
    names = {os.path.basename(path) for path in listed}
    listed += [path for path in mapped if os.path.basename(path) not in names]
    return tuple(dict.fromkeys(listed))


def waited_s(root: Path = Path("/")) -> float | None:
    """How long this process's main thread has waited for a processor so far; None if not told."""
    fields = _text(root / "proc/self/schedstat").split()
    return int(fields[1]) / 1e9 if len(fields) == 3 else None


def _memory_bytes(root: Path) -> Known[int]:
    import psutil

    limits_bytes = memory_limits_bytes(root)
    try:
        return min([psutil.virtual_memory().total, *limits_bytes])
    except OSError as error:  # a chroot without /proc
        unknown = Unknown(unknown=f"/proc/meminfo cannot be read: {error.strerror}")
        return min(limits_bytes, default=unknown)


def _os_name(root: Path) -> Known[str]:
    for path in ("etc/os-release", "usr/lib/os-release"):
        for key, value in _pairs(_text(root / path), "="):
            if key == "PRETTY_NAME":
                return value.strip("\"'")
    return Unknown(unknown="/etc/os-release has no PRETTY_NAME")


def _cpu_model(root: Path) -> Known[str]:
    for key, value in _pairs(_text(root / "proc/cpuinfo"), ":"):
        if key in ("model name", "Model", "cpu model", "Hardware"):
            return value
    return Unknown(unknown="/proc/cpuinfo names no model")


def _hypervisor_flag(root: Path) -> bool | None:
    """Whether an x86 processor says that it runs under a hypervisor; None on others."""
    for key, value in _pairs(_text(root / "proc/cpuinfo"), ":"):
        if key == "flags":
            return "hypervisor" in value.split()
    return None


def _hypervisor_name(root: Path) -> str:
    firmware = " ".join(
        _text(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name")
    )
    clocks = _text(root / "sys/devices/system/clocksource/clocksource0/available_clocksource")
    named = [name for word, name in HYPERVISOR_NAMES if word in firmware]
    named += [name for word, name in HYPERVISOR_CLOCKS if word in clocks]
    return named[0] if named else ""


def _pairs(text: str, separator: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        key, found, value = line.partition(separator)
        if found and value.strip():
            yield key.strip(), value.strip()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
