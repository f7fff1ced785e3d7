"""The command line, typed against a real server."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time

import pytest

from yard import BUILD, DEADLINE_SECONDS, ROOT, program, until

CLI = program("trainyard", "cli")
pytestmark = pytest.mark.skipif(CLI is None, reason=f"{BUILD} holds no trainyard")


def environment(yard, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
    return {**env, "TRAINYARD_STATE": yard.state, **more}


def cli(yard, *words, code=0, cwd=None, **env):
    """Runs a command on a pipe; its exit code is part of the test. Returns stdout and stderr."""
    done = subprocess.run([CLI, *words], env=environment(yard, **env), cwd=cwd, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == code, (words, done)
    return done.stdout.decode(), done.stderr.decode()


def begin(yard, *words):
    return subprocess.Popen([CLI, *words], env=environment(yard), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Terminal:
    """A command on a terminal of its own, 80 columns wide; what it shows is one stream."""

    def __init__(self, yard, *words):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.clear()
            os.environ.update(environment(yard, TERM="xterm"))
            os.execv(CLI, [CLI, *words])
        self.pid, self.shown = pid, b""

    def until(self, pattern):
        """Reads until the pattern has been shown; returns all that was."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not re.search(pattern, self.shown):
            left = deadline - time.monotonic()
            assert left > 0, (pattern, self.shown)
            if select.select([self.fd], [], [], left)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                assert data, (pattern, self.shown)
                self.shown += data
        return self.shown

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """All that was shown, and the exit code."""
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.shown += data
        os.close(self.fd)
        return self.shown, os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_the_page_of_the_documentation_is_the_programs_own():
    page = subprocess.run([CLI, "help", "--markdown"], capture_output=True, check=True).stdout
    with open(os.path.join(ROOT, "docs", "CLI.md"), "rb") as file:
        assert file.read() == page, "make it anew: build/trainyard help --markdown >docs/CLI.md"


def test_a_command_that_asks_nobody_needs_no_libcurl():
    shown = subprocess.run(["/usr/bin/env", "LD_DEBUG=files", CLI, "version"], text=True,
                           capture_output=True, check=True)
    assert "libcurl" not in shown.stderr
    assert shown.stdout.startswith("trainyard ")


def test_submit_prints_an_id_that_show_wait_and_logs_take(shared_yard):
    out, _ = cli(shared_yard, "submit", "--name", "first-one", "--", "sh", "-c", "echo hi; exit 3")
    job = out.strip()
    out, _ = cli(shared_yard, "wait", job, code=3)
    assert out.startswith(f"{job} failed with exit code 3")
    assert cli(shared_yard, "logs", job)[0] == "hi\n"
    assert cli(shared_yard, "logs", "first-one")[0] == "hi\n"
    assert cli(shared_yard, "logs", "-f", job[:18])[0] == "hi\n"
    shown, _ = cli(shared_yard, "show", job[:18])
    assert "first-one" in shown and "exit_code" in shown
    assert json.loads(cli(shared_yard, "show", "--json", job)[0])["exit_code"] == 3


def test_run_gives_the_jobs_output_and_its_exit_code(shared_yard):
    out, err = cli(shared_yard, "run", "--", "sh", "-c", "echo out; echo err >&2; exit 5", code=5)
    assert sorted(out.splitlines()) == ["err", "out"]
    assert "failed with exit code 5" in err
    assert cli(shared_yard, "run", "-q", "true") == ("", "")


def test_run_gives_128_and_the_signals_number(shared_yard):
    cli(shared_yard, "run", "-q", "-c", "kill -9 $$", code=137)


def test_run_of_what_cannot_start_says_why(shared_yard):
    _, err = cli(shared_yard, "run", "/no/such/program", code=1)
    assert "/no/such/program" in err


