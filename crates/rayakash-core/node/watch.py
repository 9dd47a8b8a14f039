# Watchers: what `ray start --block` does not notice by itself.


async def watch_raylet(ray):
    """After `ray stop` or a finished drain, `ray start --block` lives on with nothing below it."""
    seen, missing = False, 0
    while True:
        if any(name == "raylet" for name, _ in below(SPARED).values()):
            seen, missing = True, 0
            phase("ray running")
        elif seen:
            missing += 1
            if missing == 3:
                log("raylet is gone, ending ray start")
                return ray.kill(signal.SIGKILL)
        await asyncio.sleep(TIMES["look"] if seen else min(1, TIMES["look"]))


async def watch_dashboard(ray):
    """A head short of memory can lose its dashboard alone: every node stays ALIVE, and nobody can use them."""
    deadline = time.monotonic() + TIMES["first_answer"]
    while True:
        await asyncio.sleep(TIMES["dashboard"])
        if await dashboard_answers():
            deadline = time.monotonic() + TIMES["silence"]
        elif time.monotonic() > deadline:
            log("dashboard is silent, ending ray start")
            return ray.kill(signal.SIGKILL)


async def watch_head(rejoin):
    """A head that lost its store must be joined anew. Raylets notice by themselves, but only after up to 45 s."""
    async def ask():
        r, w = await dial(HEAD_HOST, HEAD_GATE, b"status")
        try:
            await r.readline()      # OK; anything else is followed by nothing
            return json.loads(await r.readline())["epoch"]
        finally:
            w.close()
    while True:
        try:
            epoch = await asyncio.wait_for(ask(), 5)
        except (*GONE, ValueError, KeyError, TypeError):
            epoch = 0       # no answer says nothing
        if epoch and epoch != STATE["epoch"]:
            if STATE["epoch"]:
                rejoin()
            STATE["epoch"] = epoch
        await asyncio.sleep(TIMES["head"])


