"""A node as a real process: the joined program, started by the same one-line bootstrap as in a container, in host mode."""
import base64
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import zlib

HERE = pathlib.Path(__file__).parent
FOLDER = HERE.parent
SOURCE = "".join((FOLDER / name).read_text() for name in (FOLDER / "ORDER").read_text().split())
CODE = base64.b64encode(zlib.compress(SOURCE.encode(), 9)).decode()
BOOTSTRAP = "import os,zlib,base64;exec(zlib.decompress(base64.b64decode(os.environ['RAYAKASH_CODE'])))"
CERTIFICATES = json.loads((HERE / "certificates.json").read_text())
TOKEN = "a-token-of-the-gate"
DEADLINE = 30


def eventually(predicate, what):
    """The predicate's first true value; fails loudly after the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = predicate()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def children(pid):
    """(pid, state, name) of the direct children."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            state, parent = stat.rsplit(")", 1)[1].split()[:2]
            if int(parent) == pid:
                found.append((int(entry), state, stat[stat.index("(") + 1:stat.rindex(")")]))
    return found


def free_block(ip):
    """The first of 64 ports of which the gate's, the dashboard's and the Ray client's are free."""
    while True:
        base = random.randrange(10000, 29900)
        try:
            for host, port in ((ip, base + 1), ("127.0.0.1", base + 2), ("127.0.0.1", base + 3)):
                with socket.socket() as s:
                    s.bind((host, port))
            return base
        except OSError:
            continue


class Node:
    """`mode` is what the fake `ray` does (tests/fake/ray)."""

    def __init__(self, test, mode="run", role="head", head=None, times=None, setup=(), env=None, bootstrap=BOOTSTRAP):
        self.test = test
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="rk-"))
        self.ip = f"127.77.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        self.base = free_block(self.ip)
        self.gate = self.base + 1
        head = head or self
        conf = {"role": role, "service": f"ray-{role}", "type": "kind", "cpus": 2, "gpus": 0, "memory": 1 << 30, "store": 1 << 27, "head": "ray-head", "labels": "zone=a",
                "setup": list(setup), "times": {"look": 0.1, "term": 0.5, "head": 0.1, "auth": 0.05, "setup": 0.05, **(times or {})}}
        self.env = {"PATH": f"{HERE / 'fake'}:{os.environ['PATH']}", "TMPDIR": str(self.dir), "FAKE": mode, "HOSTNAME": "pod-1",
                    "POD_IP": self.ip, "RAYAKASH_PORT_BASE": str(self.base), "RAYAKASH_HEAD": f"{head.ip}:{head.base}:{head.gate}",
                    "RAYAKASH": json.dumps(conf), "RAYAKASH_GATE": json.dumps({**CERTIFICATES["ours"], "token": TOKEN}), "RAYAKASH_CODE": CODE,
                    "RAYAKASH_REVISION": "0a1b2c",
                    "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "ray-token", "AKASH_DEPLOYMENT_SEQUENCE": "1700000000000",
                    "AKASH_GROUP_SEQUENCE": "1", "AKASH_ORDER_SEQUENCE": "2", **(env or {})}
        if role == "head":
            self.env["RAY_gcs_storage"] = "rocksdb"
        self.out = open(self.dir / "out", "wb+")
        # When the tests are ended before they clean up, their nodes must end too: they would start Ray again and again.
        command = ["setpriv", "--pdeathsig", "TERM", "python3", "-c", bootstrap]
        self.process = subprocess.Popen(command, env=self.env, stdout=self.out, stderr=self.out)
        self.pid = self.process.pid
        test.addCleanup(self.clean)

    def clean(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        said = self.text("out")
        self.out.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        for noise in ("Traceback", "exception", '"trouble"'):    # whatever strangers send is no news
            self.test.assertNotIn(noise, said)

    def text(self, name):
        try:
            return (self.dir / name).read_text()
        except OSError:
            return ""

    def lines(self, name):
        return self.text(name).splitlines()

    def log(self, message):
        """The supervisor's log entries with this message."""
        found = [json.loads(l[9:]) for l in self.lines("out") if l.startswith("rayakash {")]
        return [e for e in found if e["msg"] == message]

    def wait_starts(self, n):
        eventually(lambda: len(self.lines("starts")) >= n, f"start {n} of ray: {self.text('out')}")

    def running(self):
        """Waits until the watcher has seen the raylet; its pid."""
        def look():
            pid = self.text("raylet").strip()
            return pid and alive(pid) and self.log("gate") and self.status()["phase"] == "ray running" and int(pid)
        return eventually(look, f"ray runs: {self.text('out')}")

    def wait_gate(self):
        eventually(lambda: self.log("gate"), f"the gate listens: {self.text('out')}")
        return self

    def connect(self, preface=None, version=None):
        """TLS to the gate, for one thread: two that use one such socket at once can crash Python, whose `ssl` has no lock before 3.13."""
        context = any_server()
        if version:
            context.maximum_version = version
        raw = socket.create_connection((self.ip, self.gate), timeout=DEADLINE)
        try:
            s = context.wrap_socket(raw)
        except BaseException:
            raw.close()
            raise
        if preface is not None:
            s.sendall(preface)
        return s

    def ask(self, target, token=TOKEN):
        """Everything the gate answers to one preface."""
        with self.connect(f"RAYAKASH/1 {token} {target}\n".encode()) as s:
            return read_all(s)

    def status(self, target="status"):
        first, _, rest = self.ask(target).partition(b"\n")
        assert first == b"OK", first
        return json.loads(rest)


def any_server():
    """For a client that trusts every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def read_all(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except (ConnectionError, ssl.SSLError):
        pass
    return data
