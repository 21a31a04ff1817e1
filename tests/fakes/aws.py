"""AWS as the agent sees it: the ECS API, the ACS and TCS websockets and instance metadata, on one loopback port."""
import asyncio, collections, json, ssl, threading

from aiohttp import WSMsgType, web

from .record import Journal

REGION = "eu-west-1"
ACCOUNT = "210987654321"
CLUSTER = "test-cluster"
INSTANCE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{CLUSTER}/00112233445566778899aabbccddeeff"
INSTANCE_ID = "i-00000000000000abc"


class Answer(Exception):
    """Thrown or scripted in place of the ordinary answer of an operation. status None: the connection is cut."""

    def __init__(self, code="ServerException", message="scripted", status=400, body=None, delay=0.0):
        super().__init__(code)
        self.code, self.message, self.status, self.body, self.delay = code, message, status, body, delay


class FakeAws:
    """Runs on a thread of its own. `journal` has: api <operation> {body, headers}; imds <path> {method, headers};
    acs open {query, headers} | in {type, message} | raw {text} | closed {code, seconds}; http <path>."""

    def __init__(self, tls=None):
        self.journal = Journal()
        self.script = collections.defaultdict(list)   # operation -> answers to give first, in order
        self.always = {}                              # operation -> answer to give every time
        self.hold = {}                                # operation -> threading.Event that lets answers go
        self.imds = {}                                # path -> (status, text), over the built-in ones
        self.imds_down = False
        self.refuse_acs = []                          # (status, text) for the next handshakes
        self.close_acs = []                           # close codes for the next sessions, at once
        self._tls = tls                               # (certificate file, key file)
        self._loop = asyncio.new_event_loop()
        self._sessions = []
        self._sequence = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    # ---- life
    def start(self):
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the stand-in for AWS does not start")
        return self

    def stop(self):
        for event in self.hold.values():
            event.set()
        self._call(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()

    async def _open(self):
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/", self._api)
        app.router.add_get("/acs/ws", self._acs)
        app.router.add_get("/tcs/ws", self._tcs)
        app.router.add_route("*", "/latest/{path:.*}", self._metadata)
        app.router.add_route("*", "/{path:.*}", self._other)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        context = None
        if self._tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self._tls)
        site = web.TCPSite(self._runner, "127.0.0.1", 0, shutdown_timeout=0.1, ssl_context=context)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}"

    async def _shut(self):
        for session in list(self._sessions):
            try:
                await asyncio.wait_for(session.close(), 0.5)
            except Exception:
                pass
        await self._runner.cleanup()

    def _call(self, coroutine, timeout=20):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout)

    # ---- the ECS API
    async def _api(self, request):
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        raw = await request.text()
        body = json.loads(raw or "{}")
        self.journal.add("api", operation, body=body, raw=raw, headers=dict(request.headers))
        gate = self.hold.get(operation)
        if gate:
            await self._loop.run_in_executor(None, gate.wait, 120)
        answer = self.script[operation].pop(0) if self.script[operation] else self.always.get(operation)
        if isinstance(answer, Answer):
            await asyncio.sleep(answer.delay)
            if answer.status is None:
                request.transport.abort()
                return web.Response()
            self.journal.add("answer", operation, status=answer.status, task=body.get("task"), state=body.get("status"))
            body = answer.body if answer.body is not None else json.dumps({"__type": answer.code, "message": answer.message})
            return web.Response(status=answer.status, text=body, content_type="application/x-amz-json-1.1")
        result = answer(body) if callable(answer) else self._ordinary(operation, body)
        self.journal.add("answer", operation, status=200, task=body.get("task"), state=body.get("status"))
        return web.Response(text=json.dumps(result), content_type="application/x-amz-json-1.1")

    def _ordinary(self, operation, body):
        if operation == "RegisterContainerInstance":
            attributes = [a for a in body.get("attributes", []) if "value" in a]
            attributes.append({"name": "ecs.availability-zone", "value": REGION + "b"})
            return {"containerInstance": {"containerInstanceArn": INSTANCE, "attributes": attributes}}
        if operation == "DiscoverPollEndpoint":
            return {"endpoint": self.url + "/acs", "telemetryEndpoint": self.url + "/tcs"}
        if operation == "CreateCluster":
            return {"cluster": {"clusterName": body.get("clusterName", "default")}}
        if operation.startswith("Submit"):
            return {"acknowledgment": "ok"}
        return {}

    async def _other(self, request):
        self.journal.add("http", request.path, method=request.method)
        return web.Response(status=404)

    # ---- instance metadata
    async def _metadata(self, request):
        path = request.match_info["path"]
        self.journal.add("imds", path, method=request.method, headers=dict(request.headers))
        if self.imds_down:
            request.transport.abort()
            return web.Response()
        if path in self.imds:
            status, text = self.imds[path]
            return web.Response(status=status, text=text)
        if path == "api/token":
            return web.Response(text="a-token", headers={"x-aws-ec2-metadata-token-ttl-seconds": "300"})
        mac = "02:00:00:00:00:01"
        document = {"region": REGION, "instanceId": INSTANCE_ID, "accountId": ACCOUNT, "instanceType": "t3.micro"}
        role = {"Code": "Success", "AccessKeyId": "ASIAROLE", "SecretAccessKey": "role-secret", "Token": "role-token",
                "Expiration": "2099-01-01T00:00:00Z"}
        known = {
            "dynamic/instance-identity/document": json.dumps(document),
            "dynamic/instance-identity/signature": "signature",
            "meta-data/instance-id": INSTANCE_ID,
            "meta-data/mac": mac,
            f"meta-data/network/interfaces/macs/{mac}/vpc-id": "vpc-1",
            f"meta-data/network/interfaces/macs/{mac}/subnet-id": "subnet-1",
            "meta-data/placement/region": REGION,
            "meta-data/placement/availability-zone-id": "euw1-az2",
            "meta-data/iam/security-credentials/": "the-role",
            "meta-data/iam/security-credentials": "the-role",
            "meta-data/iam/security-credentials/the-role": json.dumps(role),
            "meta-data/local-ipv4": "10.1.2.3",
        }
        if path in known:
            return web.Response(text=known[path])
        return web.Response(status=404, text="not found")

    # ---- ACS
    async def _acs(self, request):
        self.journal.add("acs", "handshake", query=dict(request.query), headers=dict(request.headers), raw=request.query_string)
        if self.refuse_acs:
            status, text = self.refuse_acs.pop(0)
            return web.Response(status=status, text=text)
        session = web.WebSocketResponse(autoping=False, autoclose=True, max_msg_size=16 << 20, compress=False)
        await session.prepare(request)
        session.transport_of_test = request.transport
        self._sessions.append(session)
        self.journal.add("acs", "open", query=dict(request.query), headers=dict(request.headers))
        started = self._loop.time()
        if self.close_acs:
            await session.close(code=self.close_acs.pop(0))
        try:
            async for frame in session:
                if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    try:
                        message = json.loads(frame.data)
                        self.journal.add("acs", "in", type=message.get("type"), message=message.get("message"), text=frame.data,
                                         binary=frame.type == WSMsgType.BINARY)
                    except ValueError:
                        self.journal.add("acs", "raw", text=frame.data)
                elif frame.type == WSMsgType.PING:
                    self.journal.add("acs", "ping", payload=bytes(frame.data))
                    await session.pong(frame.data)
                elif frame.type == WSMsgType.PONG:
                    self.journal.add("acs", "pong", payload=bytes(frame.data))
        finally:
            self._sessions.remove(session)
            self.journal.add("acs", "closed", code=session.close_code, seconds=self._loop.time() - started)
        return session

    async def _tcs(self, request):
        session = web.WebSocketResponse()
        await session.prepare(request)
        async for _ in session:
            pass
        return session

    def _session(self):
        if not self._sessions:
            raise RuntimeError("no ACS session is open")
        return self._sessions[-1]

    def connected(self, timeout=20, count=1):
        return self.journal.wait("acs", "open", timeout=timeout, count=count)

    def send_text(self, text):
        self._call(self._session().send_str(text))
        return self.journal.add("acs", "sent", text=text)

    def send_bytes(self, data):
        self._call(self._session().send_bytes(data))

    def send(self, kind, message):
        """Sends a message with a fresh messageId unless it has one (None: without); gives the id."""
        self._sequence += 1
        message = dict(message)
        message.setdefault("messageId", f"message-{self._sequence}")
        if message["messageId"] is None:
            del message["messageId"]
        self.send_text(json.dumps({"type": kind, "message": message}))
        return message.get("messageId")

    def payload(self, *tasks, **fields):
        self._sequence += 1
        return self.send("PayloadMessage", {"clusterArn": CLUSTER, "containerInstanceArn": INSTANCE, "seqNum": self._sequence,
                                            "generatedAt": 1, "tasks": list(tasks), **fields})

    def acks(self, message_id, kind="AckRequest"):
        return self.journal.select("acs", "in", lambda r: r.data["type"] == kind and (r.data["message"] or {}).get("messageId") == message_id)

    def acked(self, message_id, kind="AckRequest", timeout=20, count=1):
        return self.journal.wait("acs", "in", lambda r: r.data["type"] == kind
                                 and (r.data["message"] or {}).get("messageId") == message_id, timeout, count)

    def ping(self, payload=b""):
        self._call(self._session().ping(payload))

    def close(self, code, reason=b""):
        """Closes in order; gives the code of the close frame that came back."""
        before = len(self.journal.select("acs", "closed"))
        self._call(self._session()._writer.close(code, reason))
        return self.journal.wait("acs", "closed", timeout=10, count=before + 1).data["code"]

    def cut(self, reset=False):
        """Ends the session without a close frame: FIN, or RST."""
        transport = self._session().transport_of_test

        def end():
            if reset:
                import socket, struct
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()
            else:
                transport.close()
        self._loop.call_soon_threadsafe(end)

    # ---- what the agent reported
    def submissions(self, arn):
        """Bodies of SubmitTaskStateChange for a task, in order of arrival."""
        return [r.data["body"] for r in self.journal.select("api", "SubmitTaskStateChange", lambda r: r.data["body"].get("task") == arn)]

    def reported(self, arn, status, timeout=30, count=1):
        return self.journal.wait("api", "SubmitTaskStateChange", lambda r: r.data["body"].get("task") == arn
                                 and r.data["body"].get("status") == status, timeout, count)
