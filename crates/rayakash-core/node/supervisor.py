# The supervisor. It never ends while the lease lives: the provider sees only whether process 1 runs.

current = None      # the Child that we wait for: a setup command or `ray start`
rejoining = False


def on_rejoin():
    global rejoining
    if STATE["starts"] and current and not STOP.is_set():
        log("the head began anew, joining again")
        STATE["rejoins"] += 1
        rejoining = True
        current.kill(signal.SIGKILL)


def on_term():
    if not STOP.is_set():
        phase("stopping")
        STOP.set()
        log("told to stop")
        if current:
            current.kill(signal.SIGTERM)    # `ray start` drains its node and waits for it


async def run(argv, env, *watchers):
    """Runs one command to its end; after SIGTERM no longer than a drain may take."""
    global current
    child = current = Child(argv, env)
    watching = [asyncio.ensure_future(endure(w, child)) for w in watchers]
    stopping = asyncio.ensure_future(STOP.wait())
    try:
        await asyncio.wait([child.done, stopping], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([child.done], timeout=TIMES["drain"])
        return child.done.result() if child.done.done() else None
    finally:
        current = None
        for task in (*watching, stopping):
            task.cancel()


async def set_up():
    for n, command in enumerate(CONF.get("setup", []), 1):
        delay = TIMES["setup"]
        while not STOP.is_set():
            phase(f"setup {n}")
            code = await run(["bash", "-c", command], dict(ENV))
            log("setup", n=n, code=code)
            if code == 0:
                break
            await pause(delay)
            delay = min(delay * 2, TIMES["setup_max"])
    SPARED.update((pid, start) for pid, (_, start) in below().items())


async def run_ray():
    """One life of Ray, from start to the last process gone. Its seconds."""
    began = time.monotonic()
    STATE["starts"] += 1
    phase("ray starting")
    if HEAD:
        STATE["epoch"] = head_epoch()
        forget_last_head()
    log("ray start", n=STATE["starts"], epoch=STATE["epoch"])
    try:
        code = await run(ray_command(my_ip()), ray_environment(), watch_raylet, *([watch_dashboard] if HEAD else []))
    except OSError as e:    # no `ray` in the image, no address yet
        code = f"cannot start ray: {e}"
    life = time.monotonic() - began
    STATE["last_exit"] = {"code": code, "after": round(life, 1), "at": round(time.time(), 1)}
    log("ray ended", **STATE["last_exit"])
    phase("ray down")
    await kill_all(SPARED)
    return life


async def keep_ray():
    global rejoining
    delay = TIMES["backoff"]
    while not STOP.is_set():
        life = await run_ray()
        if rejoining or life > TIMES["settled"]:
            rejoining, delay = False, TIMES["backoff"]
        await pause(delay)
        delay = min(delay * 2, TIMES["backoff_max"])


async def endure(what, *args):
    """Whatever goes wrong in our own code must not end process 1."""
    while not STOP.is_set():
        try:
            return await what(*args)
        except Exception as e:
            log("trouble", where=what.__name__, error=repr(e)[:300])
            await pause(1)


async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, reap)
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, on_term)
    PRCTL(4, 0, 0, 0, 0)    # PR_SET_DUMPABLE: tasks of the same user must not read our first environment
    PRCTL(36, 1, 0, 0, 0)   # PR_SET_CHILD_SUBREAPER: orphans come to us where we are not process 1
    log("up", instance=INSTANCE, python=sys.version.split()[0], pid=os.getpid())
    others = [asyncio.ensure_future(endure(keep_gate))]
    if not HEAD:
        others.append(asyncio.ensure_future(endure(watch_head, on_rejoin)))
    await endure(set_up)
    await endure(keep_ray)
    await kill_all()
    log("bye")
    for task in others:
        task.cancel()


SERVER = tls_server()
asyncio.run(main())
