#!/usr/bin/env bash
# The product from outside, as somebody types it: bash tests/blackbox.sh [auto|host|namespaces] [all|core]
# The first word says how the sandbox keeps pods apart, the second whether to leave out what does not depend on that.
# Everything happens in a home of its own. What the chain says is asked with queries of our own (`look`), not of the program.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

export RAYAKASH_PODS=${1:-auto}
extent=${2:-all}
target=${CARGO_TARGET_DIR:-target}/debug
bin=$PWD/$target/rayakash
[ "${target#/}" = "$target" ] || bin=$target/rayakash
# Short, whatever TMPDIR says: paths of sockets below it must fit into 107 bytes.
work=$(mktemp -d /tmp/rkXXXXXX)
export RAYAKASH_HOME=$work/h PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1
unset RAYAKASH_CONTEXT RAYAKASH_OUTPUT RAYAKASH_LOG RAYAKASH_PASSPHRASE_FILE
sandbox_home=$RAYAKASH_HOME/state/sandbox
quickstart=config/examples/quickstart.yaml
passed=0 failed=0 began=$SECONDS
pods=()

# --- words -------------------------------------------------------------------------------------------------------------------------

ok() { passed=$((passed + 1)); printf 'ok      %s\n' "$1"; }
not_ok() {
  failed=$((failed + 1))
  printf 'NOT OK  %s\n' "$1"
  tail -n 25 "$work/out" "$work/err" 2>/dev/null | sed 's/^/          /'
}
# what COMMAND…: the command must succeed.
check() { local what=$1; shift; if "$@"; then ok "$what"; else not_ok "$what"; fi; }
# what code COMMAND…: the command must end with this code; its output is kept in $work/out and $work/err.
ends() {
  local what=$1 wanted=$2 code
  shift 2
  "$@" >"$work/out" 2>"$work/err"
  code=$?
  if [ "$code" -eq "$wanted" ]; then ok "$what"; else not_ok "$what: exit $code instead of $wanted"; fi
}
out_has() { grep -qF -- "$1" "$work/out"; }
err_has() { grep -qF -- "$1" "$work/err"; }
# Seconds, and a command that must succeed within them.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then return 1; fi
    sleep 0.3
  done
}
# A Python expression over the JSON `it` on stdin.
json() { python3 -c 'import json,sys; it=json.load(sys.stdin); x=eval(sys.argv[1]); print(x if x is not None else "")' "$1"; }
chain() { "${bin%/*}/look" "$sandbox_home" | json "$1"; }
# `status` ends with 10 while a cluster is not ready, which is no failure here.
status() { { "$bin" status quickstart -o json || true; } | json "$1"; }
# Nothing when none answers: what a killed one wrote down may be a stranger's number by now.
pid_of_sandbox() { "$bin" sandbox status -o json 2>/dev/null | json 'it["info"]["pid"]' 2>/dev/null; }
pid_of_daemon() { "$bin" daemon status -o json | json 'it["daemon"]["pid"]'; }

