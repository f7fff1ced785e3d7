"""Malformed and hostile requests: a row names the rule that it breaks, the status that it gets, its
bytes, and words of the sentence that comes back.

JOB is the id of a job that runs, DONE of one that has ended; TOKEN stands for the admin's token.
`plain`: what no request can be made of is answered by the HTTP library, which knows no JSON; status
0: it closes the connection without a word.
"""

import collections
import json

Row = collections.namedtuple("Row", "rule status data words plain", defaults=("", False))

J = "/api/training"
AUTH = "Authorization: Bearer TOKEN\r\n"


def head(method, path, headers=AUTH, host="Host: localhost\r\n", version="HTTP/1.1"):
    return f"{method} {path} {version}\r\n{host}Connection: close\r\n{headers}"


def get(path, headers=AUTH, **more):
    return (head("GET", path, headers, **more) + "\r\n").encode()


def post(path, body, headers=AUTH, kind="application/json", length=None, method="POST"):
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = f"Content-Type: {kind}\r\n" if kind else ""
    length = len(body) if length is None else length
    return (head(method, path, headers) + f"{kind}Content-Length: {length}\r\n\r\n").encode() + body


def raw(text):
    return text if isinstance(text, bytes) else text.encode()


def submit(**fields):
    return post(f"{J}/jobs", {"command": ["true"], **fields})


def points(body):
    return post(f"{J}/metrics/JOB", body)


DEEP = "[" * 40 + "]" * 40
VERY_DEEP = "[" * 300000
HUGE_TEXT = "x" * (10 << 20)

