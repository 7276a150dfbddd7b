-- Some 46 rows for each 10 of pgbench's scale, each on another page.
\set key random(0, 65535)
SELECT sum(abalance) FROM pgbench_accounts WHERE (hashint4(aid) & 65535) = :key;