# Everything below some processes, as pid:start-time, so that a later process with the same number is another one.
below() {
  python3 - "$@" <<'PY'
import os, sys
children, start = {}, {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        rest = open(f"/proc/{pid}/stat", errors="replace").read().rsplit(")", 1)[1].split()
    except OSError:
        continue
    if rest[0] not in "ZX":
        children.setdefault(rest[1], []).append(pid)
        start[pid] = rest[19]
todo = sys.argv[1:]
while todo:
    for pid in children.get(todo.pop(), []):
        print(f"{pid}:{start[pid]}")
        todo.append(pid)
PY
}
# Whether that process still runs.
runs() {
  local stat
  stat=$(cat "/proc/${1%:*}/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  set -- "$1" $stat
  [ "$2" != Z ] && [ "${21}" = "${1#*:}" ]
}
# Adds what runs below the sandbox and below what was remembered: a pod that was taken over by a new sandbox is not its child.
remember_pods() {
  local pod roots more
  roots=("$(pid_of_sandbox)")
  for pod in "${pods[@]}"; do if runs "$pod"; then roots+=("${pod%:*}"); fi; done
  mapfile -t more < <(below "${roots[@]}")
  pods+=("${more[@]}")
}
no_pod_runs() {
  local pod
  for pod in "${pods[@]}"; do if runs "$pod"; then return 1; fi; done
}

cleanup() {
  local code=$? pid pod
  trap - EXIT INT TERM
  # The sandbox stops its pods when it is asked to; what was remembered of them is killed in case it cannot.
  remember_pods
  # Of what was put into the background only what still runs: the number of what has ended may be a stranger's by now.
  for pid in $(jobs -pr); do kill "$pid" 2>/dev/null; done
  "$bin" daemon stop >/dev/null 2>&1
  "$bin" sandbox stop >/dev/null 2>&1
  for pod in "${pods[@]}"; do if runs "$pod"; then kill -9 "${pod%:*}" 2>/dev/null; fi; done
  wait 2>/dev/null
  rm -rf "$work"
  echo "$passed passed, $failed failed ($((SECONDS - began)) s)"
  if [ "$code" -eq 0 ] && [ "$failed" -gt 0 ]; then code=1; fi
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- the program -------------------------------------------------------------------------------------------------------------------

echo "building"
cargo build --quiet --locked && cargo build --quiet --locked -p rayakash-tests --bin look || exit 1

# How a sandbox keeps pods apart when it may choose, and why. In a home of its own: the one of the tests begins empty.
chosen() {
  export RAYAKASH_HOME=$work/try RAYAKASH_PODS=auto
  "$@" "$bin" sandbox run --providers 0 >"$work/tried" 2>&1 &
  within 60 "$bin" sandbox status
  "$bin" sandbox status 2>&1 | sed -n 's/^pods *//p' | grep . || tail -n 3 "$work/tried"
  "$bin" sandbox stop >/dev/null 2>&1
  wait
  rm -rf "$RAYAKASH_HOME"
}
if [ "$RAYAKASH_PODS" = namespaces ]; then
  found=$(chosen)
  if [ "${found%%,*}" != namespaces ]; then
    echo "pods cannot have namespaces here: $found" >&2
    # Who asks for them in CI must get them.
    if [ "${CI:-}" = true ]; then exit 1; fi
    echo "SKIPPED, so they are on the host"
    RAYAKASH_PODS=host
  elif [ "$found" != namespaces ]; then
    echo "SKIPPED, the way out: $found"
  fi
fi

# Where no network namespace can be made.
without() { unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh "$@"; }
no_namespaces() {
  if ! without true 2>/dev/null; then
    echo "SKIPPED: a machine without namespaces cannot be played here"
    return
  fi
  echo "== a machine without namespaces"
  ends "sandbox run --pods namespaces says that it cannot" 6 without env RAYAKASH_HOME="$work/try" "$bin" sandbox run --pods namespaces
  check "  and what to do" err_has "or go without: --pods host"
  (chosen without) >"$work/out"
  check "sandbox run chooses the host, and says why" grep -q '^host, namespaces cannot be made: .*unshare' "$work/out"
}

bad_files() {
  echo "== bad files: exit 3, line and column, nothing started"
  file() { printf 'apiVersion: rayakash/v1\ncluster_name: bad\nhead_node_type: head\navailable_node_types:\n%b' "$1" >"$work/bad.yaml"; }
  has() { err_has "$1" && err_has "$2"; }
  bad() {
    file "$2"
    ends "$1" 3 "$bin" up "$work/bad.yaml"
    check "  at $3: $4" has "bad.yaml:$3" "$4"
  }
  bad "an unknown key" "  head: { resources: { CPU: 1, memory: 2Gi }, min_worker: 1 }\n" 5:47 "did you mean"
  bad "a wrong type" "  head: { resources: { CPU: one, memory: 2Gi } }\n" 5:29 "CPU"
  bad "no CPU" "  head: { resources: { CPU: 0, memory: 2Gi } }\n" 5: "at least 1"
  bad "10 TB of memory" "  head: { resources: { CPU: 1, memory: 10Ti } }\n" 5: "10Ti"
  bad "a Ray version that does not exist" "${head}ray: { version: 2.999.0 }\n" 6: "2.999.0"
  bad "no head type" "  worker: { resources: { CPU: 1, memory: 2Gi } }\n" 3: "head"
  bomb=$(python3 -c 'print("a0: &a0 [x]"); [print(f"a{n}: &a{n} [" + ", ".join([f"*a{n-1}"]*9) + "]") for n in range(1, 12)]')
  printf '%s\n' "$bomb" >"$work/bad.yaml"
  ends "a YAML bomb" 3 "$bin" up "$work/bad.yaml"
  ends "a gigabyte of text" 3 bash -c 'yes rayakash | head -c 1000000000 | "$0" up -' "$bin"
  ends "no file" 3 "$bin" up "$work/none.yaml"
  mkdir -p "$work/empty"
  ends "no Python: says what to install" 1 env PATH="$work/empty" "$bin" up "$quickstart"
  check "  apt-get install python3" err_has "apt-get install python3"
  check "nothing was started" test ! -e "$RAYAKASH_HOME/state"
}
sdls() {
  echo "== sdl: what a document becomes, what is doubtful, all that is wrong, nothing started"
  local good="$work/good.yaml" hash
  cat >"$good" <<'SDL'
version: "2.0"
services:
  web:
    image: nginx
    cmd: [ls]
    env: [HF_TOKEN=made-up]
    expose: [{port: 80, to: [{global: true}]}]
profiles:
  compute:
    web: {resources: {cpu: {units: 1}, memory: {size: 2Gi}, storage: {size: 1Gi}}}
  placement:
    dc: {pricing: {web: {denom: uact, amount: 100}}}
deployment:
  web: {dc: {profile: web, count: 1}}
SDL
  ends "sdl validate of a doubtful SDL" 0 "$bin" sdl validate "$good"
  check "  says valid" grep -qx valid "$work/out"
  check "  warns of a key that Akash passes over" err_has 'good.yaml:5:5'
  check "  and of a secret, which is not shown" eval 'err_has "looks like a secret" && ! err_has made-up'
  hash=$("$bin" sdl hash "$good")
  check "sdl hash is the hash alone" grep -qE '^[0-9a-f]{64}$' <<<"$hash"
  ends "sdl validate -o json" 0 "$bin" sdl validate -o json "$good"
  check "  has the hash and the warnings" test "$(json 'it["valid"], it["hash"], [w["line"] for w in it["warnings"]]' <"$work/out")" = "(True, '$hash', [5, 6])"
  check "sdl manifest is what is hashed, in another order" test "$("$bin" sdl manifest "$good" | python3 -c '
import hashlib, json, sys
print(hashlib.sha256(json.dumps(json.load(sys.stdin), sort_keys=True, separators=(",", ":")).encode()).hexdigest())')" = "$hash"
  check "sdl groups has one group" test "$("$bin" sdl groups "$good" | json '[g["name"] for g in it]')" = "['dc']"
  ends "sdl hash of stdin" 0 bash -c '"$0" sdl hash - <"$1"' "$bin" "$good"
  check "  is the same" out_has "$hash"
  ends "sdl hash of a cluster file" 0 "$bin" sdl hash "$quickstart"
  sed -i 's/size: 2Gi/size: 1/; s/port: 80/port: 0/; s/cpu: {units: 1}/cpu: {units: 0.001}/' "$good"
  ends "sdl validate of an SDL with three mistakes" 3 "$bin" sdl validate -o json "$good"
  check "  names all of them" test "$(json '[d["line"] for d in it["diagnostics"]]' <"$work/out")" = "[3, 10, 10]"
  ends "sdl validate of a small text that grows by aliases" 3 bash -c 'python3 -c "print(\"a: [&x \" + \"x\" * 70000 + \", *x\" * 50000 + \"]\")" | (ulimit -v 2000000 && "$0" sdl validate -)' "$bin"
  check "nothing was started" test ! -e "$RAYAKASH_HOME/state"
}
imports() {
  echo "== import: the cluster file on stdout, what is left out on stderr, nothing started"
  local name
  for name in template-2024 template-2024-small template-2026 launcher; do
    ends "import of $name" 0 "$bin" import "tests/fixtures/import/$name.yaml"
    check "  gives its cluster file" cmp -s "$work/out" "tests/fixtures/import/$name.cluster.yaml"
    sed "s|^|tests/fixtures/import/$name.yaml:|" "tests/fixtures/import/$name.notes" >"$work/notes"
    check "  says where each thing stood" cmp -s "$work/notes" <(head -n "$(wc -l <"$work/notes")" "$work/err")
    check "  and is a file that can be drawn" "$bin" sdl validate "tests/fixtures/import/$name.cluster.yaml"
    check "  without any secret" eval '! grep -qE "made-?up" "$work/out" "$work/err"'
  done
  ends "import of stdin as JSON" 0 bash -c '"$0" import - -o json <tests/fixtures/import/template-2026.yaml' "$bin"
  check "  has the file, the notes and the secrets" test "$(json 'it["workers"], it["notes"][0]["line"], it["secrets"]' <"$work/out")" = "(1, 4, [])"
  ends "import of a cluster file says that it is one" 3 "$bin" import "$quickstart"
  check "  and what to run" err_has "rayakash up"
  printf 'services:\n  web: { image: nginx }\n' >"$work/bad.yaml"
  ends "import of another file says what it looked for" 3 "$bin" import "$work/bad.yaml"
  sed '0,/^      - RAY_ADDRESS_HOST/s//     - RAY_ADDRESS_HOST/' tests/fixtures/import/template-2024.yaml >"$work/bad.yaml"
  ends "import of broken YAML names the line" 3 "$bin" import "$work/bad.yaml"
  check "  as file, line and column" grep -qE 'bad\.yaml:85:7$' "$work/err"
  check "  and where the list began" err_has "in line 73"
  check "  without any secret" eval '! grep -qE "made-?up" "$work/out" "$work/err"'
  check "nothing was started" test ! -e "$RAYAKASH_HOME/state"
}
head='  head: { resources: { CPU: 1, memory: 2Gi } }\n'
if [ "$extent" = all ]; then
  sdls
  imports
  bad_files
  no_namespaces
fi

echo "== up"
ends "up ends well" 0 cargo run --quiet --locked -- up "$quickstart"
cp "$work/err" "$work/phases"
in_order() {
  python3 - "$work/phases" <<'PY'
import re, sys
seen = []
for line in open(sys.argv[1]):
    found = re.match(r"\[ *\d+\.\ds\] (ordering|collecting bids|leasing|sending manifest|starting|ready)", line)
    if found and found[1] not in seen:
        seen.append(found[1])
sys.exit(seen != ["ordering", "collecting bids", "leasing", "sending manifest", "starting", "ready"])
PY
}
check "the phases came in their order, with seconds" in_order
check "the table has three nodes that are alive" test "$(grep -c ' alive$' "$work/out")" -eq 3
check "the price is per hour" grep -q 'USD per hour' "$work/out"
check "the next commands are named" eval 'out_has "rayakash submit quickstart" && out_has "rayakash down quickstart"'
check "one deployment is on the chain, open" test "$(chain 'len(it["deployments"]), it["open"]')" = "(1, 1)"
kept_apart() {
  case $RAYAKASH_PODS in
    auto) grep -qE '^pods +(host|namespaces)' "$work/out" ;;
    *) grep -qE "^pods +$RAYAKASH_PODS(,|$)" "$work/out" ;;
  esac
}
"$bin" sandbox status >"$work/out" 2>"$work/err"
check "the sandbox says how pods are kept apart ($RAYAKASH_PODS)" kept_apart
before_uact=1000000000000 before_uakt=$(chain 'it["uakt"]')
begin=$(date +%s%3N)
ends "up again ends well" 0 "$bin" up "$quickstart"
took=$(($(date +%s%3N) - begin))
check "  and says: no changes" out_has "no changes"
check "  and takes less than 2 s ($took ms)" test "$took" -lt 2000
check "  and sent no transaction" test "$(chain 'it["uakt"]')" = "$before_uakt"
ends "plan says the same" 0 "$bin" plan "$quickstart"
sed 's/min_workers: 2/min_workers: 3/' "$quickstart" >"$work/more.yaml"
ends "plan of another file shows changes" 20 "$bin" plan "$work/more.yaml"

echo "== submit"
squares='import ray; ray.init(); print(sum(ray.get([ray.remote(lambda i: i*i).remote(i) for i in range(100)])))'
ends "a job ends well" 0 "$bin" submit quickstart -- python -c "$squares"
check "  and printed 328350" grep -qx 328350 "$work/out"
ends "a job that fails" 100 "$bin" submit quickstart -- python -c 'raise SystemExit(3)'

echo "== forward, Ray's own client"
"$bin" forward quickstart 8265 >"$work/port" 2>"$work/forward" &
forward=$!
check "forward prints its port" within 10 test -s "$work/port"
port=$(head -n 1 "$work/port")
token=$("$bin" token quickstart)
cache=${RAYAKASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rayakash}
ray=$(ls -d "$cache"/ray-*/bin/ray | head -n 1)
ray_job() { RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$1 timeout 120 "$ray" job submit --address "http://127.0.0.1:$port" -- python -c 'print(6 * 7)'; }
ends "ray job submit with the token" 0 ray_job "$token"
check "  ran the job" grep -qx 42 "$work/out"
refused() { ! ray_job "$1" >"$work/out" 2>&1 && ! grep -qx 42 "$work/out" && grep -qiE '401|403|unauth|forbidden|token' "$work/out"; }
check "ray job submit with a wrong token is refused" refused "$(printf '%064d' 7)"
members() {
  python3 - "$port" "$token" <<'PY'
import json, sys, urllib.request
def get(path):
    asked = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}", headers={"Authorization": f"Bearer {sys.argv[2]}"})
    return json.load(urllib.request.urlopen(asked, timeout=20))
nodes = get("/api/v0/nodes?detail=1")["data"]["result"]["result"]
assert [n["state"] for n in nodes] == ["ALIVE"] * 3, nodes
probes = [j for j in get("/api/jobs/") if (j["submission_id"] or "").startswith("rayakash-probe")]
assert probes and all(j["status"] == "SUCCEEDED" for j in probes), probes
logs = get(f"/api/jobs/{probes[0]['submission_id']}/logs")["logs"]
line = [l for l in logs.splitlines() if l.startswith("RAYAKASH-PROBE ")][-1]
rows = json.loads(line.split(" ", 1)[1])["nodes"]
assert all(r["ok"] for r in rows) and len({r["instance_id"] for r in rows}) == 3, rows
PY
}
ends "Ray's own API has three nodes ALIVE, and the probe job ran on each" 0 members
jobs -pr | grep -qx "$forward" && kill "$forward"

