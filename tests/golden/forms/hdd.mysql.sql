-- fsync-advisor 0.1.0: settings for MySQL 9.7 (as given, its newest release)
-- Measured 2026-11-20 08:30 UTC in /var/lib/db (ext4 on sda (WDC WD2002FYPS-0), plan default, label made for tests; fdatasync and fsync of a WD2002FYPS as published)
--   8 KiB overwrite + fdatasync: 82/s, mean 12.2 ms
--   classic 4 KiB O_DIRECT + fsync: 82.6/s, mean 12.1 ms
-- Storage class: hdd - hard disk
-- Trust: plausible
--   All checks passed. Only a power cut can prove more.
-- Durability: durable - an acknowledged commit survives a server crash and a power loss
-- Proof: our tests start MySQL 9.7 with such fragments and read all values back. Such SQL was run on MySQL 9.7.
-- Use: mysql < THIS, with SYSTEM_VARIABLES_ADMIN and PERSIST_RO_VARIABLES_ADMIN. It goes into mysqld-auto.cnf, which wins over every option file.

-- ---- Commit: what an acknowledged transaction survives ----

-- A commit is acknowledged only after its redo log is flushed, so it survives a power loss if the drive keeps what it flushed.
-- innodb.innodb_flush_log_at_trx_commit.durable; https://dev.mysql.com/doc/refman/8.4/en/innodb-parameters.html#sysvar_innodb_flush_log_at_trx_commit
SET PERSIST innodb_flush_log_at_trx_commit = 1;

-- The binary log is flushed before a commit is acknowledged, so it still agrees with the tables after a power loss.
-- innodb.sync_binlog.durable-mysql; https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#sysvar_sync_binlog
SET PERSIST sync_binlog = 1;

-- ---- Log: how much room and how it is written ----

-- Recovery from a crash replays 530M in about 590 s; limited by the recovery time, with page writes for page reads, which were not measured (100 MB to 64 GB). Rounded down from 536 MB.
-- innodb.innodb_redo_log_capacity.planned; measured: tests/lab, log-size-mysql
SET PERSIST innodb_redo_log_capacity = 555745280;

-- ---- Background input and output ----

-- OFF and DETECT_ONLY cannot repair a page half written at a power loss.
-- innodb.innodb_doublewrite.on-mysql; https://dev.mysql.com/doc/refman/8.4/en/innodb-doublewrite-buffer.html
-- NOT SET HERE: innodb_doublewrite = ON; MySQL calls it a non persistent variable: it belongs into an option file (--format conf).

-- Neighbouring pages are written together, which saves a hard disk seeks. In the lab MySQL committed 1.2 times as often with it on a disk (2 runs).
-- innodb.innodb_flush_neighbors.hard-disk; measured: tests/lab, flush-neighbours-mysql
SET PERSIST innodb_flush_neighbors = 1;

-- The MySQL manual's figure for a single hard disk, and the minimum: our small test file flatters hard disks.
-- innodb.innodb_io_capacity.hard-disk; https://dev.mysql.com/doc/refman/8.0/en/innodb-configuring-io-capacity.html
-- Both are set twice, because a running server changes one to fit the other.
-- Take both out of option files: MySQL does that at its start, too.
SET PERSIST innodb_io_capacity = 100;
SET PERSIST innodb_io_capacity_max = 200;

-- Twice innodb_io_capacity; the manual calls 2000 likely too high for a single hard disk.
-- innodb.innodb_io_capacity_max.hard-disk; https://dev.mysql.com/doc/refman/8.0/en/innodb-configuring-io-capacity.html
-- Both are set twice, because a running server changes one to fit the other.
-- Take both out of option files: MySQL does that at its start, too.
SET PERSIST innodb_io_capacity = 100;
SET PERSIST innodb_io_capacity_max = 200;

-- ---- Memory: from the host, not from the drive ----

-- 50 % of 4 GB, as MySQL's innodb_dedicated_server would take; assumes that the host serves only this database.
-- innodb.innodb_buffer_pool_size.half-mysql; https://dev.mysql.com/doc/refman/8.4/en/innodb-dedicated-server.html
SET PERSIST innodb_buffer_pool_size = 2147483648;

-- ---- What a lower durability saves, and what it can lose (none of it is set) ----
-- --durability loses-recent-on-power-loss: innodb_flush_log_at_trx_commit = 2, sync_binlog = 100
--   saves: a commit no longer waits for 2 syncs, 48.3 ms
--   can lose: innodb_flush_log_at_trx_commit: up to 2 s of acknowledged commits: 41.4 at the rate one connection has now, 2,000 at an assumed 1,000/s
--   can lose: sync_binlog: the last 100 commit groups or 40 s, whichever is less, of the binary log, where one is written: 100 commits of one connection

-- ---- Upper limit for one connection (sync time only) ----
--  syncs per transaction    transactions/s           per day
--                      1                82         7,082,000
--                      2                41         3,541,000
--                      3              27.3         2,361,000
--                      6              13.7         1,180,000
--                     12              6.83           590,200
--                     15              5.46           472,100
--                     75              1.09            94,430
-- One commit with these settings waits for 2 syncs, 48.3 ms (the binary log grows, so its sync takes longer): at most 20.7 commits/s on one connection.
-- Connections that commit at the same time share syncs (group commit) and can exceed this limit.
-- Figures for them: fsync-advisor capacity --db mysql
