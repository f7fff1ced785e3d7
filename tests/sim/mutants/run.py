#!/usr/bin/python3
"""tests/sim/mutants/run.py [NAME...] -- plants each bug of this folder: each must be caught.

A mutant is NAME.patch against src/core; its first line says what goes wrong. One that no longer
applies fails: rewrite it, for a bug that cannot be planted proves nothing. The core without a bug
runs first, twice: it must pass, and the same seeds must give the same hash.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
FLAGS = ["-std=gnu17", "-O1", "-w", "-D_GNU_SOURCE", "-DCLOCK_ALLOWED", "-Isrc", "-Itests"]
SCHEDULES = "20000"


def compile_all(root, folder, objects):
    names = []
    for source in sorted(glob.glob(f"{root}/{folder}/*.c")):
        name = f"{objects}/{folder.replace('/', '-')}-{os.path.basename(source)[:-2]}.o"
        subprocess.run([os.environ.get("CC", "cc"), *FLAGS, "-c", source, "-o", name], cwd=root,
                       check=True)
        names.append(name)
    return names


def link(objects, program):
    subprocess.run([os.environ.get("CC", "cc"), *objects, "-lm", "-o", program], check=True)


def simulate(program):
    return subprocess.run([program, "--schedules", SCHEDULES], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)


def how_caught(done):
    """What the simulator said against it, or None."""
    for line in done.stdout.splitlines():
        if done.returncode != 0 and (line.startswith("VIOLATION") or "Assertion" in line):
            return line.strip()
    return None


def plant(patch, clean, work):
    """A copy of the core with the bug in it; what patch said when it did not apply."""
    shutil.copytree(f"{clean}/src", f"{work}/src")
    with open(patch, encoding="utf-8") as f:
        done = subprocess.run(["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch"], cwd=work,
                              stdin=f, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
    return None if done.returncode == 0 else done.stdout.strip()


def try_mutant(patch, clean, rest, work):
    os.makedirs(f"{work}/objects")
    refused = plant(patch, clean, work)
    if refused:
        return f"does not apply any more: {refused}", False
    link(compile_all(work, "src/core", f"{work}/objects") + rest, f"{work}/sim")
    line = how_caught(simulate(f"{work}/sim"))
    return (f"caught: {line}", True) if line else ("NOT CAUGHT", False)


def clean_core_passes(program):
    first, second = simulate(program), simulate(program)
    last = [done.stdout.splitlines()[-1] for done in (first, second)]
    print(f"without a bug: {last[0]}")
    return first.returncode == 0 and second.returncode == 0 and last[0] == last[1]


def main():
    wanted = sys.argv[1:]
    patches = [p for p in sorted(glob.glob(f"{HERE}/*.patch"))
               if not wanted or os.path.basename(p)[:-6] in wanted]
    caught = 0
    with tempfile.TemporaryDirectory() as top:
        clean = f"{top}/clean"
        for folder in ("src/core", "src/base", "tests/sim"):
            shutil.copytree(f"{ROOT}/{folder}", f"{clean}/{folder}")
        os.makedirs(f"{clean}/objects")
        rest = (compile_all(clean, "src/base", f"{clean}/objects") +
                compile_all(clean, "tests/sim", f"{clean}/objects"))
        link(compile_all(clean, "src/core", f"{clean}/objects") + rest, f"{clean}/sim")
        passes = clean_core_passes(f"{clean}/sim")
        for patch in patches:
            name = os.path.basename(patch)[:-6]
            told, fine = try_mutant(patch, clean, rest, f"{top}/{name}")
            caught += fine
            print(f"{name:34} {told}", flush=True)
    print(f"mutants: {caught} of {len(patches)} caught")
    return 0 if passes and patches and caught == len(patches) else 1


if __name__ == "__main__":
    sys.exit(main())