echo "== what the world can reach"
"$bin" sdl manifest "$quickstart" >"$work/manifest"
global='[e["port"] for g in it for s in g["services"] for e in s["expose"] or [] if e["global"]]'
check "the manifest's only global port is the gate" test "$(json "$global" <"$work/manifest")" = "[8443]"
# The ports on which the sandbox's own process listens: other programs of this machine are none of ours.
listening() {
  python3 - "$1" <<'PY'
import os, sys
ours = set()
for fd in os.listdir(f"/proc/{sys.argv[1]}/fd"):
    try:
        link = os.readlink(f"/proc/{sys.argv[1]}/fd/{fd}")
    except OSError:
        continue
    if link.startswith("socket:["):
        ours.add(link[8:-1])
for table in ("tcp", "tcp6"):
    for line in open(f"/proc/net/{table}").readlines()[1:]:
        part = line.split()
        if part[3] == "0A" and part[9] in ours:
            print(int(part[1].rsplit(":", 1)[1], 16))
PY
}
listening "$(pid_of_sandbox)" >"$work/ports"
gates=$(awk '$1 >= 30000 && $1 <= 32767' "$work/ports")
check "one port of 30000 to 32767 is forwarded ($gates)" test "$(wc -w <<<"$gates")" -eq 1
only_a_gate() {
  python3 - "$work/ports" "$gates" "$token" <<'PY'
import socket, ssl, sys
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
tls.check_hostname, tls.verify_mode, tls.minimum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_3
def ask(port, text, secure):
    with socket.create_connection(("127.0.0.1", port), timeout=15) as plain:
        try:
            with (tls.wrap_socket(plain) if secure else plain) as s:
                s.sendall(text)
                return s.recv(4096)
        except (ssl.SSLError, ConnectionError, socket.timeout):
            return b""
gate = int(sys.argv[2])
# With the right token: without one Ray, too, would say nothing.
http = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + sys.argv[3].encode() + b"\r\nConnection: close\r\n\r\n"
assert b"HTTP/1.1 200" not in ask(gate, http, False), "plain HTTP through the gate"
assert b"200" not in ask(gate, http, True), "HTTP through the gate without its first line"
for target in (b"dashboard", b"client", b"status"):
    answer = ask(gate, b"RAYAKASH/1 " + b"0" * 43 + b" " + target + b"\n", True)
    assert answer.startswith(b"ERR auth"), (target, answer)
# Behind every other port of the providers, the ingress among them, there is no Ray either.
for port in map(int, open(sys.argv[1])):
    if port != gate:
        answer = ask(port, http, False)
        assert b"ray_version" not in answer, (port, answer)
PY
}
ends "the gate asks for the token, and no other port leads to Ray" 0 only_a_gate

