"""What stands in the text: banned calls, notes to oneself, paths and addresses from elsewhere."""

import os
import re

BANNED = "strcpy strcat sprintf vsprintf strtok gets system popen".split()
CLOCK = "time clock_gettime gettimeofday rand random".split()
CLOCK_ROOMS = {"loop", "runner", "bench", "tests"}
# Trainers under examples/ and programs in sdk/ are users' code: they have clocks of their own.
CLOCK_ROOMS |= {"examples", "sdk"}

CALL = re.compile(r"(?<![\w.>])(\w+)\s*\(")
NOTE = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X"]) + r")\b")
TRACKER = re.compile(r"\b(issue|ticket|bug|PR) #?\d+|(?:^|[\s(])#\d+\b", re.IGNORECASE)
CLIMB = re.compile(r"(?:\.\./)+[\w.-]*")
URL = re.compile(r"\b(?:https?|wss?|ftp)://(\[[^\]\s]*\]|[^\s/:\"'<>)\]}`|,;\\]*)")
# Addresses that text may hold: this machine, names reserved for examples, standards, and licences.
HOSTS = re.compile(
    r"^(|localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|\[|host|HOST|.*[%$&{*…].*|"
    r".*\bexample(\.\w+)?|.*\.(test|invalid)|evil|evil\.\w+|www\.apache\.org|"
    r"(www\.)?w3\.org|(www\.)?json-schema\.org|spec\.openapis\.org)$")
HEAD = re.compile(r"/\* (\S+) -- \S")


def check_calls(file):
    if file.path == "src/base/banned.h":
        return
    wanted = set(BANNED)
    if file.room not in CLOCK_ROOMS:
        wanted |= set(CLOCK)
    for number, line in enumerate(file.code.split("\n"), 1):
        for match in CALL.finditer(line):
            if match.group(1) in wanted:
                yield file.path, number, f"{match.group(1)}() is banned here (base/banned.h)"


def check_head(file):
    """A header is a contract: its first line is its path and its purpose."""
    match = HEAD.match(file.lines[0] if file.lines else "")
    short = re.sub(r"^(src|examples|tests)/", "", file.path)
    if not match or match.group(1) not in (short, file.path, os.path.basename(file.path)):
        yield file.path, 1, f"the first line of a header is `/* {short} -- purpose`"


def check_lines(root, file):
    checkout = os.path.realpath(root)
    depth = file.path.count("/")
    prose = file.is_c or file.is_python or file.is_shell or file.suffix in (".md", ".build")
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip() and file.suffix != ".md":
            yield file.path, number, "blanks at the end of the line"
        if NOTE.search(line):
            yield file.path, number, "a note to oneself: do it, or say what is so"
        if checkout in line and len(checkout) > 4:
            yield file.path, number, "the path of this checkout"
        if prose and TRACKER.search(line):
            yield file.path, number, "a tracker's number: say in words what it stands for"
        for match in CLIMB.finditer(line):
            if prose and file.room != "tests" and match.group(0).count("../") > depth:
                yield file.path, number, f"{match.group(0)} is outside the repository"
        for match in URL.finditer(line):
            if not HOSTS.match(match.group(1).split("@")[-1]):
                yield file.path, number, f"an address from elsewhere: {match.group(1)}"


def check(root, files):
    for file in files:
        if file.path == "LICENSE":
            continue
        try:
            file.raw.decode("utf-8")
        except UnicodeDecodeError:
            yield file.path, 1, "not UTF-8"
        if b"\r\n" in file.raw:
            yield file.path, 1, "lines end in CR LF"
        if file.raw and not file.raw.endswith(b"\n"):
            yield file.path, len(file.lines), "the last line has no newline"
        if file.is_c:
            yield from check_calls(file)
        if file.suffix == ".h":
            yield from check_head(file)
        yield from check_lines(root, file)
