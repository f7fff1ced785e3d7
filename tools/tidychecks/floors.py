"""Who may include whom, one library one room, and includes that name their folder."""

import fnmatch
import os
import re

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
EVERYTHING = ("tests", "bench")


class Law:
    """tools/floors, read."""

    def __init__(self, path):
        self.rooms, self.floor, self.libraries, self.patterns = {}, {}, {}, []
        with open(path, encoding="utf-8") as f:
            for line in f.read().replace("\\\n", " ").splitlines():
                line = line.split("#", 1)[0].strip()
                if not line:
                    continue
                head, *rest = [part.split() for part in line.split(":")]
                if head[0] == "room":
                    self.floor[head[1]] = int(head[2])
                    self.rooms[head[1]] = set(rest[0]) | {head[1]}
                    self.libraries[head[1]] = set(rest[1]) | {"libc"}
                elif head[0] == "library":
                    self.patterns += [(pattern, head[1]) for pattern in rest[0]]

    def library_of(self, header):
        for pattern, name in self.patterns:
            if fnmatch.fnmatchcase(header, pattern):
                return name
        return None

    def contradictions(self):
        owner = {}
        for room, libraries in self.libraries.items():
            for other in self.rooms[room] - {room}:
                if other not in self.floor:
                    yield f"room {room} may include {other}, which is no room"
                elif self.floor[other] > self.floor[room]:
                    yield f"room {room} may include {other}, which is on a higher floor"
            for library in libraries - {"libc"}:
                if library in owner:
                    yield f"library {library} is seen by {owner[library]} and by {room}"
                owner[library] = room


def includes(file):
    """(line, is_system, name) of each include; strings are blanked in .code, so read .text."""
    for match in INCLUDE.finditer(file.text):
        # An include inside a comment is blank in the code.
        if file.code[match.start():match.end()].strip():
            line = file.text.count("\n", 0, match.start()) + 1
            yield line, match.group(1) == "<", match.group(2)


def resolve(by_path, file, name):
    for base in ("src", os.path.dirname(file.path), "", "tests", "examples", "sdk/c"):
        path = os.path.normpath(os.path.join(base, name))
        if path in by_path:
            return by_path[path]
    return None


def reached(by_path, file, seen):
    """Every (line in file, header, system name) that an include of `file` leads to."""
    for line, is_system, name in includes(file):
        if is_system:
            yield line, None, name
            continue
        header = resolve(by_path, file, name)
        if header is None or header.path in seen:
            continue
        seen.add(header.path)
        yield line, header, None
        for _, inner, system in reached(by_path, header, seen):
            yield line, inner, system


def check_names(by_path, file):
    for line, is_system, name in includes(file):
        if is_system:
            continue
        top = file.path.split("/")[0]
        if "/" not in name and top not in ("examples", "sdk"):
            yield file.path, line, f'"{name}": an include names the folder, as in "base/{name}"'
        elif resolve(by_path, file, name) is None and not name.startswith("generated/"):
            yield file.path, line, f'"{name}": there is no such header'


def check_room(law, by_path, file):
    room = file.room
    if room not in law.rooms:
        yield file.path, 1, f"src/{room} is no room of tools/floors"
        return
    said = set()
    for line, header, system in reached(by_path, file, {file.path}):
        if header is not None and header.path.startswith("src/"):
            other = header.room
            if other not in law.rooms[room] and (line, other) not in said:
                said.add((line, other))
                yield file.path, line, f"{room} may not include {other} ({header.path})"
        elif system is not None:
            library = law.library_of(system)
            if library is None:
                yield file.path, line, f"<{system}> belongs to no library of tools/floors"
            elif library not in law.libraries[room] and (line, library) not in said:
                said.add((line, library))
                yield file.path, line, f"{room} may not see {library} (<{system}>)"


def check_outside(law, by_path, file):
    """examples/ and sdk/ are what users write: the C library and the SDK, nothing of src/."""
    for line, header, system in reached(by_path, file, {file.path}):
        if header is not None and header.path.startswith("src/"):
            yield file.path, line, f"{file.room} may not include {header.path}"
        elif system is not None and law.library_of(system) != "libc":
            yield file.path, line, f"{file.room} may see the C library only, not <{system}>"


def check(root, files):
    law = Law(os.path.join(root, "tools/floors"))
    for sentence in law.contradictions():
        yield "tools/floors", 1, sentence
    by_path = {f.path: f for f in files if f.is_c}
    for file in by_path.values():
        yield from check_names(by_path, file)
        if file.path.startswith("src/"):
            yield from check_room(law, by_path, file)
        elif file.room not in EVERYTHING:
            yield from check_outside(law, by_path, file)
