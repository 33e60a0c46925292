"""A small HTTP/1.1 client on a bare socket: the driver must cost little beside the servers it measures."""

import json
import socket

TIMEOUT_SECONDS = 180
PIECE_BYTES = 65_536


class Broken(OSError):
    """The connection ended in the middle of an answer."""


class Client:
    """One client. With `keep` it holds its connection, otherwise each request opens a new one."""

    def __init__(self, port, headers, keep):
        self.port = port
        self.keep = keep
        self.sock = None
        self.rest = b""
        common = {"Host": f"127.0.0.1:{port}", "Connection": "keep-alive" if keep else "close", **headers}
        self.common = "".join(f"{name}: {value}\r\n" for name, value in common.items())

    def call(self, method, path, body=None, headers=""):
        """Status and body. `headers` are whole lines, each with its end."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "" if body is None else "Content-Type: application/json\r\n"
        head = f"{method} {path} HTTP/1.1\r\n{self.common}{kind}{headers}Content-Length: {len(data)}\r\n\r\n"
        if self.sock is None:
            self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.rest = b""
        try:
            self.sock.sendall(head.encode() + data)
            status, answer, stays = self._answer(method)
        except OSError:
            self.close()
            raise
        if not (self.keep and stays):
            self.close()
        return status, answer

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def _more(self):
        piece = self.sock.recv(PIECE_BYTES)
        if not piece:
            raise Broken("the connection ended early")
        self.rest += piece

    def _until(self, mark):
        while mark not in self.rest:
            self._more()
        found, _, self.rest = self.rest.partition(mark)
        return found

    def _take(self, length):
        if len(self.rest) < length:
            pieces, have = [self.rest], len(self.rest)
            while have < length:
                piece = self.sock.recv(max(PIECE_BYTES, length - have))
                if not piece:
                    raise Broken("the connection ended early")
                pieces.append(piece)
                have += len(piece)
            self.rest = b"".join(pieces)
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def _answer(self, method):
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        self.fields = fields
        stays = fields.get("connection", "").lower() != "close" and lines[0].startswith("HTTP/1.1")
        if method == "HEAD" or status in (204, 304):
            return status, b"", stays
        if fields.get("transfer-encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                pieces.append(self._take(size))
                self._take(2)
            self._until(b"\r\n")
            return status, b"".join(pieces), stays
        if "content-length" in fields:
            return status, self._take(int(fields["content-length"])), stays
        pieces = [self.rest]
        while piece := self.sock.recv(PIECE_BYTES):
            pieces.append(piece)
        return status, b"".join(pieces), False


def expect(answer, *statuses):
    """The parsed body of an answer that must have one of these statuses."""
    status, body = answer
    if status not in statuses:
        raise RuntimeError(f"answered {status} instead of {statuses}: {body[:400].decode(errors='replace')}")
    return json.loads(body) if body else None
