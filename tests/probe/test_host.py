"""The host: what captured files of known hosts say."""

import os
from pathlib import Path

import psutil
import pytest

from advisor.model import Unknown
from advisor.probe.host import (
    describe_host,
    dirty_limits_bytes,
    host_name,
    preloaded,
    virtualisation,
    waited_s,
)

BARE_X86 = "processor\t: 0\nmodel name\t: AMD EPYC 9354P\nflags\t\t: fpu vme sse2\n"
VIRTUAL_X86 = "processor\t: 0\nmodel name\t: Intel Xeon\nflags\t\t: fpu vme sse2 hypervisor\n"
ARM = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\n"


def files(root: Path, **texts: str) -> Path:
    """Writes files whose paths are the names, with __ for /."""
    for name, text in texts.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"proc__cpuinfo": BARE_X86}, "none"),
        ({"proc__cpuinfo": BARE_X86, ".dockerenv": ""}, "container"),
        ({"proc__cpuinfo": BARE_X86, "sys__class__dmi__id__sys_vendor": "Amazon EC2"}, "none"),
        ({"proc__cpuinfo": BARE_X86, "sys__hypervisor__type": "xen\n"}, "xen"),
        ({"proc__cpuinfo": VIRTUAL_X86}, "a hypervisor that does not name itself"),
        ({"proc__cpuinfo": VIRTUAL_X86, ".dockerenv": "", "sys__hypervisor__type": "xen"}, "xen"),
        (
            {"proc__cpuinfo": VIRTUAL_X86, "sys__class__dmi__id__sys_vendor": "VMware, Inc.\n"},
            "vmware",
        ),
        (
            {
                "proc__cpuinfo": VIRTUAL_X86,
                "sys__class__dmi__id__sys_vendor": "Microsoft Corporation",
                "sys__class__dmi__id__product_name": "Virtual Machine",
            },
            "microsoft",
        ),
        (
            {
                "proc__cpuinfo": VIRTUAL_X86,
                "sys__devices__system__clocksource__clocksource0__available_clocksource": (
                    "kvm-clock tsc acpi_pm"
                ),
            },
            "kvm",
        ),
        ({"proc__cpuinfo": ARM, "sys__class__dmi__id__product_name": "KVM Virtual Machine"}, "kvm"),
    ],
)
def test_virtualisation(tmp_path: Path, texts: dict[str, str], expected: str) -> None:
    assert virtualisation(files(tmp_path, **texts)) == expected


@pytest.mark.parametrize(
    "texts", [{"proc__cpuinfo": ARM}, {"proc__cpuinfo": ARM, "run__.containerenv": ""}, {}]
)
def test_never_none_without_proof(tmp_path: Path, texts: dict[str, str]) -> None:
    assert isinstance(virtualisation(files(tmp_path, **texts)), Unknown)


def test_preloaded_libraries_are_listed_once(tmp_path: Path) -> None:
    root = files(
        tmp_path,
        proc__self__maps=(
            "7f1 r-xp 00000000 fe:00 123  /usr/lib/libeatmydata.so\n"
            "7f2 r-xp 00000000 fe:00 124  /usr/lib/libc.so.6\n"
            "7f3 r--p 00000000 fe:00 123  /usr/lib/libeatmydata.so\n"
        ),
    )
    (root / "etc").mkdir()
    (root / "etc/ld.so.preload").write_text("/usr/lib/libjemalloc.so.2\n")
    found = preloaded(root, {"LD_PRELOAD": "/opt/a.so:/opt/b.so /opt/a.so"})
    assert found == (
        "/opt/a.so",
        "/opt/b.so",
        "/usr/lib/libjemalloc.so.2",
        "/usr/lib/libeatmydata.so",
    )


def test_a_library_named_and_mapped_is_listed_once(tmp_path: Path) -> None:
    maps = "7f1 r-xp 00000000 fe:00 123  /usr/lib/x86_64-linux-gnu/libeatmydata.so\n"
    root = files(tmp_path, proc__self__maps=maps)
    assert preloaded(root, {"LD_PRELOAD": "libeatmydata.so"}) == ("libeatmydata.so",)


def test_the_time_waited_for_a_processor(tmp_path: Path) -> None:
    assert waited_s(tmp_path) is None
    assert waited_s(files(tmp_path, proc__self__schedstat="94309 2723451000 2\n")) == 2.723451