HTTP = [
    # The first line.
    Row("first-line-has-three-words", 400, raw("GET /health\r\nHost: localhost\r\n\r\n"),
        plain=True),
    Row("first-line-has-three-words", 0, raw("GET\r\n\r\n"), plain=True),
    Row("first-line-one-space", 400, raw("GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        plain=True),
    Row("version-is-known", 400, get("/health", version="HTTP/1.2"), plain=True),
    Row("version-is-known", 400, get("/health", version="ICY"), plain=True),
    Row("method-is-known", 405, raw(head("BREW", "/health") + "\r\n"), "does not take this method"),
    Row("method-is-known", 405, raw(head("get", "/health") + "\r\n")),
    Row("method-is-a-word", 400, raw(head("G{T", "/health") + "\r\n"), plain=True),
    Row("method-fits-the-route", 405, raw(head("DELETE", f"{J}/queue") + "\r\n")),
    Row("method-fits-the-route", 405, post("/health", "{}")),
    Row("method-fits-the-route", 405, post(f"{J}/jobs/JOB", "{}", method="PUT")),
    Row("method-fits-the-route", 405, post(f"{J}/jobs/JOB", "{}", method="PATCH")),
    Row("method-fits-the-route", 405, raw(head("OPTIONS", f"{J}/jobs") + "\r\n")),
    Row("method-fits-the-route", 405, get(f"{J}/cancel/JOB")),
    # The target.
    Row("target-is-a-path", 400, get("http://localhost/health"), plain=True),
    Row("target-is-a-path", 400, get("*"), plain=True),
    Row("target-fits", 414, get("/" + "a" * 9000), plain=True),
    Row("path-is-known", 404, get("/nothing/here"), "nothing at this path"),
    Row("path-is-known", 404, get(f"{J}")),
    Row("path-is-known", 404, get(f"{J}/jobs/JOB/secrets")),
    Row("path-is-known", 404, get("/api/filesystem/models")),
    Row("path-has-no-dots", 400, get("/../../etc/passwd")),
    Row("path-has-no-dots", 400, get(f"{J}/logs/..")),
    Row("path-has-no-dots", 400, get(f"{J}/jobs/%2e%2e/%2e%2e/x")),
    Row("path-name-has-no-slash", 400, get(f"{J}/logs/..%2f..%2fadmin.token")),
    Row("path-name-has-no-slash", 400, get(f"{J}/jobs/a%2Fb")),
    Row("escape-is-whole", 400, get(f"{J}/jobs/%")),
    Row("escape-is-whole", 400, get(f"{J}/jobs/%zz")),
    Row("escape-is-utf8", 400, get(f"{J}/jobs/%ff%fe")),
    Row("path-has-no-control-character", 400, get(f"{J}/jobs/%00")),
    Row("path-has-no-control-character", 400, get(f"{J}/jobs/a%0ab")),
    Row("query-is-utf8", 400, get(f"{J}/jobs?owner=%ff")),
    Row("query-has-no-nul", 400, get(f"{J}/jobs?owner=a%00b")),
    Row("query-has-few-parts", 400, get(f"{J}/jobs?" + "&".join("a=1" for _ in range(100)))),
    # Headers.
    Row("header-has-a-colon", 400, get("/health", "nonsense\r\n"), plain=True),
    Row("header-is-not-folded", 400, get("/health", "X-A: b\r\n c\r\n"), plain=True),
    Row("header-value-is-text", 400, get("/health", "X-A: b\x01c\r\n"), plain=True),
    Row("lines-end-with-cr-lf", 400, raw("GET /health HTTP/1.1\nHost: localhost\n\n"), plain=True),
    Row("head-fits", 431, get("/health", "X-A: " + "a" * 20000 + "\r\n"), plain=True),
    Row("head-fits", 431, get("/health", "".join(f"X-{i}: b\r\n" for i in range(2000))),
        plain=True),
    # Where a request ends.
    Row("length-or-chunks", 400,
        raw(head("POST", f"{J}/jobs") + "Content-Type: application/json\r\n"
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), plain=True),
    Row("length-once", 400, raw(head("POST", f"{J}/jobs") + "Content-Type: application/json\r\n"
        "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}"), plain=True),
    Row("length-is-a-number", 400, post(f"{J}/jobs", "{}", length="-2"), plain=True),
    Row("length-is-a-number", 400, post(f"{J}/jobs", "{}", length="two"), plain=True),
    Row("length-is-a-number", 400, post(f"{J}/jobs", "{}", length="0x2"), plain=True),
    Row("encoding-is-chunked", 400, raw(head("POST", f"{J}/jobs") +
        "Content-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n"), plain=True),
    Row("chunk-size-is-hex", 400,
        raw(head("POST", f"{J}/jobs") + "Content-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"), plain=True),
    Row("expectation-is-known", 400, post(f"{J}/jobs", "{}", AUTH + "Expect: a-miracle\r\n"),
        plain=True),
    # Host and origin.
    Row("host-is-there", 400, get("/health", host=""), plain=True),
    Row("host-once", 400, get("/health", host="Host: localhost\r\nHost: evil.example\r\n"),
        plain=True),
    Row("host-is-allowed", 403, get("/health", host="Host: evil.example\r\n")),
    Row("host-is-allowed", 403, get("/health", host="Host: localhost.evil.example\r\n")),
    Row("host-is-allowed", 403, get(f"{J}/jobs", host="Host: 169.254.169.254\r\n")),
    Row("not-from-another-site", 403, get(f"{J}/jobs", AUTH + "Sec-Fetch-Site: cross-site\r\n")),
    Row("not-from-another-site", 403,
        post(f"{J}/jobs", "{}", AUTH + "Sec-Fetch-Site: same-site\r\n")),
    Row("origin-is-our-own", 403, get("/health", "Origin: http://evil.example\r\n")),
    Row("origin-is-our-own", 403, get("/health", "Origin: null\r\n")),
    Row("origin-is-our-own", 403,
        post(f"{J}/cancel/JOB", "{}", AUTH + "Origin: http://evil.example\r\n")),
    # Bodies.
    Row("body-is-json", 415, post(f"{J}/jobs", "{}", kind="text/plain")),
    Row("body-is-json", 415, post(f"{J}/jobs", "a=b", kind="application/x-www-form-urlencoded")),
    Row("body-is-json", 415, post(f"{J}/jobs", "{}", kind=None)),
    Row("body-is-json", 415, post(f"{J}/cancel/JOB", "{}", kind="multipart/form-data")),
    Row("body-is-not-compressed", 415,
        post(f"{J}/jobs", "{}", AUTH + "Content-Encoding: gzip\r\n")),
    Row("body-fits", 413, post(f"{J}/jobs", HUGE_TEXT)),
    Row("body-fits", 413, post(f"{J}/metrics/JOB", HUGE_TEXT)),
    Row("body-fits", 413, post(f"{J}/cancel/JOB", {"reason": "x" * 100000})),
    Row("body-fits", 413, post(f"{J}/jobs", "{}", length=1 << 62)),
    Row("get-has-no-body", 400, post(f"{J}/jobs", "{}", method="GET")),
]

WHO = [
    Row("token-is-needed", 401, get(f"{J}/jobs", ""), "a token is needed"),
    Row("token-is-needed", 401, get(f"{J}/jobs/JOB", ""), "a token is needed"),
    Row("token-is-needed", 401, get(f"{J}/jobs/nobody-knows", ""), "a token is needed"),
    Row("token-is-needed", 401, get("/openapi.json", "")),
    Row("token-is-needed", 401, get("/docs", "")),
    Row("token-is-needed", 401, get(f"{J}/health", "")),
    Row("token-is-needed", 401, post(f"{J}/jobs", {"command": ["true"]}, "")),
    Row("token-is-needed", 401, post(f"{J}/cancel/JOB", "", "")),
    Row("token-is-needed", 401, post(f"{J}/metrics/JOB", {"step": 1}, "")),
    Row("token-is-known", 401, get(f"{J}/jobs", "Authorization: Bearer wrong\r\n"),
        "not known here"),
    Row("token-is-known", 401, get(f"{J}/jobs", "Authorization: Bearer ty_" + "A" * 43 + "\r\n")),
    Row("token-is-known", 401, get(f"{J}/jobs", "Authorization: Bearer TOKENx\r\n")),
    Row("token-is-known", 401, get(f"{J}/health", "Authorization: Bearer wrong\r\n")),
    Row("authorization-is-bearer", 401, get(f"{J}/jobs", "Authorization: Basic YTpi\r\n"),
        "Bearer"),
    Row("authorization-is-bearer", 401, get(f"{J}/jobs", "Authorization: Bearer\r\n")),
    Row("authorization-is-bearer", 401, get(f"{J}/jobs", "Authorization: TOKEN\r\n")),
    Row("authorization-once", 400, get(f"{J}/jobs", AUTH + AUTH)),
    Row("token-is-not-in-the-url", 401, get(f"{J}/jobs?token=TOKEN", "")),
    Row("token-is-not-in-the-url", 400, get(f"{J}/jobs?token=TOKEN")),
]

IDS = [
    Row("job-is-there", 404, get(f"{J}/jobs/nobody-knows"), "there is no job nobody-knows"),
    Row("job-is-there", 404, get(f"{J}/status/nobody-knows")),
    Row("job-is-there", 404, get(f"{J}/status?job_id=nobody-knows")),
    Row("job-is-there", 404, get(f"{J}/local/nobody-knows/status")),
    Row("job-is-there", 404, get(f"{J}/logs/nobody-knows")),
    Row("job-is-there", 404, get(f"{J}/logs/nobody-knows?follow=true")),
    Row("job-is-there", 404, get(f"{J}/metrics/nobody-knows")),
    Row("job-is-there", 404, post(f"{J}/cancel/nobody-knows", "")),
    Row("job-is-there", 404, post(f"{J}/metrics/nobody-knows", {"step": 1, "loss": 1})),
    Row("id-is-an-id", 400, get(f"{J}/jobs/.hidden"), "no job's id"),
    Row("id-is-an-id", 400, get(f"{J}/jobs/-rf")),
    Row("id-is-an-id", 400, get(f"{J}/jobs/a%20b")),
    Row("id-is-an-id", 400, get(f"{J}/jobs/a;b")),
    Row("id-is-an-id", 400, get(f"{J}/jobs/" + "a" * 129)),
    Row("id-is-an-id", 400, get(f"{J}/jobs/%27%20OR%201=1--")),
    Row("id-is-an-id", 400, get(f"{J}/logs/.*")),
    Row("id-is-an-id", 400, get(f"{J}/status?job_id=..%2F..%2Fetc")),
    Row("id-is-an-id", 400, get(f"{J}/jobs/%F0%9F%9A%82")),
    Row("id-is-given", 400, get(f"{J}/status"), "job_id is missing"),
    Row("id-is-given", 400, get(f"{J}/status?job_id="), "no job's id"),
    Row("id-is-free", 409, submit(execution_id="DONE"), "DONE"),
]

QUERIES = [
    Row("parameter-is-known", 400, get(f"{J}/jobs?state=running"), "no parameter"),
    Row("parameter-is-known", 400, get(f"{J}/queue?x=1")),
    Row("parameter-is-known", 400, get("/health?x=1")),
    Row("parameter-once", 400, get(f"{J}/jobs?limit=1&limit=2"), "twice"),
    Row("limit-is-in-bounds", 400, get(f"{J}/jobs?limit=0"), "limit must be"),
    Row("limit-is-in-bounds", 400, get(f"{J}/jobs?limit=1001")),
    Row("limit-is-in-bounds", 400, get(f"{J}/jobs?limit=-1")),
    Row("limit-is-in-bounds", 400, get(f"{J}/logs/JOB?limit=100000")),
    Row("limit-is-in-bounds", 400, get(f"{J}/metrics/JOB?limit=0")),
    Row("number-is-a-number", 400, get(f"{J}/jobs?limit=ten")),
    Row("number-is-a-number", 400, get(f"{J}/jobs?limit=1e3")),
    Row("number-is-a-number", 400, get(f"{J}/jobs?limit=")),
    Row("number-is-a-number", 400, get(f"{J}/jobs?offset=99999999999999999999")),
    Row("number-is-a-number", 400, get(f"{J}/metrics/JOB?from_step=0x10")),
    Row("number-is-a-number", 400, get(f"{J}/logs/JOB?offset=%2B1")),
    Row("offset-is-in-bounds", 400, get(f"{J}/jobs?offset=-1")),
    Row("cursor-is-one-of-ours", 400, get(f"{J}/jobs?cursor=abc"), "cursor must be"),
    Row("state-is-a-state", 400, get(f"{J}/jobs?status=asleep"), "asleep"),
    Row("state-is-a-state", 400, get(f"{J}/jobs?status=running,,failed")),
    Row("follow-is-yes-or-no", 400, get(f"{J}/logs/JOB?follow=maybe"), "follow must be"),
]

JSON = [
    Row("body-is-not-empty", 400, post(f"{J}/jobs", ""), "the body is empty"),
    Row("body-is-not-empty", 400, post(f"{J}/metrics/JOB", "")),
    Row("json-is-json", 400, post(f"{J}/jobs", "{'command':['true']}"), "not JSON"),
    Row("json-is-json", 400, post(f"{J}/jobs", "<job/>")),
    Row("json-is-json", 400, post(f"{J}/jobs", '{"command":["true"],}')),
    Row("json-is-json", 400, post(f"{J}/jobs", '{"command":["true"]} // run')),
    Row("json-is-whole", 400, post(f"{J}/jobs", '{"command":["tr'), ""),
    Row("json-is-whole", 400, post(f"{J}/jobs", '{"command":["true"]'), "ends too early"),
    Row("json-ends", 400, post(f"{J}/jobs", '{"command":["true"]}{"command":["true"]}')),
    Row("json-is-utf8", 400, post(f"{J}/jobs", b'{"name":"\xff\xfe"}'), "not valid UTF-8"),
    Row("json-is-utf8", 400, post(f"{J}/jobs", b'{"name":"\xed\xa0\x80"}')),
    Row("json-is-utf8", 400, post(f"{J}/jobs", '{"command":["true"]}'.encode("utf-16"))),
    Row("json-has-no-nul", 400, post(f"{J}/jobs", b'{"name":"a\\u0000b"}'), "\\u0000"),
    Row("json-has-no-nul", 400, post(f"{J}/jobs", b'{"name":\x00}')),
    Row("json-has-no-lone-surrogate", 400, post(f"{J}/jobs", '{"name":"\\ud800"}')),
    Row("json-is-not-deep", 400, post(f"{J}/jobs", f'{{"config":{{"a":{DEEP}}}}}'), "deeper"),
    Row("json-is-not-deep", 400, post(f"{J}/jobs", VERY_DEEP), "deeper"),
    Row("json-is-not-deep", 400, post(f"{J}/metrics/JOB", '{"a":' * 100000)),
    Row("key-once", 400, post(f"{J}/jobs", '{"command":["true"],"command":["false"]}'), "twice"),
    Row("number-fits", 400, post(f"{J}/jobs", '{"priority":1e999}')),
    Row("number-fits", 400, post(f"{J}/jobs", '{"priority":99999999999999999999}')),
    Row("nan-is-for-metrics", 400, post(f"{J}/jobs", '{"command":["true"],"config":{"lr":NaN}}')),
    Row("nan-is-for-metrics", 400, post(f"{J}/cancel/JOB", '{"grace_seconds":Infinity}')),
    Row("body-is-an-object", 400, post(f"{J}/jobs", "[]"), "must be an object"),
    Row("body-is-an-object", 400, post(f"{J}/jobs", '"true"')),
    Row("body-is-an-object", 400, post(f"{J}/jobs", "null")),
    Row("body-is-an-object", 400, post(f"{J}/cancel/JOB", "7")),
]

SUBMISSIONS = [
    Row("command-is-given", 400, post(f"{J}/jobs", {}), "command is missing"),
    Row("command-is-given", 400, submit(command=[]), "must not be empty"),
    Row("command-is-given", 400, submit(command=[""])),
    Row("command-is-given", 400, submit(command=None, shell=" ")),
    Row("command-is-texts", 400, submit(command="true"), "command must be a list"),
    Row("command-is-texts", 400, submit(command=[1])),
    Row("command-is-texts", 400, submit(command=["echo", None])),
    Row("command-is-texts", 400, submit(command=None, shell=["true"])),
    Row("command-or-shell", 400, submit(shell="true"), "exclude each other"),
    Row("command-is-not-huge", 400, submit(command=["x"] * 5000)),
    Row("command-is-not-huge", 400, submit(command=["x" * 200000])),
    Row("field-is-known", 400, submit(comand=["true"]), 'no field "comand"'),
    Row("field-is-known", 400, submit(**{"__proto__": {}})),
    Row("field-is-known", 400, submit(owner="root")),
    Row("field-is-known", 400, submit(status="running")),
    Row("field-is-supported", 422, submit(retries=3), "retries is not supported yet"),
    Row("field-is-supported", 422, submit(auto_stop=[])),
    Row("field-is-supported", 422, submit(depends_on=["JOB"])),
    Row("name-is-a-line", 400, submit(name="a\nb"), "single line"),
    Row("name-is-a-line", 400, submit(name="")),
    Row("name-is-a-line", 400, submit(name="\x1b[2J")),
    Row("name-is-a-line", 400, submit(name="n" * 201)),
    Row("name-is-a-line", 400, submit(name={"first": "a"})),
    Row("path-is-absolute", 400, submit(cwd="here"), "absolute path"),
    Row("path-is-absolute", 400, submit(cwd="/" + "x" * 5000)),
    Row("environment-is-texts", 400, submit(env=["A=b"])),
    Row("environment-is-texts", 400, submit(env={"A": 1}), "env.A must be text"),
    Row("environment-is-texts", 400, submit(env={"A=B": "c"})),
    Row("environment-is-texts", 400, submit(env={"": "c"})),
    Row("integer-is-in-bounds", 400, submit(priority=1001),
        "priority must be an integer from -1000"),
    Row("integer-is-in-bounds", 400, submit(priority="high")),
    Row("integer-is-in-bounds", 400, submit(priority=1.5)),
    Row("integer-is-in-bounds", 400, submit(gpus=-1)),
    Row("integer-is-in-bounds", 400, submit(gpus=65)),
    Row("integer-is-in-bounds", 400, submit(gpus=True)),
    Row("integer-is-in-bounds", 400, submit(log_limit_bytes=-5)),
    Row("grace-is-in-bounds", 400, submit(grace_seconds=-1)),
    Row("grace-is-in-bounds", 400, submit(grace_seconds=1e12)),
    Row("config-is-an-object", 400, submit(config="lr=1")),
    Row("tags-are-texts", 400, submit(tags="a")),
    Row("tags-are-texts", 400, submit(tags=[["a"]])),
    Row("tags-are-texts", 400, submit(tags=["a"] * 65)),
    Row("umask-is-octal", 400, submit(umask="999"), "umask must be octal"),
    Row("umask-is-octal", 400, submit(umask=-1)),
    Row("output-is-known", 400, submit(stdout="/dev/sda"), "fifo or direct"),
    Row("git-is-an-object", 400, submit(git="abc")),
    Row("git-is-an-object", 400, submit(git={"url": "x"}), "git.url"),
    Row("id-is-an-id", 400, submit(execution_id="../../etc/cron.d/x"), "execution_id must be"),
    Row("id-is-an-id", 400, submit(execution_id="")),
    Row("id-is-an-id", 400, submit(execution_id="a/b")),
    Row("id-is-an-id", 400, submit(execution_id=7)),
    Row("key-is-printable", 400, post(f"{J}/jobs", {"command": ["true"]},
        AUTH + "Idempotency-Key: a b\r\n"), "Idempotency-Key must be"),
    Row("key-is-printable", 400, post(f"{J}/jobs", {"command": ["true"]},
        AUTH + "Idempotency-Key: " + "k" * 256 + "\r\n")),
    Row("key-goes-with-one-body", 409, post(f"{J}/jobs", {"command": ["false"]},
        AUTH + "Idempotency-Key: the-key\r\n")),
]

ACTS = [
    Row("job-has-not-ended", 400, post(f"{J}/cancel/DONE", ""), "Job already finished with status"),
    Row("job-has-not-ended", 400, post(f"{J}/jobs/DONE/cancel", "{}")),
    Row("job-can-checkpoint", 400, post(f"{J}/cancel/JOB", {"mode": "checkpoint"}),
        "cannot checkpoint"),
    Row("job-can-checkpoint", 400, post(f"{J}/cancel/JOB", {"mode": "next_checkpoint"})),
    Row("mode-is-known", 400, post(f"{J}/cancel/JOB", {"mode": "gently"}), "mode must be"),
    Row("mode-is-known", 400, post(f"{J}/cancel/JOB", {"mode": 9})),
    Row("field-is-known", 400, post(f"{J}/cancel/JOB", {"signal": 9})),
    Row("field-has-its-kind", 400, post(f"{J}/cancel/JOB", {"wait": "no"})),
    Row("field-has-its-kind", 400, post(f"{J}/cancel/JOB", {"reason": ["x"]})),
    Row("field-has-its-kind", 400, post(f"{J}/cancel/JOB", {"reason": "x" * 300})),
    Row("grace-is-in-bounds", 400, post(f"{J}/cancel/JOB", {"grace_seconds": -1})),
    Row("point-has-a-step", 400, points({"loss": 1}), "step is missing"),
    Row("point-has-a-step", 400, points({"metrics": [{"step": 1}, {"loss": 1}]}),
        "metrics[1].step"),
    Row("point-has-a-step", 400, points({"step": -1, "loss": 1})),
    Row("point-has-a-step", 400, points({"step": 1.5, "loss": 1})),
    Row("point-has-a-step", 400, points('{"step":NaN,"loss":1}')),
    Row("point-has-a-step", 400, points({"step": 1 << 60, "loss": 1})),
    Row("value-is-a-number", 400, points({"step": 1, "loss": "low"}), "loss must be a number"),
    Row("value-is-a-number", 400, points({"step": 1, "loss": [1]})),
    Row("value-is-a-number", 400, points({"step": 1, "ok": True})),
    Row("metric-has-a-name", 400, points({"step": 1, "": 1})),
    Row("metric-has-a-name", 400, points({"step": 1, "m" * 251: 1})),
    Row("metric-has-a-name", 400, points({"step": 1, "a\nb": 1})),
    Row("points-are-a-list", 400, points({"metrics": {"step": 1}})),
    Row("points-are-a-list", 400, points({"metrics": [7]})),
    Row("points-are-few", 400, points({"metrics": [{"step": 1}] * 5001})),
    Row("time-is-a-time", 400, points({"step": 1, "timestamp": "noon"}), "timestamp must be like"),
    Row("job-is-the-paths", 400, points({"job_id": "other", "step": 1}), "the path names"),
]

ROWS = HTTP + WHO + IDS + QUERIES + JSON + SUBMISSIONS + ACTS
