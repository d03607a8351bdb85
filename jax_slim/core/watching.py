"""How a process hears at once that another one of its run is gone: by a connection that the system closes.

JAX's heartbeats find that too, but after their time; and until then a process with several devices waits in a
collective that can never end. So each process holds one connection to the first. Over it goes one line when it begins
what needs all processes, one when that is done, and from the first process one when it lost somebody. No line is waited
for, no clock is read, and where no connection can be made the heartbeats remain.
"""

import contextlib
import hmac
import secrets
import selectors
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

_CONNECTING_SECONDS = 2.0  # for each address at which the first process may be reached
_LONGEST = 200  # bytes of a line


class Watch:
    """One process's connections: those of the first process to all others, of each other one to the first.

    Args:
      me: this process.
      on_loss: called once, in a thread, with the process that has ended while it was within what needs all.
    """

    def __init__(self, me: int, on_loss: Callable[[int], None]) -> None:
        self._me, self._on_loss = me, on_loss
        self._connections: dict[int, socket.socket] = {}
        self._unread: dict[int, bytes] = {}
        self._within: set[int] = set()
        self._lock = threading.Lock()
        self._now_within = False
        self._listener: socket.socket | None = None
        self._token = ""
        self._over = False

    def listen(self) -> dict[str, Any] | None:
        """In the first process: waits for the others; returns what they need to find it, as JSON, or None."""
        with contextlib.suppress(OSError):
            both = socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if both else socket.AF_INET
            self._listener = socket.create_server(("", 0), family=family, dualstack_ipv6=both, backlog=1024)
            self._token = secrets.token_hex(8)
            self._start()
            port = self._listener.getsockname()[1]
            return {"machine": socket.gethostname(), "hosts": _own_addresses(), "port": port, "token": self._token}
        return None

    def connect(self, told: dict[str, Any], also: Iterable[str] = ()) -> bool:
        """In another process: connects to the first, at what `listen` gave or at other hosts; whether that worked."""
        near = ["127.0.0.1"] if told["machine"] == socket.gethostname() else []
        for host in dict.fromkeys([*near, *also, *told["hosts"]]):
            with contextlib.suppress(OSError):
                made = socket.create_connection((host, told["port"]), timeout=_CONNECTING_SECONDS)
                try:
                    made.sendall(f"{told['token']} {self._me}\n".encode())
                    admitted = made.recv(1) == b"+"
                except OSError:
                    admitted = False
                if not admitted:  # somebody else's port
                    made.close()
                    continue
                self._add(0, made)
                self._start()
                return True
        return False

    def within(self, now: bool) -> None:
        """Tells the others whether this process is within what needs all of them."""
        with self._lock:
            self._now_within = now
            for connection in self._connections.values():
                _send(connection, "in" if now else "out")

    def close(self) -> None:
        """Nothing that happens to the others matters any more."""
        with self._lock:
            self._over = True
            for one in [*self._connections.values(), *([self._listener] if self._listener else [])]:
                with contextlib.suppress(OSError):  # wakes the thread, which closes them
                    one.shutdown(socket.SHUT_RDWR)

    def _start(self) -> None:
        threading.Thread(target=self._run, name="jax_slim.core.watching", daemon=True).start()

    def _add(self, index: int, connection: socket.socket) -> None:
        connection.settimeout(None)
        with self._lock:
            self._connections[index], self._unread[index] = connection, b""
            if self._now_within:
                _send(connection, "in")

    def _run(self) -> None:
        """The thread: hears the lines and the ends of all connections."""
        with selectors.DefaultSelector() as selector:
            for index, connection in self._connections.items():
                selector.register(connection, selectors.EVENT_READ, index)
            if self._listener is not None:
                selector.register(self._listener, selectors.EVENT_READ)
            while not self._over:
                for key, _ in selector.select():
                    if key.data is None:
                        self._admit(selector)
                    else:
                        self._hear(selector, key.data)
        for one in [*self._connections.values(), *([self._listener] if self._listener else [])]:
            one.close()

    def _admit(self, selector: selectors.BaseSelector) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError, ValueError):
            made, _ = self._listener.accept()
            made.settimeout(_CONNECTING_SECONDS)
            token, _, index = _line(made).partition(" ")
            if not hmac.compare_digest(token.encode(), self._token.encode()) or int(index) in self._connections:
                made.close()
                return
            made.sendall(b"+")
            self._add(int(index), made)
            selector.register(made, selectors.EVENT_READ, int(index))

    def _hear(self, selector: selectors.BaseSelector, index: int) -> None:
        connection = self._connections[index]
        try:
            read = connection.recv(4096)
        except OSError:
            read = b""
        *lines, self._unread[index] = (self._unread[index] + read).split(b"\n")
        for line in lines:
            word, _, number = line.decode(errors="replace").partition(" ")
            if word == "in":
                self._within.add(index)
            elif word == "out":
                self._within.discard(index)
            elif word == "lost" and number.isdecimal():
                self._lost(int(number))
        if not read:
            selector.unregister(connection)
            connection.close()
            with self._lock:
                del self._connections[index]
            if index in self._within:
                self._lost(index)

    def _lost(self, index: int) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
            for connection in self._connections.values():
                _send(connection, f"lost {index}")
        self._on_loss(index)


def _send(connection: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(line.encode() + b"\n")


def _line(connection: socket.socket) -> str:
    read = b""
    while not read.endswith(b"\n") and len(read) < _LONGEST:
        got = connection.recv(1)
        if not got:
            break
        read += got
    return read.decode(errors="replace").rstrip("\n")


def _own_addresses() -> list[str]:
    """How other machines may reach this one, the likeliest first."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("192.0.2.1", 9))  # sends nothing: it asks the system from which address it would
        found.append(one.getsockname()[0])
    name = socket.gethostname()
    with contextlib.suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    return [*dict.fromkeys([*found, name])][:6]
