"""tests/skips: which tests may be skipped, and why. Any other skip is a failure."""

import os


def read(root):
    """{name: reason}; a name is SUITE/TEST as tests/run prints it."""
    allowed = {}
    with open(os.path.join(root, "tests/skips"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, _, reason = line.partition(" ")
            if not reason.strip():
                raise SystemExit(f"tests/skips:{number}: {name} has no reason")
            allowed[name] = reason.strip()
    return allowed
