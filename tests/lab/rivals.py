"""What others advise for the same host, by their published formulas; at our durability.

Each takes the memory that the server may have and the processors, and gives settings. What is no
setting of storage, log or memory (connections, parallel workers) is left out of all of them.
"""

from collections.abc import Callable, Mapping
from typing import Final

from advisor.vendors.names import VendorName

Settings = Mapping[str, str]

MIB: Final = 1024**2
GIB: Final = 1024**3


def _mib(size_bytes: float) -> str:
    return f"{int(size_bytes) // MIB}MB"


def pgtune(memory_bytes: int, cores: int) -> Settings:
    """https://github.com/le0pard/pgtune, src/features/configuration/configurationSlice.js, commit
    01bb6447: "Online transaction processing system" on an SSD, PostgreSQL 15 and later."""
    return {
        "shared_buffers": _mib(memory_bytes / 4),
        "effective_cache_size": _mib(memory_bytes * 3 / 4),
        "maintenance_work_mem": _mib(min(memory_bytes / 16, 8 * GIB)),
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "16MB",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "min_wal_size": "2GB",
        "max_wal_size": "8GB",
        "wal_compression": "lz4",
        "jit": "off",
    }


def timescaledb_tune(memory_bytes: int, cores: int) -> Settings:
    """https://github.com/timescale/timescaledb-tune, pkg/pgtune/memory.go, wal.go and misc.go, on a
    host with 2 GB or more and no --wal-disk-size."""
    return {
        "shared_buffers": _mib(memory_bytes / 4),
        "effective_cache_size": _mib(memory_bytes * 3 / 4),
        "maintenance_work_mem": _mib(min(memory_bytes / 16, 2 * GIB)),
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "16MB",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "256",
        "min_wal_size": "512MB",
        "max_wal_size": "1GB",
    }


def large_wal(memory_bytes: int, cores: int) -> Settings:
    """The same memory, a log of 16 GB and 15 minutes between checkpoints: what a DBA would give."""
    return {
        "shared_buffers": _mib(memory_bytes / 4),
        "effective_cache_size": _mib(memory_bytes * 3 / 4),
        "max_wal_size": "16GB",
        "checkpoint_timeout": "15min",
    }


def dedicated_server(memory_bytes: int, cores: int) -> Settings:
    """What innodb_dedicated_server sets since MySQL 8.4:
    https://dev.mysql.com/doc/refman/8.4/en/innodb-dedicated-server.html"""
    share = 0.75 if memory_bytes > 4 * GIB else 0.5
    pool_bytes = memory_bytes * share if memory_bytes >= GIB else 128 * MIB
    return {
        "innodb_buffer_pool_size": f"{int(pool_bytes) // MIB}M",
        "innodb_redo_log_capacity": f"{int(min(cores / 2, 16) * 1024)}M",
    }


def mysqltuner(memory_bytes: int, cores: int) -> Settings:
    """https://github.com/major/MySQLTuner-perl, mysqltuner.pl: redo for an hour of what is written,
    at most 16 GB, which a sustained load exceeds; innodb_io_capacity 2000 and no neighbours on an
    SSD. Of the pool it says only that data should fit; here 70 % of memory."""
    return {
        "innodb_buffer_pool_size": f"{int(memory_bytes * 0.7) // MIB}M",
        "innodb_redo_log_capacity": "16G",
        "innodb_io_capacity": "2000",
        "innodb_flush_neighbors": "0",
    }


def mysqltuner_mariadb(memory_bytes: int, cores: int) -> Settings:
    """The same, for servers without innodb_redo_log_capacity: a quarter of the pool."""
    pool_bytes = int(memory_bytes * 0.7)
    return {
        "innodb_buffer_pool_size": f"{pool_bytes // MIB}M",
        "innodb_log_file_size": f"{pool_bytes // 4 // MIB}M",
        "innodb_io_capacity": "2000",
        "innodb_flush_neighbors": "0",
    }


def large_redo(memory_bytes: int, cores: int) -> Settings:
    """MariaDB's manual: a redo log of up to the buffer pool's size, here 70 % of memory:
    https://mariadb.com/kb/en/innodb-redo-log/"""
    pool = f"{int(memory_bytes * 0.7) // MIB}M"
    return {"innodb_buffer_pool_size": pool, "innodb_log_file_size": pool}


RIVALS: Final[Mapping[VendorName, Mapping[str, Callable[[int, int], Settings]]]] = {
    "postgresql": {
        "pgtune": pgtune,
        "timescaledb-tune": timescaledb_tune,
        "large-wal": large_wal,
    },
    "mysql": {"dedicated-server": dedicated_server, "mysqltuner": mysqltuner},
    "mariadb": {"mysqltuner": mysqltuner_mariadb, "large-redo": large_redo},
}
"""Server -> name -> its formula."""