echo "== bad days"
kill -9 "$(pid_of_daemon)"
ends "after kill -9 of the daemon, up ends well" 0 "$bin" up "$quickstart"
check "  and sent no transaction" test "$(chain 'it["uakt"]')" = "$before_uakt"
check "  still one deployment" test "$(chain 'len(it["deployments"])')" = 1
remember_pods
sandbox_pid=$(pid_of_sandbox)
endpoint=$(json 'it["grpc"]' <"$sandbox_home/sandbox.json")
kill -9 "$sandbox_pid"
gone() { [ "$(status '(it.get("waiting") or {}).get("what")')" = chain_stalled ]; }
check "after kill -9 of the sandbox the daemon says so" within 60 gone
"$bin" status quickstart >"$work/out" 2>"$work/err"
check "  it names the endpoint" out_has "$endpoint"
"$bin" sandbox run >"$work/sandbox" 2>&1 &
is_ready() { [ "$(status 'it["state"]')" = ready ]; }
check "it goes on when the sandbox is back" within 120 is_ready
ends "  a job runs on the same nodes" 0 "$bin" submit quickstart -- python -c 'print("still here")'
check "  still one deployment, open" test "$(chain 'len(it["deployments"]), it["open"]')" = "(1, 1)"
is_raylet() { runs "$1" && grep -qx raylet "/proc/${1%:*}/comm" 2>/dev/null; }
raylets_below() { local pid; for pid in $(below "$1"); do if is_raylet "$pid"; then echo "$pid"; fi; done; }
parent_of() { sed 's/.*) . //; s/ .*//' "/proc/$1/stat"; }
raylet=$(for pod in "${pods[@]}"; do if is_raylet "$pod"; then echo "$pod"; fi; done | tail -n 1)
supervisor=$(parent_of "$(parent_of "${raylet%:*}")")
kill -9 "${raylet%:*}"
has_another() { local now; now=$(raylets_below "$supervisor"); [ -n "$now" ] && [ "$now" != "$raylet" ]; }
check "a raylet that is killed comes back in place" within 60 has_another
check "  and the cluster is ready" within 120 is_ready
ends "  a job runs on it" 0 "$bin" submit quickstart -- python -c 'print("whole again")'
check "  still one deployment, open" test "$(chain 'len(it["deployments"]), it["open"]')" = "(1, 1)"

