"""Clang-format, but for definitions of several lines: the X-macro tables keep their columns.

Those are fenced off with clang-format's own comments on the way in, and the fences taken out after.
"""

import re
import subprocess

TABLE = re.compile(r"^#[ \t]*define[^\n]*\\\n(?:[^\n]*\\\n)*[^\n]*\n", re.MULTILINE)
OFF, ON = "/* clang-format off */\n", "/* clang-format on */\n"
FENCE = re.compile(r"^[ \t]*/\* clang-format (?:on|off) \*/\n", re.MULTILINE)


# `STATES(X)` in an enum or an array: clang-format takes what follows for its continuation, so it
# gets a comma on the way in.
LIST = re.compile(r"^([ \t]*[A-Z][A-Z0-9_]*\(X\))$")
COMMA = re.compile(r"^([ \t]*[A-Z][A-Z0-9_]*\(X\)),$", re.MULTILINE)


def with_commas(text):
    opener, lines = "", text.split("\n")
    for number, line in enumerate(lines):
        if line.rstrip().endswith("{"):
            opener = line
        elif LIST.match(line) and ("enum" in opener or "= {" in opener):
            lines[number] = line + ","
    return "\n".join(lines)


def formatted(root, path, text):
    """The text of a C file as it should be; raises OSError with clang-format's words."""
    # A file with fences of its own keeps them, and its tables are its own affair.
    fence = "clang-format off" not in text
    if fence:
        text = with_commas(TABLE.sub(lambda match: OFF + match.group(0) + ON, text))
    done = subprocess.run(["clang-format", "--assume-filename", path], cwd=root, input=text,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"clang-format: {done.stderr.strip()[:200]}")
    if not fence:
        return done.stdout
    return COMMA.sub(r"\1", FENCE.sub("", done.stdout))


def first_difference(old, new):
    """The number of the first line that differs, or 0."""
    if old == new:
        return 0
    olds, news = old.split("\n"), new.split("\n")
    for number, (a, b) in enumerate(zip(olds, news), 1):
        if a != b:
            return number
    return min(len(olds), len(news))
