"""Starts a test program in a session of its own, with a log and a time limit."""

import os
import signal
import subprocess
import uuid

NONCE_NAME = "TESTS_RUN_ID"
NONCE = uuid.uuid4().hex


def environment(extra):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
    env.update({
        NONCE_NAME: NONCE,
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CMOCKA_MESSAGE_OUTPUT": "TAP",
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    })
    env.update(extra)
    return env


def run(command, log, cwd, limit_seconds, extra=None):
    """The exit code, or None when the time ran out; everything it printed is in `log`."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env=environment(extra or {}),
                                   start_new_session=True)
        try:
            return process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def left_behind():
    """(pid, command line) of processes that carry this run's mark in their environment."""
    mark, found = f"{NONCE_NAME}={NONCE}".encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark not in f.read().split(b"\0"):
                    continue
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words and int(pid) != os.getpid():
            found.append((int(pid), words))
    return found
