"""A Docker engine out of nothing: containers that start at once and end when told to, after `run_for` seconds or never.

For what a real engine is too slow or too well-behaved for: thousands of tasks, other API versions, broken answers.
"""
import asyncio, collections, hashlib, json, os, re, time, urllib.parse

from .proxy import _OnThread

IMAGE = "scripted/image:1"


class FakeEngine(_OnThread):
    def __init__(self, path, minimum="1.12", maximum="1.41", keep_calls=True):
        super().__init__()
        self.path, self.minimum, self.maximum = path, minimum, maximum
        self.run_for = None                # seconds until a started container ends by itself
        self.exit_code = 0
        self.ports = {}                    # what every running container has published
        self.keep_calls = keep_calls
        self.counts = collections.Counter()
        self.containers = {}
        self._names = {}
        self._watchers = set()
        self._made = 0

    async def _listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        return await asyncio.start_unix_server(self._serve, self.path, limit=1 << 22)

    # ---- HTTP
    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
                method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
                m = re.search(r"\r\ncontent-length:\s*(\d+)", head, re.I)
                body = await reader.readexactly(int(m.group(1))) if m else b""
                parts = re.match(r"^(?:/v(\d+\.\d+))?(/[^?]*)\??(.*)$", target)
                version, path, query = parts.group(1), parts.group(2), dict(urllib.parse.parse_qsl(parts.group(3)))
                if self.keep_calls:
                    self.journal.add("engine", method, path=path, version=version, query=query, body=body)
                self.counts[f"{method} {re.sub(r'[0-9a-f]{64}', 'ID', path)}"] += 1
                if path == "/events":
                    await self._stream_events(writer)
                    return
                status, answer = await self._route(method, path, query, body, version)
                await self._reply(writer, method, status, answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _reply(self, writer, method, status, answer):
        text = b"" if status in (204, 304) else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} X\r\nApi-Version: {self.maximum}\r\nContent-Type: application/json\r\n"
        if status not in (204, 304):
            head += f"Content-Length: {len(text)}\r\n"
        writer.write(head.encode() + b"\r\n" + (b"" if method == "HEAD" else text))
        await writer.drain()

    async def _stream_events(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        queue = asyncio.Queue()
        self._watchers.add(queue)
        try:
            while True:
                data = await queue.get()
                writer.write(b"%x\r\n%s\r\n" % (len(data), data))
                await writer.drain()
        finally:
            self._watchers.discard(queue)

    def _tell(self, action, container, **attributes):
        now = time.time_ns()
        actor = {"ID": container["Id"], "Attributes": {"image": container["image"], "name": container["Name"][1:],
                                                       **container["Labels"], **attributes}}
        event = {"status": action, "id": container["Id"], "from": container["image"], "Type": "container", "Action": action,
                 "Actor": actor, "scope": "local", "time": now // 10**9, "timeNano": now}
        for queue in self._watchers:
            queue.put_nowait(json.dumps(event).encode() + b"\n")

    # ---- the API
    def _supported(self, version):
        number = tuple(map(int, version.split(".")))
        return tuple(map(int, self.minimum.split("."))) <= number <= tuple(map(int, self.maximum.split(".")))

    async def _route(self, method, path, query, body, version):
        if version and not self._supported(version):
            word = "old" if tuple(map(int, version.split("."))) < tuple(map(int, self.minimum.split("."))) else "new"
            return 400, {"message": f"client version {version} is too {word}."}
        if path == "/_ping":
            return 200, "OK"
        if path == "/version":
            return 200, {"Version": "99.0.0", "ApiVersion": self.maximum, "MinAPIVersion": self.minimum, "Os": "linux", "Arch": "amd64"}
        if path == "/info":
            return 200, {"Driver": "scripted", "Plugins": {"Volume": ["local"]}, "CgroupVersion": "1", "CgroupDriver": "cgroupfs"}
        if path == "/plugins":
            return 200, []
        if path.startswith("/images/") or path.startswith("/distribution/"):
            return self._image(method, path)
        if path == "/containers/json":
            return 200, [{"Id": c["Id"], "Names": [c["Name"]], "State": c["State"]["Status"], "Labels": c["Labels"]}
                         for c in self.containers.values()]
        if path == "/containers/create":
            return self._create(query.get("name", ""), json.loads(body))
        m = re.match(r"^/containers/([^/]+)(?:/(\w+))?$", path)
        if m:
            return await self._container(method, m.group(1), m.group(2), query)
        return 404, {"message": "page not found"}

    def _image(self, method, path):
        digest = "sha256:" + hashlib.sha256(b"image").hexdigest()
        if path.startswith("/distribution/"):
            return 200, {"Descriptor": {"mediaType": "application/vnd.docker.distribution.manifest.v2+json", "digest": digest, "size": 1},
                         "Platforms": []}
        if path.endswith("/json") and path != "/images/json":
            return 200, {"Id": digest, "RepoTags": [IMAGE], "RepoDigests": [f"scripted/image@{digest}"], "Created": "2024-01-01T00:00:00Z",
                         "Size": 1, "Config": {"Env": [], "Labels": {}}, "Os": "linux", "Architecture": "amd64"}
        if path == "/images/json":
            return 200, []
        return (201 if path.endswith("/tag") else 200), ""

    def _create(self, name, config):
        if name in self._names:
            return 409, {"message": f'Conflict. The container name "/{name}" is already in use.'}
        self._made += 1
        ident = hashlib.sha256(str(self._made).encode()).hexdigest()
        container = {"Id": ident, "Name": "/" + name, "image": config.get("Image", ""), "Labels": config.get("Labels") or {},
                     "Created": self._now(), "HostConfig": config.get("HostConfig") or {}, "Env": config.get("Env") or [],
                     "State": {"Status": "created", "Running": False, "Pid": 0, "ExitCode": 0, "Error": "",
                               "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z"}}
        self.containers[ident] = container
        self._names[name] = ident
        self._tell("create", container)
        return 201, {"Id": ident, "Warnings": []}

    @staticmethod
    def _now():
        return time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime())

    def end(self, container, code):
        state = container["State"]
        if state["Running"]:
            state.update(Status="exited", Running=False, Pid=0, ExitCode=code, FinishedAt=self._now())
            self._tell("die", container, exitCode=str(code))

    async def _container(self, method, ident, verb, query):
        container = self.containers.get(ident) or self.containers.get(self._names.get(ident, ""))
        if not container:
            return 404, {"message": f"No such container: {ident}"}
        state = container["State"]
        if method == "DELETE":
            del self.containers[container["Id"]], self._names[container["Name"][1:]]
            self._tell("destroy", container)
            return 204, ""
        if verb == "json":
            return 200, {"Id": container["Id"], "Name": container["Name"], "Created": container["Created"], "Image": "sha256:0",
                         "State": state, "Config": {"Image": container["image"], "Labels": container["Labels"], "Env": container["Env"]},
                         "HostConfig": container["HostConfig"], "NetworkSettings": {"Ports": self.ports if state["Running"] else {}, "Networks": {}}, "Mounts": []}
        if verb == "start":
            if state["Running"]:
                return 304, ""
            state.update(Status="running", Running=True, Pid=1, StartedAt=self._now())
            self._tell("start", container)
            if self.run_for is not None:
                self._loop.call_later(self.run_for, self.end, container, self.exit_code)
            return 204, ""
        if verb in ("stop", "kill"):
            if not state["Running"]:
                return 304, ""
            self._tell("kill", container, signal="15")
            self.end(container, 143)
            self._tell("stop", container)
            return 204, ""
        return 404, {"message": "page not found"}
