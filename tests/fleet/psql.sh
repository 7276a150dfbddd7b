#!/bin/sh
# psql of the server's tree, with the libraries that came with it.
tree=/opt/postgresql
libraries=$tree/lib/x86_64-linux-gnu:$tree/usr/lib/x86_64-linux-gnu
exec "$tree/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --library-path "$libraries" \
    "$tree/usr/lib/postgresql/15/bin/psql" "$@"
