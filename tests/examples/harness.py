"""What the tests of the examples share: results as TAP, trainers run in steps, their lines.

No test here sleeps or trusts a clock. A trainer's metrics file is a FIFO with a small buffer: the
trainer cannot run ahead of the test by more than a few lines, so a request that the test makes at
step 20 always finds the training still going on.
"""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import unittest

TIMEOUT_SECONDS = 400
# Linux; python3's fcntl knows the name from 3.10 on.
F_SETPIPE_SZ = 1031


class Tap(unittest.TestResult):
    """One line per test, as the test driver reads them."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def line(self, test, word, comment=""):
        self.count += 1
        print(f"{word} {self.count} - {test.id().split('.')[-1]}{comment}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line(test, "ok")

    def report(self, test, error):
        self.line(test, "not ok")
        for text in self._exc_info_to_string(error, test).splitlines():
            print(f"# {text}", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.report(test, err)


def main(module):
    """Runs the test cases of a module; the exit code says whether all passed."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    print(f"1..{suite.countTestCases()}", flush=True)
    result = Tap()
    suite.run(result)
    if result.count == 0:
        print("Bail out! no tests")
        sys.exit(1)
    sys.exit(0 if result.wasSuccessful() else 1)


def clean_environment(**extra):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("TRAINYARD_", "LC_", "LANG"))}
    return {**kept, **extra}


class Case(unittest.TestCase):
    """A test with a directory of its own, which ends with it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="trainyard-examples-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def finish(self, command, **environment):
        """Runs a command to its end, its metrics going to a plain file. (code, output, lines)."""
        metrics = self.path("metrics")
        if os.path.exists(metrics):
            os.unlink(metrics)
        done = subprocess.run(
            command, env=clean_environment(TRAINYARD_METRICS=metrics, **environment),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=TIMEOUT_SECONDS)
        with open(metrics, encoding="utf-8") as file:
            return done.returncode, done.stdout, [json.loads(line) for line in file]

    def start(self, command, **environment):
        trainer = Trainer(self, command, environment)
        self.addCleanup(trainer.end)
        return trainer


class Trainer:
    """A running trainer whose metric lines come one by one."""

    def __init__(self, case, command, environment):
        fifo = case.path(f"fifo-{len(os.listdir(case.dir))}")
        os.mkfifo(fifo)
        # Opened for reading and writing: opening never waits for the other side.
        end = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        fcntl.fcntl(end, F_SETPIPE_SZ, 4096)
        self.lines = []
        self.output = open(case.path("output"), "w+b")
        self.process = subprocess.Popen(
            command, env=clean_environment(TRAINYARD_METRICS=fifo, **environment),
            stdout=self.output, stderr=subprocess.STDOUT)
        self.fifo = os.fdopen(os.open(fifo, os.O_RDONLY | os.O_CLOEXEC), "rb")
        # Its first line shows that it has the file open. Then the writing end here can be closed,
        # so that reading sees the trainer's end.
        while not select.select([self.fifo], [], [], 0.05)[0] and self.process.poll() is None:
            pass
        os.close(end)

    def read(self):
        """The next line, or None when the trainer has ended."""
        text = self.fifo.readline()
        if not text:
            return None
        self.lines.append(json.loads(text))
        return self.lines[-1]

    def read_until(self, wanted):
        """Reads on until a line pleases; that line. Fails when the trainer ends before."""
        while True:
            line = self.read()
            if line is None:
                raise AssertionError(f"the trainer ended before; it said: {self.said()}")
            if wanted(line):
                return line

    def wait(self):
        """Reads what is left. The exit code."""
        while self.read() is not None:
            pass
        return self.process.wait(TIMEOUT_SECONDS)

    def said(self):
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.fifo.close()
        self.output.close()
