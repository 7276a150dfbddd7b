"""How many bytes of redo or WAL one small transaction writes, on the real servers of tests/servers.

    python -m tests.benchmarks.log_bytes_per_commit

The transaction is that of `pgbench -N`: one row of a table of a million updated at random, one row
inserted. It runs right after a checkpoint, when almost every update touches a page for the first
time; on PostgreSQL that page then goes into the WAL whole, and a second line says what is left
without. profiles/assumptions.toml and advisor/vendors/postgresql.py take their figures from here.
"""

import random

from tests.servers.harness import Instance, Server, available
from tests.support.endings import end_by_exceptions

ROW_COUNT = 1_000_000
COMMIT_COUNT = 10_000

CREATE = (
    "CREATE TABLE accounts (aid integer PRIMARY KEY, abalance integer, filler char(84))",
    "CREATE TABLE history (aid integer, delta integer, mtime timestamp, filler char(22))",
)
FILL = {
    "postgresql": "INSERT INTO accounts SELECT n, 0, '' FROM generate_series(1, %s) AS n",
    "mysql": "INSERT INTO accounts WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL"
    " SELECT n + 1 FROM numbers WHERE n < %s) SELECT n, 0, '' FROM numbers",
    "mariadb": "INSERT INTO accounts SELECT seq, 0, '' FROM seq_1_to_1000000 WHERE seq <= %s",
}
SETTLE = {
    "postgresql": ("CHECKPOINT",),
    "mysql": ("SET GLOBAL innodb_max_dirty_pages_pct = 0", "DO SLEEP(3)"),
    "mariadb": ("SET GLOBAL innodb_max_dirty_pages_pct = 0", "DO SLEEP(3)"),
}
FRAGMENTS = {
    "postgresql": "max_wal_size = 4GB\nsynchronous_commit = off\n",
    "mysql": "[mysqld]\ninnodb_flush_log_at_trx_commit = 2\nsync_binlog = 0\n"
    "innodb_buffer_pool_size = 1G\ncte_max_recursion_depth = 2000000\n",
    "mariadb": "[mariadb]\ninnodb_flush_log_at_trx_commit = 2\ninnodb_buffer_pool_size = 1G\n",
}


def log_position(instance: Instance, vendor: str) -> int:
    """Bytes of log written since some fixed point."""
    if vendor == "postgresql":
        return int(instance.query("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])
    name = {"mysql": "Innodb_redo_log_current_lsn", "mariadb": "Innodb_lsn_current"}[vendor]
    return int(instance.query(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])


def prepare(instance: Instance, vendor: str) -> None:
    if vendor != "postgresql":
        instance.query("CREATE DATABASE bench")
        instance.query("USE bench")
    for statement in CREATE:
        instance.query(statement)
    instance.query(FILL[vendor], [ROW_COUNT])
    for statement in SETTLE[vendor]:
        instance.query(statement)


def bytes_per_commit(server: Server, further: str = "") -> float:
    """Mean over COMMIT_COUNT transactions of one connection, with a seeded choice of rows and
    further lines in the fragment."""
    chosen = random.Random(1)
    with server.running(FRAGMENTS[server.vendor] + further) as instance:
        prepare(instance, server.vendor)
        before = log_position(instance, server.vendor)
        for _ in range(COMMIT_COUNT):
            row, delta = chosen.randint(1, ROW_COUNT), chosen.randint(-5000, 5000)
            instance.query("BEGIN")
            instance.query(
                "UPDATE accounts SET abalance = abalance + %s WHERE aid = %s", [delta, row]
            )
            instance.query(
                "INSERT INTO history (aid, delta, mtime) VALUES (%s, %s, CURRENT_TIMESTAMP)",
                [row, delta],
            )
            instance.query("COMMIT")
        return (log_position(instance, server.vendor) - before) / COMMIT_COUNT


def main() -> None:
    for server in available():
        print(f"{server.name}: {bytes_per_commit(server):.0f} bytes per commit", flush=True)
        if server.vendor == "postgresql":
            records = bytes_per_commit(server, "full_page_writes = off\n")
            print(f"{server.name}: {records:.0f} of them without pages", flush=True)


if __name__ == "__main__":
    end_by_exceptions()
    main()
