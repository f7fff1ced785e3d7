"""A disk that is full costs new work only: reads go on, ends are kept, and room heals it."""

import os
import signal
import socket
import subprocess

import pytest

from yard import Yard, program, read_reply, until

WHY = "needs a private mount namespace"


def mounts_work():
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    done = subprocess.run([*in_namespace(), *mount], capture_output=True, check=False)
    return done.returncode == 0


def in_namespace():
    """Root may unmount what it mounts; others need a user namespace of their own for it."""
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]


class SmallDisk(Yard):
    """A server whose state directory is a small file system that nobody else sees but through
    /proc/PID/root."""

    MOUNT = "size=24m"

    def daemon_command(self):
        daemon = program("trainyardd", "server")
        return [*in_namespace(), "sh", "-c",
                f"mount -t tmpfs -o {self.MOUNT} none {self.state} && exec \"$0\" \"$@\"",
                daemon]

    def path(self, *parts):
        if self.process and not parts[0].startswith("server.log"):
            return os.path.join(f"/proc/{self.process.pid}/root{self.state}", *parts)
        return os.path.join(self.state, *parts)

    def fill(self):
        with open(self.path("filling"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def free(self):
        os.unlink(self.path("filling"))


@pytest.mark.skipif(not mounts_work(), reason=WHY)
def test_a_full_disk_refuses_new_jobs_serves_reads_and_heals_by_itself():
    with SmallDisk(slots=1) as yard:
        kept = yard.submit(["true"])
        yard.wait(kept, "completed")
        running = yard.submit(until_there(yard, "go", 5))
        yard.wait(running, "running")
        waiting = yard.submit(["true"])
        yard.fill()
        refused = until(lambda: refused_submission(yard), "a submission that is refused")
        assert refused.status == 507 and refused.json["code"] == "disk_full", refused
        assert len(refused.json["error"]) > 20
        assert yard.job(kept)["status"] == "completed"
        assert yard.get("/api/training/jobs").json["total"] >= 3
        assert yard.job(waiting)["status"] == "queued"
        assert yard.get("/health").status == 200
        yard.free()
        with open(yard.path("go"), "w", encoding="utf-8"):
            pass
        healed = until(lambda: accepted_submission(yard), "a submission after there is room again")
        assert yard.wait(running, "failed")["exit_code"] == 5
        yard.wait(waiting, "completed")
        yard.wait(healed, "completed")


@pytest.mark.skipif(not mounts_work(), reason=WHY)
def test_a_job_that_ends_while_the_disk_is_full_keeps_its_exit_code():
    with SmallDisk(slots=1) as yard:
        running = yard.submit(until_there(yard, "filling", 6))
        yard.wait(running, "running")
        yard.fill()
        until(lambda: not yard.pids_of(running), "the command to end")
        assert yard.get("/health").status == 200
        yard.free()
        assert yard.wait(running, "failed")["exit_code"] == 6
        yard.wait(until(lambda: accepted_submission(yard), "room for a new job"), "completed")


@pytest.mark.skipif(not mounts_work(), reason=WHY)
def test_two_of_one_key_that_come_together_are_refused_together():
    with SmallDisk(slots=1) as yard:
        running = yard.submit(["sleep", "600"])
        yard.wait(running, "running")
        body = b'{"command":["true"]}'
        head = (f"POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {yard.token}\r\nIdempotency-Key: twice\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        peers = [socket.create_connection(yard.address) for _ in range(2)]
        yard.fill()
        yard.process.send_signal(signal.SIGSTOP)  # so that one turn takes both
        for peer in peers:
            peer.sendall(head.encode() + body)
        yard.process.send_signal(signal.SIGCONT)
        said = [read_reply(peer) for peer in peers]
        for peer in peers:
            peer.close()
        assert all(reply.startswith(b"HTTP/1.1 507") for reply in said), said
        yard.free()


def until_there(yard, name, code):
    """A command that ends with this code as soon as there is a file of this name."""
    wait = f"until [ -e {yard.state}/{name} ]; do sleep 0.02; done"
    return ["sh", "-c", f"{wait}; exit {code}"]


def refused_submission(yard):
    reply = yard.post("/api/training/jobs", {"command": ["true"]})
    assert reply.status in (201, 507), reply
    return reply if reply.status == 507 else None


def accepted_submission(yard):
    reply = yard.post("/api/training/jobs", {"command": ["true"]})
    return reply.json["job_id"] if reply.status == 201 else None