echo "== down"
remember_pods
ends "down ends well" 0 "$bin" down quickstart
check "the chain has it closed" test "$(chain 'it["open"], it["deployments"][0]["state"]')" = "(0, 'closed')"
cost=$((before_uact - $(chain 'it["uact"]')))
check "the cost is what the chain took: $cost uact" out_has "cost $cost uact ("
check "  and in USD" grep -qE '\([0-9.]+ USD\)' "$work/out"
check "no process of the cluster is left" within 60 no_pod_runs
ends "down again ends well" 0 "$bin" down quickstart
check "  and took nothing more" test "$((before_uact - $(chain 'it["uact"]')))" -eq "$cost"

two_at_once() {
  echo "== two at once"
  printf 'apiVersion: rayakash/v1\ncluster_name: twice\nhead_node_type: head\navailable_node_types:\n%b' "$head" >"$work/twice.yaml"
  "$bin" up "$work/twice.yaml" >"$work/first" 2>&1 &
  first=$!
  ends "the second of two up" 0 "$bin" up "$work/twice.yaml"
  ends "the first of two up" 0 wait "$first"
  check "one deployment for both" test "$(chain 'len(it["deployments"]), it["open"]')" = "(2, 1)"
  if [ "$("$bin" sandbox status -o json | json 'it["info"]["pods"]')" = namespaces ]; then two_leases; fi
  remember_pods
  ends "down --all ends well" 0 "$bin" down --all
  check "nothing is open" test "$(chain 'it["open"]')" = 0
  check "no process is left" within 60 no_pod_runs
}

