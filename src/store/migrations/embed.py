#!/usr/bin/python3
"""Writes a C file that holds the migrations: embed.py OUT.c 0001-first.sql ..."""
import os
import re
import sys


def literal(text):
    lines = text.splitlines(keepends=True)
    quoted = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for line in lines)
    return "\n".join(f'\t\t"{line}"' for line in quoted)


def main(out, paths):
    rows = []
    for number, path in enumerate(sorted(paths, key=os.path.basename), start=1):
        name = re.fullmatch(r"(\d{4})-([a-z0-9-]+)\.sql", os.path.basename(path))
        if not name or int(name[1]) != number:
            sys.exit(f"{path}: migrations are named NNNN-name.sql, from 0001, without gaps")
        with open(path, encoding="utf-8") as file:
            rows.append(f'\t{{ {number}, "{name[2]}",\n{literal(file.read())} }},\n')
    with open(out, "w", encoding="utf-8") as file:
        file.write("/* Made from the folder migrations: do not edit. */\n"
                   '#include "store/migrate.h"\n\n'
                   '#pragma GCC diagnostic ignored "-Woverlength-strings"\n\n')
        file.write("const struct migration migrations[] = {\n" + "".join(rows) + "};\n")
        file.write(f"const int migration_count = {len(rows)};\n")


main(sys.argv[1], sys.argv[2:])
