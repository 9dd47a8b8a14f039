# Processes: starting, reaping, and finding them by descent. As process 1, or as child subreaper, we inherit every orphan below us.

PRCTL = ctypes.CDLL(None).prctl
CHILDREN = {}       # pid -> Child, until reaped
SPARED = set()      # (pid, start time) of what setup commands left running: not Ray's, so a restart of Ray leaves it alone


class Child:
    """A process that we started; `done` becomes its exit code, negative for a signal."""

    def __init__(self, argv, env):
        # Where we are not process 1, our death must still be its death: PR_SET_PDEATHSIG.
        die_too = None if os.getpid() == 1 else lambda: PRCTL(1, signal.SIGKILL, 0, 0, 0)
        process = subprocess.Popen(argv, env=env, start_new_session=True, preexec_fn=die_too)
        process.returncode = 0      # keeps Popen from reaping: our reaper does, in the event loop, so never before the next line
        self.pid = process.pid
        self.done = asyncio.get_running_loop().create_future()
        CHILDREN[self.pid] = self

    def kill(self, sig):
        if not self.done.done():    # not reaped, so the pid is still its own
            os.kill(self.pid, sig)


def reap():
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        child = CHILDREN.pop(pid, None)
        if child and not child.done.done():
            child.done.set_result(os.waitstatus_to_exitcode(status))


def below(spared=frozenset()):
    """Living processes below us: {pid: (name, start time)}.

    By descent, never by a mark in /proc/PID/environ: Ray's dashboard and workers set their title and overwrite that memory.
    """
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", errors="replace") as f:
                    stat = f.read()
            except OSError:
                continue
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            if rest[0] not in "ZX":
                children.setdefault(int(rest[1]), []).append((int(entry), name, rest[19]))
    found, todo = {}, [os.getpid()]
    while todo:
        for pid, name, start in children.get(todo.pop(), []):
            if (pid, start) not in spared:
                found[pid] = name, start
                todo.append(pid)
    return found


async def kill_all(spared=frozenset()):
    """Leftovers of a Ray that died hold its ports."""
    for sig, seconds in ((signal.SIGTERM, TIMES["term"]), (signal.SIGKILL, TIMES["term"])):
        signalled, end = set(), time.monotonic() + seconds
        while (left := below(spared)) and time.monotonic() < end:
            for pid in left.keys() - signalled:     # those that appeared meanwhile too
                signalled.add(pid)
                try:
                    os.kill(pid, sig)
                except OSError:
                    pass
            await asyncio.sleep(0.05)


