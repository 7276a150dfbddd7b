-- fsync-advisor 0.1.0: settings for PostgreSQL 15 (as given)
-- Measured 2026-11-20 08:30 UTC in /var/lib/db (ext4 on sda (WDC WD2002FYPS-0), plan default, label made for tests; fdatasync and fsync of a WD2002FYPS as published)
--   8 KiB overwrite + fdatasync: 82/s, mean 12.2 ms
--   classic 4 KiB O_DIRECT + fsync: 82.6/s, mean 12.1 ms
-- Storage class: hdd - hard disk
-- Trust: plausible
--   All checks passed. Only a power cut can prove more.
-- Durability: durable - an acknowledged commit survives a server crash and a power loss
-- Proof: our tests start PostgreSQL 13 to 19 with such fragments and read all values back. Such SQL was run on PostgreSQL 15 and 18.
-- Use: psql -X -f THIS as a superuser, without -1. It goes into postgresql.auto.conf, which wins over postgresql.conf and what that includes.

-- ---- Commit: what an acknowledged transaction survives ----

-- A power loss can damage the database beyond repair when fsync is off. No drive justifies that.
-- postgresql.fsync.always; https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-FSYNC
ALTER SYSTEM SET fsync = 'on';

-- A page half written at a power loss stays corrupt when this is off, perhaps unnoticed. Nothing measured here shows that 8 kB writes are atomic.
-- postgresql.full_page_writes.always; https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-FULL-PAGE-WRITES
ALTER SYSTEM SET full_page_writes = 'on';

-- A commit is acknowledged only after its WAL is flushed, so it survives a crash and, if the drive honours flushes, a power loss.
-- postgresql.synchronous_commit.wait-for-the-flush; https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT
ALTER SYSTEM SET synchronous_commit = 'on';

-- ---- Log: how much room and how it is written ----

-- Recovery from a crash replays 1536MB in about 600 s; limited by the recovery time, with page writes for page reads, which were not measured (1 GB to 64 GB).
-- postgresql.max_wal_size.room-for-the-recovery-time; measured: tests/lab, drives-postgresql
ALTER SYSTEM SET max_wal_size = '1536MB';

-- ---- Checkpoints ----

-- Spreads a checkpoint's writes over 90 % of the interval instead of a shorter, denser burst. This is the default from PostgreSQL 14 on (0.5 before).
-- postgresql.checkpoint_completion_target.spread-the-writes; https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-CHECKPOINT-COMPLETION-TARGET
ALTER SYSTEM SET checkpoint_completion_target = '0.9';

-- Recovery reads ahead pages that the WAL holds whole, one seek each. In the lab a crash recovery on a disk took 12 s with off, and 356 s with try.
-- postgresql.recovery_prefetch.disk; measured: tests/lab, recovery-prefetch-postgresql
ALTER SYSTEM SET recovery_prefetch = 'off';

-- ---- Memory: from the host, not from the drive ----

-- Half of 4 GB, which the PostgreSQL wiki calls conservative. It is only the planner's estimate of the cache and allocates nothing.
-- postgresql.effective_cache_size.half-of-memory; https://wiki.postgresql.org/wiki/Tuning_Your_PostgreSQL_Server
ALTER SYSTEM SET effective_cache_size = '2GB';

-- A quarter of 4 GB in steps of 128 MB, if this host serves only this database; the kernel's page cache has most of the rest. In the lab a quarter of 4 GB made 1.6 times the commits of 128MB.
-- postgresql.shared_buffers.quarter-of-memory; measured: tests/lab, page-flushing-postgresql
-- Takes effect at the next restart.
ALTER SYSTEM SET shared_buffers = '1GB';

SELECT pg_reload_conf();

-- ---- What a lower durability saves, and what it can lose (none of it is set) ----
-- --durability loses-recent-on-crash: synchronous_commit = off
--   saves: a commit no longer waits for 1 sync, 12.2 ms
--   can lose: synchronous_commit: up to 600 ms of acknowledged commits: 49.2 at the rate one connection has now, 600 at an assumed 1,000/s

-- ---- Upper limit for one connection (sync time only) ----
--  syncs per transaction    transactions/s           per day
--                      1                82         7,082,000
--                      2                41         3,541,000
--                      3              27.3         2,361,000
--                      6              13.7         1,180,000
--                     12              6.83           590,200
--                     15              5.46           472,100
--                     75              1.09            94,430
-- One commit with these settings waits for 1 sync, 12.2 ms: at most 82 commits/s on one connection.
-- Connections that commit at the same time share syncs (group commit) and can exceed this limit.
-- Figures for them: fsync-advisor capacity --db postgresql
