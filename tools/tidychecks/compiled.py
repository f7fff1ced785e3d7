"""What other programs judge: lone headers (gcc), formatting (clang-format), scripts."""

import concurrent.futures
import os
import re
import subprocess
import warnings

from . import format

GCC = ("gcc -fsyntax-only -x c -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror "
       "-Wno-unused-parameter -Wno-missing-field-initializers -I src -I sdk/c").split()
WHERE = re.compile(r"^([^:\s]+):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$", re.MULTILINE)


def run(command, root):
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def lone_header(root, file):
    """A header that compiles alone needs nothing included before it."""
    done = run(GCC + [file.path], root)
    if done.returncode == 0:
        return []
    first = WHERE.search(done.stderr)
    sentence = first.group(3) if first else done.stderr.strip()[:200]
    return [(file.path, 1, f"does not compile alone: {sentence}")]


def unformatted(root, file):
    try:
        wanted = format.formatted(root, file.path, file.text)
    except OSError as e:
        return [(file.path, 1, str(e))]
    line = format.first_difference(file.text, wanted)
    return [(file.path, line, "not formatted: `make fmt` does it")] if line else []


def python(file):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(file.text, file.path, "exec")
    except (SyntaxError, SyntaxWarning, DeprecationWarning) as e:
        return [(file.path, getattr(e, "lineno", 1) or 1, f"Python: {e}")]
    return []


def shell(root, file):
    done = run([file.lines[0].split("/")[-1].split()[0], "-n", file.path], root)
    return [] if done.returncode == 0 else [(file.path, 1, done.stderr.strip()[:200])]


def check(root, files):
    c_files = [f for f in files if f.is_c]
    headers = [f for f in c_files if f.suffix == ".h"
               and f.path.startswith(("src/", "sdk/")) and f.path != "src/base/banned.h"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        work = [pool.submit(lone_header, root, f) for f in headers]
        work += [pool.submit(unformatted, root, f) for f in c_files]
        work += [pool.submit(shell, root, f) for f in files if f.is_shell]
        for future in work:
            yield from future.result()
    for file in files:
        if file.is_python:
            yield from python(file)
