#!/bin/sh
# Unpacks the program, which follows the last line of this text, into a new folder below TMPDIR, runs
# it there, and removes it: a bundle (.tar.xz, .tar.gz), or fsync-advisor.pyz for Python 3.10 or later.
set -eu
run=$(mktemp -d "${TMPDIR:-/var/tmp}/fsync-advisor.XXXXXX")
trap 'rm -rf "$run"' EXIT
trap 'exit 130' HUP INT TERM
tail -n +16 "$0" >"$run/program"
if [ "$(head -c 2 "$run/program")" = '#!' ]; then
    XDG_CACHE_HOME="$run" python3 "$run/program" "$@"
else
    tar -xf "$run/program" -C "$run"
    sh "$run/fsync-advisor/fsync-advisor" "$@"
fi
exit
