"""One part dies, or two, or all: the job's end is true, and nothing of it lives on."""

import os
import resource
import signal
import socket
import sqlite3

from yard import Yard, processes_of, until


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def runner_of(yard, job):
    """The runner is the parent of the job's own process."""
    pid = until(lambda: yard.job(job)["process_pid"], "the job's pid")
    return parent_of(pid)


def gated(tmp_path, code):
    """A command that ends with code once the gate is there."""
    gate = tmp_path / "gate"
    return gate, ["sh", "-c", f"while [ ! -e {gate} ]; do sleep 0.02; done; exit {code}"]


def test_a_job_outlives_its_runner(yard, tmp_path):
    gate, command = gated(tmp_path, 9)
    job = yard.submit(command)
    yard.wait(job, "running")
    os.kill(runner_of(yard, job), signal.SIGKILL)
    assert yard.job(job)["status"] == "running" and yard.pids_of(job)
    gate.write_text("")
    ended = yard.wait(job, "failed", "completed")
    # As far as the kernel still tells: the true code, or an honest word that nobody saw it.
    if ended["end_reason"] == "exit_code":
        assert ended["exit_code"] == 9
    else:
        assert ended["end_reason"] == "process_lost", ended
        assert ended["error_message"].startswith("Process terminated unexpectedly")


def test_cancel_reaches_everything_of_a_job_whose_runner_died(yard):
    job = yard.submit(["sh", "-c", "setsid sleep 600 & sleep 600 & wait"])
    yard.wait(job, "running")
    until(lambda: len(yard.pids_of(job)) >= 3, "the whole tree")
    os.kill(runner_of(yard, job), signal.SIGKILL)
    reply = yard.post(f"/api/training/cancel/{job}", {"grace_seconds": 0.5})
    assert reply.status == 200, reply
    assert yard.pids_of(job) == []
    assert yard.job(job)["status"] == "cancelled"


def test_server_and_runner_killed_the_job_is_found_again(yard, tmp_path):
    gate, command = gated(tmp_path, 0)
    job = yard.submit(command)
    yard.wait(job, "running")
    runner = runner_of(yard, job)
    yard.kill()
    os.kill(runner, signal.SIGKILL)
    yard.start()
    assert yard.job(job)["status"] == "running" and yard.pids_of(job)
    gate.write_text("")
    yard.wait(job, "completed", "failed")
    assert yard.pids_of(job) == []


def kill_everything(yard, job):
    runner, pids = runner_of(yard, job), yard.pids_of(job)
    yard.kill()
    for pid in [runner, *pids]:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes_of(f"TRAINYARD_JOB_ID={job}\0"), "the job to be dead")


def test_all_killed_the_end_says_that_it_was_unexpected(yard):
    job = yard.submit(["sleep", "600"])
    yard.wait(job, "running")
    kill_everything(yard, job)
    yard.start()
    ended = yard.wait(job, "failed")
    assert ended["end_reason"] in ("process_lost", "signal"), ended
    assert ended["error_message"].startswith("Process terminated unexpectedly")
    yard.wait(yard.submit(["true"]), "completed")


def test_a_job_of_another_boot_has_failed_by_the_reboot(yard):
    job = yard.submit(["sleep", "600"])
    yard.wait(job, "running")
    kill_everything(yard, job)
    with sqlite3.connect(yard.path("trainyard.db")) as db:
        db.execute("UPDATE attempts SET boot_id = '00000000-0000-0000-0000-000000000000'")
    db.close()
    yard.start()
    ended = yard.wait(job, "failed")
    assert ended["end_reason"] == "host_reboot", ended


