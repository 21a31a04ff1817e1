"""A plain client of a Docker engine, to observe it and to clean up. No part of what is tested."""
import http.client, json, os, socket, threading, urllib.parse

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").replace("unix://", "")


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def call(method, path, body=None, timeout=60, path_of_socket=None):
    """(status, decoded body)"""
    connection = _Connection(path_of_socket or SOCKET, timeout)
    try:
        connection.request(method, "/v1.41" + path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text.decode(errors="replace")
    finally:
        connection.close()


def containers(**labels):
    """All containers, running or not, that carry these labels (double underscore for a dot)."""
    wanted = [f"{k.replace('__', '.')}={v}" for k, v in labels.items()]
    filters = urllib.parse.quote(json.dumps({"label": wanted}))
    status, found = call("GET", f"/containers/json?all=1&filters={filters}")
    assert status == 200, found
    return found


def of_task(arn):
    filters = urllib.parse.quote(json.dumps({"label": [f"com.amazonaws.ecs.task-arn={arn}"]}))
    return call("GET", f"/containers/json?all=1&filters={filters}")[1]


def of_cluster(cluster):
    filters = urllib.parse.quote(json.dumps({"label": [f"com.amazonaws.ecs.cluster={cluster}"]}))
    return call("GET", f"/containers/json?all=1&filters={filters}")[1]


def inspect(container):
    return call("GET", f"/containers/{container}/json")[1]


def remove(found):
    for c in found:
        call("DELETE", f"/containers/{c['Id'] if isinstance(c, dict) else c}?force=1&v=1")


class Events:
    """The engine's own account: container events from now on, with the engine's time of each."""

    def __init__(self, cluster):
        self._cluster, self._events, self._changed = cluster, [], threading.Condition()
        self._connection = _Connection(SOCKET, None)
        self._connection.request("GET", "/v1.41/events?filters=" + urllib.parse.quote(json.dumps({"type": ["container"]})))
        self._response = self._connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for line in self._response:
                event = json.loads(line)
                attributes = event["Actor"]["Attributes"]
                if attributes.get("com.amazonaws.ecs.cluster") == self._cluster:
                    with self._changed:
                        self._events.append({"time": event["timeNano"] / 1e9, "action": event["Action"], "id": event["Actor"]["ID"],
                                             "task": attributes.get("com.amazonaws.ecs.task-arn"),
                                             "exit": attributes.get("exitCode")})
                        self._changed.notify_all()
        except (OSError, ValueError, AttributeError):
            pass

    def of(self, task, action=None):
        with self._changed:
            return [e for e in self._events if e["task"] == task and (action is None or e["action"] == action)]

    def close(self):
        try:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
