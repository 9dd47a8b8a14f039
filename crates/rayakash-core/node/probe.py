"""The readiness probe, run as the entrypoint of a Ray job: one task on every node that is ALIVE, an object in, an object out.

Both objects are too large to travel inside a message (100 kB), so they go through the object stores and over the wire between nodes.
Prints one line, `RAYAKASH-PROBE {"ok": bool, "nodes": [{"node_id", "instance_id", "ip", "ok", "millis", "error"}]}`, and exits 0: a failure is in the line.
"""
import json
import os
import time

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

SIZE, SECONDS = 256 * 1024, 20


@ray.remote(num_cpus=0, max_retries=0)
def answer(data):
    return os.environ.get("RAY_CLOUD_INSTANCE_ID"), ray.get_runtime_context().get_node_id(), data[::-1]


def probe():
    ray.init(log_to_driver=False, logging_level="ERROR")
    nodes = [n for n in ray.nodes() if n["Alive"]]
    data = os.urandom(SIZE)
    there = ray.put(data)
    start = time.monotonic()
    asked = {}
    for n in nodes:
        here_only = NodeAffinitySchedulingStrategy(n["NodeID"], soft=False)
        asked[answer.options(scheduling_strategy=here_only).remote(there)] = n
    waiting, out = list(asked), []
    while waiting:
        left = start + SECONDS - time.monotonic()
        done, waiting = ray.wait(waiting, num_returns=1, timeout=max(left, 0))
        if not done:
            break
        out.append(judge(done[0], asked[done[0]], data, start))
    for ref in waiting:
        out.append(row(asked[ref], None, start, f"no answer within {SECONDS} s"))
    return out


def judge(ref, node, data, start):
    try:
        instance, where, back = ray.get(ref, timeout=SECONDS)
    except Exception as e:
        return row(node, None, start, f"{type(e).__name__}: {e}"[:300])
    if where != node["NodeID"]:
        return row(node, instance, start, f"ran on {where}")
    return row(node, instance, start, None if back == data[::-1] else "the object came back changed")


def row(node, instance, start, error):
    return {"node_id": node["NodeID"], "instance_id": instance, "ip": node["NodeManagerAddress"], "ok": error is None,
            "millis": round((time.monotonic() - start) * 1000), "error": error}


if __name__ == "__main__":
    rows = probe()
    print("RAYAKASH-PROBE " + json.dumps({"ok": bool(rows) and all(r["ok"] for r in rows), "nodes": rows}), flush=True)
