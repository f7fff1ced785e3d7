#!/usr/bin/python3
"""test_charlm.py CHARLM -- saving, resuming, stopping and refusing, with a tiny model."""

import glob
import os
import resource
import signal
import stat
import subprocess
import sys

import harness

CHARLM = os.path.abspath(sys.argv[1])
TEXT = b"the quick brown fox jumps over the lazy dog; pack my box with five dozen jugs.\n" * 60
TINY = ["--hidden", "16", "--layers", "1", "--heads", "2", "--context", "16", "--batch", "4",
        "--eval-windows", "4", "--log-every", "1", "--eval-every", "50", "--save-every", "50",
        "--warmup", "20", "--sample", "0"]
HEAD_BYTES = 16


def at_step(step):
    return lambda line: line.get("step", 0) >= step


def is_checkpoint(line):
    return line.get("event") == "checkpoint"


def numbers(lines):
    """The metric lines without what depends on the clock."""
    return [{k: v for k, v in line.items() if k != "tokens_per_second"}
            for line in lines if "step" in line and "event" not in line]


def whole(path):
    with open(path, "rb") as file:
        return file.read()


class Charlm(harness.Case):
    def command(self, out, *more, steps=200):
        text = self.path("text")
        if not os.path.exists(text):
            self.write("text", TEXT)
        return [CHARLM, "--text", text, "--out", self.path(out), "--steps", str(steps),
                *TINY, *more]

    def saved(self, out):
        return sorted(os.listdir(self.path(out)))


class Resuming(Charlm):
    def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(self):
        code, _, lines = self.finish(self.command("straight"))
        self.assertEqual(code, 0)
        straight = numbers(lines)

        trainer = self.start(self.command("broken"))
        trainer.read_until(at_step(60))
        trainer.process.send_signal(signal.SIGTERM)
        self.assertEqual(trainer.wait(), 143)
        last = trainer.lines[-1]
        self.assertTrue(is_checkpoint(last))
        stopped = last["step"]
        self.assertTrue(60 <= stopped < 200)

        code, _, lines = self.finish(self.command("broken"),
                                     TRAINYARD_RESUME_FROM_CHECKPOINT=last["path"])
        self.assertEqual(code, 0)
        before, after = numbers(trainer.lines), numbers(lines)
        self.assertEqual(after[0]["step"], stopped + 1)
        self.assertEqual(before + after, straight)
        # Not only the losses: every weight and every average of the optimizer.
        self.assertEqual(whole(self.path("broken", "charlm-00000200.ckpt")),
                         whole(self.path("straight", "charlm-00000200.ckpt")))

    def test_resuming_in_the_middle_of_an_epoch_and_in_a_later_one(self):
        code, _, lines = self.finish(self.command("out", "--keep", "100"))
        self.assertEqual(code, 0)
        straight = numbers(lines)
        for step in (50, 150):
            path = self.path("out", f"charlm-{step:08}.ckpt")
            code, _, lines = self.finish(self.command("again", "--resume", path))
            self.assertEqual(code, 0)
            rest = [line for line in straight if line["step"] > step]
            self.assertEqual(numbers(lines), rest)
        self.assertTrue(any(line["epoch"] > 2 for line in straight))

    def test_the_number_of_threads_changes_no_number(self):
        runs = [self.finish(self.command(f"out{n}", "--threads", str(n), steps=60))
                for n in (1, 2, 5)]
        self.assertEqual([code for code, _, _ in runs], [0, 0, 0])
        self.assertEqual(numbers(runs[1][2]), numbers(runs[0][2]))
        self.assertEqual(numbers(runs[2][2]), numbers(runs[0][2]))

    def test_another_seed_is_another_run(self):
        first = numbers(self.finish(self.command("a", steps=5))[2])
        other = numbers(self.finish(self.command("b", "--seed", "2", steps=5))[2])
        self.assertNotEqual(first, other)

    def test_a_finished_run_resumed_has_nothing_to_do(self):
        self.finish(self.command("out", steps=50))
        code, said, lines = self.finish(self.command(
            "out", "--resume", self.path("out", "charlm-00000050.ckpt"), steps=50))
        self.assertEqual(code, 0)
        self.assertIn("done: 50 steps", said)
        self.assertEqual(numbers(lines), [])

    def test_a_longer_run_from_a_checkpoint_says_that_it_differs(self):
        self.finish(self.command("out", steps=50))
        code, said, _ = self.finish(self.command(
            "out", "--resume", self.path("out", "charlm-00000050.ckpt"), steps=60))
        self.assertEqual(code, 0)
        self.assertIn("note: steps was 50 and is 60", said)


