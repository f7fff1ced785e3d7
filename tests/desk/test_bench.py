"""`make bench`'s script: a table that is whole, and no silence about what could not be measured."""

import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "tools/bench")
ROW = "| {0} | what it is | 1.0 ms | 0.5 ms | – | 2.00 x limit | ≤ 2.00 | yes |"
PROGRAMS = ["p1", "p3", "p4", "p5", "p6", "p11", "p12", "p14"]
TARGETS = ["trainyardd", "trainyard-runner", "bench/bench-job", "bench/bench-bare",
           "bench/bench-drain", *("bench/" + name for name in PROGRAMS)]


def script(path, text):
    path.write_text("#!/bin/sh\n" + text + "\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def build(tmp_path):
    """A build folder whose programs only print, and the tools that the script looks for."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bin").mkdir()
    rules = "".join(f"build {target}: phony\n" for target in TARGETS)
    (tmp_path / "build.ninja").write_text(rules, encoding="utf-8")
    for name in PROGRAMS:
        script(tmp_path / "bench" / name, f"echo '  a note'\necho '{ROW.format(name.upper())}'")
    for tool in ("tsp", "strace"):
        script(tmp_path / "bin" / tool, "exit 1")
    for tool in ("ninja", "python3"):
        os.symlink("/usr/bin/" + tool, tmp_path / "bin" / tool)
    return tmp_path


def bench(build, *options):
    env = {**os.environ, "PATH": str(build / "bin"), "TMPDIR": str(build)}
    return subprocess.run(["/usr/bin/python3", BENCH, str(build), *options], env=env, text=True,
                          capture_output=True, timeout=60, check=False)


def rows(text):
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_last_thing_printed_is_a_whole_table(build):
    done = bench(build)
    assert done.returncode == 0, done.stdout + done.stderr
    table = rows(done.stdout)
    assert done.stdout.splitlines()[-len(table):] == [
        line for line in done.stdout.splitlines() if line.startswith("|")]
    assert {len(row) for row in table} == {8}
    assert [row[0] for row in table[2:]] == [name.upper() for name in PROGRAMS]
    assert len({len(line) for line in done.stdout.splitlines() if line.startswith("|")}) == 1
    for row in table[2:]:
        assert re.fullmatch(r"[≤≥] [0-9.]+", row[6]) and row[7] in ("yes", "half", "no")
    assert re.search(r"^began \d{4}-\d\d-\d\d .*load average", done.stdout, re.MULTILINE)


def test_only_what_was_asked_for_is_measured(build):
    done = bench(build, "--only", "p4,P3")
    assert [row[0] for row in rows(done.stdout)[2:]] == ["P4", "P3"]
    done = bench(build, "--only", "P99")
    assert done.returncode != 0 and "there is no P99" in done.stderr


def test_a_missing_peer_and_a_failed_program_fail(build):
    script(build / "bench" / "p4", "exit 1")
    done = bench(build)
    assert done.returncode != 0 and "could not be measured: P4" in done.stderr
    assert [row[0] for row in rows(done.stdout)[2:]] == [
        name.upper() for name in PROGRAMS if name != "p4"]
    (build / "bin" / "tsp").unlink()
    done = bench(build)
    assert done.returncode != 0 and "task-spooler" in done.stderr
