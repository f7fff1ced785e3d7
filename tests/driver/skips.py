"""tests/skips: which tests may be skipped, and why. Any other skip is a failure."""

import fnmatch
import os


def read(root):
    """{pattern: reason}; a pattern is SUITE/TEST as tests/run prints it, or a whole SUITE/*."""
    allowed = {}
    with open(os.path.join(root, "tests/skips"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            pattern, _, reason = line.partition(" ")
            if not reason.strip():
                raise SystemExit(f"tests/skips:{number}: {pattern} has no reason")
            allowed[pattern] = reason.strip()
    return allowed


def match(allowed, name):
    """The pattern that allows this test to be skipped, or None."""
    return next((p for p in allowed if fnmatch.fnmatchcase(name, p)), None)
