"""systemd as far as slices go, behind a real message bus: the program that answers, and the class that runs both.

As a program (python3 systemd.py TREE): owns org.freedesktop.systemd1 on the bus of DBUS_SYSTEM_BUS_ADDRESS, makes and removes the
directories of slices below TREE, and prints each call as a line of JSON. Needs Debian's dbus, python3-dbus and python3-gi.
"""
import json, os, pathlib, shutil, subprocess, sys, time

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/></policy></busconfig>
"""


class Systemd:
    """A bus with a manager on it, in a folder."""

    def __init__(self, folder, tree):
        self.address = f"unix:path={folder}/bus"
        (pathlib.Path(folder) / "bus.conf").write_text(CONFIG.format(socket=f"{folder}/bus"))
        self.journal = pathlib.Path(folder) / "calls"
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile"])
        end = time.monotonic() + 10
        while not os.path.exists(f"{folder}/bus") and time.monotonic() < end:
            time.sleep(0.02)
        self.manager = subprocess.Popen(["/usr/bin/python3", __file__, str(tree)], stdout=open(self.journal, "wb"),
                                        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address})
        while not self.calls() and time.monotonic() < end:
            time.sleep(0.02)
        assert self.calls(), "the manager does not start"

    def calls(self):
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []

    def stop(self):
        for process in (self.manager, self.bus):
            process.kill()
            process.wait()


def serve(tree):
    import dbus
    import dbus.mainloop.glib
    import dbus.service
    from gi.repository import GLib

    manager = "org.freedesktop.systemd1.Manager"
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()

    def show(**call):
        print(json.dumps(call), flush=True)

    def path_of(unit):
        parts = unit.removesuffix(".slice").split("-")
        return tree.joinpath(*["-".join(parts[:i + 1]) + ".slice" for i in range(len(parts))])

    def make(path):
        if not path.exists():
            if path.parent != tree:
                make(path.parent)
            path.mkdir()
            (path / "cgroup.controllers").write_text("cpu memory pids\n")

    class Manager(dbus.service.Object):
        jobs = 0

        def job(self, unit):
            self.jobs += 1
            path = f"/org/freedesktop/systemd1/job/{self.jobs}"
            GLib.timeout_add(20, lambda: self.JobRemoved(self.jobs, path, unit, "done"))
            return path

        @dbus.service.method(manager, in_signature="ssa(sv)a(sa(sv))", out_signature="o")
        def StartTransientUnit(self, name, mode, properties, aux):
            show(call="start", name=name, mode=mode, properties={str(k): v for k, v in properties}, types={
                str(k): type(v).__name__ for k, v in properties}, aux=aux)
            if path_of(name).exists():
                raise dbus.exceptions.DBusException(f"Unit {name} already exists.", name="org.freedesktop.systemd1.UnitExists")
            make(path_of(name))
            return self.job(name)

        @dbus.service.method(manager, in_signature="ss", out_signature="o")
        def StopUnit(self, name, mode):
            show(call="stop", name=name, mode=mode)
            if not path_of(name).exists():
                raise dbus.exceptions.DBusException(f"Unit {name} not loaded.", name="org.freedesktop.systemd1.NoSuchUnit")
            shutil.rmtree(path_of(name))
            return self.job(name)

        @dbus.service.signal(manager, signature="uoss")
        def JobRemoved(self, ident, job, unit, result):
            return False

    name = dbus.service.BusName("org.freedesktop.systemd1", bus)
    keep = Manager(bus, "/org/freedesktop/systemd1")
    show(call="ready")
    GLib.MainLoop().run()
    del name, keep


if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]))
