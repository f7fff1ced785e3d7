"""Command lines that break a rule: the rule, the exit code, the words, and words of the sentence.

JOB is the id of a job that runs, DONE of one that has ended.
"""

import collections

Line = collections.namedtuple("Line", "rule code words says", defaults=("",))

USAGE, UNKNOWN, STATE, DENIED, NO_SERVER = 2, 4, 5, 6, 7

LINES = [
    Line("command-is-known", USAGE, ["fly"], "fly"),
    Line("command-is-known", USAGE, ["--fly"]),
    Line("command-is-known", USAGE, ["\x1b[31mred"]),
    Line("option-is-known", USAGE, ["ls", "--fly"]),
    Line("option-is-known", USAGE, ["submit", "--prioritty", "1", "true"]),
    Line("option-is-known", USAGE, ["ls", "-Z"]),
    Line("option-has-its-value", USAGE, ["submit", "--name"]),
    Line("option-has-its-value", USAGE, ["ls", "--limit"]),
    Line("switch-has-no-value", USAGE, ["logs", "--follow=yes", "JOB"]),
    Line("operands-are-given", USAGE, ["submit"]),
    Line("operands-are-given", USAGE, ["show"]),
    Line("operands-are-given", USAGE, ["cancel"]),
    Line("operands-are-few", USAGE, ["logs", "JOB", "DONE"]),
    Line("operands-are-few", USAGE, ["queue", "JOB"]),
    Line("number-is-a-number", USAGE, ["ls", "--limit", "ten"]),
    Line("number-is-a-number", USAGE, ["submit", "--priority", "high", "true"]),
    Line("number-is-a-number", USAGE, ["submit", "--gpus", "-1", "true"]),
    Line("number-is-a-number", USAGE, ["submit", "--gpus", "99999999999999999999", "true"]),
    Line("number-is-a-number", USAGE, ["submit", "--priority", "1001", "true"]),
    Line("time-is-a-time", USAGE, ["cancel", "--grace", "soon", "JOB"]),
    Line("time-is-a-time", USAGE, ["wait", "--timeout", "-1s", "JOB"]),
    Line("state-is-a-state", USAGE, ["ls", "--status", "asleep"], "asleep"),
    Line("variable-has-a-name", USAGE, ["submit", "--env", "=x", "true"]),
    Line("id-is-an-id", USAGE, ["submit", "--id", "../x", "true"]),
    Line("id-is-free", STATE, ["submit", "--id", "DONE", "true"]),
    Line("directory-is-there", USAGE, ["submit", "--cwd", "/nowhere/at/all", "true"]),
    Line("job-is-there", UNKNOWN, ["show", "nobody-knows"], "nobody-knows"),
    Line("job-is-there", UNKNOWN, ["show", "../../etc/passwd"]),
    Line("job-is-there", UNKNOWN, ["logs", ".*"]),
    Line("job-is-there", UNKNOWN, ["cancel", "nobody-knows"]),
    Line("job-is-there", UNKNOWN, ["wait", "nobody-knows"]),
    Line("job-is-there", UNKNOWN, ["show", "a" * 500]),
    Line("job-is-there", UNKNOWN, ["show", "\x1b[2Jx"]),
    Line("job-has-not-ended", STATE, ["cancel", "DONE"], "finished"),
    Line("server-is-there", NO_SERVER, ["ls", "--server", "http://127.0.0.1:1"], "trainyard serve"),
    Line("server-is-there", NO_SERVER, ["ls", "--state", "/nowhere/at/all"], "trainyard serve"),
    Line("server-is-a-url", USAGE, ["ls", "--server", "ftp://localhost"]),
    Line("server-is-a-url", USAGE, ["ls", "--server", ""]),
    Line("token-is-known", DENIED, ["ls", "--token", "ty_wrong"]),
    Line("token-is-a-token", USAGE, ["ls", "--token", "a\nb: c"]),
]
