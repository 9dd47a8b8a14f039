"""The rules of process 1: restart, back-off, orphans, watchers, setup, stop."""
import http.server
import os
import signal
import threading
import time
import unittest

from node import BOOTSTRAP, CODE, Node, alive, children, eventually


class Size(unittest.TestCase):
    def test_the_program_fits_its_budget(self):
        self.assertLess(len(CODE), 12 * 1024)


class Restart(unittest.TestCase):
    def test_backs_off_longer_and_longer(self):
        node = Node(self, "die")
        node.wait_starts(5)
        at = [float(t) for t in node.lines("starts")[:5]]
        for n, (a, b) in enumerate(zip(at, at[1:])):
            self.assertGreaterEqual(b - a, 0.2 * 2 ** n * 0.95)
        self.assertEqual(node.log("ray ended")[0]["code"], 3)

    def test_a_long_life_resets_the_back_off(self):
        node = Node(self, "run", times={"settled": 0, "backoff_max": 1000, "backoff": 0.01})
        for n in range(1, 13):      # without the reset the twelfth would come after 20 s of waiting
            node.wait_starts(n)
            pid = eventually(lambda: [p for p, _, name in children(node.pid) if name == "ray"], "ray runs")[0]
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: not alive(pid), "ray died")

    def test_leftovers_are_dead_before_the_next_start(self):
        node = Node(self, "orphan", times={"term": 0.2})
        node.wait_starts(3)
        eventually(lambda: len(node.lines("found")) >= 2, "two looks at the orphan")
        self.assertEqual(set(node.lines("found")), {"dead"})

    def test_no_ray_in_the_image(self):
        missing = Node(self, env={"PATH": os.environ["PATH"]})
        ended = eventually(lambda: missing.log("ray ended"), f"a start fails: {missing.text('out')}")
        self.assertIn("cannot start ray", str(ended[0]["code"]))
        self.assertIsNone(missing.process.poll())


class Orphans(unittest.TestCase):
    def test_are_reaped(self):
        node = Node(self, "zombies")
        eventually((node.dir / "spawned").exists, "all orphans are ours")
        eventually(lambda: [s for _, s, _ in children(node.pid)] == ["S"], "only ray is left, no zombie")

    def test_ray_dies_with_the_supervisor(self):
        node = Node(self)
        node.wait_starts(1)
        ray = eventually(lambda: [p for p, _, name in children(node.pid) if name == "ray"], "ray runs")[0]
        raylet = node.running()
        self.addCleanup(os.kill, raylet, signal.SIGKILL)
        node.process.kill()
        eventually(lambda: not alive(ray), "ray start died too")


