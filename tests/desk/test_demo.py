"""`make run`'s script: what a newcomer sees first has to work the first and the second time."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("TRAINYARD_BUILD", os.path.join(ROOT, "build"))
DEMO = os.path.join(ROOT, "tools/demo")
SHORT = ["--steps", "20", "--eval-every", "10", "--hidden", "16", "--sample", "0"]


def processes_of(folder):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if str(folder).encode() in f.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


def until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def build(tmp_path):
    """A build folder of its own, so that its demo directory is too."""
    folder = tmp_path / "b"
    folder.mkdir()
    for name in ("trainyard", "trainyardd", "trainyard-runner", "examples"):
        os.symlink(os.path.join(BUILD, name), folder / name)
    yield folder
    left = processes_of(folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def demo(build, *options):
    return subprocess.run([DEMO, str(build), *options], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)


def test_it_trains_tells_the_losses_and_stops_its_server(build):
    for _ in range(2):
        done = demo(build, *SHORT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"^demo: charlm-[\d-]+: status completed, .*eval_loss \d", done.stdout,
                         re.MULTILINE), done.stdout
        assert "exit code 0" in done.stdout
        until(lambda: not processes_of(build), "the server to end")


def test_it_exits_with_the_exit_code_of_the_training(build):
    done = demo(build, "--steps", "nonsense")
    assert done.returncode == 2, done.stdout + done.stderr


def test_a_running_demo_is_noticed_and_left_running(build):
    (build / "demo").mkdir()
    server = subprocess.Popen(
        [build / "trainyardd", "--state", build / "demo", "--listen", "127.0.0.1:0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until((build / "demo/address").exists, "the address")
        done = demo(build, *SHORT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "running already" in done.stdout
        assert server.poll() is None
    finally:
        server.terminate()
        server.wait(30)


def test_a_server_that_cannot_start_is_told_with_its_words(build):
    (build / "demo").mkdir()
    (build / "demo/trainyard.conf").write_text("nonsense = 1\n")
    done = demo(build, *SHORT)
    assert done.returncode == 1
    assert "did not start" in done.stderr and "nonsense" in done.stderr


def test_on_a_terminal_it_serves_until_interrupted(build):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(DEMO, [DEMO, str(build), *SHORT])
    said = b""

    def read_until(word):
        nonlocal said
        deadline = time.monotonic() + 60
        while word not in said:
            assert time.monotonic() < deadline, said
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    said += os.read(terminal, 65536)
                except OSError:
                    return
    read_until(b"serving until Ctrl-C")
    assert processes_of(build)
    os.write(terminal, b"\x03")
    read_until(b"stopping the server")
    until(lambda: not processes_of(build), "the server to end")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
