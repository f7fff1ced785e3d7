"""The API on a real server: identities, idempotence, streams, and what older clients rely on."""

import http.client
import json
import os
import socket
import sqlite3
import threading

from yard import DEADLINE_SECONDS, until

J = "/api/training"


def ask_socket(yard, path, headers=()):
    """GET over the unix socket, where the peer's credentials say who asks."""
    connection = http.client.HTTPConnection("localhost", timeout=DEADLINE_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(yard.path("trainyard.sock"))
    connection.request("GET", path, headers=dict(headers))
    reply = connection.getresponse()
    with connection.sock if connection.sock else reply:
        return reply.status, json.loads(reply.read())


def test_the_servers_own_user_needs_no_token_on_the_socket(shared_yard):
    status, body = ask_socket(shared_yard, f"{J}/jobs")
    assert status == 200 and body["success"] is True
    assert shared_yard.get(f"{J}/jobs", token=False).status == 401


def test_a_wrong_token_on_the_socket_is_refused_all_the_same(shared_yard):
    status, body = ask_socket(shared_yard, f"{J}/jobs", {"Authorization": "Bearer ty_wrong"})
    assert status == 401 and body["code"] == "unauthorized"


def test_one_key_and_body_make_one_job_however_often_they_are_sent(shared_yard):
    replies = []

    def submit():
        replies.append(shared_yard.post(f"{J}/jobs", {"command": ["true"], "name": "once"},
                                        headers={"Idempotency-Key": "once-only"}))

    threads = [threading.Thread(target=submit) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.status for r in replies] == [201] * 16
    ids = {r.json["job_id"] for r in replies}
    assert len(ids) == 1
    assert sum("Idempotency-Replayed" not in r.headers for r in replies) == 1
    shared_yard.wait(ids.pop(), "completed")
    other = shared_yard.post(f"{J}/jobs", {"command": ["false"]},
                             headers={"Idempotency-Key": "once-only"})
    assert other.status == 409 and other.json["code"] == "conflict"


def test_a_key_is_remembered_over_a_restart(yard):
    body, key = {"command": ["true"]}, {"Idempotency-Key": "lasting"}
    first = yard.post(f"{J}/jobs", body, headers=key)
    yard.wait(first.json["job_id"], "completed")
    yard.kill()
    yard.start()
    again = yard.post(f"{J}/jobs", body, headers=key)
    assert again.status == 201 and again.json["job_id"] == first.json["job_id"]
    assert yard.get(f"{J}/jobs").json["total"] == 1


def test_a_key_of_two_days_ago_is_forgotten(yard):
    body = {"command": ["true"]}
    yard.post(f"{J}/jobs", body, headers={"Idempotency-Key": "old"})
    with sqlite3.connect(yard.path("trainyard.db")) as db:
        db.execute("UPDATE idempotency_keys SET created_at = created_at - 2 * 86400000")
    db.close()
    yard.post(f"{J}/jobs", body, headers={"Idempotency-Key": "new"})
    with sqlite3.connect(yard.path("trainyard.db")) as db:
        kept = db.execute("SELECT key FROM idempotency_keys").fetchall()
    db.close()
    assert kept == [("new",)]


def test_a_token_whose_file_was_taken_away_is_good_no_more(yard):
    old = yard.token
    yard.stop()
    os.rename(yard.path("admin.token"), yard.path("kept"))
    yard.start()
    assert yard.token != old
    assert yard.get(f"{J}/jobs", token=old).status == 401
    assert yard.get(f"{J}/jobs").status == 200
    yard.stop()
    os.rename(yard.path("kept"), yard.path("admin.token"))
    yard.start()
    assert yard.token == old and yard.get(f"{J}/jobs").status == 200


def test_every_way_to_a_jobs_status_tells_the_same(shared_yard):
    job = shared_yard.submit(["true"])
    shared_yard.wait(job, "completed")
    ways = [f"{J}/status/{job}", f"{J}/status?job_id={job}", f"{J}/local/{job}/status"]
    told = [shared_yard.get(way).json for way in ways]
    assert told[0] == told[1] == told[2]
    whole = shared_yard.job(job)
    assert {k: whole[k] for k in told[0]} == told[0]
    assert whole["exit_code"] == 0 and whole["command"] == ["true"]


def test_what_has_not_changed_is_not_sent_again(shared_yard):
    job = shared_yard.submit(["true"])
    shared_yard.wait(job, "completed")
    first = shared_yard.get(f"{J}/jobs/{job}")
    again = shared_yard.get(f"{J}/jobs/{job}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304 and again.body == b""


def test_a_list_is_paged_by_cursor_without_gaps_or_repeats(yard):
    ids = [yard.submit(["true"]) for _ in range(7)]
    for job in ids:
        yard.wait(job, "completed")
    seen, cursor = [], ""
    while cursor is not None:
        page = yard.get(f"{J}/jobs?limit=3&status=terminal{cursor and '&cursor=' + cursor}").json
        seen += [job["job_id"] for job in page["jobs"]]
        assert page["total"] == 7 and page["count"] == len(page["jobs"])
        cursor = page["next_cursor"]
    assert seen == ids[::-1]
    offset = yard.get(f"{J}/jobs?limit=3&offset=3").json
    assert [job["job_id"] for job in offset["jobs"]] == ids[::-1][3:6]


def test_lines_of_a_log_come_by_offset_and_limit(shared_yard):
    script = "for i in 0 1 2 3 4; do echo line $i; done; printf '\\377'"
    job = shared_yard.submit(["sh", "-c", script])
    shared_yard.wait(job, "completed")
    lines = [f"line {i}" for i in range(5)] + ["\ufffd"]
    for query, expected, offset in (
            ("", lines, 0), ("?limit=2", lines[:2], 0),
            ("?limit=2&offset=3", lines[3:5], 3),
            ("?offset=-1&limit=2", lines[4:], 4), ("?offset=6", [], 6), ("?offset=99", [], 99)):
        log = shared_yard.get(f"{J}/logs/{job}{query}").json
        assert (log["logs"], log["offset"], log["total_lines"]) == (expected, offset, 6), query


def test_a_followed_log_ends_with_its_job_and_holds_every_byte(shared_yard):
    script = "for i in $(seq 3000); do echo line $i; done; printf end"
    job = shared_yard.submit(["sh", "-c", script])
    reply = shared_yard.get(f"{J}/logs/{job}?follow=true")
    assert reply.status == 200
    assert reply.body == b"".join(b"line %d\n" % i for i in range(1, 3001)) + b"end"
    assert shared_yard.job(job)["status"] == "completed"
    assert shared_yard.get(f"{J}/logs/{job}?follow=true").body == reply.body


def test_a_log_that_is_followed_comes_while_the_job_runs(shared_yard):
    job = shared_yard.submit(["sh", "-c", "echo begun; exec sleep 600"])
    connection = http.client.HTTPConnection(*shared_yard.address, timeout=DEADLINE_SECONDS)
    connection.request("GET", f"{J}/logs/{job}?follow=true",
                       headers={"Authorization": f"Bearer {shared_yard.token}"})
    reply = connection.getresponse()
    assert reply.readline() == b"begun\n"
    assert shared_yard.job(job)["status"] == "running"
    assert shared_yard.post(f"{J}/cancel/{job}").status == 200
    assert reply.read() == b""
    connection.close()


def test_nan_is_null_with_the_word_beside_it(shared_yard):
    job = shared_yard.submit(["sh", "-c",
                              "echo '{\"step\": 1, \"loss\": NaN, \"eval_loss\": Infinity}'"
                              " >> $TRAINYARD_METRICS"])
    done = shared_yard.wait(job, "completed")
    assert done["loss"] is None and done["loss_word"] == "NaN"
    assert done["eval_loss"] is None and done["eval_loss_word"] == "Infinity"
    point = shared_yard.get(f"{J}/metrics/{job}").json["metrics"][0]
    assert point["train_loss"] is None and point["train_loss_word"] == "NaN"


def test_points_that_are_posted_are_shown_and_move_the_status(shared_yard):
    job = shared_yard.submit(["sleep", "600"])
    shared_yard.wait(job, "running")
    points = [{"step": n, "loss": 3 - n / 10, "total_steps": 20} for n in range(1, 11)]
    reply = shared_yard.post(f"{J}/metrics/{job}", {"job_id": job, "metrics": points})
    assert reply.status == 200 and reply.json["count"] == 10
    shown = shared_yard.get(f"{J}/metrics/{job}?from_step=9&keys=loss").json["metrics"]
    assert [(p["step"], p["train_loss"]) for p in shown] == [(9, 2.1), (10, 2)]
    status = shared_yard.get(f"{J}/status/{job}").json
    assert status["current_step"] == 10 and status["progress"] == 50 and status["loss"] == 2
    assert shared_yard.post(f"{J}/cancel/{job}", {"grace_seconds": 0}).status == 200


def test_a_job_may_report_with_its_own_token_and_do_nothing_else(shared_yard):
    script = """
import json, os, urllib.request
def ask(path, body=None):
    request = urllib.request.Request(os.environ["TRAINYARD_URL"] + "/api/training/" + path,
        data=body and json.dumps(body).encode(), headers={"Content-Type": "application/json",
        "Authorization": "Bearer " + os.environ["TRAINYARD_TOKEN"]})
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as e:
        return e.code
me = os.environ["TRAINYARD_JOB_ID"]
print(ask("metrics/" + me, {"step": 7, "loss": 1.5}), ask("status/" + me), ask("jobs"),
      ask("jobs", {"command": ["true"]}), ask("cancel/" + me, {}), ask("status/other"))
"""
    job = shared_yard.submit(["/usr/bin/python3", "-c", script])
    done = shared_yard.wait(job, "completed")
    assert shared_yard.logs(job) == ["200 200 403 403 403 404"]
    assert done["current_step"] == 7 and done["loss"] == 1.5


def test_secrets_of_a_job_are_shown_to_nobody(shared_yard):
    env = {"PATH": "/usr/bin:/bin", "HF_TOKEN": "hf_verysecret", "MODE": "fast"}
    job = shared_yard.submit(["sh", "-c", "echo $HF_TOKEN >/dev/null", "--api-key", "k3y"], env=env)
    shared_yard.wait(job, "completed")
    text = shared_yard.get(f"{J}/jobs/{job}").body.decode()
    assert "verysecret" not in text and "k3y" not in text
    assert json.loads(text)["env"] == {"PATH": "/usr/bin:/bin", "HF_TOKEN": "[redacted]",
                                       "MODE": "fast"}


def test_a_second_cancel_joins_the_first(shared_yard):
    job = shared_yard.submit(["sh", "-c", "trap '' TERM; echo armed; while :; do sleep 1; done"])
    until(lambda: shared_yard.logs(job) == ["armed"], "the job to ignore TERM")
    first = shared_yard.post(f"{J}/cancel/{job}", {"wait": False, "grace_seconds": 600})
    assert first.status == 202 and first.json["message"] == "Stop requested"
    stop = shared_yard.job(job)["stop"]
    assert stop["phase"] == "terminating" and stop["deadline"] > stop["asked_at"]
    second = shared_yard.post(f"{J}/cancel/{job}", {"grace_seconds": 0})
    assert second.status == 200 and second.json["previous_status"] == "running"
    assert shared_yard.pids_of(job) == []


def test_jobs_after_a_killed_one_start_as_ever(yard):
    """A prepared runner takes one job after the other: a kill must not reach beyond its own."""
    for _ in range(5):
        killed = yard.submit(["sleep", "600"])
        yard.wait(killed, "running")
        assert yard.post(f"{J}/cancel/{killed}", {"grace_seconds": 0}).status == 200
        yard.wait(yard.submit(["true"]), "completed")


def test_the_openapi_document_describes_what_answers(shared_yard):
    document = shared_yard.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method in operations:
            at = path.replace("{id}", "nobody-knows")
            reply = shared_yard.request(method.upper(), at, {} if method == "post" else None)
            missing = 404 if "{id}" in path else 400
            assert reply.status in (200, missing), (method, path, reply)
