#!/usr/bin/python3
"""faults.py --build DIR --rounds N [--seed S] [--results FILE] -- kill -9 at random instants.

A round: four submitters submit, and now and then cancel, while twenty jobs run, live and die; the
server is killed with -9 at a random instant and started again; when every job has ended the judge
compares what the server says with the ledger that the jobs signed. A round's seed and verdict are
appended to the results file; with the same file a run goes on where it was.
"""

import argparse
import http.client
import os
import random
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import judge  # noqa: E402
import yard as yard_module  # noqa: E402

SUBMITTERS = 4
SLOTS = 20
ROUNDS_PER_STATE = 25
LOST = (http.client.HTTPException, ConnectionError, socket.timeout, OSError)


class Round:
    """What was asked and what was acknowledged."""

    def __init__(self, number, seed, yard, worker, ledger):
        self.number, self.seed, self.yard = number, seed, yard
        self.worker, self.ledger = worker, ledger
        self.wanted, self.uncertain = {}, {}
        self.lock = threading.Lock()
        self.over = threading.Event()

    def body_of(self, job_id, wanted, pause_ms):
        return {"execution_id": job_id, "grace_seconds": 0.2,
                "command": [self.worker, self.ledger, str(pause_ms), str(wanted["code"]),
                            wanted["style"]]}

    def submitter(self, which):
        dice = random.Random(f"{self.seed}-{which}")
        count = 0
        while not self.over.is_set():
            job_id = f"r{self.number}-{which}-{count}"
            count += 1
            wanted = {"code": dice.choice([0, 0, 0, 1, 7, 255]), "style": dice.choice("pppsik"),
                      "cancelled": False, "cancel_asked": False}
            body = self.body_of(job_id, wanted, dice.choice([0, 5, 30, 120]))
            if not self.submit(job_id, wanted, body):
                return
            if dice.random() < 0.15 and not self.cancel(dice.choice(list(self.wanted))):
                return
            self.over.wait(dice.random() * 0.02)

    def submit(self, job_id, wanted, body):
        try:
            reply = self.yard.post("/api/training/jobs", body, headers={"Idempotency-Key": job_id})
        except LOST:
            with self.lock:
                self.uncertain[job_id] = (wanted, body)
            return False
        if reply.status != 201:
            with self.lock:
                self.uncertain[job_id] = (wanted, body)
            return reply.status == 503
        with self.lock:
            self.wanted[job_id] = wanted
        return True

    def cancel(self, job_id):
        wanted = self.wanted[job_id]
        wanted["cancel_asked"] = True
        try:
            reply = self.yard.post(f"/api/training/cancel/{job_id}", {"grace_seconds": 0.1})
        except LOST:
            return False
        if reply.status == 200:
            wanted["cancelled"] = True
            left = self.yard.pids_of(job_id)
            if left:
                wanted["survivors"] = left
        return True

    def run(self):
        dice = random.Random(self.seed)
        threads = [threading.Thread(target=self.submitter, args=(i,)) for i in range(SUBMITTERS)]
        for thread in threads:
            thread.start()
        time.sleep(0.05 + dice.random() * 0.5)          # the instant is what the round is about
        self.yard.kill()
        self.over.set()
        for thread in threads:
            thread.join()
        self.yard.start()
        for job_id, (wanted, body) in self.uncertain.items():
            reply = self.yard.post("/api/training/jobs", body, headers={"Idempotency-Key": job_id})
            assert reply.status == 201, reply
            self.wanted[job_id] = wanted

    def settle(self):
        def none_left():
            reply = self.yard.get("/api/training/jobs?status=incomplete&limit=1")
            return reply.json["total"] == 0
        yard_module.until(none_left, "every job to end", seconds=60)

    def verdicts(self):
        told, offset = {}, 0
        while len(told) < len(self.wanted):
            page = self.yard.get(f"/api/training/jobs?limit=1000&offset={offset}").json
            told.update((job["job_id"], job) for job in page["jobs"])
            offset += 1000
            if offset >= page["total"]:
                break
        ledger = judge.read_ledger(self.ledger) if os.path.exists(self.ledger) else {}
        for job_id, wanted in self.wanted.items():
            yield from judge.judge_job(job_id, wanted, told.get(job_id),
                                       ledger.get(job_id, judge.Entry()))
            if wanted.get("survivors"):
                yield f"{job_id}: cancelled, but {wanted['survivors']} lived on"
        for job_id in ledger:
            if job_id.startswith(f"r{self.number}-") and job_id not in self.wanted:
                yield f"{job_id}: ran, but nobody submitted it"
        left = yard_module.processes_of(self.ledger)
        if left:
            yield f"survivors after all jobs ended: {left}"


def rounds_done(path):
    if not path or not os.path.exists(path):
        return 0
    with open(path, encoding="utf-8") as file:
        return sum(1 for line in file if line.startswith("round "))


def note(path, line):
    print(line, flush=True)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


def one_round(number, seed, yard, worker):
    ledger = yard.path(f"ledger-{number}")
    this = Round(number, seed, yard, worker, ledger)
    this.run()
    this.settle()
    return len(this.wanted), list(this.verdicts())


def some_rounds(first, last, options, worker):
    """Rounds first..last on one state directory. Returns how many jobs ran and what was wrong."""
    jobs, wrong = 0, []
    with yard_module.Yard(slots=SLOTS, options=["--log-level", "warn"]) as yard:
        for number in range(first, last):
            seed = options.seed + number
            count, verdicts = one_round(number, seed, yard, worker)
            jobs += count
            wrong += verdicts
            note(options.results, f"round {number} seed {seed}: {count} jobs, "
                                  f"{len(verdicts)} violations")
            for verdict in verdicts:
                note(options.results, f"  {verdict}")
            if verdicts and options.keep:
                print(f"state kept in {yard.state}")
                os._exit(1)
    return jobs, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=yard_module.BUILD)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results")
    parser.add_argument("--keep", action="store_true",
                        help="stop at a violation, leave all as it is")
    options = parser.parse_args()
    yard_module.BUILD = os.path.abspath(options.build)
    worker = os.path.join(yard_module.BUILD, "tests/faults/fault-worker")
    jobs, wrong = 0, []
    at = rounds_done(options.results)
    while at < options.rounds:
        upto = min(at + ROUNDS_PER_STATE, options.rounds)
        more, verdicts = some_rounds(at, upto, options, worker)
        jobs, wrong, at = jobs + more, wrong + verdicts, upto
    print(f"faults: {options.rounds} rounds, {jobs} jobs, {len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
