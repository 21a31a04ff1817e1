"""Proxies between the agent and its peers: they record, and they delay, cut and corrupt on request."""
import asyncio, os, re, threading

from .docker_api import SOCKET
from .record import Journal


class _OnThread:
    """A server with an event loop on a thread of its own."""

    def __init__(self):
        self.journal = Journal()
        self._loop = asyncio.new_event_loop()
        self._writers = set()
        self._ready = threading.Event()

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()
        if not self._ready.wait(10):
            raise RuntimeError("the proxy does not start")
        return self

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    def stop(self):
        def end():
            self._server.close()
            self._abort_all()
            for unfinished in asyncio.all_tasks(self._loop):
                unfinished.cancel()
            self._loop.call_later(0.05, self._loop.stop)
        self._loop.call_soon_threadsafe(end)

    def _abort_all(self):
        for writer in list(self._writers):
            writer.transport.abort()

    def cut(self):
        """Breaks every open connection, as when the peer dies."""
        self._loop.call_soon_threadsafe(self._abort_all)


class EngineProxy(_OnThread):
    """Speaks HTTP between a client and an engine at a unix socket.

    journal: engine <METHOD> {path, version, body, headers}, then reply <METHOD> {path, status}.
    before(call) runs when a whole request has arrived, after(call, status) when the head of its answer has; both on the
    proxy's thread. Each may return None (go on), "cut" (break the connection, the request not forwarded or the answer not
    given), "forward-and-cut" (before only: the engine gets it, the client never hears), or a number of seconds to wait.
    mangle(call, bytes) may change or shorten what goes to the client; None cuts.
    """

    def __init__(self, path, upstream=SOCKET):
        super().__init__()
        self.path, self.upstream = path, upstream
        self.before = self.after = self.mangle = None
        self.down = False                 # refuses every connection, as an engine that is not there
        self.refused = 0

    async def _listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        return await asyncio.start_unix_server(self._serve, self.path, limit=1 << 22)

    def calls(self, method=None, pattern=""):
        return self.journal.select("engine", method, lambda r: re.search(pattern, r.data["path"]))

    async def _serve(self, reader, writer):
        if self.down:
            self.refused += 1
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(self.upstream, limit=1 << 22)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, up_writer}
        try:
            while await self._exchange(reader, writer, up_reader, up_writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers -= {writer, up_writer}
            writer.close()
            up_writer.close()

    async def _exchange(self, reader, writer, up_reader, up_writer):
        head = await reader.readuntil(b"\r\n\r\n")
        body = await self._body(reader, head)
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        version = re.match(r"^/v(\d+\.\d+)(/.*)$", target)
        call = self.journal.add("engine", method, path=version.group(2) if version else target,
                                version=version.group(1) if version else None, body=body, headers=head.decode("latin1"))
        verdict = self.before(call) if self.before else None
        if isinstance(verdict, (int, float)):
            await asyncio.sleep(verdict)
        elif verdict == "cut":
            writer.transport.abort()
            return False
        up_writer.write(head + body)
        await up_writer.drain()
        if verdict == "forward-and-cut":
            writer.transport.abort()
            await up_reader.readuntil(b"\r\n\r\n")      # the engine has finished with it
            return False
        return await self._answer(call, method, reader, writer, up_reader, up_writer)

    async def _answer(self, call, method, reader, writer, up_reader, up_writer):
        head = await up_reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        self.journal.add("reply", call.name, path=call.data["path"], status=status)
        verdict = self.after(call, status) if self.after else None
        if isinstance(verdict, (int, float)):
            await asyncio.sleep(verdict)
        elif verdict == "cut":
            writer.transport.abort()
            return False
        if not await self._give(call, writer, head):
            return False
        if status == 101:
            await self._both_ways(reader, writer, up_reader, up_writer)
            return False
        if method == "HEAD" or status in (204, 304):
            return True
        async for piece in self._pieces(up_reader, head):
            if not await self._give(call, writer, piece):
                return False
        return b"connection: close" not in head.lower()

    async def _give(self, call, writer, data):
        if self.mangle:
            data = self.mangle(call, data)
            if data is None:
                writer.transport.abort()
                return False
        writer.write(data)
        await writer.drain()
        return True

    @staticmethod
    def _header(head, name):
        m = re.search(rb"\r\n" + name + rb":[ \t]*([^\r]*)", head, re.I)
        return m.group(1).strip().lower() if m else b""

    async def _body(self, reader, head):
        return b"".join([p async for p in self._pieces(reader, head, request=True)])

    async def _pieces(self, reader, head, request=False):
        if b"chunked" in self._header(head, rb"transfer-encoding"):
            while True:
                line = await reader.readuntil(b"\r\n")
                size = int(line.split(b";")[0], 16)
                yield line + await reader.readexactly(size + 2)
                if size == 0:
                    return
        length = self._header(head, rb"content-length")
        if length:
            left = int(length)
            while left:
                piece = await reader.read(min(left, 65536))
                if not piece:
                    raise asyncio.IncompleteReadError(b"", left)
                left -= len(piece)
                yield piece
        elif not request and not length:
            while piece := await reader.read(65536):
                yield piece

    @staticmethod
    async def _both_ways(reader, writer, up_reader, up_writer):
        async def copy(source, sink):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        done, pending = await asyncio.wait([asyncio.ensure_future(copy(reader, up_writer)),
                                            asyncio.ensure_future(copy(up_reader, writer))],
                                           return_when=asyncio.FIRST_COMPLETED)
        for p in pending:
            p.cancel()


class TcpProxy(_OnThread):
    """Bytes between the agent and its control plane. filter(direction, bytes) gives what to pass on (None cuts); delay is
    the seconds that each piece waits. direction is "up" (from the agent) or "down"."""

    def __init__(self, port):
        super().__init__()
        self.upstream, self.filter, self.delay, self.refuse = port, None, 0.0, False

    async def _listen(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader, writer):
        if self.refuse:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, up_writer}

        async def copy(direction, source, sink, other):
            try:
                while data := await source.read(65536):
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    if self.filter:
                        data = self.filter(direction, data)
                    if data is None:
                        sink.transport.abort()
                        other.transport.abort()
                        return
                    sink.write(data)
                    await sink.drain()
                sink.close()
            except OSError:
                sink.transport.abort()
        try:
            await asyncio.gather(copy("up", reader, up_writer, writer), copy("down", up_reader, writer, up_writer))
        finally:
            self._writers -= {writer, up_writer}
