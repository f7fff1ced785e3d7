"""The suites of `make test`, in their order. What meson knows as a test is added from meson."""

import glob
import json
import os
import subprocess

PYTHON = "/usr/bin/python3"
ASAN = "build/asan"
CLANG = "build/clang"


class Suite:
    """A program to run. `fast` ones are part of `make check`; `junit` ones are pytest's; `alone`
    ones want the machine for themselves."""

    def __init__(self, name, command, fast=False, limit_seconds=300, env=None, cwd=None,
                 junit=False, alone=False):
        self.name, self.command, self.fast = name, command, fast
        self.limit_seconds, self.env, self.cwd = limit_seconds, env or {}, cwd
        self.junit, self.alone = junit, alone


def pytest(name, path, fast=False, limit_seconds=600, build=ASAN):
    env = {"TRAINYARD_BUILD": os.path.abspath(build)}
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    return Suite(name, command, fast, limit_seconds, env, junit=True)


def pytest_files(name, folder, build=ASAN):
    """One suite a file, so that two can run at once and each has its line."""
    for path in sorted(glob.glob(f"{folder}/test_*.py")):
        yield pytest(f"{name}/{os.path.basename(path)[5:-3]}", path, build=build)


def make(name, target, fast=False, limit_seconds=600):
    return Suite(name, ["make", "--no-print-directory", target], fast, limit_seconds)


def builds(fast):
    """What has to compile, and how. The others run what these leave behind."""
    yield make("build/hardened", "all", True)
    yield make("build/sanitized", "sanitized", True)
    if not fast:
        yield make("build/clang", "with-clang")


def from_meson(build=ASAN):
    """Every test that meson knows; those of a suite `slow` are left out of `make check`."""
    done = subprocess.run(["/usr/bin/meson", "introspect", "--tests", build],
                          capture_output=True, check=True)
    for test in json.loads(done.stdout):
        groups = [s.split(":")[-1] for s in test["suite"]] or ["unit"]
        yield Suite(f"{groups[0]}/{test['name']}", test["cmd"], "slow" not in groups,
                    max(test["timeout"], 120), test["env"], test["workdir"] or build,
                    alone=not test["is_parallel"])


def others():
    """What meson does not know."""
    yield Suite("desk/tidy", [PYTHON, "tools/tidy"], True)
    yield pytest("desk/checkers", "tests/desk", True)
    yield from pytest_files("e2e", "tests/e2e")
    yield Suite("faults/100-rounds", [PYTHON, "tests/faults/faults.py", "--build", ASAN,
                                      "--rounds", "100"], limit_seconds=600, alone=True)
