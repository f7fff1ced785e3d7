"""The story: submit a real training, watch it, lose the server, lose nothing."""

import json
import os
import time
from datetime import datetime

from yard import BUILD, until

TRAINER = os.path.join(BUILD, "examples", "charlm", "charlm")
# Small enough for a sanitized build on a busy machine, and still a real training.
SMALL = ["--steps", "60", "--hidden", "32", "--layers", "1", "--context", "32", "--batch", "4",
         "--eval-every", "20", "--log-every", "1", "--threads", "1"]


def trainer(tmp_path, *more):
    text = tmp_path / "text"
    text.write_text("".join(f"line {i}: the train leaves the yard at {i % 24} hours\n"
                            for i in range(2000)))
    return [TRAINER, "--text", str(text), *SMALL, *more]


def seconds_of(when):
    return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()


def steps_of(yard, job):
    points = yard.get(f"/api/training/metrics/{job}").json["metrics"]
    return {p["step"]: p for p in points}


def test_a_training_runs_and_its_loss_falls(yard, tmp_path):
    job = yard.submit(trainer(tmp_path), name="story")
    done = yard.wait(job, "completed", seconds=120)
    assert done["exit_code"] == 0 and done["end_reason"] == "completed"
    assert done["current_step"] == 60 and done["total_steps"] == 60
    assert done["progress"] == 100
    points = steps_of(yard, job)
    losses = [p["train_loss"] for _, p in sorted(points.items()) if p.get("train_loss") is not None]
    assert len(losses) >= 60 and losses[-1] < losses[0]
    assert any(p.get("eval_loss") is not None for p in points.values())


def test_cancelling_a_running_training_leaves_no_process(yard, tmp_path):
    job = yard.submit(trainer(tmp_path, "--steps", "1000000"), grace_seconds=5)
    yard.wait(job, "running")
    until(lambda: steps_of(yard, job), "the first point")
    assert yard.pids_of(job)
    reply = yard.post(f"/api/training/cancel/{job}", {"reason": "overfits"})
    assert reply.status == 200
    assert reply.json == {"success": True, "job_id": job, "previous_status": "running",
                          "message": "Job cancelled (was running)"}
    assert yard.pids_of(job) == []
    ended = yard.job(job)
    assert ended["status"] == "cancelled" and ended["end_reason"] == "cancelled"


def test_the_queue_goes_on_after_a_cancellation(yard):
    first = yard.submit(["sleep", "600"])
    second = yard.submit(["true"])
    third = yard.submit(["true"])
    yard.wait(first, "running")
    assert [j["position"] for j in yard.get("/api/training/queue").json["queued_jobs"]] == [1, 2]
    assert yard.post(f"/api/training/cancel/{second}").json["message"] == \
        "Job removed from queue and cancelled"
    queue = yard.get("/api/training/queue").json["queued_jobs"]
    assert [(j["job_id"], j["position"]) for j in queue] == [(third, 1)]
    assert yard.post(f"/api/training/cancel/{first}").status == 200
    yard.wait(third, "completed")
    assert yard.job(second)["status"] == "cancelled"


def test_three_queued_jobs_live_over_a_restart_and_run_in_order(yard, tmp_path):
    gate, order = tmp_path / "gate", tmp_path / "order"
    blocker = yard.submit(["sh", "-c", f"while [ ! -e {gate} ]; do sleep 0.02; done"])
    jobs = [yard.submit(["sh", "-c", f"echo {i} >> {order}"]) for i in range(3)]
    yard.wait(blocker, "running")
    yard.restart()
    assert [yard.job(j)["queue_position"] for j in jobs] == [1, 2, 3]
    gate.write_text("")
    for job in jobs:
        yard.wait(job, "completed")
    assert order.read_text().split() == ["0", "1", "2"]