def sleeps(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "S"


def has_open(pid, end):
    try:
        fds = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return False
    return any(fd.endswith(end) for fd in fds)


def test_a_server_told_to_stop_while_it_settles_the_last_job_stops(yard):
    job = yard.submit(["sleep", "600"])
    yard.wait(job, "running")
    runner = runner_of(yard, job)
    assert yard.stop() == 0
    os.kill(runner, signal.SIGSTOP)
    yard.spawn()
    server = yard.process.pid
    until(lambda: has_open(server, "/runners") and sleeps(server), "the server's question")
    os.kill(server, signal.SIGSTOP)
    os.kill(runner, signal.SIGCONT)
    until(lambda: sleeps(runner), "the runner's answer")
    # Both are there when it goes on: the last answer that it needs to serve, and the word to stop.
    os.kill(server, signal.SIGTERM)
    os.kill(server, signal.SIGCONT)
    assert yard.process.wait(10) == 0, yard.said()
    yard.process = None
    yard.start()
    assert yard.wait(job, "running")


def test_a_server_that_stops_lets_go_of_those_who_wait_for_an_end(yard):
    job = yard.submit(["sh", "-c", "trap '' TERM; touch $TRAINYARD_RUN_DIR/up; sleep 600 & wait"])
    until(lambda: os.path.exists(yard.path("jobs", job, "run", "up")), "the trap")
    head = (f"POST /api/training/cancel/{job} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {yard.token}\r\nContent-Length: 0\r\n\r\n")
    with socket.create_connection(yard.address, timeout=20) as peer:
        peer.sendall(head.encode())
        until(lambda: yard.job(job)["stop"], "the stop to begin")
        assert yard.stop() == 0, yard.said()
        assert peer.recv(12) == b"HTTP/1.1 503"
    yard.start()
    yard.post(f"/api/training/cancel/{job}", {"grace_seconds": 0})
    assert yard.job(job)["status"] == "cancelled"


def own_group():
    """The directory of our cgroup, None where there is none that is ours to divide."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [line.split() for line in file if " - cgroup2 " in line]
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        own = [line[3:].strip() for line in file if line.startswith("0::")]
    if not mounts or not own:
        return None
    path = mounts[0][4] + own[0].removeprefix(mounts[0][3].rstrip("/")).rstrip("/")
    return path if os.access(f"{path}/cgroup.procs", os.W_OK) else None


def test_an_heir_in_another_cgroup_leaves_none_behind(tmp_path):
    first = own_group() or str(tmp_path)
    second = os.path.join(first, f"second-{os.getpid()}")
    os.mkdir(second)
    yard = MovedYard()
    try:
        with yard:
            job = yard.submit(["sleep", "600"])
            yard.wait(job, "running")
            runner = runner_of(yard, job)
            yard.kill()
            os.kill(runner, signal.SIGKILL)
            yard.group = second
            yard.start()
            assert yard.job(job)["status"] == "running"
            yard.post(f"/api/training/cancel/{job}", {"grace_seconds": 0})
            assert yard.job(job)["status"] == "cancelled"
        until(lambda: not processes_in(second), "the group to be empty")
        left = [name for name in os.listdir(second) if name.startswith("trainyard-")]
        for name in left:
            os.rmdir(os.path.join(second, name))
        assert not left
    finally:
        os.rmdir(second)


def processes_in(group):
    try:
        with open(f"{group}/cgroup.procs", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class MovedYard(Yard):
    """A server that starts in a cgroup of the test's choice."""

    group = None

    def daemon_command(self):
        if not self.group or not os.path.exists(f"{self.group}/cgroup.procs"):
            return super().daemon_command()
        move = f"echo $$ > {self.group}/cgroup.procs && exec \"$0\" \"$@\""
        return ["sh", "-c", move, *super().daemon_command()]


def test_a_server_with_few_descriptors_answers_and_runs_jobs(make_yard):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        yard = make_yard(slots=2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    jobs = [yard.submit(["true"]) for _ in range(10)]
    idle = [socket.create_connection(yard.address) for _ in range(80)]
    try:
        assert until(lambda: answers(yard, "/health"), "an answer of /health")
    finally:
        for peer in idle:
            peer.close()
    until(lambda: answers(yard, "/api/training/queue"), "room for other requests")
    for job in jobs:
        yard.wait(job, "completed")


def answers(yard, path):
    try:
        return yard.get(path).status == 200
    except OSError:
        return False
