#!/usr/bin/python3
"""test_learning.py CHARLM -- the training as a user starts it really learns.

It has to beat what counting can do. The unigram cross-entropy is the loss of a guesser who knows
how often each character occurs; the bigram cross-entropy that of one who also knows the character
before, with counts taken from the very text that is guessed: no model of pairs can do better. Only
one that uses more than one earlier character gets below it.
"""

import collections
import glob
import math
import os
import resource
import stat
import sys
import time

import harness

CHARLM = os.path.abspath(sys.argv[1])


def licences():
    files = sorted(glob.glob("/usr/share/common-licenses/*"), key=os.fsencode)
    texts = []
    for path in files:
        if stat.S_ISREG(os.lstat(path).st_mode):
            with open(path, "rb") as file:
                texts.append(file.read())
    return b"".join(texts)


def unigram(text):
    counts = collections.Counter(text)
    return -sum(n * math.log(n / len(text)) for n in counts.values()) / len(text)


def bigram(text):
    before = collections.Counter(text[:-1])
    pairs = collections.Counter(zip(text, text[1:]))
    total = len(text) - 1
    return -sum(n * math.log(n / before[first]) for (first, _), n in pairs.items()) / total


class Learning(harness.Case):
    def test_eval_loss_falls_from_ln_of_the_vocabulary_to_below_the_bigram_cross_entropy(self):
        text = licences()
        limits = math.log(len(set(text))), unigram(text), bigram(text)
        began = time.monotonic()
        code, said, lines = self.finish([CHARLM, "--out", self.path("out")])
        seconds = time.monotonic() - began
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(code, 0, said)

        evals = [line["eval_loss"] for line in lines if "eval_loss" in line
                 and "event" not in line]
        print(f"# ln V {limits[0]:.3f}, unigram {limits[1]:.3f}, bigram {limits[2]:.3f}; "
              f"eval loss {evals[0]:.3f} -> {evals[-1]:.3f}; "
              f"{seconds:.1f} s, CPU {usage.ru_utime + usage.ru_stime:.1f} s", flush=True)
        self.assertAlmostEqual(evals[0], limits[0], delta=0.1)
        self.assertGreater(evals[0], limits[1])
        self.assertLess(evals[-1], limits[2])
        self.assertLess(evals[-1], 2.0)
        norms = [line["grad_norm"] for line in lines if "grad_norm" in line]
        self.assertTrue(all(0 < n < 100 for n in norms))


if __name__ == "__main__":
    harness.main(__name__)