def test_a_job_that_ends_while_the_server_is_down_gets_its_true_code_and_time(yard, tmp_path):
    gate = tmp_path / "gate"
    job = yard.submit(["sh", "-c", f"while [ ! -e {gate} ]; do sleep 0.02; done; exit 37"])
    yard.wait(job, "running")
    yard.kill()
    before = time.time()
    gate.write_text("")
    until(lambda: not yard.pids_of(job), "the command to end")
    after = time.time()
    yard.start()
    ended = yard.wait(job, "failed")
    assert ended["exit_code"] == 37 and ended["end_reason"] == "exit_code"
    assert before - 1 <= seconds_of(ended["completed_at"]) <= after + 1


def test_a_training_outlives_kill_9_of_the_server_with_every_line(yard, tmp_path):
    job = yard.submit(trainer(tmp_path, "--steps", "400"))
    yard.wait(job, "running")
    until(lambda: len(steps_of(yard, job)) > 5, "a few steps")
    pid = yard.job(job)["process_pid"]
    yard.kill()
    metrics = yard.path("jobs", job, "metrics.jsonl")
    size = os.path.getsize(metrics)
    until(lambda: os.path.getsize(metrics) > size, "training without a server")
    yard.start()
    alive = yard.job(job)
    assert alive["status"] in ("running", "completed")
    assert alive["process_pid"] in (pid, None)
    yard.wait(job, "completed", seconds=120)
    with open(metrics, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    told = {line["step"]: line["loss"] for line in lines if "loss" in line}
    kept = steps_of(yard, job)
    assert set(told) <= set(kept)
    for step, loss in told.items():
        assert abs(kept[step]["train_loss"] - loss) < 1e-12
    log = yard.logs(job)
    assert log and yard.get(f"/api/training/logs/{job}?limit=1&offset=-1").json["total_lines"] > 0


def test_what_was_acknowledged_survives_kill_9(yard):
    jobs = [yard.submit(["true"], name=f"n{i}") for i in range(20)]
    yard.kill()
    yard.start()
    for job in jobs:
        yard.wait(job, "completed")


def test_cancel_after_a_kill_9_still_reaches_every_process(yard):
    job = yard.submit(["sh", "-c", "setsid sleep 600 & (setsid sleep 600 &) ; sleep 600"])
    yard.wait(job, "running")
    until(lambda: len(yard.pids_of(job)) >= 3, "the whole tree")
    yard.kill()
    yard.start()
    yard.wait(job, "running")
    reply = yard.post(f"/api/training/cancel/{job}", {"grace_seconds": 1})
    assert reply.status == 200, reply
    assert yard.pids_of(job) == []


def test_a_repeated_key_submits_once_even_over_a_restart(yard):
    body, key = {"command": ["true"]}, {"Idempotency-Key": "once"}
    first = yard.post("/api/training/jobs", body, headers=key)
    assert first.status == 201
    assert yard.post("/api/training/jobs", body, headers=key).json["job_id"] == first.json["job_id"]
    yard.kill()
    yard.start()
    assert yard.post("/api/training/jobs", body, headers=key).json["job_id"] == first.json["job_id"]
    other = yard.post("/api/training/jobs", {"command": ["false"]}, headers=key)
    assert other.status == 409 and other.json["success"] is False


def test_every_end_tells_how(yard):
    cases = [
        (["sh", "-c", "exit 3"], "exit_code", 3, None),
        (["sh", "-c", "kill -SEGV $$"], "signal", None, 11),
        (["/nowhere/at/all"], "start_failed", None, None),
    ]
    for command, reason, code, signal in cases:
        ended = yard.wait(yard.submit(command), "failed")
        assert ended["end_reason"] == reason, ended
        assert ended["exit_code"] == code and ended["exit_signal"] == signal, ended
        assert len(ended["error_message"]) > 10 and ended["error"] == ended["error_message"]
    assert "Process terminated unexpectedly" in yard.wait(
        yard.submit(["sh", "-c", "kill -9 $$"]), "failed")["error_message"]


def test_a_job_is_given_its_own_environment(yard):
    job = yard.submit(["env"], env={"MINE": "1", "TRAINYARD_JOB_ID": "forged",
                                    "PATH": "/bin:/usr/bin"})
    yard.wait(job, "completed")
    env = dict(line.split("=", 1) for line in yard.logs(job) if "=" in line)
    assert env["MINE"] == "1" and env["TRAINYARD_JOB_ID"] == job == env["JOB_ID"]
    assert env["TRAINYARD_ATTEMPT"] == "1" and env["PYTHONUNBUFFERED"] == "1"
    assert env["TRAINYARD_URL"] == yard.url and "HOME" not in env
    assert env["TRAINYARD_RUN_DIR"] == yard.path("jobs", job, "run")
    assert os.path.isdir(env["TRAINYARD_RUN_DIR"])
    # A job's token dies with the job.
    reply = yard.post(f"/api/training/metrics/{job}", {"metrics": [{"step": 1, "loss": 1}]},
                      token=env["TRAINYARD_TOKEN"])
    assert reply.status == 401, reply


def test_a_long_environment_is_shown_and_given_whole(yard):
    blocker = yard.submit(["sleep", "600"])
    yard.wait(blocker, "running")
    long = "x" * 5000
    job = yard.submit(["sh", "-c", "echo ${#LONG}"], env={"LONG": long, "PATH": "/bin:/usr/bin"},
                      config={"long": long})
    queued = yard.job(job)
    assert queued["status"] == "queued"
    assert queued["env"]["LONG"] == long and queued["config"] == {"long": long}
    yard.post(f"/api/training/cancel/{blocker}", {"grace_seconds": 0})
    yard.wait(job, "completed")
    assert yard.logs(job) == ["5000"]


def test_a_queued_job_keeps_its_environment_over_restarts(yard):
    blocker = yard.submit(["sleep", "600"])
    yard.wait(blocker, "running")
    env = {"MINE": "hello", "PATH": "/bin:/usr/bin"}
    job = yard.submit(["sh", "-c", "echo $MINE; pwd; umask; env | wc -l"], env=env, cwd="/usr",
                      umask="0027", config={"a": 1})
    yard.kill()
    yard.start()
    assert yard.job(job)["env"] == env and yard.job(job)["config"] == {"a": 1}
    yard.restart()
    yard.post(f"/api/training/cancel/{blocker}", {"grace_seconds": 0})
    yard.wait(job, "completed")
    undisturbed = yard.submit(["sh", "-c", "echo $MINE; pwd; umask; env | wc -l"], env=env,
                              cwd="/usr", umask="0027", config={"a": 1})
    yard.wait(undisturbed, "completed")
    assert yard.logs(job) == yard.logs(undisturbed)
    assert yard.logs(job)[:3] == ["hello", "/usr", "0027"]


def test_a_jobs_token_reports_its_metrics_and_nothing_else(yard, tmp_path):
    token_file = tmp_path / "token"
    job = yard.submit(["sh", "-c", f"echo $TRAINYARD_TOKEN > {token_file}.new; "
                                   f"mv {token_file}.new {token_file}; sleep 600"])
    until(token_file.exists, "the job's token")
    token = token_file.read_text().strip()
    reply = yard.post(f"/api/training/metrics/{job}", {"metrics": [{"step": 4, "loss": 0.25}]},
                      token=token)
    assert reply.status == 200, reply
    assert yard.job(job)["loss"] == 0.25 and yard.job(job)["current_step"] == 4
    assert yard.post("/api/training/jobs", {"command": ["true"]}, token=token).status == 403
    assert yard.post(f"/api/training/cancel/{job}", token=token).status == 403


def test_an_end_is_published_after_its_last_metric(yard):
    code = ("i=0; while [ $i -lt 3000 ]; do echo \"{\\\"step\\\":$i,\\\"loss\\\":$i}\"; "
            "i=$((i+1)); done >> $TRAINYARD_METRICS")
    job = yard.submit(["sh", "-c", code])
    yard.wait(job, "completed")
    assert yard.job(job)["current_step"] == 2999
    reply = yard.get(f"/api/training/metrics/{job}?from_step=2990")
    assert [p["step"] for p in reply.json["metrics"]][-1] == 2999