# A template of a head and six workers, from the file as it goes around to the cluster.
template() {
  echo "== a template of one head and six workers"
  "$bin" import tests/fixtures/import/template-2024-small.yaml >"$work/six.yaml" 2>"$work/notes"
  ends "what was imported comes up" 0 "$bin" up "$work/six.yaml"
  check "  one head and six workers are alive" test "$(grep -c ' alive$' "$work/out")" -eq 7
  check "  one of them the head" test "$(grep -cE '^ray-head .* alive$' "$work/out")" -eq 1
  remember_pods
  ends "  and goes down" 0 "$bin" down ray
  check "no process of it is left" within 60 no_pod_runs
}

# A cluster that changes: in place with consent, blue and green, and topped up. Its numbers are asked of the chain.
dseqs() { chain '" ".join(str(d["dseq"]) for d in it["deployments"] if d["state"] == "active")'; }
changes() {
  echo "== a cluster that changes"
  local colour first second before
  changed() {
    printf 'apiVersion: rayakash/v1\ncluster_name: changes\nhead_node_type: head\navailable_node_types:\n'
    printf '  head: { resources: { CPU: %s, memory: 2Gi } }\nenv: { COLOUR: %s }\n' "$1" "$2"
    printf 'budget: { max_usd_per_hour: 0.3 }\nescrow: { runway: 2h, target: 4h }\n'
  }
  colour() { "$bin" submit changes -- python -c 'import os; print("colour", os.environ["COLOUR"])'; }
  changed 1 red >"$work/red.yaml"
  changed 1 blue >"$work/blue.yaml"
  changed 2 blue >"$work/wide.yaml"
  ends "it comes up" 0 "$bin" up "$work/red.yaml"
  first=$(dseqs)
  ends "another environment waits for consent" 0 "$bin" up "$work/blue.yaml"
  check "  and says so" out_has "the change restarts every node"
  ends "  nothing has changed" 0 colour
  check "  in the nodes" out_has "colour red"
  ends "with consent it is updated in place" 0 "$bin" up --restart "$work/blue.yaml"
  check "  in the same deployment" test "$(dseqs)" = "$first"
  ends "  the nodes are new" 0 colour
  check "  and have the new environment" out_has "colour blue"
  ends "other resources, with consent, are opened beside it" 0 "$bin" up --restart "$work/wide.yaml"
  second=$(dseqs)
  check "  one deployment is left, another one" eval '[ "${second#* }" = "$second" ] && [ "$second" != "$first" ]'
  check "  the first one is closed" test "$(chain "[d['state'] for d in it['deployments'] if str(d['dseq']) == '$first']")" = "['closed']"
  before=$(chain 'it["uact"]')
  # So many blocks that what is left lasts less than `escrow.runway`.
  "$bin" sandbox advance 30000 >/dev/null
  topped_up() { "$bin" events changes >"$work/out" && grep -q 'top-up: done' "$work/out"; }
  check "an escrow that runs low is filled" within 60 topped_up
  check "  from the wallet" test "$(chain 'it["uact"]')" -lt "$before"
  remember_pods
  ends "it goes down" 0 "$bin" down changes
  check "nothing is open" test "$(chain 'it["open"]')" = 0
  check "no process of it is left" within 60 no_pod_runs
}

