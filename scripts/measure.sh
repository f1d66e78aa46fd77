#!/usr/bin/env bash
# The figures of the release build that can be measured on one machine, each beside what it should reach.
#
#   scripts/measure.sh
#
# Only ratios taken in one round mean much on a busy machine: every comparison runs both sides in turn, and the middle of
# several rounds is told with the least and the greatest. Needs what scripts/test.sh needs to build; Linux.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n==> %s\n' "$*"; }

say "build"
cargo bench --no-run 2>&1 | tail -n 4

say "the portal as a process"
cargo bench --quiet --bench portal

say "durable writes"
cargo bench --quiet --bench writes

say "a million meetings"
cargo bench --quiet --bench growth

say "the race for the last license: DUOLOGUE_RACE_ROUNDS=1000 scripts/test.sh race:: runs it at length"
