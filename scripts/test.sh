#!/usr/bin/env bash
# Everything that must hold before a change is merged: format, lints, tests on both databases and in a browser, the
# simulation, docs.
#
#   scripts/test.sh [FILTER...]     the words after it go to `cargo test` alone; with them, the simulation is left out
#
# Needs Rust (rustup) on Debian; the rest is installed by apt when it is missing. The tests get a PostgreSQL of their own
# in a temporary folder, which is stopped and removed at the end whatever happens.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n==> %s\n' "$*"; }
fail() { printf 'scripts/test.sh: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# --- What the tests need ---------------------------------------------------------------------------------------------

# The folder of the newest PostgreSQL server; Debian keeps its programs out of the PATH.
postgres_bin() { find /usr/lib/postgresql/*/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -n 1 | xargs -r dirname; }
has_c() { have cc && printf '#include <stdlib.h>\n' | cc -E -x c - >/dev/null 2>&1; }
has_mail_server() { python3 -c 'import aiosmtpd' 2>/dev/null || /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; }

install_what_is_missing() {
    local missing=()
    has_c || missing+=(gcc libc6-dev)
    [ -n "$(postgres_bin)" ] || missing+=(postgresql)
    have chromium || missing+=(chromium fonts-liberation)
    have chromedriver || missing+=(chromium-driver)
    has_mail_server || missing+=(python3-aiosmtpd)
    if [ "${#missing[@]}" -gt 0 ]; then
        say "installing ${missing[*]}"
        have apt-get || fail "this is not Debian; install what Debian calls: ${missing[*]}"
        local as_root=(env DEBIAN_FRONTEND=noninteractive)
        if ! is_root; then
            # sudo may ask for a password only where somebody can type one.
            if ! have sudo || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
                fail "packages are missing; run as root: apt-get install ${missing[*]}"
            fi
            as_root=(sudo "${as_root[@]}")
        fi
        local install=("${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}")
        # The package lists are fetched only when what they say is missing or out of date.
        "${install[@]}" || { "${as_root[@]}" apt-get update; "${install[@]}"; }
    fi

    # A shell that rustup was installed from a moment ago does not know it yet.
    # shellcheck disable=SC1091
    have cargo || { [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"; }
    have cargo || fail "Rust is missing; install it from https://rustup.rs"
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

# --- A PostgreSQL of our own -----------------------------------------------------------------------------------------

cluster=

# PostgreSQL refuses to run as root.
as_postgres() { if is_root; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

stop_postgres() {
    [ -n "$cluster" ] || return 0
    as_postgres "$(postgres_bin)/pg_ctl" --pgdata="$cluster/data" --mode=immediate --silent stop >/dev/null 2>&1 || true
    rm -rf "$cluster"
    cluster=
}

start_postgres() {
    local bin port tries
    bin=$(postgres_bin)
    # The path of a unix socket may have no more than 107 characters, so not below a long TMPDIR.
    cluster=$(mktemp -d /tmp/duologue-postgres.XXXXXX)
    if is_root; then chown postgres "$cluster"; fi
    as_postgres "$bin/initdb" --pgdata="$cluster/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --no-sync >"$cluster/initdb.log" 2>&1 || { cat "$cluster/initdb.log" >&2; fail "initdb failed"; }
    for tries in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 20000))
        if as_postgres "$bin/pg_ctl" --pgdata="$cluster/data" --log="$cluster/data/log" --silent --wait \
            --options="-h 127.0.0.1 -p $port -k $cluster -c max_connections=500" start >/dev/null 2>&1; then
            export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    cat "$cluster/data/log" >&2 || true
    fail "PostgreSQL did not start after $tries tries"
}

# --- The steps -------------------------------------------------------------------------------------------------------

trap stop_postgres EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

install_what_is_missing

say "cargo fmt --check"
cargo fmt --check

say "cargo clippy --all-targets -- -D warnings"
cargo clippy --all-targets -- -D warnings

say "a PostgreSQL for the tests"
start_postgres
echo "$TEST_POSTGRES_URL"

say "cargo test $*"
cargo test "$@"

# Thousands of days, the kinds of trouble each by itself and all together. The seeds are fixed, so that a change of the code
# is the only thing that can make a day fail; a failing day prints the command that shows it again.
simulate() { cargo run --quiet --release -- simulate --jobs "$(nproc)" "$@" || failed+=("$*"); }
failed=()
if [ "$#" -eq 0 ]; then
    say "the simulation: 10,000 days"
    simulate --faults none --seed 1 --days 1000
    simulate --faults all --seed 100001 --days 6200
    simulate --faults webhooks --seed 200001 --days 400
    simulate --faults silence --seed 300001 --days 400
    simulate --faults calls --seed 400001 --days 400
    simulate --faults freeze --seed 500001 --days 400
    simulate --faults deaths --seed 600001 --days 400
    simulate --faults hands --seed 700001 --days 400
    simulate --faults clock --seed 800001 --days 400
    [ "${#failed[@]}" -eq 0 ] || fail "$(printf 'the simulation broke a promise: %s\n' "${failed[@]}")"
fi

say "cargo doc --no-deps"
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

say "all is well"
