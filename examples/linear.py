#!/usr/bin/python3
"""linear.py -- the smallest training that trainyard can run: a straight line through noisy points.

Python's standard library only. Learns a and b of y = a x + b by stochastic gradient descent:
guess one point, see how far off it was, and move a and b a little against the slope of the square.

    python3 examples/linear.py [STEPS]

Under trainyard it reports through TRAINYARD_METRICS, saves a checkpoint every 500 steps and when
asked to stop, and resumes from one exactly where it was. Anywhere else it just prints.
"""

import json
import os
import random
import signal
import sys

TRUE_A, TRUE_B, NOISE = 3.0, -1.0, 0.1
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
RUN_DIR = os.environ.get("TRAINYARD_RUN_DIR", ".")


def tell(metrics, **line):
    """One JSON line for trainyard, and one for a person."""
    if metrics:
        metrics.write(json.dumps(line) + "\n")
    print("  ".join(f"{name} {value}" for name, value in line.items()), flush=True)


def save(metrics, state, generator):
    """Whole or not at all: written under another name, forced to disk, then renamed."""
    path = os.path.abspath(os.path.join(RUN_DIR, f"linear-{state['step']:06}.json"))
    with open(path + ".tmp", "w", encoding="ascii") as file:
        # The generator is part of the state: else a resumed run would see other points.
        json.dump({**state, "random": generator.getstate()}, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".tmp", path)
    folder = os.open(RUN_DIR, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    tell(metrics, event="checkpoint", path=path, step=state["step"], train_loss=state["loss"])


def load(path, generator):
    with open(path, encoding="ascii") as file:
        state = json.load(file)
    version, numbers, gauss = state.pop("random")
    generator.setstate((version, tuple(numbers), gauss))
    return state


def train_step(state, generator, rate):
    x = generator.uniform(-1, 1)
    y = TRUE_A * x + TRUE_B + generator.gauss(0, NOISE)
    error = state["a"] * x + state["b"] - y
    # The derivatives of error^2 by a and by b.
    state["a"] -= rate * 2 * error * x
    state["b"] -= rate * 2 * error
    # A running mean: the error of a single point jumps about.
    state["loss"] = 0.99 * state["loss"] + 0.01 * error * error
    state["step"] += 1


def main():
    stop = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    generator = random.Random(1)
    state = {"step": 0, "a": 0.0, "b": 0.0, "loss": 4.0}
    resume = os.environ.get("TRAINYARD_RESUME_FROM_CHECKPOINT")
    if resume:
        state = load(resume, generator)
    # Line-buffered: each line is one write, at the end of the file.
    path = os.environ.get("TRAINYARD_METRICS")
    metrics = open(path, "a", buffering=1, encoding="ascii") if path else None

    tell(metrics, total_steps=STEPS)
    leaving = False
    while state["step"] < STEPS and not leaving:
        rate = 0.05 / (1 + state["step"] / 200)
        train_step(state, generator, rate)
        if state["step"] % 10 == 0:
            tell(metrics, step=state["step"], loss=state["loss"], learning_rate=rate)
        # Looked at once: a signal that comes a moment later is the next round's.
        leaving = bool(stop)
        if state["step"] % 500 == 0 or state["step"] == STEPS or leaving:
            save(metrics, state, generator)
    print(f"y = {state['a']:.3f} x + {state['b']:.3f}  (made with {TRUE_A} and {TRUE_B})")
    return 143 if state["step"] < STEPS else 0


if __name__ == "__main__":
    sys.exit(main())