class Watch(unittest.TestCase):
    def test_a_missing_raylet_ends_ray_start(self):
        node = Node(self)
        os.kill(node.running(), signal.SIGKILL)
        node.wait_starts(2)
        self.assertEqual(node.log("ray ended")[0]["code"], -signal.SIGKILL)
        self.assertTrue(node.log("raylet is gone, ending ray start"))

    def test_a_silent_dashboard_ends_ray_start(self):
        node = Node(self, times={"dashboard": 0.1, "silence": 0.3})
        seen = []

        class Dashboard(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, self.headers["Authorization"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", node.base + 2), Dashboard)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        eventually(lambda: len(seen) > 3, "the dashboard is asked")
        self.assertEqual(set(seen), {("/api/version", "Bearer ray-token")})
        self.assertEqual(len(node.lines("starts")), 1)
        server.shutdown()
        server.server_close()
        eventually(lambda: node.log("dashboard is silent, ending ray start"), "the silence is noticed")
        node.wait_starts(2)


class Epoch(unittest.TestCase):
    def test_lives_as_long_as_the_store_and_workers_follow_it(self):
        head = Node(self)
        head.wait_gate().wait_starts(1)
        worker = Node(self, role="worker", head=head).wait_gate()
        first = head.status()["epoch"]
        eventually(lambda: worker.status()["epoch"] == first, "the worker knows the epoch")
        os.kill(head.running(), signal.SIGKILL)
        head.wait_starts(2)
        self.assertEqual(head.status()["epoch"], first)
        self.assertEqual(worker.status()["starts"], 1)
        # The store is lost, as with the container.
        raylet = head.running()
        (head.dir / "rayakash-gcs" / "tables").rmdir()
        os.kill(raylet, signal.SIGKILL)
        head.wait_starts(3)
        second = head.status()["epoch"]
        self.assertNotEqual(second, first)
        eventually(lambda: worker.status()["epoch"] == second, "the worker knows the new epoch")
        worker.wait_starts(2)
        self.assertEqual(worker.status()["rejoins"], 1)


class Setup(unittest.TestCase):
    def test_is_repeated_until_it_works_and_what_it_leaves_running_is_spared(self):
        once = 'echo x >> "$TMPDIR/tries"; [ $(wc -l < "$TMPDIR/tries") -ge 3 ]'
        daemon = '(setsid sleep 1000 > /dev/null 2>&1 & echo $! > "$TMPDIR/daemon")'
        node = Node(self, setup=[once, daemon])
        node.wait_starts(1)
        self.assertEqual([(e["n"], e["code"]) for e in node.log("setup")], [(1, 1), (1, 1), (1, 0), (2, 0)])
        daemon = int(node.text("daemon"))
        os.kill(node.running(), signal.SIGKILL)
        node.wait_starts(2)
        self.assertTrue(alive(daemon))
        node.process.terminate()
        self.assertEqual(node.process.wait(20), 0)
        self.assertFalse(alive(daemon))

    def test_is_ended_by_sigterm(self):
        node = Node(self, setup=["sleep 1000"]).wait_gate()
        self.assertEqual(node.status()["phase"], "setup 1")
        node.process.terminate()
        self.assertEqual(node.process.wait(20), 0)
        self.assertEqual(node.lines("starts"), [])


class Stop(unittest.TestCase):
    def test_drains_ray_and_says_stopping_until_the_end(self):
        node = Node(self, "slow").wait_gate()
        raylet = node.running()
        node.process.terminate()
        eventually(lambda: node.lines("term") == ["term"], "ray was told")
        for _ in range(10):     # a second of the watcher's looks
            self.assertEqual(node.status()["phase"], "stopping")
            time.sleep(0.1)
        node.process.terminate()    # once is enough
        (node.dir / "release").touch()
        self.assertEqual(node.process.wait(20), 0)
        self.assertEqual(node.lines("term"), ["term"])
        self.assertFalse(alive(raylet))
        self.assertTrue(node.log("bye"))

    def test_a_drain_without_end_is_cut_off(self):
        node = Node(self, "slow", times={"drain": 0.3}).wait_gate()
        node.running()
        node.process.terminate()
        self.assertEqual(node.process.wait(20), 0)

    def test_does_not_wait_for_the_back_off(self):
        node = Node(self, "die", times={"backoff": 1000, "backoff_max": 1000})
        eventually(lambda: node.log("ray ended"), "ray died")
        node.process.terminate()
        self.assertEqual(node.process.wait(20), 0)


class Environment(unittest.TestCase):
    def test_of_ray(self):
        node = Node(self)
        node.wait_starts(1)
        eventually(lambda: node.text("raylet"), "ray runs")
        env = dict(l.split("=", 1) for l in node.lines("env") if "=" in l)
        self.assertFalse({"RAYAKASH", "RAYAKASH_GATE", "RAYAKASH_CODE", "RAYAKASH_REVISION"} & env.keys())
        self.assertEqual(env["RAY_CLOUD_INSTANCE_ID"], "1700000000000/1/2/ray-head/pod-1/0a1b2c")
        self.assertEqual(env["RAY_NODE_TYPE_NAME"], "kind")
        self.assertEqual(env["RAY_gcs_storage_path"], f"{node.dir}/rayakash-gcs")
        self.assertEqual(env["AUTOSCALER_METRIC_PORT"], str(node.base + 10))
        b = node.base
        self.assertEqual(node.lines("args"), [
            "start", "--block", "--disable-usage-stats", f"--node-ip-address={node.ip}", "--node-name=1700000000000/1/2/ray-head/pod-1/0a1b2c",
            f"--node-manager-port={b + 4}", f"--object-manager-port={b + 5}",
            f"--runtime-env-agent-port={b + 6}", f"--dashboard-agent-grpc-port={b + 7}", f"--dashboard-agent-listen-port={b + 8}",
            f"--metrics-export-port={b + 9}", f"--min-worker-port={b + 12}", f"--max-worker-port={b + 63}", "--num-cpus=2", "--num-gpus=0",
            "--memory=1073741824", "--object-store-memory=134217728", "--labels=zone=a", f"--temp-dir={node.dir}/r", "--head", f"--port={b}", "--dashboard-host=127.0.0.1",
            f"--dashboard-port={b + 2}", f"--ray-client-server-port={b + 3}"])

    def test_is_closed_to_other_tasks_of_the_same_user(self):
        # As root every file in /proc/PID is root's. So the node changes its user, which also needs its modules loaded before.
        drop = ("import os,asyncio,base64,ctypes,hmac,ipaddress,json,signal,socket,ssl,subprocess,sys,time,zlib,encodings.idna\n"
                "if os.getuid() == 0: os.setuid(65534); ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"
                "print('before', os.stat('/proc/self/environ').st_uid, flush=True)\n")
        node = Node(self, bootstrap=drop + BOOTSTRAP.replace(";", "\n")).wait_gate()
        self.assertIn(f"before {65534 if os.getuid() == 0 else os.getuid()}", node.lines("out"))
        self.assertEqual(os.stat(f"/proc/{node.pid}/environ").st_uid, 0)


if __name__ == "__main__":
    unittest.main()
