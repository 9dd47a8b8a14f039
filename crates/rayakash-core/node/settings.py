"""What this node was told: its settings, ports, identity, and what it tells about itself.

The program of every node, process 1 of its container. Python 3.10 or later, standard library only.
The files named in ORDER are joined into one program, so only this one has imports.
"""
import asyncio
import base64
import ctypes
import hmac
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

# Ray and everything that it starts inherit our environment: what is secret, or large, leaves it first.
ENV = os.environ
CONF = json.loads(ENV.pop("RAYAKASH"))
GATE = json.loads(ENV.pop("RAYAKASH_GATE"))
ENV.pop("RAYAKASH_CODE", None)
REVISION = ENV.pop("RAYAKASH_REVISION", "")

# Seconds. Tests shorten them.
TIMES = {"backoff": 0.2, "backoff_max": 30, "settled": 60, "setup": 1, "setup_max": 60, "look": 3, "dashboard": 5,
         "silence": 60, "first_answer": 180, "head": 2, "term": 2, "drain": 26, "preface": 10, "auth": 1, **CONF.get("times", {})}
HEAD = CONF["role"] == "head"

# Pods that share one host get a block of 64 ports and an address each; a pod with a network of its own needs neither.
NAMES = ["gcs", "gate", "dashboard", "client", "node_manager", "object_manager", "runtime_env", "agent_grpc", "agent_http", "metrics",
         "autoscaler_metrics", "dashboard_metrics"]
SHARED = "RAYAKASH_PORT_BASE" in ENV
TMP = ENV.get("TMPDIR", "/tmp").rstrip("/")
if SHARED:
    BASE = int(ENV["RAYAKASH_PORT_BASE"])
    PORTS = {name: BASE + i for i, name in enumerate(NAMES)}
    WORKER_PORTS = BASE + len(NAMES), BASE + 63
    HEAD_HOST, gcs, gate = ENV["RAYAKASH_HEAD"].rsplit(":", 2)
    HEAD_GCS, HEAD_GATE = int(gcs), int(gate)
    HOSTNAME = ENV.get("HOSTNAME") or socket.gethostname()
else:
    PORTS = dict(zip(NAMES, [6379, 8443, 8265, 10001, 6380, 6381, 6382, 6383, 6384, 6385, 44217, 44227]))
    WORKER_PORTS = 10002, 11000     # below 32768, where the kernel's own choice of ports begins
    HEAD_HOST, HEAD_GCS, HEAD_GATE = CONF.get("head"), PORTS["gcs"], PORTS["gate"]
    HOSTNAME = socket.gethostname()

# The name of this pod. An eviction makes a new pod with a new name; after an update even one of the same name has another revision.
INSTANCE = "/".join([ENV.get(f"AKASH_{x}_SEQUENCE", "0") for x in ("DEPLOYMENT", "GROUP", "ORDER")] + [CONF["service"], HOSTNAME, REVISION])
START = time.monotonic()
STOP = asyncio.Event()      # set by SIGTERM, never cleared
STATE = {"instance": INSTANCE, "role": CONF["role"], "type": CONF.get("type", CONF["role"]), "phase": "starting", "starts": 0, "last_exit": None,
         "epoch": 0, "rejoins": 0, "refused": 0, "gate_port": PORTS["gate"]}


def log(message, **fields):
    try:
        print("rayakash " + json.dumps({"t": round(time.time(), 3), "msg": message, **fields}), flush=True)
    except OSError:     # nobody reads any more; that is no reason to end
        pass


def phase(name):
    """After SIGTERM the phase stays `stopping`, whatever the watchers see."""
    if not STOP.is_set():
        STATE["phase"] = name


def my_ip():
    return ENV.get("POD_IP") or socket.gethostbyname(socket.gethostname())


async def pause(seconds):
    """Sleeps, but not past a SIGTERM."""
    try:
        await asyncio.wait_for(STOP.wait(), seconds)
    except asyncio.TimeoutError:
        pass


