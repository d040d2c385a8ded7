"""What the scripts beside this one share: private servers on loopback, for tests.

    start DIRECTORY [--extra TEXT] [--while-open]   starts, waits until a login is answered, prints DIRECTORY/server
    stop | kill | pause | resume DIRECTORY          ends in order; ends on the spot; halts; lets go on

DIRECTORY/server has lines key=value: host, port, tls_port, ca, pid, user, password, and what a server adds. A server
started again in its DIRECTORY keeps ports, mail, passwords and certificate. TEXT is configuration of the server's own,
put last. With --while-open the server is stopped and DIRECTORY removed when standard input ends, whatever became of the
caller. Nothing outside DIRECTORY is written but the cache of unpacked packages; started by root, a server runs as nobody.
"""
import argparse
import contextlib
import fcntl
import grp
import os
import pathlib
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

IS_ROOT = os.geteuid() == 0
ACCOUNT = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
START_LIMIT, STOP_LIMIT = 15.0, 3.0


def group_name():
    return grp.getgrgid(ACCOUNT.pw_gid).gr_name


class Failure(Exception):
    """Why a command could not be carried out."""


def checked(*command, given="", **options):
    """Runs a program with the input `given`, answers its output, which is also part of the failure."""
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **options)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))}: {done.stdout.strip()}")
    return done.stdout


