#!/bin/sh
# Measures one storage class after another, and keeps each result in results/.
set -eu
cd "$(dirname "$0")"
mkdir -p results

once=app.kubernetes.io/component=once
in_namespace() { kubectl --namespace fsync-advisor "$@"; }
ended() { in_namespace get "$1" --output 'jsonpath={.status.conditions[?(@.status=="True")].type}'; }

in_namespace delete job --selector "$once" --ignore-not-found
kubectl apply -k . --selector "$once"

failed=0
for job in $(in_namespace get job --selector "$once" --output name); do
    in_namespace patch "$job" --type merge --patch '{"spec": {"suspend": false}}'
    while :; do # a job ends: it has a deadline
        case "$(ended "$job")" in
            *Complete*)
                in_namespace logs "$job" >"results/${job##*/}.json"
                break
                ;;
            *Failed*)
                echo "$job failed:" >&2
                in_namespace logs "$job" >&2 || in_namespace describe "$job" >&2
                failed=1
                break
                ;;
        esac
        sleep 5
    done
done
exit "$failed"