# An hour of three clusters with top-ups; then the ledger and the keys of the clusters are gone, and only the wallet's key is left.
adopted() {
  echo "== adopted from chain and key alone"
  local name dseqs before put ups=()
  for name in one two three; do
    printf 'apiVersion: rayakash/v1\ncluster_name: %s\nhead_node_type: head\navailable_node_types:\n%b' "$name" "$head" >"$work/$name.yaml"
    printf 'budget: { max_usd_per_hour: 0.2 }\nescrow: { runway: 2h, target: 4h }\n' >>"$work/$name.yaml"
  done
  for name in one two three; do
    "$bin" up "$work/$name.yaml" >"$work/$name" 2>&1 &
    ups+=("$!")
  done
  # Of these only: a sandbox may be in the background too.
  wait "${ups[@]}"
  "$bin" status >"$work/out" 2>"$work/err"
  check "three clusters are ready" test "$(grep -c ' ready ' "$work/out")" -eq 3
  "$bin" sandbox advance 35000 >/dev/null
  topped_up() { local name; for name in one two three; do "$bin" events "$name" | grep -q 'top-up: done' || return 1; done; }
  check "  and were topped up" within 90 topped_up
  remember_pods
  before=$(chain '(it["uact"], it["uakt"])') dseqs=$(dseqs)
  "$bin" daemon stop >/dev/null
  rm -rf "$RAYAKASH_HOME"/state/sandbox/{ledger.sqlite*,clusters}
  ends "adopt, with nothing but the key" 0 "$bin" adopt -o json
  check "  every deployment is listed" test "$(json '" ".join(str(d["dseq"]) for d in it["deployments"])' <"$work/out")" = "$dseqs"
  put=$(json 'sum(int(d["deposited_uact"]) for d in it["deployments"])' <"$work/out")
  check "  the chain has the same" test "$put" -eq "$(chain 'sum(int(d["put_in_uact"]) for d in it["deployments"] if d["state"] == "active")')"
  ends "  and so have the books" 0 "$bin" cost -o json
  check "    to the micro-unit" test "$put" -eq "$(json 'sum(int(r["escrow_uact"]) + int(r["paid_uact"]) for r in it["rows"])' <"$work/out")"
  "$bin" wallet history -o json >"$work/out"
  balance() { json "[p['balance'] for p in it['postings'] if p['denom'] == '$1'][-1]" <"$work/out"; }
  check "  the wallet's books are the chain's" test "('$(balance uact)', '$(balance uakt)')" = "$before"
  ends "adopt again changes nothing" 0 "$bin" adopt -o json
  check "  it says so" test "$(json 'set(d.get("done") for d in it["deployments"])' <"$work/out")" = "{None}"
  ends "what was adopted goes down" 0 "$bin" down --all
  check "nothing is open" test "$(chain 'it["open"]')" = 0
  check "no process of them is left" within 60 no_pod_runs
}

