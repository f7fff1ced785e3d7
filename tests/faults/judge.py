"""Compares what the server says with the ledger that the jobs signed themselves.

The judge knows nothing of how the jobs were submitted but what was acknowledged. Everything it says
is a violation in words; silence is good.
"""


class Entry:
    """What the ledger holds of one job."""

    def __init__(self):
        self.starts, self.ends = [], []


def read_ledger(path):
    jobs = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            mark, job, attempt, nonce, rest = line.split()
            entry = jobs.setdefault(job, Entry())
            (entry.starts if mark == "S" else entry.ends).append((int(attempt), nonce, rest))
    return jobs


def judge_job(job_id, wanted, told, entry):
    """wanted: {"code", "style", "cancelled"}; told: the job as the server shows it, or None."""
    if told is None:
        yield f"{job_id}: acknowledged, but the server does not know it"
        return
    status = told["status"]
    if status not in ("completed", "failed", "cancelled"):
        yield f"{job_id}: is still {status}"
        return
    if len(entry.starts) > 1:
        yield f"{job_id}: started {len(entry.starts)} times: {entry.starts}"
    if wanted["cancelled"]:
        if status != "cancelled" and not entry.ends:
            yield f"{job_id}: its cancellation was acknowledged, but it is {status}"
        return
    if status == "cancelled":
        if not wanted["cancel_asked"]:
            yield f"{job_id}: is cancelled, but nobody asked"
        return
    yield from judge_end(job_id, wanted, told, entry)


def judge_end(job_id, wanted, told, entry):
    if not entry.starts:
        yield f"{job_id}: is {told['status']} ({told['end_reason']}), but never ran"
        return
    if not entry.ends:
        yield f"{job_id}: is {told['status']} ({told['end_reason']}), but did not reach its end"
        return
    if wanted["style"] == "k":
        if told["end_reason"] != "signal" or told["exit_signal"] != 9:
            yield f"{job_id}: ended by SIGKILL, told as {told['end_reason']} {told['exit_signal']}"
        return
    if told["exit_code"] != wanted["code"]:
        yield (f"{job_id}: exit code {wanted['code']}, told as {told['exit_code']} "
               f"({told['end_reason']}: {told['error_message']})")
    if (told["status"] == "completed") != (wanted["code"] == 0):
        yield f"{job_id}: exit code {wanted['code']}, told as {told['status']}"
