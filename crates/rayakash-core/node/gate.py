# The gate: one port, TLS 1.3 with the cluster's own certificate, a one-line preface, then bytes.
#   RAYAKASH/1 <token> <target>[@address[:port]]\n   ->   OK\n and bytes, or ERR <auth|target|down|preface>\n

BLOCK = 1 << 16
PREFACE, STRANGERS = 256, 64    # bytes of a preface; connections that have not shown the token
TARGETS = {"dashboard": PORTS["dashboard"], "client": PORTS["client"]} if HEAD else {}
CERT = base64.b64decode(GATE["cert"])
TOKEN = GATE["token"].encode()
GONE = (OSError, EOFError, asyncio.TimeoutError)
strangers = {}      # task -> connection, the oldest first


def pem(kind, b64):
    return f"-----BEGIN {kind}-----\n{b64}\n-----END {kind}-----\n".encode()


def tls_server():
    fd = os.memfd_create("gate")    # the key never touches a disk
    try:
        os.write(fd, pem("CERTIFICATE", GATE["cert"]) + pem("PRIVATE KEY", GATE["key"]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(f"/proc/self/fd/{fd}")
        return context
    finally:
        os.close(fd)


async def dial(host, port, target):
    """The gate of another node of this cluster. It gets the token only after it has shown our certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE      # the comparison below is stricter
    r, w = await asyncio.open_connection(host, port, ssl=context, limit=BLOCK)
    if w.get_extra_info("ssl_object").getpeercert(True) != CERT:
        w.transport.abort()
        raise ConnectionError("another certificate")
    w.write(b"RAYAKASH/1 %s %s\n" % (TOKEN, target))
    return r, w


async def hang_up(w):
    """Flushes and closes; a peer that does not say goodbye is cut off."""
    try:
        w.close()
        await asyncio.wait_for(w.wait_closed(), 5)
    except GONE:
        w.transport.abort()


def cut(conn):
    """Ends a connection whose socket a transport may own already: closing it under its feet would confuse the event loop."""
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


async def enter(conn):
    """Handshake and preface; the line is None when it is too long."""
    loop, r = asyncio.get_running_loop(), asyncio.StreamReader(BLOCK)
    protocol = asyncio.StreamReaderProtocol(r)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, conn, ssl=SERVER, ssl_handshake_timeout=TIMES["preface"])
    w, line = asyncio.StreamWriter(transport, protocol, r, loop), b""
    try:
        while not line.endswith(b"\n"):
            if len(line) == PREFACE:
                return r, w, None
            line += await r.readexactly(1)
        return r, w, line
    except BaseException:
        transport.abort()
        raise


def judge(line):
    """(error, target) of a preface."""
    words = (line or b"").rstrip(b"\r\n").split(b" ")
    if len(words) != 3 or words[0] != b"RAYAKASH/1":
        return b"preface", None
    if not hmac.compare_digest(words[1], TOKEN):
        return b"auth", None
    return None, words[2]


async def serve(conn):
    w = error = None
    try:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        r, w, line = await asyncio.wait_for(enter(conn), TIMES["preface"])
        error, target = judge(line)
        if error:
            STATE["refused"] += 1
            await asyncio.sleep(TIMES["auth"] if error == b"auth" else 0)
            w.write(b"ERR %s\n" % error)
            await hang_up(w)
    except GONE:
        pass
    except asyncio.CancelledError:      # a newcomer took the place
        if w is not None:
            w.transport.abort()
        raise
    finally:
        strangers.pop(asyncio.current_task(), None)
        if w is None:
            cut(conn)
    if w is not None and error is None:
        try:
            await attend(target, r, w)
        except GONE:
            pass
        finally:
            await hang_up(w)


async def attend(target, r, w):
    name, at, where = target.partition(b"@")
    try:
        if name == b"status" and not at:
            return w.write(b"OK\n" + json.dumps(status()).encode() + b"\n")
        if at and HEAD:     # one hop: the other gate gets no address, and answers for itself
            upstream = dial(*gate_address(where), name)
        elif name.decode() in TARGETS and not at:
            upstream = asyncio.open_connection("127.0.0.1", TARGETS[name.decode()], limit=BLOCK)
        else:
            return w.write(b"ERR target\n")
    except ValueError:      # no address, or not even text
        return w.write(b"ERR target\n")
    try:
        r2, w2 = await asyncio.wait_for(upstream, 10)
    except GONE:
        return w.write(b"ERR down\n")
    if not at:
        w.write(b"OK\n")
    await join(r, w, r2, w2)


def gate_address(where):
    """Addresses only: a name would be looked up by us, for somebody else."""
    host, _, port = where.decode("ascii").partition(":")
    port = int(port or PORTS["gate"])
    if not 0 < port < 65536:
        raise ValueError(port)
    return str(ipaddress.IPv4Address(host)), port


async def join(r, w, r2, w2):
    """Bytes both ways until either side ends: TLS has no half-close here."""
    async def pipe(a, b):
        while data := await a.read(BLOCK):
            b.write(data)
            await b.drain()
    pipes = [asyncio.ensure_future(pipe(r, w2)), asyncio.ensure_future(pipe(r2, w))]
    try:
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for p in pipes:
            p.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)
        w2.close()


def status():
    return {**STATE, "uptime": round(time.monotonic() - START, 1), "ip": my_ip()}


async def keep_gate():
    loop, tasks = asyncio.get_running_loop(), set()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((my_ip() if SHARED else "0.0.0.0", PORTS["gate"]))
    listener.listen(128)
    listener.setblocking(False)
    log("gate", port=PORTS["gate"])
    while True:
        try:
            conn, _ = await loop.sock_accept(listener)
        except OSError as e:    # out of file descriptors: wait for some to come back
            log("gate cannot accept", error=str(e))
            await asyncio.sleep(0.5)
            continue
        conn.setblocking(False)
        if len(strangers) >= STRANGERS:     # whoever refused the newcomer could be locked out by idle connections
            oldest = next(iter(strangers))
            cut(strangers.pop(oldest))      # here too: a task that has not begun ends without a word
            oldest.cancel()
        task = loop.create_task(serve(conn))
        strangers[task] = conn      # from the first byte on: handshakes cost too
        tasks.add(task)     # the loop itself holds tasks only weakly
        task.add_done_callback(tasks.discard)


