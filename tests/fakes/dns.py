"""A name server that knows a few names (A records), over UDP and TCP."""
import socket, struct, threading


class NameServer:
    def __init__(self, address, names, port=53):
        self.names, self.asked = names, []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, port))
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._tcp.bind((address, port))
        self._tcp.listen()

    def start(self):
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()
        return self

    def stop(self):
        for s in (self._udp, self._tcp):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def _answer(self, query):
        ident, flags = struct.unpack(">HH", query[:4])
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        question, name = query[12:at + 5], ".".join(labels).lower()
        self.asked.append((name, kind))
        address = self.names.get(name)
        records = b""
        if address and kind == 1:
            records = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address)
        code = 0 if address else 3
        return struct.pack(">HHHHHH", ident, 0x8180 | (flags & 0x100) | code, 1, 1 if records else 0, 0, 0) + question + records

    def _serve_udp(self):
        while True:
            try:
                query, peer = self._udp.recvfrom(4096)
                if not query:                                     # woken by stop()
                    return
                if len(query) < 12:                               # no header: not a question
                    continue
                self._udp.sendto(self._answer(query), peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                size = struct.unpack(">H", connection.recv(2))[0]
                answer = self._answer(connection.recv(size))
                connection.sendall(struct.pack(">H", len(answer)) + answer)
