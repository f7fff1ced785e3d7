"""Every malformed or hostile request gets its 4xx with a sentence, every such command line its exit
code with a sentence; none a 5xx, a crash or a leak. A row is a test."""

import json
import os
import socket
import subprocess

import pytest

from hostile_commands import LINES
from hostile_requests import ROWS, post
from yard import DEADLINE_SECONDS, Yard, program, read_reply, until

SENTENCES = ("error", "message", "detail")


@pytest.fixture(scope="module")
def place():
    """A server with a job that runs, one that has ended, and a used Idempotency-Key."""
    with Yard(slots=2) as yard:
        yard.submit(["sleep", "600"], execution_id="JOB")
        yard.submit(["true"], execution_id="DONE")
        yard.wait("JOB", "running")
        yard.wait("DONE", "completed")
        used = yard.post("/api/training/jobs", {"command": ["true"]},
                         headers={"Idempotency-Key": "the-key"})
        yard.wait(used.json["job_id"], "completed")
        yard.jobs_before = yard.get("/api/training/jobs").json["total"]
        yield yard


def files_of(yard):
    return len(os.listdir(f"/proc/{yard.process.pid}/fd"))


def bytes_of(yard, row):
    return row.data.replace(b"TOKEN", yard.token.encode())


def name_of(index, rule):
    return f"{index:03d}-{rule}"


def test_the_tables_are_large_enough():
    rules = {row.rule for row in ROWS} | {line.rule for line in LINES}
    assert len(ROWS) + len(LINES) >= 150
    assert len(rules) >= 40


@pytest.mark.parametrize("row", ROWS, ids=[name_of(i, r.rule) for i, r in enumerate(ROWS)])
def test_a_request_that_breaks_a_rule_is_refused_with_a_sentence(place, row):
    data = place.raw(bytes_of(place, row))
    if row.status == 0:
        assert data == b""
        return
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), data[:300]
    status = int(head.split(b" ")[1])
    assert status == row.status, data[:600]
    if row.plain and b"application/json" not in head:
        return
    refusal = json.loads(body)
    assert refusal["success"] is False and refusal["code"], refusal
    assert len({refusal[name] for name in SENTENCES}) == 1, refusal
    assert " " in refusal["error"] and row.words in refusal["error"], refusal


def test_another_version_of_http_is_refused_by_the_library_as_the_standard_has_it(place):
    data = place.raw(b"GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 505 "), data[:300]


def test_no_refused_request_has_left_a_job_or_changed_one(place):
    assert place.get("/api/training/jobs").json["total"] == place.jobs_before
    assert place.job("JOB")["status"] == "running"
    assert place.get("/api/training/metrics/JOB").json["metrics"] == []


@pytest.mark.parametrize("data", [
    b"", b"GET", b"GET /health HTTP/1.1\r\nHost: loc",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100,
], ids=["nothing", "a-word", "half-a-head", "tls", "zeros"])
def test_half_a_request_ends_without_a_server_error(place, data):
    reply = place.raw(data, half_close=True)
    assert reply == b"" or reply.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), reply[:300]
    assert place.get("/health").status == 200


def test_half_a_body_whose_sender_leaves_is_no_submission(place):
    half = post("/api/training/jobs", {"command": ["true"]})[:-5]
    with socket.create_connection(place.address, timeout=DEADLINE_SECONDS) as peer:
        peer.sendall(half.replace(b"TOKEN", place.token.encode()))
    assert place.get("/health").status == 200
    assert place.get("/api/training/jobs").json["total"] == place.jobs_before


def test_a_slow_head_is_given_up(place):
    with socket.create_connection(place.address, timeout=DEADLINE_SECONDS) as peer:
        peer.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        reply = read_reply(peer)
    assert reply == b"" or b" 408 " in reply.split(b"\r\n")[0], reply[:300]


@pytest.mark.parametrize("sender", ["", "Authorization: Bearer ty_wrong\r\n"])
def test_nobody_is_asked_for_a_body_that_is_refused_in_any_case(place, sender):
    reply = place.raw(f"POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n{sender}"
                      "Content-Type: application/json\r\nContent-Length: 1000000\r\n"
                      "Expect: 100-continue\r\n\r\n".encode())
    assert reply.startswith(b"HTTP/1.1 401 "), reply[:300]


def test_many_half_requests_leave_room_for_others(place):
    peers = [socket.create_connection(place.address, timeout=DEADLINE_SECONDS) for _ in range(300)]
    try:
        for peer in peers:
            peer.sendall(b"POST /api/training/jobs HTTP/1.1\r\nHost: localhost\r\n")
        assert place.get("/health").status == 200
    finally:
        for peer in peers:
            peer.close()


def run(yard, words):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
    env["TRAINYARD_STATE"] = yard.state
    return subprocess.run([program("trainyard", "cli"), *words], stdin=subprocess.DEVNULL,
                          capture_output=True, env=env, timeout=DEADLINE_SECONDS, check=False)


@pytest.mark.parametrize("line", LINES, ids=[name_of(i, n.rule) for i, n in enumerate(LINES)])
def test_a_command_line_that_breaks_a_rule_ends_with_its_code_and_a_sentence(place, line):
    done = run(place, line.words)
    said = done.stderr.decode()
    assert done.returncode == line.code, (done.returncode, said, done.stdout)
    assert " " in said and line.says in said, said
    assert "Sanitizer" not in said and "\x1b" not in said, said


def test_no_refused_request_has_left_a_file_open(place):
    def settled():
        return files_of(place) <= settled.most
    place.get("/health")
    settled.most = files_of(place)
    for row in ROWS[:40]:
        place.raw(bytes_of(place, row))
    until(settled, "the server to close what refused requests had opened")
