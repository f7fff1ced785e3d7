#!/usr/bin/python3
"""test_linear.py LINEAR -- the smallest trainer learns, saves, leaves and resumes."""

import json
import os
import signal
import subprocess
import sys

import harness

LINEAR = ["/usr/bin/python3", os.path.abspath(sys.argv[1])]


class Linear(harness.Case):
    def run_to_end(self, steps="2000", **environment):
        return self.finish([*LINEAR, steps], TRAINYARD_RUN_DIR=self.dir, **environment)

    def test_it_finds_the_line_that_the_points_were_made_with(self):
        code, _, lines = self.run_to_end()
        self.assertEqual(code, 0)
        self.assertEqual(lines[0], {"total_steps": 2000})
        with open(lines[-1]["path"], encoding="ascii") as file:
            state = json.load(file)
        self.assertAlmostEqual(state["a"], 3.0, delta=0.05)
        self.assertAlmostEqual(state["b"], -1.0, delta=0.05)
        # What is left is the noise: 0.1 squared.
        self.assertLess(state["loss"], 0.02)

    def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(self):
        _, _, straight = self.run_to_end()
        trainer = self.start([*LINEAR, "2000"], TRAINYARD_RUN_DIR=self.dir)
        trainer.read_until(lambda line: line.get("step", 0) >= 610)
        trainer.process.send_signal(signal.SIGTERM)
        self.assertEqual(trainer.wait(), 143)
        last = trainer.lines[-1]
        self.assertEqual(last["event"], "checkpoint")

        code, _, rest = self.run_to_end(TRAINYARD_RESUME_FROM_CHECKPOINT=last["path"])
        self.assertEqual(code, 0)

        def losses(lines):
            return [line for line in lines if "loss" in line]
        self.assertEqual(losses(trainer.lines) + losses(rest), losses(straight))

    def test_outside_trainyard_it_prints(self):
        done = subprocess.run([*LINEAR, "100"], env=harness.clean_environment(), cwd=self.dir,
                              capture_output=True, text=True, check=False,
                              timeout=harness.TIMEOUT_SECONDS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("step 100  loss", done.stdout)


if __name__ == "__main__":
    harness.main(__name__)
