#!/bin/sh
# Made what lies beside it, with the program of commit 4fafe6f: make.sh PROGRAM. README.md says why that one.
set -eu
program=$(realpath "$1")
cd "$(dirname "$0")"
rm -rf cv-analytics-data report-*.json
"$program" serve --listen 127.0.0.1:8797 >/dev/null 2>server.log &
server=$!
until curl --silent --fail http://127.0.0.1:8797/healthz >/dev/null; do sleep 0.2; done
"$program" events send events.jsonl
"$program" events send more-events.jsonl
kill "$server"
wait "$server"
"$program" events import repeated.jsonl
"$program" settings import --cv my-cv.txt --aliases aliases.json --exclude-session owner --exclude-request w47-bot
"$program" gaps mark Kubernetes learning
"$program" gaps mark GraphQL not-mine
"$program" forget --request w47-erased
for week in 2026-W44 2026-W45 2026-W46 2026-W47 2026-W49; do
    "$program" report --week "$week" --format json --output "report-$week.json"
done
"$program" settings export --output settings.json
"$program" dead-letters list --json >dead-letters.json
"$program" events export >exported.jsonl
rm -rf server.log cv-analytics-data/serve.lock cv-analytics-data/outbox cv-analytics-data/cv-analytics.db-*
ls -la . cv-analytics-data
