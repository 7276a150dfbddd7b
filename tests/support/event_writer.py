"""An application that keeps its events by a policy, as advisor/capacity/policies.py advises.

    python event_writer.py DIRECTORY POLICY.json EVENTS
    python event_writer.py DIRECTORY --sync-us        the mean of 20 syncs there, nothing else

Events come at the policy's rate. Each line of output is one thing that has happened: "accepted N"
(whoever sent event N is told), "syncing N,N,..." and "durable N,N,..." (all logs are synced). The
last line, "took SECONDS SYNCS SYNCING_SECONDS", is written when all events are durable.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def say(what: str, events: Sequence[int]) -> None:
    """One write, so that nothing of it is lost or torn when the process is killed."""
    os.write(1, f"{what} {','.join(map(str, events))}\n".encode())


class Logs:
    """One log for each file of an event."""

    def __init__(self, directory: Path, count: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.fds = [os.open(directory / f"log-{number}", flags, 0o644) for number in range(count)]
        self.lock = threading.Lock()
        self.syncs = 0
        self.syncing_s = 0.0

    def persist(self, events: Sequence[int]) -> None:
        """Appends the events to every log, and syncs one log after another."""
        say("syncing", events)
        lines = "".join(f"{event}\n" for event in events).encode()
        for fd in self.fds:
            os.write(fd, lines)
            started_s = time.perf_counter()
            os.fdatasync(fd)
            with self.lock:
                self.syncing_s += time.perf_counter() - started_s
                self.syncs += 1
        say("durable", events)


class Batches:
    """Fills one batch while another is being synced; whoever comes when both are full waits."""

    def __init__(self, logs: Logs, batch_events: int, flush_s: float) -> None:
        self.logs, self.batch_events, self.flush_s = logs, batch_events, flush_s
        self.making: list[int] = []
        self.began_s = 0.0
        self.over = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._flush_for_ever, daemon=True)
        self.thread.start()

    def add(self, event: int) -> None:
        with self.changed:
            self.changed.wait_for(lambda: len(self.making) < self.batch_events)
            if not self.making:
                self.began_s = time.perf_counter()
            self.making.append(event)
            say("accepted", [event])
            self.changed.notify_all()

    def finish(self) -> None:
        with self.changed:
            self.over = True
            self.changed.notify_all()
        self.thread.join()

    def _due(self) -> bool:
        old = bool(self.making) and time.perf_counter() >= self.began_s + self.flush_s
        return self.over or old or len(self.making) >= self.batch_events

    def _flush_for_ever(self) -> None:
        while True:
            with self.changed:
                while not self._due():
                    left_s = self.began_s + self.flush_s - time.perf_counter()
                    self.changed.wait(max(0, left_s) if self.making else None)
                batch, self.making = self.making, []
                self.changed.notify_all()
            if not batch:
                return
            self.logs.persist(batch)


def keep_events(directory: Path, policy: dict[str, Any], count: int) -> None:
    logs = Logs(directory, policy["syncs_per_event"])
    batches = policy["batch_events"] and Batches(
        logs, policy["batch_events"], policy["flush_interval_ms"] / 1000
    )
    every = round(policy["rate_per_s"] / policy["immediate_per_s"]) if batches else 1
    at_once = []
    started_s = time.perf_counter()
    for event in range(count):
        time.sleep(max(0.0, started_s + event / policy["rate_per_s"] - time.perf_counter()))
        if batches and event % every:
            batches.add(event)
        else:
            at_once.append(threading.Thread(target=persist_at_once, args=[logs, event]))
            at_once[-1].start()
    if batches:
        batches.finish()
    for thread in at_once:
        thread.join()
    took_s = time.perf_counter() - started_s
    os.write(1, f"took {took_s} {logs.syncs} {logs.syncing_s}\n".encode())


def persist_at_once(logs: Logs, event: int) -> None:
    logs.persist([event])
    say("accepted", [event])


def main(directory: Path, policy: str, count: str = "0") -> None:
    if policy == "--sync-us":
        logs = Logs(directory, 20)
        logs.persist([0])
        os.write(1, f"{1e6 * logs.syncing_s / logs.syncs}\n".encode())
    else:
        keep_events(directory, json.loads(Path(policy).read_text()), int(count))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