# From a pod of quickstart, while another cluster runs: nothing of the other, and nothing of this machine, answers.
two_leases() {
  listening "$(pid_of_sandbox)" >"$work/ports"
  other=$(awk '$1 >= 30000 && $1 <= 32767' "$work/ports")
  ends "quickstart again, beside it" 0 "$bin" up "$quickstart"
  listening "$(pid_of_sandbox)" >"$work/ports"
  own=$(awk -v other="$other" '$1 >= 30000 && $1 <= 32767 && $1 != other' "$work/ports")
  cat >"$work/look.py" <<'PY'
import hashlib, socket, ssl, sys, threading
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
def gate(host, port):
    with socket.create_connection((host, port), timeout=15) as plain, tls.wrap_socket(plain) as s:
        return hashlib.sha256(s.getpeercert(True)).hexdigest()
def look(place):
    try:
        socket.create_connection(place, timeout=5).close()
        answered.append(place)
    except OSError:
        pass
if sys.argv[1] == "gate":
    print(gate("127.0.0.1", int(sys.argv[2])))
else:
    answered, places = [], [(host, int(port)) for host in sys.argv[1].split(",") for port in sys.argv[2].split(",")]
    # Beyond our own three nodes there is nobody, whatever the other lease has.
    places += [(f"10.77.0.{n}", port) for n in (1, *range(5, 20)) for port in (6379, 6380, 6381, 8265, 8443, 10001)]
    threads = [threading.Thread(target=look, args=(place,)) for place in places]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("looked at", len(places), "answered", answered)
    print("gate", gate("ray-head", 8443))
PY
  hosts=127.0.0.1,$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -F . | paste -sd, -)
  ends "a job in a pod looks for others" 0 "$bin" submit quickstart -- \
    python -c "$(cat "$work/look.py")" "${hosts%,}" "$(paste -sd, "$work/ports")"
  check "  of this machine and of the other lease nobody answers" grep -qE '^looked at [0-9]+ answered \[\]$' "$work/out"
  check "  the name ray-head leads to its own head" out_has "gate $(python3 "$work/look.py" gate "$own")"
  check "  the other lease has another" eval '! out_has "gate $(python3 "$work/look.py" gate "$other")"'
}
if [ "$extent" = all ]; then
  two_at_once
  template
  changes
  adopted
fi