class Asking(Charlm):
    def test_save_on_the_control_channel_saves_and_trains_on(self):
        control = self.write("control", b"")
        trainer = self.start(self.command("out"), TRAINYARD_CONTROL=control)
        trainer.read_until(lambda line: line.get("event") == "control_ready")
        trainer.read_until(at_step(20))
        with open(control, "ab") as file:
            file.write(b'{"action":"save"}\n')
        line = trainer.read_until(is_checkpoint)
        self.assertTrue(20 <= line["step"])
        self.assertNotEqual(line["step"] % 50, 0)
        self.assertTrue(os.path.isfile(line["path"]))
        self.assertEqual(trainer.wait(), 0)

    def leaves_on(self, request):
        control = self.write("control", b"")
        trainer = self.start(self.command("out"), TRAINYARD_CONTROL=control)
        trainer.read_until(at_step(20))
        with open(control, "ab") as file:
            file.write(request)
        self.assertEqual(trainer.wait(), 143)
        self.assertTrue(is_checkpoint(trainer.lines[-1]))
        self.assertTrue(os.path.isfile(trainer.lines[-1]["path"]))

    def test_stop_on_the_control_channel_saves_and_leaves(self):
        self.leaves_on(b'{"action":"stop","reason":"enough"}\n')

    def test_pause_on_the_control_channel_saves_and_leaves(self):
        self.leaves_on(b'{"id":7,"action":"pause"}\n')

    def test_an_unknown_request_is_said_and_ignored(self):
        control = self.write("control", b'not json\n{"action":"dance"}\n')
        code, said, _ = self.finish(self.command("out", steps=5), TRAINYARD_CONTROL=control)
        self.assertEqual(code, 0)
        self.assertIn('ignored: {"action":"dance"}', said)

    def test_totals_and_epochs_are_reported(self):
        _, _, lines = self.finish(self.command("out", steps=30))
        self.assertEqual(lines[0]["total_steps"], 30)
        last = [line for line in lines if "loss" in line][-1]
        self.assertEqual(lines[0]["total_epochs"], int(-(-last["epoch"] // 1)))
        self.assertEqual({"step", "epoch", "loss", "learning_rate", "grad_norm",
                          "tokens_per_second"}, set(last))

    def test_epochs_may_be_given_in_place_of_steps(self):
        command = [a for a in self.command("out") if a not in ("--steps", "200")]
        code, _, lines = self.finish([*command, "--epochs", "2"])
        self.assertEqual(code, 0)
        last = [line for line in lines if "loss" in line][-1]
        self.assertTrue(2 <= last["epoch"] < 2.1, last)

    def test_outside_trainyard_it_trains_all_the_same(self):
        done = subprocess.run(self.command("out", steps=20), env=harness.clean_environment(),
                              capture_output=True, text=True, check=False,
                              timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("not running under trainyard"), 1)
        self.assertIn("step 20/20", done.stdout)


class Checkpoints(Charlm):
    def test_only_the_newest_and_the_best_are_kept(self):
        # The last tenth, which the model is judged by, is the same sentences in reverse: the more
        # it learns of the others, the worse it guesses these.
        self.write("text", TEXT + TEXT[:len(TEXT) // 9][::-1])
        code, _, lines = self.finish(self.command("out", "--keep", "2", "--save-every", "10",
                                                  "--eval-every", "10"))
        self.assertEqual(code, 0)
        said = [line for line in lines if is_checkpoint(line)]
        self.assertEqual(len(said), 20)
        best = min(said, key=lambda line: line["eval_loss"])["step"]
        self.assertLess(best, 190, "the settings shall make a run whose best is not its last")
        expected = {f"charlm-{step:08}.ckpt" for step in (190, 200, best)}
        self.assertEqual(set(self.saved("out")), expected)

    def test_later_steps_of_an_older_run_are_left_alone(self):
        os.mkdir(self.path("out"))
        self.write("out/charlm-00099999.ckpt", b"older")
        self.write("out/charlm-notes.txt", b"mine")
        self.finish(self.command("out", "--keep", "1", "--save-every", "5", steps=20))
        left = self.saved("out")
        self.assertIn("charlm-00099999.ckpt", left)
        self.assertIn("charlm-notes.txt", left)
        self.assertIn("charlm-00000020.ckpt", left)

    def refused(self, path, *more, because):
        done = subprocess.run([*self.command("again", steps=20), "--resume", path, *more],
                              env=harness.clean_environment(), capture_output=True, text=True,
                              check=False, timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual(done.returncode, 1)
        self.assertIn(because, done.stderr)
        self.assertNotIn("step 1/", done.stdout)

    def test_a_checkpoint_that_does_not_fit_is_refused_with_the_reason(self):
        self.finish(self.command("out", steps=20))
        good = self.path("out", "charlm-00000020.ckpt")
        content = whole(good)
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]

        self.refused(self.path("nothing"), because="No such file")
        self.refused(self.write("cut", content[:-9]), because="cut short")
        self.refused(self.write("head", content[:HEAD_BYTES]), because="cut short")
        self.refused(self.write("flipped", flipped), because="damaged")
        self.refused(self.write("longer", content + b"x"), because="damaged")
        self.refused(self.write("alien", b"P" * len(content)), because="not a checkpoint")
        self.refused(good, "--hidden", "32", because="another shape")
        self.refused(good, "--text", self.write("more", TEXT), because="another text")

    def test_a_full_disk_costs_checkpoints_and_not_the_training(self):
        def limit():
            # A write beyond this size fails with EFBIG, as one on a full disk with ENOSPC.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        done = subprocess.run(self.command("out"), env=harness.clean_environment(),
                              preexec_fn=limit, restore_signals=False, capture_output=True,
                              text=True, check=False, timeout=harness.TIMEOUT_SECONDS)
        self.assertIn("step 200/200", done.stdout)
        self.assertIn("cannot save", done.stderr)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.saved("out"), [])


class CommandLine(Charlm):
    def wrong(self, *arguments, because):
        done = subprocess.run([CHARLM, *arguments], env=harness.clean_environment(),
                              capture_output=True, text=True, check=False,
                              timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(because, done.stderr)

    def test_a_wrong_command_line_is_refused_with_a_sentence(self):
        self.wrong("--dance", "1", because="unknown option --dance")
        self.wrong("stray", because="unknown option stray")
        self.wrong("--steps", because="--steps needs a value")
        self.wrong("--steps", "ten", because="a whole number from 0")
        self.wrong("--steps", "1.5", because="a whole number")
        self.wrong("--steps", "-1", because="from 0 to")
        self.wrong("--batch", "0", because="from 1 to")
        self.wrong("--learning-rate", "nan", because="a number from 0")
        self.wrong("--heads", "5", because="does not divide")
        self.wrong("--steps", "5", "--epochs", "1", because="not both")

    def test_a_text_that_cannot_be_used_is_refused_with_a_sentence(self):
        for name, content, because in (("short", b"abc", "too short"), ("empty", b"", "empty")):
            done = subprocess.run([CHARLM, "--text", self.write(name, content), "--out", self.dir],
                                  env=harness.clean_environment(), capture_output=True,
                                  text=True, check=False, timeout=harness.TIMEOUT_SECONDS)
            self.assertEqual(done.returncode, 1)
            self.assertIn(because, done.stderr)

    def test_help_names_every_option_with_its_default(self):
        done = subprocess.run([CHARLM, "--help"], capture_output=True, text=True, check=False,
                              timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual(done.returncode, 0)
        for flag in ("--text", "--out", "--resume", "--steps", "--epochs", "--seed", "--threads",
                     "--hidden", "--keep"):
            self.assertIn(f"  {flag} ", done.stdout)

    def test_without_a_text_the_licences_are_read_each_once(self):
        files = [p for p in glob.glob("/usr/share/common-licenses/*")
                 if stat.S_ISREG(os.lstat(p).st_mode)]
        size = sum(os.path.getsize(p) for p in files)
        valid = sum(os.path.getsize(p) // 10 for p in files)
        _, said, _ = self.finish([CHARLM, "--out", self.path("out"), "--steps", "1", *TINY])
        self.assertIn(f"{len(files)} files, {size - valid} characters to train on, "
                      f"{valid} to validate", said)


if __name__ == "__main__":
    harness.main(__name__)
