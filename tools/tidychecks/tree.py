"""The files of a checkout, read once, and C text with its comments and strings blanked."""

import os
import re
import subprocess

BINARY = {".png", ".ico", ".gz", ".zip", ".db", ".bin", ".woff2", ".pt"}


class File:
    """One source file. `path` is relative to the root, with forward slashes."""

    def __init__(self, root, path):
        self.path = path
        self.absolute = os.path.join(root, path)
        with open(self.absolute, "rb") as f:
            self.raw = f.read()
        self.text = self.raw.decode("utf-8", errors="replace")
        self.lines = self.text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self._code = None

    @property
    def suffix(self):
        return os.path.splitext(self.path)[1]

    @property
    def is_c(self):
        return self.suffix in (".c", ".h")

    @property
    def is_python(self):
        return self.suffix == ".py" or self.text.startswith("#!/usr/bin/python3")

    @property
    def is_shell(self):
        return bool(re.match(r"#!/bin/(ba)?sh\b", self.text))

    @property
    def room(self):
        """The room of a file below src/, else its first folder."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]

    @property
    def code(self):
        """C text with comments and the insides of strings blanked; lines keep their numbers."""
        if self._code is None:
            self._code = blank(self.text)
        return self._code


TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(text):
    def replace(match):
        word = match.group(0)
        if word[0] in "\"'":
            return word[0] + " " * (len(word) - 2) + word[0]
        return re.sub(r"[^\n]", " ", word)
    return TOKEN.sub(replace, text)


def listed(root):
    """Tracked and new files, without what git ignores; every file where there is no git."""
    git = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
        capture_output=True, check=False)
    if git.returncode == 0:
        return sorted(set(p for p in git.stdout.decode().split("\0") if p))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
        for name in names:
            found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def load(root):
    files = []
    for path in listed(root):
        absolute = os.path.join(root, path)
        if os.path.islink(absolute) or not os.path.isfile(absolute):
            continue
        if path.startswith("tests/data/") or os.path.splitext(path)[1] in BINARY:
            continue
        files.append(File(root, path))
    return files
