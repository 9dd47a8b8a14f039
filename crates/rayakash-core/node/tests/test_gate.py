"""The gate, over real TLS, friends and strangers."""
import asyncio
import os
import signal
import socket
import ssl
import tempfile
import threading
import unittest

from node import CERTIFICATES, DEADLINE, TOKEN, Node, any_server, eventually, read_all


class Echo:
    """A TCP server that sends everything back; stands for the dashboard."""

    def __init__(self, test, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()
        test.addCleanup(self.close)

    def accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(conn)
            threading.Thread(target=self.echo, args=(conn,), daemon=True).start()

    def echo(self, conn):
        try:
            while data := conn.recv(65536):
                conn.sendall(data)
        except OSError:
            pass
        conn.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)    # wakes `accept`, which would hold the port
        self.listener.close()
        for conn in self.open:
            conn.close()


def preface(target, token=TOKEN):
    return f"RAYAKASH/1 {token} {target}\n".encode()


class Gate(unittest.TestCase):
    def node(self, **kw):
        return Node(self, **kw).wait_gate()

    def test_shows_its_certificate_and_speaks_tls_1_3_only(self):
        node = self.node()
        with node.connect(b"") as s:
            self.assertEqual(s.version(), "TLSv1.3")
            self.assertEqual(ssl.DER_cert_to_PEM_cert(s.getpeercert(True)).replace("\n", "")[27:-25], CERTIFICATES["ours"]["cert"])
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            node.connect(b"", version=ssl.TLSVersion.TLSv1_2)

    def test_status(self):
        node = self.node()
        s = node.status()
        self.assertEqual(s["instance"], "1700000000000/1/2/ray-head/pod-1/0a1b2c")
        self.assertEqual((s["role"], s["type"], s["ip"], s["gate_port"]), ("head", "kind", node.ip, node.gate))
        self.assertLessEqual({"phase", "starts", "last_exit", "epoch", "uptime"}, s.keys())

    def test_refusals(self):
        node = self.node()
        for line, answer in [
            (preface("status", "wrong"), b"ERR auth\n"),
            (preface("status", TOKEN + "x"), b"ERR auth\n"),
            (preface("status", TOKEN[:-1]), b"ERR auth\n"),
            (b"RAYAKASH/1 t\xc3\xb6ken\xff status\n", b"ERR auth\n"),
            (b"RAYAKASH/1  status\n", b"ERR auth\n"),
            (preface("gcs"), b"ERR target\n"),
            (preface("exec"), b"ERR target\n"),
            (preface("127.0.0.1:22"), b"ERR target\n"),
            (b"RAYAKASH/1 " + TOKEN.encode() + b" \xff\xfe\n", b"ERR target\n"),
            (preface("dashboard"), b"ERR down\n"),
            (b"RAYAKASH/2 " + TOKEN.encode() + b" status\n", b"ERR preface\n"),
            (b"GET / HTTP/1.1\r\n\r\n", b"ERR preface\n"),
            (b"\n", b"ERR preface\n"),
            (b"RAYAKASH/1 " + TOKEN.encode() + b"\n", b"ERR preface\n"),
            (b"A" * 256 + b"\n", b"ERR preface\n"),
            (b"RAYAKASH/1 " + TOKEN.encode() + b" " + b"s" * 300 + b"\n", b"ERR preface\n"),
            (os.urandom(255).replace(b"\n", b"x") + b"\n", b"ERR preface\n"),
        ]:
            with self.subTest(line=line), node.connect(line) as s:
                self.assertEqual(read_all(s), answer)
        self.assertEqual(node.status()["refused"], 12)

    def test_hostile_bytes_before_tls(self):
        node = self.node()
        for data in (b"", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 70000, os.urandom(5000)):
            with socket.create_connection((node.ip, node.gate), timeout=30) as s:
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                read_all(s)
        self.assertEqual(node.status()["role"], "head")

    def test_strangers_are_few_and_the_oldest_makes_room(self):
        node = self.node(times={"preface": 1000})
        idle = []
        for i in range(64):     # half of them with a handshake, half with nothing
            idle.append(node.connect(b"RAYAKASH") if i % 2 else socket.create_connection((node.ip, node.gate), timeout=30))
            self.addCleanup(idle[-1].close)
        for _ in range(3):
            self.assertEqual(node.status()["role"], "head")
        self.assertEqual(read_all(idle[0]), b"")
        idle[63].sendall(b"/1 " + TOKEN.encode() + b" status\n")
        self.assertTrue(read_all(idle[63]).startswith(b"OK\n"), "the youngest were left alone")

    def test_a_crowd_at_once(self):
        node = self.node(times={"preface": 1000})
        node.process.send_signal(signal.SIGSTOP)
        crowd = [socket.create_connection((node.ip, node.gate), timeout=30) for _ in range(100)]
        for s in crowd:
            self.addCleanup(s.close)
        node.process.send_signal(signal.SIGCONT)
        self.assertEqual(node.status()["role"], "head")
        self.assertEqual([read_all(s) for s in crowd[:36]], [b""] * 36)

    def test_strangers_are_patient_in_vain(self):
        node = self.node(times={"preface": 0.3})
        with socket.create_connection((node.ip, node.gate), timeout=30) as bare, node.connect(b"RAYAKASH/1 ") as half:
            self.assertEqual((read_all(bare), read_all(half)), (b"", b""))

    def test_friends_do_not_count_as_strangers(self):
        node = self.node()
        Echo(self, node.base + 2)
        friends = []
        for _ in range(70):
            s = node.connect(preface("dashboard"))
            self.addCleanup(s.close)
            self.assertEqual(s.recv(3), b"OK\n")
            friends.append(s)
        self.assertEqual(node.status()["role"], "head")
        friends[0].sendall(b"still here")
        self.assertEqual(friends[0].recv(10), b"still here")

    def test_many_bytes_both_ways(self):
        node = self.node()
        Echo(self, node.base + 3)
        data = os.urandom(8 << 20)

        async def there_and_back():
            reader, writer = await asyncio.open_connection(node.ip, node.gate, ssl=any_server())
            writer.write(preface("client") + data[:1000])     # the first bytes right behind the preface
            writer.write(data[1000:])
            got = await asyncio.wait_for(reader.readexactly(len(data) + 3), DEADLINE)
            writer.close()
            return got
        got = asyncio.run(there_and_back())
        self.assertEqual(got[:3], b"OK\n")
        self.assertTrue(got[3:] == data)

    def test_an_end_of_one_side_ends_the_other(self):
        node = self.node()
        echo = Echo(self, node.base + 2)
        s = node.connect(preface("dashboard"))
        self.assertEqual(s.recv(3), b"OK\n")
        s.close()
        eventually(lambda: echo.open and echo.open[0].fileno() == -1, "the dashboard sees the end")
        with node.connect(preface("dashboard")) as s:
            self.assertEqual(s.recv(3), b"OK\n")
            eventually(lambda: len(echo.open) > 1, "the dashboard accepts")
            echo.open[1].shutdown(socket.SHUT_RDWR)
            self.assertEqual(read_all(s), b"")