def vm(root: Path, limit: int, ratio: int, background: int, background_ratio: int) -> Path:
    """Writes the sysctls of dirty memory."""
    return files(
        root,
        proc__sys__vm__dirty_bytes=f"{limit}\n",
        proc__sys__vm__dirty_ratio=f"{ratio}\n",
        proc__sys__vm__dirty_background_bytes=f"{background}\n",
        proc__sys__vm__dirty_background_ratio=f"{background_ratio}\n",
    )


@pytest.mark.parametrize(
    ("sysctls", "expected"),
    [
        ((0, 20, 0, 10), (200_000, 100_000)),  # the kernel's defaults
        ((50_000, 0, 10_000, 0), (50_000, 10_000)),
        ((0, 30, 10_000, 0), (300_000, 10_000)),
        ((50_000, 0, 0, 10), (50_000, 25_000)),
        ((0, 10, 0, 10), (100_000, 50_000)),
    ],
)
def test_dirty_limits(
    tmp_path: Path, sysctls: tuple[int, int, int, int], expected: tuple[int, int]
) -> None:
    assert dirty_limits_bytes(1_000_000, vm(tmp_path, *sysctls)) == expected


def test_dirty_limits_that_are_not_told(tmp_path: Path) -> None:
    assert dirty_limits_bytes(1_000_000, tmp_path) == (
        Unknown(unknown="/proc/sys/vm/dirty_bytes says nothing"),
        Unknown(unknown="/proc/sys/vm/dirty_background_bytes says nothing"),
    )
    no_memory = Unknown(unknown="no /proc")
    root = vm(tmp_path, 0, 20, 10_000, 0)
    assert dirty_limits_bytes(no_memory, root) == (no_memory, 10_000)
    (root / "proc/sys/vm/dirty_ratio").write_text("a fifth\n")
    assert dirty_limits_bytes(1_000_000, root)[0] == Unknown(
        unknown="/proc/sys/vm/dirty_ratio says a fifth"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db07\n", "db07"),
        ("db07.example.org\n", "db07"),
        ("localhost\n", None),
        ("localhost.localdomain\n", None),
        ("(none)\n", None),
        ("\n", None),
    ],
)
def test_a_host_name_is_one_that_not_every_host_has(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    found = host_name(files(tmp_path, proc__sys__kernel__hostname=text))
    assert found == (expected or Unknown(unknown="the host has no name of its own"))


def test_nothing_preloaded(tmp_path: Path) -> None:
    assert preloaded(tmp_path, {}) == ()


def test_a_host_in_full(tmp_path: Path) -> None:
    root = files(
        tmp_path,
        proc__cpuinfo=BARE_X86,
        proc__sys__kernel__osrelease="6.1.0-30-amd64\n",
        proc__self__cgroup="0::/\n",
        proc__self__mountinfo="31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    )
    (root / "etc").mkdir()
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "etc/os-release").write_text('NAME="Debian"\nPRETTY_NAME="Debian 12 (bookworm)"\n')
    (root / "sys/fs/cgroup/memory.max").write_text("4096000\n")
    (root / "sys/fs/cgroup/cpu.max").write_text("100000 100000\n")
    vm(root, 0, 20, 1_024_000, 0)
    host = describe_host(root)
    assert host.os == "Debian 12 (bookworm)"
    assert host.kernel == "6.1.0-30-amd64"
    assert host.cpu_model == "AMD EPYC 9354P"
    assert host.cpu_count == 1
    assert host.memory_bytes == 4096000
    assert host.dirty_limit_bytes == 819_200
    assert host.dirty_background_bytes == 409_600  # half of it: 1,024,000 would never be reached
    assert host.virtualisation == "none"


def test_a_host_that_says_nothing(tmp_path: Path) -> None:
    host = describe_host(tmp_path)
    assert isinstance(host.os, Unknown)
    assert isinstance(host.kernel, Unknown)
    assert isinstance(host.cpu_model, Unknown)
    assert isinstance(host.dirty_limit_bytes, Unknown)
    assert isinstance(host.dirty_background_bytes, Unknown)
    assert host.cpu_count == len(os.sched_getaffinity(0))
    assert host.memory_bytes == psutil.virtual_memory().total
