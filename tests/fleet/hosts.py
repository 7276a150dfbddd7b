"""Hosts made of namespaces: each with its own root, network, processes and ext4, and an sshd.

All of a host's mounts and processes end with its sshd; network namespaces are removed. The bridge
is in the controller's namespace, so nothing of their traffic leaves these.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.faults import missing

STARTER: Final = Path(__file__).with_name("host.sh")
SERVICE: Final = {"postgresql.sh": "etc/init.d/postgresql", "psql.sh": "usr/bin/psql"}
SUBNET: Final = "192.168.77"
CONTROLLER: Final = f"{SUBNET}.1"
IMAGE_BYTES: Final = 800 << 20
"""Sparse; what a measurement wants to see free, and a server."""
PATIENCE_S: Final = 20


class HostPlan(NamedTuple):
    """What a host is to be like."""

    name: str
    root: Path
    """The lower layer of its root."""
    without_python: bool = False
    noexec: bool = False
    """/var/tmp is mounted noexec."""
    server: Path | None = None
    """A tree of PostgreSQL 15, which is started."""
    data: Path | None = None
    """What its data directory is copied from."""


class Fleet(NamedTuple):
    """Hosts that are up."""

    namespace: str
    """The controller's."""
    folder: Path
    hosts: Mapping[str, str]
    """Name -> address."""
    key: Path

    def run(
        self, *command: str, cwd: Path, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """A command in the controller's network."""
        return subprocess.run(
            ["ip", "netns", "exec", self.namespace, *command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={**os.environ, "HOME": str(self.folder), "ANSIBLE_NOCOLOR": "1"},
        )

    def inside(self, host: str, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of root's on a host."""
        pid = (self.folder / host / "pid").read_text()
        entered = ("nsenter", "--all", "--root", "--wd", f"--target={pid}")
        return subprocess.run(
            [*entered, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def ssh_options(self) -> str:
        """What makes OpenSSH read nothing of this machine's."""
        known = self.folder / "known_hosts"
        return f"-F /dev/null -o UserKnownHostsFile={known} -o ConnectTimeout=5"


@contextmanager
def fleet(folder: Path, plans: Sequence[HostPlan]) -> Iterator[Fleet]:
    """The hosts, up and reachable."""
    tag = f"fsync{os.getpid()}"
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with ExitStack() as stack:
        controller = stack.enter_context(_namespace(f"{tag}-controller"))
        _ip("-n", controller, "link", "set", "lo", "up")
        _ip("-n", controller, "link", "add", "bridge0", "type", "bridge")
        _ip("-n", controller, "addr", "add", f"{CONTROLLER}/24", "dev", "bridge0")
        _ip("-n", controller, "link", "set", "bridge0", "up")
        addresses = {}
        for number, plan in enumerate(plans, start=2):
            addresses[plan.name] = f"{SUBNET}.{number}"
            namespace = stack.enter_context(_namespace(f"{tag}-{number}"))
            _connect(controller, namespace, number)
            stack.enter_context(_host(folder / plan.name, plan, namespace, key))
        keys = {p.name: (p.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text() for p in plans}
        known = [f"{addresses[name]} {key_of_host}" for name, key_of_host in keys.items()]
        (folder / "known_hosts").write_text("".join(known))
        made = Fleet(controller, folder, addresses, key)
        for name in addresses:
            _await(made, name)
        yield made


@contextmanager
def _namespace(name: str) -> Iterator[str]:
    _ip("netns", "add", name)
    try:
        yield name
    finally:
        left = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
        for pid in left.stdout.split():  # OpenSSH keeps connections for a while
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)
        subprocess.run(["ip", "netns", "del", name], check=True)


def _connect(controller: str, namespace: str, number: int) -> None:
    ends = f"name eth0 netns {namespace} type veth peer name host{number} netns {controller}"
    _ip("link", "add", *ends.split())
    _ip("-n", controller, "link", "set", f"host{number}", "master", "bridge0", "up")
    _ip("-n", namespace, "link", "set", "lo", "up")
    _ip("-n", namespace, "addr", "add", f"{SUBNET}.{number}/24", "dev", "eth0")
    _ip("-n", namespace, "link", "set", "eth0", "up")


@contextmanager
def _host(folder: Path, plan: HostPlan, namespace: str, key: Path) -> Iterator[None]:
    upper = folder / "upper"
    for name in ("upper/etc/ssh", "upper/etc/init.d", "upper/usr/bin", "work", "root"):
        (folder / name).mkdir(parents=True)
    for path in (folder, *(path for path in upper.rglob("*") if path.is_dir()), upper):
        path.chmod(0o755)
    shutil.copy(key.with_suffix(".pub"), upper / "etc/ssh/authorized_keys")
    if plan.server:
        for source, place in SERVICE.items():
            shutil.copy(STARTER.with_name(source), upper / place)
            (upper / place).chmod(0o755)
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    chosen = {
        "NAME": plan.name,
        "LOWER": str(plan.root),
        "FOLDER": str(folder),
        "WITHOUT_PYTHON": "yes" if plan.without_python else "",
        "NOEXEC": "yes" if plan.noexec else "",
        "SERVER": str(plan.server or ""),
        "DATA": str(plan.data or ""),
        "PATH": os.environ["PATH"],
    }
    own = ("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *own, "sh", str(STARTER)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=chosen,
        )
        try:
            (folder / "pid").write_text(str(_child(process)))
            yield
        finally:
            process.kill()
            process.wait()


def _child(process: subprocess.Popen[bytes]) -> int:
    """What unshare has forked: the first process of the host."""
    until = time.monotonic() + PATIENCE_S
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    found = ""
    while not found and time.monotonic() < until and process.poll() is None:
        found = path.read_text()
        time.sleep(0.01)
    if not found:
        missing(f"no host in namespaces: exit status {process.poll()}")
    return int(found)


def _await(made: Fleet, name: str) -> None:
    """Until sshd, which comes last, answers."""
    until = time.monotonic() + PATIENCE_S
    address = made.hosts[name]
    while time.monotonic() < until:
        probe = f"exec 3<>/dev/tcp/{address}/22 && read -r line <&3 && [[ $line == SSH-* ]]"
        if made.run("bash", "-c", probe, cwd=made.folder).returncode == 0:
            return
        time.sleep(0.05)
    missing(f"{name} is not up: {(made.folder / name / 'log').read_text()}")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        missing(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
