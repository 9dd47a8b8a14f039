# Ray: its command line, its environment, and the head's store.

STORE, EPOCH = f"{TMP}/rayakash-gcs", f"{TMP}/rayakash-epoch"
RAY_TMP = f"{TMP}/r"    # short: Ray's socket paths below it must stay under 107 bytes


def ray_command(ip):
    p = PORTS
    # The name puts the instance id into Ray's cheap and prompt list of nodes; the id of the environment comes seconds later, in another.
    command = ["ray", "start", "--block", "--disable-usage-stats", f"--node-ip-address={ip}", f"--node-name={INSTANCE}",
               f"--node-manager-port={p['node_manager']}", f"--object-manager-port={p['object_manager']}",
               f"--runtime-env-agent-port={p['runtime_env']}", f"--dashboard-agent-grpc-port={p['agent_grpc']}",
               f"--dashboard-agent-listen-port={p['agent_http']}", f"--metrics-export-port={p['metrics']}",
               f"--min-worker-port={WORKER_PORTS[0]}", f"--max-worker-port={WORKER_PORTS[1]}",
               f"--num-cpus={int(CONF['cpus'])}", f"--num-gpus={int(CONF.get('gpus', 0))}",
               f"--memory={int(CONF['memory'])}", f"--object-store-memory={int(CONF['store'])}"]
    if CONF.get("labels"):
        command.append(f"--labels={CONF['labels']}")
    if SHARED:
        command.append(f"--temp-dir={RAY_TMP}")
    if HEAD:    # the dashboard stays on loopback: only the gate reaches it
        return command + ["--head", f"--port={p['gcs']}", "--dashboard-host=127.0.0.1", f"--dashboard-port={p['dashboard']}",
                          f"--ray-client-server-port={p['client']}"]
    return command + [f"--address={HEAD_HOST}:{HEAD_GCS}"]


def ray_environment():
    env = dict(ENV, RAY_CLOUD_INSTANCE_ID=INSTANCE, RAY_NODE_TYPE_NAME=STATE["type"])
    env.setdefault("GRPC_DNS_RESOLVER", "native")   # gRPC's own resolver waits for ever on a DNS server that does not answer for AAAA
    if HEAD:
        if env.get("RAY_gcs_storage") == "rocksdb":
            env["RAY_gcs_storage_path"] = STORE
        if SHARED:
            env.update(AUTOSCALER_METRIC_PORT=str(PORTS["autoscaler_metrics"]), DASHBOARD_METRIC_PORT=str(PORTS["dashboard_metrics"]))
    return env


def head_epoch():
    """Names the cluster's memory: the same for as long as the store lives, another when it begins anew (or there is none)."""
    try:
        if os.listdir(STORE):
            with open(EPOCH) as f:
                return int(f.read())
    except (OSError, ValueError):
        pass
    epoch = int(time.time() * 1000)
    try:
        with open(EPOCH, "w") as f:
            f.write(str(epoch))
    except OSError as e:
        log("cannot keep the epoch", error=str(e))
    return epoch


def forget_last_head():
    """Ray notes its address here, and refuses to start when a raylet of this host still names it: on a shared host those of our own workers do."""
    if SHARED:
        try:
            os.unlink(f"{RAY_TMP}/ray_current_cluster")
        except OSError:
            pass


async def dashboard_answers():
    """Whether the head's dashboard says 200 to `GET /api/version`."""
    async def ask():
        r, w = await asyncio.open_connection("127.0.0.1", PORTS["dashboard"])
        try:
            w.write(f"GET /api/version HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {ENV.get('RAY_AUTH_TOKEN', '')}\r\n\r\n".encode())
            return (await r.readline()).split()[1:2] == [b"200"]
        finally:
            w.close()
    try:
        return await asyncio.wait_for(ask(), TIMES["dashboard"])
    except (OSError, ValueError, asyncio.TimeoutError):
        return False


