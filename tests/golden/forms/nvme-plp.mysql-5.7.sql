-- fsync-advisor 0.1.0: settings for MySQL 5.7 (as given, its newest release)
-- Measured 2026-11-20 08:30 UTC in /var/lib/db (ext4 on nvme0n1 (SAMSUNG MZQLB960HAJR-00007), nvme1n1 (KINGSTON SEDC1500M960G), plan default, label made for tests; classic figures of a PM983 + DC1500M RAID 1 as published)
--   8 KiB overwrite + fdatasync: 41,490/s, mean 24.1 us, p99 38.6 us
--   classic 4 KiB O_DIRECT + fsync: 40,470/s, mean 24.7 us, p99 39.5 us
-- Storage class: nvme-plp - NVMe SSD with power-loss protection
-- Trust: plausible
--   All checks passed. Only a power cut can prove more.
-- Durability: durable - an acknowledged commit survives a server crash and a power loss
-- Proof: this version was not started here; MySQL 9.7 was. The rest is from documentation. Such SQL was not run.
-- Use: mysql < THIS, AND an option file (--format conf): SET PERSIST came with MySQL 8.0, so NOTHING OF THIS SURVIVES A RESTART.

-- ---- Commit: what an acknowledged transaction survives ----

-- A commit is acknowledged only after its redo log is flushed, so it survives a power loss if the drive keeps what it flushed.
-- innodb.innodb_flush_log_at_trx_commit.durable; https://dev.mysql.com/doc/refman/8.4/en/innodb-parameters.html#sysvar_innodb_flush_log_at_trx_commit
-- NOT KEPT: a restart takes it back, unless an option file has it, too.
SET GLOBAL innodb_flush_log_at_trx_commit = 1;

-- The binary log is flushed before a commit is acknowledged, so it still agrees with the tables after a power loss.
-- innodb.sync_binlog.durable-mysql; https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#sysvar_sync_binlog
-- NOT KEPT: a restart takes it back, unless an option file has it, too.
SET GLOBAL sync_binlog = 1;

-- ---- Log: how much room and how it is written ----

-- Recovery from a crash replays two files of 2G in about 300 s; limited by 25 % of memory (48 MB to 8 GB each).
-- innodb.innodb_log_file_size.planned-two-files; https://dev.mysql.com/doc/refman/5.7/en/innodb-parameters.html#sysvar_innodb_log_file_size
-- NOT SET HERE: innodb_log_file_size = 2G; it cannot be changed while this server runs: it belongs into an option file (--format conf).

-- ---- Background input and output ----

-- A page half written at a power loss cannot be repaired without it, unless the drive writes whole pages atomically (not tested here).
-- innodb.innodb_doublewrite.on-mysql-switch; https://dev.mysql.com/doc/refman/8.0/en/innodb-doublewrite-buffer.html
-- NOT SET HERE: innodb_doublewrite = ON; it cannot be changed while this server runs: it belongs into an option file (--format conf).

-- The default fsync keeps data pages in the kernel's cache as well as in the buffer pool; what a commit waits for stays the same.
-- innodb.innodb_flush_method.direct; https://dev.mysql.com/doc/refman/8.0/en/innodb-parameters.html#sysvar_innodb_flush_method
-- NOT SET HERE: innodb_flush_method = O_DIRECT; it cannot be changed while this server runs: it belongs into an option file (--format conf).

-- SSDs gain nothing from flushing neighbouring pages, nor did the lab's cloud volume; off avoids early writes.
-- innodb.innodb_flush_neighbors.ssd-mysql; measured: tests/lab, page-flushing-mysql
-- NOT KEPT: a restart takes it back, unless an option file has it, too.
SET GLOBAL innodb_flush_neighbors = 0;

-- A quarter of the 66,670/s pages that this drive flushes, each written twice. With all of them commits were slower in the lab (100 to 20000). Rounded down from 16,670.
-- innodb.innodb_io_capacity.measured; measured: tests/lab, io-capacity-mysql
-- Both are set twice, because a running server changes one to fit the other.
-- NOT KEPT: a restart takes it back, unless an option file has it, too.
SET GLOBAL innodb_io_capacity_max = 33000;
SET GLOBAL innodb_io_capacity = 16000;

-- Half of the 66,670/s pages that this drive flushes, each written twice. With twice as many commits were slower in the lab (100 to 40000).
-- innodb.innodb_io_capacity_max.measured; measured: tests/lab, io-capacity-mysql
-- Both are set twice, because a running server changes one to fit the other.
-- NOT KEPT: a restart takes it back, unless an option file has it, too.
SET GLOBAL innodb_io_capacity_max = 33000;
SET GLOBAL innodb_io_capacity = 16000;

-- ---- Memory: from the host, not from the drive ----

-- 75 % of 16 GB, as MySQL's innodb_dedicated_server would take; assumes that the host serves only this database.
-- innodb.innodb_buffer_pool_size.most-mysql-before-8-4; https://dev.mysql.com/doc/refman/8.4/en/innodb-dedicated-server.html
-- NOT KEPT: a restart takes it back, unless an option file has it, too.
SET GLOBAL innodb_buffer_pool_size = 12884901888;

-- ---- What a lower durability saves, and what it can lose (none of it is set) ----
-- --durability loses-recent-on-power-loss: innodb_flush_log_at_trx_commit = 2, sync_binlog = 100
--   saves: a commit no longer waits for 1 sync, 24.1 us
--   can lose: innodb_flush_log_at_trx_commit: up to 2 s of acknowledged commits: 82,990 at the rate one connection has now, 2,000 at an assumed 1,000/s
--   can lose: sync_binlog: the last 100 commit groups or 40 s, whichever is less, of the binary log, where one is written: 100 commits of one connection

-- ---- Upper limit for one connection (sync time only) ----
--  syncs per transaction    transactions/s           per day
--                      1            41,490     3,585,000,000
--                      2            20,750     1,793,000,000
--                      3            13,830     1,195,000,000
--                      6             6,916       597,500,000
--                     12             3,458       298,800,000
--                     15             2,766       239,000,000
--                     75               553        47,800,000
-- One commit with these settings waits for 1 sync, 24.1 us: at most 41,490 commits/s on one connection.
-- Connections that commit at the same time share syncs (group commit) and can exceed this limit.
-- Figures for them: fsync-advisor capacity --db mysql