def test_output_is_passed_on_byte_for_byte(shared_yard):
    script = r"printf 'no \377 utf8 \033[2J \000 nul\r\nlast, without an end'"
    done = subprocess.run([CLI, "run", "-q", "-c", script], env=environment(shared_yard),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"no \xff utf8 \x1b[2J \x00 nul\r\nlast, without an end"


def test_the_job_gets_this_shells_directory_umask_and_environment(shared_yard, tmp_path):
    old = os.umask(0o027)
    try:
        out, _ = cli(shared_yard, "run", "-q", "-e", "GIVEN=too", "-c",
                     "pwd; umask; echo $MINE $GIVEN $CUDA_VISIBLE_DEVICES.", cwd=tmp_path,
                     MINE="it is", CUDA_VISIBLE_DEVICES="7,8", JOB_TOKEN="of the caller")
    finally:
        os.umask(old)
    assert out == f"{tmp_path}\n0027\nit is too .\n"


def test_the_git_commit_and_whether_it_is_dirty_are_noted(shared_yard, tmp_path):
    def git(*words):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", "-C", tmp_path, *who, *words], check=True,
                              capture_output=True, text=True).stdout.strip()
    below = tmp_path / "below"
    below.mkdir()
    (below / "train.py").write_text("print(1)\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "HEAD")
    clean = cli(shared_yard, "submit", "true", cwd=below)[0].strip()
    (below / "train.py").write_text("print(2)\n")
    dirty = cli(shared_yard, "submit", "true", cwd=below)[0].strip()
    assert shared_yard.job(clean)["git"] == {"commit": commit, "dirty": False}
    assert shared_yard.job(dirty)["git"] == {"commit": commit, "dirty": True}
    cli(shared_yard, "wait", clean, dirty)


def test_wait_ends_with_the_first_code_that_is_not_0(shared_yard):
    jobs = [cli(shared_yard, "submit", "-c", f"exit {n}")[0].strip() for n in (0, 4, 9)]
    out, _ = cli(shared_yard, "wait", *jobs, code=4)
    assert [line.split()[0] for line in out.splitlines()] == jobs


def test_wait_gives_up_in_time(shared_yard):
    job = cli(shared_yard, "submit", "sleep", "60")[0].strip()
    _, err = cli(shared_yard, "wait", "--timeout", "200ms", job, code=8)
    assert job in err
    cli(shared_yard, "cancel", job)


def test_cancel_kills_and_says_so_and_a_second_time_is_an_error(shared_yard):
    job = cli(shared_yard, "submit", "sleep", "60")[0].strip()
    shared_yard.wait(job, "running")
    out, _ = cli(shared_yard, "cancel", "--reason", "a mistake", job)
    assert out == f"{job}: Job cancelled (was running)\n"
    assert shared_yard.job(job)["status"] == "cancelled"
    assert not shared_yard.pids_of(job)
    _, err = cli(shared_yard, "cancel", job, code=5)
    assert "already finished" in err


def test_cancel_of_several_gives_each_its_turn(shared_yard):
    jobs = [cli(shared_yard, "submit", "sleep", "60")[0].strip() for _ in range(2)]
    _, err = cli(shared_yard, "cancel", jobs[0], "no-such-job", jobs[1], code=4)
    assert "no-such-job" in err
    assert [shared_yard.job(job)["status"] for job in jobs] == ["cancelled", "cancelled"]


def test_a_name_of_several_jobs_lists_them_and_does_nothing(shared_yard):
    jobs = [cli(shared_yard, "submit", "-n", "twin", "sleep", "60")[0].strip() for _ in range(2)]
    _, err = cli(shared_yard, "cancel", "twin", code=5)
    assert all(job in err for job in jobs)
    assert all(shared_yard.job(job)["status"] not in ("cancelled",) for job in jobs)
    cli(shared_yard, "cancel", *jobs)


def test_ls_filters_limits_and_shows_whole_ids_on_a_pipe(shared_yard):
    jobs = [cli(shared_yard, "submit", "-c", "exit 1")[0].strip() for _ in range(3)]
    cli(shared_yard, "wait", *jobs, code=1)
    out, _ = cli(shared_yard, "ls", "--status", "failed", "--limit", "2")
    assert [line.split()[0] for line in out.splitlines()] == ["ID", jobs[2], jobs[1]]
    listed = json.loads(cli(shared_yard, "ls", "--all", "--json")[0])
    assert listed["count"] == listed["total"] == len(listed["jobs"])
    assert cli(shared_yard, "ls", "--status", "paused") == ("", "")
    cli(shared_yard, "ls", "--status", "asleep", code=2)


def test_ls_shows_that_a_loss_diverged(shared_yard):
    line = '{"step":1,"loss":NaN,"eval_loss":Infinity}'
    job = cli(shared_yard, "submit", "-c", f"echo '{line}' >>$TRAINYARD_METRICS")[0].strip()
    cli(shared_yard, "wait", job)
    shown = next(row for row in cli(shared_yard, "ls")[0].splitlines() if row.startswith(job))
    assert "NaN" in shown and "Infinity" in shown


def test_queue_shows_what_runs_and_waits_in_order(yard):
    jobs = [cli(yard, "submit", "sleep", "60")[0].strip() for _ in range(3)]
    yard.wait(jobs[0], "running")
    out, _ = cli(yard, "queue")
    rows = [line.split() for line in out.splitlines()[1:]]
    assert [row[0] for row in rows] == [jobs[0], "1", "2"]
    assert [row[1] for row in rows[1:]] == jobs[1:]
    assert json.loads(cli(yard, "queue", "--json")[0])["queued_count"] == 2


def test_health_and_token_and_version(shared_yard):
    assert "healthy" in cli(shared_yard, "health")[0]
    assert json.loads(cli(shared_yard, "health", "--json")[0])["healthy"] is True
    assert cli(shared_yard, "token")[0].strip() == shared_yard.token
    assert cli(shared_yard, "version")[0].startswith("trainyard ")


def test_address_and_token_work_without_the_socket(shared_yard):
    with open(os.path.join(shared_yard.state, "address"), encoding="ascii") as file:
        url = file.read().strip()
    alone = {"TRAINYARD_STATE": "/nowhere", "TRAINYARD_SERVER": url}
    cli(shared_yard, "ls", TRAINYARD_TOKEN=shared_yard.token, **alone)
    _, err = cli(shared_yard, "ls", code=6, **alone)
    assert "--token" in err
    _, err = cli(shared_yard, "ls", code=6, TRAINYARD_TOKEN="ty_wrong", **alone)


def test_the_address_goes_with_its_server_and_a_dead_ones_gets_no_token(yard):
    address = yard.path("address")
    assert yard.stop() == 0
    assert not os.path.exists(address)
    yard.start()
    yard.kill()
    os.unlink(yard.path("trainyard.sock"))
    with socket.create_server(("127.0.0.1", 0)) as impostor:
        with open(address, "w", encoding="ascii") as file:
            file.write("http://127.0.0.1:%d\n" % impostor.getsockname()[1])
        asking = subprocess.Popen([CLI, "ls"], env=environment(yard), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        impostor.settimeout(DEADLINE_SECONDS)
        peer, _ = impostor.accept()
        with peer:
            heard = peer.recv(65536)
        asking.wait(DEADLINE_SECONDS)
    assert heard.startswith(b"GET /api/training/jobs") and b"Authorization" not in heard
    yard.start()


def test_without_a_server_the_error_says_how_to_start_one(shared_yard, tmp_path):
    _, err = cli(shared_yard, "ls", "--state", str(tmp_path), code=7)
    assert "trainyard serve" in err
    _, err = cli(shared_yard, "ls", "--server", "http://127.0.0.1:1", "--json", code=7)
    assert json.loads(err)["code"] == "no_server"


def test_serve_is_the_server_with_all_its_words(tmp_path):
    shown = subprocess.run([CLI, "serve", "--state", str(tmp_path), "--slots", "3",
                            "--print-config"], capture_output=True, text=True, check=True)
    daemon = subprocess.run([program("trainyardd", "server"), "--state", str(tmp_path), "--slots",
                             "3", "--print-config"], capture_output=True, text=True, check=True)
    assert shown.stdout == daemon.stdout and "slots" in shown.stdout


TICKING = """
i=0
while [ $i -lt 40 ]; do
    i=$((i+1)); echo line $i
    echo "{\\"step\\": $i, \\"total_steps\\": 40, \\"loss\\": $((90-i)).5}" >>$TRAINYARD_METRICS
    sleep 0.1
done
printf 'an end'
exit 6
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_run_goes_on_over_a_restart_of_the_server_and_loses_no_line(yard, way):
    running = begin(yard, "run", "-c", TICKING)
    until(lambda: [j for j in yard.get("/api/training/jobs").json["jobs"]
                   if j["current_step"] and j["current_step"] >= 5], "some steps")
    yard.process.send_signal(way)
    yard.process.wait(DEADLINE_SECONDS)
    yard.process = None
    yard.start()
    out, err = running.communicate(timeout=60)
    assert out.decode() == "".join(f"line {i}\n" for i in range(1, 41)) + "an end"
    assert running.returncode == 6, err
    assert b"does not answer" in err and b"is back" in err


def test_logs_follow_shows_the_last_lines_and_then_what_comes(shared_yard):
    job = cli(shared_yard, "submit", "-c", TICKING)[0].strip()
    until(lambda: len(shared_yard.logs(job)) >= 5, "five lines")
    out, _ = cli(shared_yard, "logs", "-f", "--tail", "2", job)
    lines = out.splitlines()
    first = int(lines[0].split()[1])
    assert first >= 4
    assert lines == [f"line {i}" for i in range(first, 41)] + ["an end"]
    assert cli(shared_yard, "logs", "-n", "2", job)[0] == "line 40\nan end"


def test_logs_of_a_running_job_end_where_the_log_ends_now(shared_yard):
    job = cli(shared_yard, "submit", "-c", r"printf 'a \377\nb\nhalf'; sleep 60")[0].strip()
    until(lambda: len(shared_yard.logs(job)) == 3, "three lines")
    done = subprocess.run([CLI, "logs", job], env=environment(shared_yard), timeout=60,
                          capture_output=True, check=True)
    assert done.stdout == b"a \xff\nb\nhalf"
    assert cli(shared_yard, "logs", "-n", "1", job)[0] == "half"
    assert cli(shared_yard, "logs", "-n", "0", job) == ("", "")
    assert json.loads(cli(shared_yard, "logs", "--json", "-n", "2", job)[0])["logs"][1] == "half"
    cli(shared_yard, "cancel", job)


def test_run_on_a_pipe_tells_progress_in_plain_lines(shared_yard):
    _, err = cli(shared_yard, "run", "-c", TICKING, code=6)
    assert "step" in err and "/40" in err and "\r" not in err and "\x1b" not in err


def test_run_on_a_terminal_draws_a_bar(shared_yard):
    terminal = Terminal(shared_yard, "run", "-c", TICKING)
    shown, code = terminal.end()
    assert code == 6
    assert re.search(rb"\[#+-+\] +\d+%  step \d+/40  loss [\d.]+", shown)
    assert b"line 40\r\n" in shown


def test_escapes_of_a_job_do_not_reach_the_terminal(shared_yard):
    script = r"printf 'a\033]0;owned\007b\033[31mred\033[0m\033[2Jc\033[6n\n'"
    job = cli(shared_yard, "submit", "-n", "turned\u202earound", "-c", script)[0].strip()
    cli(shared_yard, "wait", job)
    for words in (["logs", job], ["logs", "-f", job], ["ls"], ["show", job]):
        shown, code = Terminal(shared_yard, *words).end()
        assert code == 0
        assert b"owned" not in shown or words[0] == "show"
        assert not re.search(rb"\x1b(?!\[[0-9;]*m)", shown), (words, shown)
        assert "\u202e".encode() not in shown
    assert b"ab\x1b[31mred\x1b[0mc" in Terminal(shared_yard, "logs", job).end()[0]
    assert b"\x1b]0;owned" in Terminal(shared_yard, "logs", "--raw", job).end()[0]


def test_ctrl_c_on_a_terminal_asks_and_a_second_one_stops_the_job(shared_yard):
    terminal = Terminal(shared_yard, "run", "-c", "echo begun; sleep 60")
    job = re.search(rb"job ([0-9a-f-]{36})", terminal.until(rb"begun")).group(1).decode()
    terminal.type("\x03")
    terminal.until(rb"Stop the job\?")
    terminal.type("\x03")
    shown, code = terminal.end()
    assert code == 143, shown
    assert shared_yard.job(job)["status"] == "cancelled"


def test_ctrl_c_can_be_taken_back_and_can_leave_the_job_running(shared_yard):
    terminal = Terminal(shared_yard, "run", "-c", "echo begun; sleep 60")
    job = re.search(rb"job ([0-9a-f-]{36})", terminal.until(rb"begun")).group(1).decode()
    terminal.type("\x03")
    terminal.until(rb"Stop the job\?")
    terminal.type("n\n")
    terminal.until(rb"(?s)Stop the job\?.*running  00:00:0")
    assert shared_yard.job(job)["status"] == "running"
    terminal.type("\x03")
    terminal.until(rb"(?s)Stop the job\?.*Stop the job\?")
    terminal.type("d\n")
    shown, code = terminal.end()
    assert code == 130 and b"goes on" in shown
    assert shared_yard.job(job)["status"] == "running"
    cli(shared_yard, "cancel", job)


def test_sigint_without_a_terminal_stops_the_job_and_sigterm_does_not(shared_yard):
    def started(running):
        job = running.stderr.readline().split()[-1].decode()
        shared_yard.wait(job, "running")
        return job
    stopped = begin(shared_yard, "run", "sleep", "60")
    job = started(stopped)
    stopped.send_signal(signal.SIGINT)
    stopped.communicate(timeout=60)
    assert stopped.returncode == 143
    assert shared_yard.job(job)["status"] == "cancelled"
    left = begin(shared_yard, "run", "sleep", "60")
    job = started(left)
    left.send_signal(signal.SIGTERM)
    _, err = left.communicate(timeout=60)
    assert left.returncode == 143 and b"goes on" in err
    assert shared_yard.job(job)["status"] == "running"
    cli(shared_yard, "cancel", job)


def test_a_reader_that_leaves_ends_the_command_quietly(shared_yard):
    job = cli(shared_yard, "submit", "-c", "yes | head -n 200000")[0].strip()
    cli(shared_yard, "wait", job)
    logs = begin(shared_yard, "logs", "-f", job)
    logs.stdout.read(10)
    logs.stdout.close()
    err = logs.stderr.read()
    assert logs.wait(60) == 141 and err == b""
