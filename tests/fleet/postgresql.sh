#!/bin/sh
# The service of a host: what systemd's unit does elsewhere.
tree=/opt/postgresql
data=/var/lib/postgresql/data

running() { kill -0 "$(head -n 1 "$data/postmaster.pid" 2>&1)" 2>/dev/null; }

start() {
    setpriv --reuid=postgres --regid=postgres --clear-groups setsid \
        "$tree/usr/lib/postgresql/15/bin/postgres" -D "$data" </dev/null >>/var/log/postgresql 2>&1 &
    until psql -U postgres -qXc '' 2>/dev/null; do
        kill -0 $! 2>/dev/null || exit 1
        sleep 0.1
    done
}

stop() {
    while running; do
        kill -INT "$(head -n 1 "$data/postmaster.pid")"
        sleep 0.1
    done
}

case $1 in
start) running || start ;;
stop) stop ;;
restart) stop && start ;;
reload) kill -HUP "$(head -n 1 "$data/postmaster.pid")" ;;
status) running ;;
esac
