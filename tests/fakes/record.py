"""What peers saw, in order, with the time of each: tests look at it and wait on it."""
import dataclasses, threading, time


@dataclasses.dataclass
class Record:
    time: float          # time.time(), so that it compares with the engine's events
    kind: str
    name: str
    data: dict


class Journal:
    def __init__(self):
        self._records = []
        self._changed = threading.Condition()

    def add(self, kind, name, **data):
        record = Record(time.time(), kind, name, data)
        with self._changed:
            self._records.append(record)
            self._changed.notify_all()
        return record

    def select(self, kind=None, name=None, where=None):
        with self._changed:
            records = list(self._records)
        return [r for r in records if (kind is None or r.kind == kind) and (name is None or r.name == name)
                and (where is None or where(r))]

    def wait(self, kind=None, name=None, where=None, timeout=20.0, count=1):
        """The count-th record that fits. TimeoutError, saying what was seen, when it does not come."""
        end = time.monotonic() + timeout
        while True:
            got = self.select(kind, name, where)
            if len(got) >= count:
                return got[count - 1]
            with self._changed:
                left = end - time.monotonic()
                if left <= 0:
                    seen = [f"{r.kind}:{r.name}" for r in self._records[-25:]]
                    raise TimeoutError(f"no {kind} {name} number {count} within {timeout} s; the last seen: {seen}")
                self._changed.wait(min(left, 0.5))