def cached(name, make):
    """The folder `name` of this machine's cache, which `make` fills at its first use: a function of a new folder."""
    # A folder in root's home could not be reached by the account that runs the server.
    home = pathlib.Path("/var/cache" if IS_ROOT else os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    cache = home / "mapistorefs-tests"
    place = cache / name
    if place.exists():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as lock, tempfile.TemporaryDirectory(dir=cache) as work:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.exists():
            return place
        pathlib.Path(work).chmod(0o755)
        root = pathlib.Path(work, "root")
        root.mkdir(mode=0o755)
        make(root)
        root.chmod(0o755)
        root.rename(place)
    return place


def unpacked(name, *packages):
    """The folder where Debian's `packages` lie unpacked: they conflict with one another, so none is installed."""
    download = ["apt-get", "-q", "-o", "Acquire::Retries=3", *(["-o", "APT::Sandbox::User=root"] if IS_ROOT else []),
                "download", *packages]

    def make(root):
        work = root.parent
        try:
            checked(*download, cwd=work)
        except Failure:
            if not IS_ROOT:
                raise
            checked("apt-get", "-q", "-o", "Acquire::Retries=3", "update")
            checked(*download, cwd=work)
        for package in work.glob("*.deb"):
            checked("dpkg", "-x", package, root)

    return cached(name, make)


def make_certificate(place):
    """A throw-away authority, and a certificate of it for the name localhost alone."""
    if (place / "server.pem").exists():
        return
    place.mkdir()
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30")
    checked(*new, "-subj", "/CN=mapistorefs tests", "-keyout", place / "ca.key", "-out", place / "ca.pem")
    checked(*new, "-subj", "/CN=localhost", "-CA", place / "ca.pem", "-CAkey", place / "ca.key",
            "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
            "-keyout", place / "server.key", "-out", place / "server.pem")


def free_ports(count):
    """Ports below those that the kernel gives to outgoing connections, which could take one in between."""
    with contextlib.ExitStack() as held:
        ports = []
        while len(ports) < count:
            candidate = held.enter_context(socket.socket())
            try:
                candidate.bind(("127.0.0.1", random.randrange(20000, 32000)))
            except OSError:
                continue
            ports.append(candidate.getsockname()[1])
        return ports


def processes():
    """Of each process that is no zombie: pid, process group, arguments."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            state, _, group = pathlib.Path(entry.path, "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
            arguments = pathlib.Path(entry.path, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if state not in "ZX":
            yield int(entry.name), int(group), arguments


class Server:
    """One server in one directory. `configuration`: the file that its first process, and no other, is started with."""

    configuration = ""
    groups = ()  # that the server must be in besides its account's own, when root starts it

    def __init__(self, directory):
        self.directory = pathlib.Path(os.path.abspath(directory))
        self.conf = self.directory / "conf"
        self.state = {}
        with contextlib.suppress(FileNotFoundError):
            lines = (self.directory / "server").read_text(encoding="utf-8").splitlines()
            self.state = dict(line.split("=", 1) for line in lines)

    def prepare(self, extra):
        """Writes all that the server needs. Answers its command and environment."""
        raise NotImplementedError

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, extra):
        fresh = not self.state
        for _ in range(5 if fresh else 1):
            if fresh:
                port, tls_port = free_ports(2)
                self.state = {"host": "localhost", "port": port, "tls_port": tls_port,
                              "ca": self.directory / "tls/ca.pem", "pid": 0, "user": "tester",
                              "password": secrets.token_hex(8)}
            make_certificate(self.directory / "tls")
            command, environment = self.prepare(extra)
            (self.directory / "run/master.pid").unlink(missing_ok=True)  # a killed server's
            self.give_away()
            if self.launch(command, environment):
                text = "".join(f"{key}={value}\n" for key, value in self.state.items())
                self.write("server", text)
                return text
            self.kill()
        raise Failure("does not come up:\n" + "".join(log.read_text(errors="replace")[-2000:]
                                                      for log in (self.directory / "log").iterdir()))

    def give_away(self):
        """Gives the directory to the account that runs the server."""
        if IS_ROOT:
            for place, _, files in os.walk(self.directory):
                for path in [place, *(os.path.join(place, file) for file in files)]:
                    os.chown(path, ACCOUNT.pw_uid, ACCOUNT.pw_gid, follow_symlinks=False)

    def launch(self, command, environment):
        """Whether the server answers a login; a port may have been taken by another meanwhile."""
        drop = {"user": ACCOUNT.pw_uid, "group": ACCOUNT.pw_gid, "extra_groups": self.groups} if IS_ROOT else {}
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.directory)} | environment
        with open(self.directory / "log/start", "ab") as log:
            server = subprocess.Popen(command, env=environment, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=log, start_new_session=True, umask=0o077, **drop)
        self.state["pid"] = server.pid
        end = time.monotonic() + START_LIMIT
        while server.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                if self.answers_login():
                    return True
            time.sleep(0.02)
        return False

    def answers_login(self):
        with socket.create_connection(("127.0.0.1", int(self.state["port"])), 5) as connection:
            lines = connection.makefile("rb")
            if not lines.readline().startswith(b"* OK"):
                return False
            connection.sendall(f"a LOGIN {self.state['user']} {self.state['password']}\r\n".encode())
            while (line := lines.readline()).startswith(b"*"):
                pass
            return line.startswith(b"a OK")

    def mark(self):
        """An argument that the first process of this server, and no other process, has."""
        return str(self.conf / self.configuration)

    def group(self):
        """The process group of this server, if it runs: found by what it was started with, as a pid may be reused."""
        mark = self.mark().encode()
        return next((group for pid, group, arguments in processes() if pid == group and mark in arguments), None)

    def signal(self, number):
        """Sends it to all processes of the server, if there are any."""
        if group := self.group():
            os.killpg(group, number)
        return group

    def kill(self):
        if group := self.signal(signal.SIGKILL):
            self.await_end(group)

    def stop(self):
        if group := self.signal(signal.SIGCONT):
            os.killpg(group, signal.SIGTERM)
            if not self.await_end(group):
                os.killpg(group, signal.SIGKILL)
                self.await_end(group)

    def discard(self):
        """Ends it when nobody wants its data any more."""
        self.stop()

    @staticmethod
    def await_end(group):
        end = time.monotonic() + STOP_LIMIT
        while any(other == group for _, other, _ in processes()):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def lock(self):
        self.directory.mkdir(exist_ok=True)
        held = open(self.directory / "lock", "w", encoding="ascii")  # pylint: disable=consider-using-with
        fcntl.flock(held, fcntl.LOCK_EX)
        return held

    def stop_when_input_ends(self, held):
        """Leaves a process behind that outlives this one and what ends its children."""
        if os.fork():
            os.wait()
            return
        os.setsid()
        if os.fork():
            os._exit(0)
        held.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        while os.read(0, 4096):
            pass
        with self.lock():  # a start that is under way ends first
            self.discard()
            shutil.rmtree(self.directory, ignore_errors=True)
        os._exit(0)


def main(server_class, actions=()):
    """`actions`: further commands, as (name, positional arguments, function of the server and their values)."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in [("start", ()), ("stop", ()), ("kill", ()), ("pause", ()), ("resume", ()),
                            *((action[0], action[1]) for action in actions)]:
        command = commands.add_parser(name)
        command.add_argument("directory")
        for argument in arguments:
            command.add_argument(argument)
        if name == "start":
            command.add_argument("--extra", default="")
            command.add_argument("--while-open", action="store_true")
    asked = parser.parse_args()
    os.umask(0o022)
    server = server_class(asked.directory)
    signals = {"pause": signal.SIGSTOP, "resume": signal.SIGCONT}
    try:
        if asked.command == "start":
            held = server.lock()
            if asked.while_open:
                server.stop_when_input_ends(held)
            server.stop()
            sys.stdout.write(server.start(asked.extra))
        elif asked.command in ("stop", "kill"):
            with server.lock():
                getattr(server, asked.command)()
        elif asked.command in signals:
            if not server.signal(signals[asked.command]):
                raise Failure("does not run")
        else:
            _, arguments, function = next(action for action in actions if action[0] == asked.command)
            function(server, *(getattr(asked, argument) for argument in arguments))
    except (Failure, OSError) as failure:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {failure}")
