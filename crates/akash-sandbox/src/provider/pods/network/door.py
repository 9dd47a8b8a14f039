# The door of a lease's network. Runs inside of it; its socket, in the folder that is its argument, is outside.
#
# One line per connection, `ADDRESS PORT`: connects there and hands the socket over; or answers the number of the error.
# A connection that asks for nothing keeps the network up. Without any, the network ends with its last pod.
import os
import socket
import sys
import threading
import time

LOOK, QUIET = 1, 5     # seconds
here = set()


def attend(client):
    with client:
        here.add(client)
        try:
            asked = client.makefile("rb").readline(64).split()
            if len(asked) != 2:
                return
            try:
                pod = socket.create_connection((asked[0].decode("ascii"), int(asked[1])), timeout=10)
            except OSError as e:
                client.sendall(b"%d" % (e.errno or 110))    # ETIMEDOUT: a timeout of ours has no number
                return
            with pod:
                socket.send_fds(client, [b"0"], [pod.fileno()])
        except (OSError, ValueError):
            pass    # whoever asked has gone, or asked for nonsense
        finally:
            here.discard(client)


def is_empty():
    """Whether nobody is connected, and no pod is on the switch: what there is belongs to the network itself."""
    return not here and {name for _, name in socket.if_nameindex()} <= {"lo", "pods", "out"}


os.chdir(sys.argv[1])       # so that the socket's path is short
try:
    os.unlink("door")
except FileNotFoundError:
    pass
door = socket.socket(socket.AF_UNIX)
door.bind("door")
door.listen(128)
door.settimeout(LOOK)
quiet = 0
while quiet < QUIET:
    try:
        client, _ = door.accept()
        threading.Thread(target=attend, args=(client,), daemon=True).start()
        quiet = 0
    except TimeoutError:
        quiet = quiet + LOOK if is_empty() else 0
    except OSError:     # out of descriptors: wait for some to come back
        quiet = 0
        time.sleep(0.1)
