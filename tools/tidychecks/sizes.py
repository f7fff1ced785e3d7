"""Lines, files and functions, and the exceptions that may only shrink."""

import ast
import os
import re

LINE_COLUMNS = 100
FILE_LINES = 800
FILE_LINES_AIM = 300
FUNCTION_LINES = 70
ONE_A_LINE = {"LICENSE", "tests/skips", "tools/tidy-exceptions"}
NO_LINE_LIMIT = {".md", ".json", ".svg", ".txt", ".csv", ".jsonl", ".html"}
NAME = re.compile(r"(\w+)\s*\(")


def c_functions(file):
    """(name, first line, lines) of each function: Linux braces put both of its own in column 0."""
    lines = file.code.split("\n")
    start = None
    for number, line in enumerate(lines):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start is not None:
            head = start
            while head > 0 and lines[head - 1].strip() and not ends_statement(lines[head - 1]):
                head -= 1
            signature = " ".join(lines[head:start])
            match = NAME.search(re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature))
            yield match.group(1) if match else "?", head + 1, number - head + 1
            start = None


def ends_statement(line):
    return line.rstrip().endswith((";", "}", "*/")) or line.lstrip().startswith("#")


def python_functions(file):
    try:
        tree = ast.parse(file.text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def exceptions(root):
    """({(file, function): (lines, line number)}, at most, complaints)"""
    path = os.path.join(root, "tools/tidy-exceptions")
    found, most, complaints = {}, 0, []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[:2] == ["at", "most"]:
                most = int(words[2])
            elif len(words) < 4 or not words[2].isdigit():
                complaints.append(("tools/tidy-exceptions", number,
                                   "an exception is FILE FUNCTION LINES REASON"))
            else:
                found[words[0], words[1]] = (int(words[2]), number)
    if len(found) != most:
        complaints.append(("tools/tidy-exceptions", 1,
                           f"{len(found)} exceptions, but the list says at most {most}"))
    return found, complaints


def check_functions(files, allowed):
    used = set()
    for file in files:
        if not file.is_c and not file.is_python:
            continue
        functions = c_functions(file) if file.is_c else python_functions(file)
        for name, line, lines in functions:
            if lines <= FUNCTION_LINES:
                continue
            limit, number = allowed.get((file.path, name), (FUNCTION_LINES, 0))
            used.add((file.path, name))
            if lines > limit:
                yield file.path, line, f"{name} has {lines} lines, the limit is {limit}"
            elif lines < limit:
                yield "tools/tidy-exceptions", number, f"{name} has {lines} lines now: say so"
    for key in set(allowed) - used:
        yield "tools/tidy-exceptions", allowed[key][1], f"{key[1]} needs no exception any more"


def check(root, files):
    allowed, complaints = exceptions(root)
    yield from complaints
    yield from check_functions(files, allowed)
    for file in files:
        if file.path in ONE_A_LINE:
            continue
        if len(file.lines) > FILE_LINES and file.suffix not in NO_LINE_LIMIT:
            yield file.path, 1, f"{len(file.lines)} lines, the limit is {FILE_LINES}: split it"
        if file.suffix in NO_LINE_LIMIT:
            continue
        for number, line in enumerate(file.lines, 1):
            columns = len(line.expandtabs(8))
            if columns > LINE_COLUMNS:
                yield file.path, number, f"{columns} columns, the limit is {LINE_COLUMNS}"


def long_files(files):
    """For information: what grows towards the limit."""
    return [(file.path, len(file.lines)) for file in files
            if file.is_c and len(file.lines) > FILE_LINES_AIM]
