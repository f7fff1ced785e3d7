"""Clang-format, but for definitions of several lines: the X-macro tables keep their columns.

Those are fenced off with clang-format's own comments on the way in, and the fences taken out after.
"""

import os
import re
import shutil
import subprocess
import tempfile

TABLE = re.compile(r"^#[ \t]*define[^\n]*\\\n(?:[^\n]*\\\n)*[^\n]*\n", re.MULTILINE)
OFF, ON = "/* clang-format off */\n", "/* clang-format on */\n"
FENCE = re.compile(r"^[ \t]*/\* clang-format (?:on|off) \*/\n", re.MULTILINE)


# `STATES(X)` or rows of macros in an enum or an array: clang-format takes what follows for their
# continuation, so they get a comma on the way in.
ROW = re.compile(r"^[ \t]*[A-Z][A-Z0-9_]*\(\w+\)$")


def with_commas(text):
    """(text, the rows that got a comma)"""
    opener, lines, rows = "", text.split("\n"), set()
    for number, line in enumerate(lines):
        if line.rstrip().endswith("{"):
            opener = line
        elif ROW.match(line) and ("enum" in opener or "= {" in opener):
            rows.add(line.strip())
            lines[number] = line + ","
    return "\n".join(lines), rows


def without_commas(text, rows):
    return "\n".join(line[:-1] if line.endswith(",") and line.strip()[:-1] in rows else line
                     for line in text.split("\n"))


def fenced(text):
    """(text for clang-format, rows). A file with fences of its own keeps them: rows are None."""
    if "clang-format off" in text:
        return text, None
    return with_commas(TABLE.sub(lambda match: OFF + match.group(0) + ON, text))


def unfenced(text, rows):
    return text if rows is None else without_commas(FENCE.sub("", text), rows)


def formatted(root, texts):
    """{path: text} as it should be, of {path: text}; raises OSError with clang-format's words.

    All of them go through few processes, as copies in a folder that has the same style."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(root, ".clang-format"), folder)
        copies, rows = {}, {}
        for number, (path, text) in enumerate(texts.items()):
            copies[path] = os.path.join(folder, f"{number}{os.path.splitext(path)[1]}")
            text, rows[path] = fenced(text)
            with open(copies[path], "w", encoding="utf-8") as f:
                f.write(text)
        done = subprocess.run(["clang-format", "-i", *copies.values()], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"clang-format: {done.stderr.strip()[:200]}")
        result = {}
        for path, copy in copies.items():
            with open(copy, encoding="utf-8") as f:
                result[path] = unfenced(f.read(), rows[path])
        return result


def first_difference(old, new):
    """The number of the first line that differs, or 0."""
    if old == new:
        return 0
    olds, news = old.split("\n"), new.split("\n")
    for number, (a, b) in enumerate(zip(olds, news), 1):
        if a != b:
            return number
    return min(len(olds), len(news))
