# What the scripts of this folder share. Sourced with `work` set to their folder of logs.

bin=${CARGO_TARGET_DIR:-target}/release
started=()
trap '[[ ${#started[@]} -eq 0 ]] || kill "${started[@]}" 2>/dev/null || true' EXIT

# Starts a program on one CPU: sets `pid`, and `url` and `secret` to what it prints of itself.
serve() { # CPU NAME PROGRAM…
    local cpu=$1 log=$work/$2.log
    shift 2
    taskset -c "$cpu" "$@" >"$log" 2>&1 &
    pid=$!
    started+=("$pid")
    for _ in $(seq 100); do
        url=$(grep -oE 'wss?://[^ ]+' "$log" | head -1 || true)
        secret=$(sed -n 's/.*secret "\([^"]*\)".*/\1/p' "$log")
        [[ -z $url ]] || return 0
        sleep 0.1
    done
    cat "$log" >&2
    return 1
}

# Ends what was started last.
stop() {
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    unset 'started[-1]'
}
