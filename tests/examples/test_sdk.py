#!/usr/bin/python3
"""test_sdk.py PROBE HEADER -- what sdk/c/trainyard.h writes and reads, and what compiles it."""

import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys

import harness

PROBE, HEADER = (os.path.abspath(a) for a in sys.argv[1:3])


class Sdk(harness.Case):
    def probe(self, verb, metrics="metrics", **environment):
        if metrics:
            environment["TRAINYARD_METRICS"] = self.path(metrics)
        return subprocess.run([PROBE, verb], env=harness.clean_environment(**environment),
                              cwd=self.dir, capture_output=True, text=True, check=False,
                              timeout=harness.TIMEOUT_SECONDS)

    def lines(self):
        with open(self.path("metrics"), encoding="utf-8") as file:
            text = file.read()
        self.assertTrue(text.endswith("\n"))
        return [json.loads(line) for line in text.splitlines()]

    def test_every_line_is_json_and_every_number_comes_back_exactly(self):
        done = self.probe("numbers")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "init 1\n", ""))
        lines = self.lines()
        self.assertEqual(lines[0], {"total_steps": 780, "total_epochs": 10})
        self.assertEqual(lines[1], {"total_steps": 780})
        self.assertEqual(lines[2], {"step": 7, "epoch": 0.5, "loss": 2.25,
                                    "learning_rate": 3e-4})
        self.assertTrue(math.isnan(lines[3].pop("eval_loss")))
        self.assertEqual(lines[3], {"step": 7, "epoch": 0.5})
        odd = lines[4]
        self.assertEqual(odd.pop("step"), 9000000000000000000)
        self.assertTrue(math.isnan(odd.pop("nan")))
        self.assertEqual(odd, {
            "tenth": 0.1, "third": 1 / 3, "float": 0.10000000149011612, "whole": 3,
            "tiny": sys.float_info.min, "huge": sys.float_info.max, "plus": math.inf,
            "minus": -math.inf, 'quote"back\\slash\nline\ttab\x01\x7f': 1, "grüß € 😀": 2})
        self.assertEqual(lines[5], {"step": -1})
        self.assertEqual(lines[6], {"event": "control_ready"})

    def test_nan_and_infinity_are_spelled_as_python_spells_them(self):
        self.probe("numbers")
        with open(self.path("metrics"), encoding="utf-8") as file:
            text = file.read()
        for word in ('"eval_loss":NaN', '"plus":Infinity', '"minus":-Infinity'):
            self.assertIn(word, text)

    def test_a_locale_with_a_decimal_comma_changes_nothing(self):
        self.compile_locale("comma")
        self.probe("numbers", LOCPATH=self.dir, LC_NUMERIC="comma")
        self.assertEqual(self.lines()[2]["loss"], 2.25)
        done = self.requests([b'{"action":"set","learning_rate":0.25}\n{"action":"stop"}\n'],
                             LOCPATH=self.dir, LC_NUMERIC="comma")
        # The probe itself prints in that locale: here it shows that the locale was in force.
        self.assertIn("set 37 0,25", done)

    def compile_locale(self, name):
        """A locale of our own, with the three characters that its numbers need: a small machine
        has no locale but C, nor the sources of others."""
        source = self.write("source", b'LC_NUMERIC\ndecimal_point ","\nthousands_sep "."\n'
                                      b'grouping 3;3\nEND LC_NUMERIC\n')
        charmap = self.write("charmap", b"<code_set_name> SMALL\n<mb_cur_min> 1\n<mb_cur_max> 1\n"
                                        b"<escape_char> /\nCHARMAP\n<U0000> /x00 NUL\n"
                                        b"<U002C> /x2c COMMA\n<U002E> /x2e STOP\nEND CHARMAP\n")
        # It complains about all that is missing, and writes what is there.
        subprocess.run(["localedef", "--no-archive", "--force", "-f", charmap, "-i", source,
                        self.path(name)],
                       check=False, capture_output=True, timeout=harness.TIMEOUT_SECONDS)
        self.assertTrue(os.path.isfile(self.path(name, "LC_NUMERIC")))

    def test_checkpoints_are_announced_with_absolute_paths(self):
        self.probe("checkpoints")
        self.assertEqual(self.lines(), [
            {"event": "checkpoint", "path": '/a b/"c".ckpt', "step": 5, "epoch": 1.5,
             "eval_loss": 2.5, "train_loss": 3.5},
            {"event": "checkpoint", "path": os.path.realpath(self.path("sub/last.ckpt")),
             "step": 6}])

    def test_what_cannot_be_written_as_json_is_refused_and_leaves_no_trace(self):
        done = self.probe("impossible")
        self.assertEqual(done.stdout.splitlines(), ["init 1", "long 1"] + ["utf-8 1"] * 6)
        self.assertEqual(os.path.getsize(self.path("metrics")), 0)

    def test_lines_are_appended_to_what_is_there(self):
        self.write("metrics", b'{"step":1}\n')
        self.probe("checkpoints")
        self.assertEqual(self.lines()[0], {"step": 1})
        self.assertEqual(len(self.lines()), 3)

    def test_a_line_cut_by_a_full_disk_does_not_spoil_the_next(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        probe = subprocess.Popen(
            [PROBE, "torn"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=harness.clean_environment(TRAINYARD_METRICS=self.path("metrics")),
            preexec_fn=limit, restore_signals=False)
        self.addCleanup(probe.wait)
        self.assertEqual(probe.stdout.readline(), "init 1\n")
        self.assertRegex(probe.stdout.readline(), "failed [1-9]")
        resource.prlimit(probe.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        probe.stdin.close()
        self.assertEqual(probe.stdout.readline(), "after 0\n")
        probe.stdout.close()
        self.assertEqual(probe.wait(), 0)
        with open(self.path("metrics"), encoding="ascii") as file:
            text = file.read().splitlines()
        self.assertEqual(json.loads(text[-1])["step"], 99)
        self.assertRaises(ValueError, json.loads, text[-2])
        self.assertEqual([json.loads(t)["step"] for t in text[:-2]],
                         list(range(1, len(text) - 1)))

    def test_outside_it_says_so_once_and_writes_nothing(self):
        for verb in ("numbers", "checkpoints"):
            done = self.probe(verb, metrics=None)
            self.assertEqual((done.returncode, done.stdout), (0, "init 0\n"))
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn("not running under trainyard", done.stderr)
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_metrics_file_that_cannot_be_opened_is_said_and_stops_nothing(self):
        done = self.probe("numbers", metrics="no/such/folder")
        self.assertEqual((done.returncode, done.stdout), (0, "init -1\n"))
        self.assertIn("No such file", done.stderr)

    def test_resume_path_and_run_dir_come_from_the_environment(self):
        self.assertIn("- -", self.probe("environment").stdout)
        done = self.probe("environment", TRAINYARD_RESUME_FROM_CHECKPOINT="/c",
                          TRAINYARD_RUN_DIR="/r")
        self.assertIn("/c /r", done.stdout)

    def test_sigterm_becomes_a_question_that_the_trainer_asks(self):
        self.assertIn("before 0\nafter 15\n", self.probe("signal").stdout)

    def requests(self, chunks, **environment):
        """Appends chunks to a control file that appears only after the probe; what it says."""
        fifo_free = self.path("control")
        probe = self.start([PROBE, "requests"], TRAINYARD_CONTROL=fifo_free, **environment)
        probe.read_until(lambda line: line.get("event") == "control_ready")
        for chunk in chunks:
            with open(fifo_free, "ab") as file:
                file.write(chunk)
        self.assertEqual(probe.wait(), 0)
        return probe.said()

    def test_requests_are_read_one_by_one_even_when_they_come_in_pieces(self):
        said = self.requests([
            b'{"action":"save"}\n{"act', b'ion" : "pause"}\n', b'{"action":"set",',
            b'"learning_rate":3e-4}\n', b'{"nested":{"action":"save"},"action":"x"}\n',
            b'{"say":"\\"action\\":\\"save\\""}\n\n', b'{"action":"stop"}\n'])
        self.assertEqual([line.split()[0] for line in said.splitlines()[1:]],
                         ["save", "pause", "set", "other", "other", "other", "stop"])
        self.assertIn("set 37 0.00029999999999999997", said)

    def test_a_request_longer_than_the_buffer_is_dropped_whole(self):
        said = self.requests([b'{"action":"save","x":"' + b"y" * 20000 + b'"}\n',
                              b'{"action":"stop"}\n'])
        self.assertEqual(said.splitlines()[1:], ["stop 17"])


class Compiling(harness.Case):
    USE = b'#include "trainyard.h"\nint main(void) { return trainyard_should_stop(); }\n'
    WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wshadow", "-Wconversion",
                "-Wsign-conversion", "-Wcast-qual", "-Wformat=2", "-Wundef", "-Wfloat-equal"]

    def setUp(self):
        super().setUp()
        self.write("use.c", self.USE)
        self.write("body.c", b"#define TRAINYARD_IMPLEMENTATION\n" + b'#include "trainyard.h"\n')

    def compile(self, compiler, language, standard, more=()):
        flags = [f"-std={standard}", *self.WARNINGS, *more, "-I", os.path.dirname(HEADER)]
        sources = ["-x", language, self.path("use.c"), self.path("body.c")]
        done = subprocess.run([compiler, *flags, *sources, "-o", self.path("program")],
                              capture_output=True, text=True, check=False,
                              timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{compiler} {standard}")
        ran = subprocess.run([self.path("program")], check=False, env=harness.clean_environment(),
                             timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual(ran.returncode, 0)

    def test_c99_c11_and_c17_compile_it_without_a_warning(self):
        for compiler in ("gcc", "clang"):
            for standard in ("c99", "c11", "c17", "gnu17"):
                self.compile(compiler, "c", standard, ["-Wstrict-prototypes"])

    def test_cpp_compiles_it_without_a_warning(self):
        compilers = [c for c in ("g++", "clang++") if shutil.which(c)]
        self.assertNotEqual(compilers, [], "needs a C++ compiler")
        for compiler in compilers:
            for standard in ("c++11", "c++17", "c++20"):
                self.compile(compiler, "c++", standard)


if __name__ == "__main__":
    harness.main(__name__)
