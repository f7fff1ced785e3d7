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


def lone_headers(root, files):
    """A header that compiles alone needs nothing included before it."""
    if run(GCC + [f.path for f in files], root).returncode == 0:
        return []
    found = []
    for file in files:
        done = run(GCC + [file.path], root)
        if done.returncode != 0:
            first = WHERE.search(done.stderr)
            sentence = first.group(3) if first else done.stderr.strip()[:200]
            found.append((file.path, 1, f"does not compile alone: {sentence}"))
    return found


def unformatted(root, files):
    try:
        wanted = format.formatted(root, {f.path: f.text for f in files})
    except OSError as e:
        return [("tools/tidy", 1, str(e))]
    lines = [(f.path, format.first_difference(f.text, wanted[f.path])) for f in files]
    return [(path, line, "not formatted: `make fmt` does it") for path, line in lines if line]


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


def chunks(files, count):
    return [files[i::count] for i in range(count) if files[i::count]]


def check(root, files):
    c_files = [f for f in files if f.is_c]
    headers = [f for f in c_files if f.suffix == ".h"
               and f.path.startswith(("src/", "sdk/")) and f.path != "src/base/banned.h"]
    processors = os.cpu_count() or 2
    with concurrent.futures.ThreadPoolExecutor(processors) as pool:
        work = [pool.submit(lone_headers, root, some) for some in chunks(headers, processors * 2)]
        work += [pool.submit(unformatted, root, some) for some in chunks(c_files, processors * 2)]
        work += [pool.submit(shell, root, f) for f in files if f.is_shell]
        for future in work:
            yield from future.result()
    for file in files:
        if file.is_python:
            yield from python(file)