class Relay(unittest.TestCase):
    def test_to_a_worker_and_no_further(self):
        head = Node(self).wait_gate()
        worker = Node(self, role="worker", head=head).wait_gate()
        self.assertEqual(head.status(f"status@{worker.ip}:{worker.gate}")["role"], "worker")
        self.assertEqual(head.ask(f"nothing@{worker.ip}:{worker.gate}"), b"ERR target\n")
        self.assertEqual(head.ask(f"dashboard@{worker.ip}:{worker.gate}"), b"ERR target\n")
        self.assertEqual(worker.ask(f"status@{head.ip}:{head.gate}"), b"ERR target\n")
        self.assertEqual(head.ask(f"status@{worker.ip}:{worker.gate}@{head.ip}"), b"ERR target\n")

    def test_to_bad_addresses(self):
        head = Node(self).wait_gate()
        for where in ("localhost:80", "example.com", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x", "1.2.3", "2130706433", "0x7f.1",
                      "127.0.0.1:80:80", "::1", "\u0661.1.1.1", ""):
            with self.subTest(where=where):
                self.assertEqual(head.ask(f"status@{where}"), b"ERR target\n")
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.assertEqual(head.ask(f"status@127.0.0.1:{closed.getsockname()[1]}"), b"ERR down\n")

    def test_never_shows_the_token_to_another_certificate(self):
        head = Node(self).wait_gate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w") as f:
            other = CERTIFICATES["other"]
            f.write(f"-----BEGIN CERTIFICATE-----\n{other['cert']}\n-----END CERTIFICATE-----\n"
                    f"-----BEGIN PRIVATE KEY-----\n{other['key']}\n-----END PRIVATE KEY-----\n")
            f.flush()
            context.load_cert_chain(f.name)
        heard = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def thief():
            conn, _ = listener.accept()
            try:
                with context.wrap_socket(conn, server_side=True) as s:
                    heard.append(read_all(s))
            except (OSError, ssl.SSLError):
                heard.append(b"")
        thread = threading.Thread(target=thief)
        thread.start()
        self.assertEqual(head.ask(f"status@127.0.0.1:{listener.getsockname()[1]}"), b"ERR down\n")
        thread.join(30)
        self.assertEqual(heard, [b""])


if __name__ == "__main__":
    unittest.main()
