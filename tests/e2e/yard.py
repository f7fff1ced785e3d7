"""A real server for a test: started on a directory of its own, asked over HTTP, stopped by its pid.

    with Yard() as yard:
        job = yard.submit(["sleep", "60"])
        yard.wait(job, "running")

Leaving the block cancels what still runs, stops the server, and fails if the server said anything
of memory errors, exited with anything but 0, or left a process behind.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("TRAINYARD_BUILD", os.path.join(ROOT, "build"))
DEADLINE_SECONDS = 30
TERMINAL = ("completed", "failed", "cancelled")
SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehavior")


def program(name, room):
    """The built program's path; None when it was not built."""
    for path in (os.path.join(BUILD, name), os.path.join(BUILD, "src", room, name)):
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def until(condition, what, seconds=DEADLINE_SECONDS):
    """Waits for condition() to be true and returns its value; fails at the deadline."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def processes_of(word):
    """Pids whose command line or environment holds `word`, this process not."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        for part in ("cmdline", "environ"):
            try:
                with open(f"/proc/{name}/{part}", "rb") as file:
                    if word.encode() in file.read():
                        found.append(int(name))
                        break
            except OSError:
                continue
    return found


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Yard:
    """One server. `options` are more arguments of trainyardd, `env` is added to its environment."""

    def __init__(self, slots=1, options=(), env=None):
        self.state = tempfile.mkdtemp(prefix="yard-")
        self.options = ["--slots", str(slots), *options]
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
        self.env.update(env or {})
        self.process = None
        self.starts = 0
        self.token = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.close(check=kind is None)
        finally:
            self._remove()

    def start(self):
        """Starts it and waits until it serves."""
        assert self.process is None, "it runs already"
        address = self.path("address")
        if os.path.exists(address):
            os.unlink(address)
        self.spawn()
        until(lambda: os.path.exists(self.path("address")) or self.process.poll() is not None,
              "the server's address file")
        if self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            raise AssertionError(f"the server ended at once with {code}:\n{self.said()}")
        with open(self.path("address"), encoding="utf-8") as file:
            self.url = file.read().strip()
        with open(self.path("admin.token"), encoding="utf-8") as file:
            self.token = file.read().strip()
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.address = (host, int(port))

    def spawn(self):
        """Starts it and does not wait."""
        self.starts += 1
        with open(self.path("server.log"), "ab") as log:
            self.process = subprocess.Popen(
                [*self.daemon_command(), "--state", self.state, "--listen", "127.0.0.1:0",
                 "--socket", self.path("trainyard.sock"), *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env,
                start_new_session=True)

    def daemon_command(self):
        """What starts the server, before its arguments."""
        daemon = program("trainyardd", "server")
        assert daemon, f"{BUILD} holds no trainyardd: build it first"
        return [daemon]

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def said(self):
        """All that the server wrote to stdout and stderr."""
        with open(self.path("server.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self):
        """kill -9: the jobs live on."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM: it ends in order, the jobs live on. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE_SECONDS)
        self.process = None
        return code

    def restart(self):
        if self.process:
            assert self.stop() == 0, self.said()
        self.start()

    def close(self, check=True):
        """Cancels what runs, stops the server, and looks for what it left behind."""
        code = None
        try:
            if self.process and self.process.poll() is None:
                self._cancel_all()
                code = self.stop()
            elif self.process:
                code, self.process = self.process.returncode, None
        finally:
            left = self._sweep(check)
        if not check:
            return
        said = self.said()
        assert code in (0, None), f"the server exited with {code}:\n{said}"
        for word in SANITIZER_WORDS:
            assert word not in said, said
        assert not left, f"processes were left behind: {left}"

    def _cancel_all(self):
        for state in ("queued", "pending", "paused", "running"):
            for job in self.get(f"/api/training/jobs?status={state}&limit=1000").json["jobs"]:
                self.post(f"/api/training/cancel/{job['job_id']}", {"grace_seconds": 0})

    def _sweep(self, wait):
        """What lives on although the server is gone; ended here, each by its pid."""
        left = processes_of(self.state)
        deadline = time.monotonic() + (10 if wait else 0)
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = processes_of(self.state)
        told = []
        for pid in left:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    told.append((pid, file.read().replace(b"\0", b" ").decode(errors="replace")))
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        return told

    def _remove(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.state, ignore_errors=True)

    # Asking it.

    def request(self, method, path, body=None, headers=None, token=True):
        """body: None, bytes as they are, or anything else as JSON. token: True = the admin's."""
        headers = dict(headers or {})
        if token:
            headers.setdefault("Authorization", f"Bearer {self.token if token is True else token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(*self.address, timeout=DEADLINE_SECONDS)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def raw(self, data, seconds=DEADLINE_SECONDS, half_close=False):
        """Sends bytes as they are; returns all that comes until the server closes or falls silent
        after a whole reply."""
        with socket.create_connection(self.address, timeout=seconds) as peer:
            try:
                peer.sendall(data)
                if half_close:
                    peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return read_reply(peer)

    # Jobs.

    def submit(self, command, **fields):
        """The new job's id."""
        reply = self.post("/api/training/jobs", {"command": list(command), **fields})
        assert reply.status == 201, reply
        return reply.json["job_id"]

    def job(self, job_id):
        reply = self.get(f"/api/training/jobs/{job_id}")
        assert reply.status == 200, reply
        return reply.json

    def wait(self, job_id, *states, seconds=DEADLINE_SECONDS):
        """Waits until the job is in one of the states; fails if it ends in another."""
        def there():
            job = self.job(job_id)
            if job["status"] in states:
                return job
            assert job["status"] not in TERMINAL, f"{job_id} ended: {job}"
            return None
        return until(there, f"job {job_id} to be {' or '.join(states)}", seconds)

    def logs(self, job_id):
        reply = self.get(f"/api/training/logs/{job_id}?limit=1000")
        assert reply.status == 200, reply
        return reply.json["logs"]

    def pids_of(self, job_id):
        """Processes that carry this job's environment."""
        return processes_of(f"TRAINYARD_JOB_ID={job_id}\0")


def read_reply(peer):
    """One HTTP reply's bytes, by its Content-Length, or all until the other end closes."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length" and len(body) >= int(value):
                    return data
        try:
            more = peer.recv(65536)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more
