"""tools/tidy finds each kind of violation when it is planted, and nothing in a clean tree."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

CLEAN = {
    "src/base/num.h": "/* base/num.h -- numbers. */\n#ifndef BASE_NUM_H\n#define BASE_NUM_H\n\n"
                      "int num_one(void);\n\n#endif\n",
    "src/base/num.c": '#include "base/num.h"\n\nint num_one(void)\n{\n\treturn 1;\n}\n',
    "src/core/yard.c": '#include "base/num.h"\n\nint yard(void)\n{\n\treturn num_one();\n}\n',
    "src/store/rows.h": "/* store/rows.h -- rows. */\n#ifndef STORE_ROWS_H\n"
                        "#define STORE_ROWS_H\n\nint rows_count(void);\n\n#endif\n",
    "tools/tidy-exceptions": "at most 0\n",
    "tests/test_it.py": '"""A test."""\n',
}

LONG = "int yard(void)\n{\n" + "\tyard();\n" * 70 + "\treturn 1;\n}\n"

PLANTED = [
    # (what, file, content, words of the complaint)
    ("an include of a higher floor", "src/core/a.c", '#include "store/rows.h"\n',
     "core may not include store"),
    ("the same through another header", "src/base/b.h",
     '/* base/b.h -- b. */\n#include "store/rows.h"\n', "base may not include store"),
    ("another room's library", "src/core/a.c", "#include <sqlite3.h>\n",
     "core may not see sqlite"),
    ("a library nobody lists", "src/core/a.c", "#include <zlib.h>\n",
     "belongs to no library"),
    ("an include without its folder", "src/base/a.c", '#include "num.h"\n', "names the folder"),
    ("an include of nothing", "src/base/a.c", '#include "base/gone.h"\n', "no such header"),
    ("a room outside the table", "src/attic/a.c", "int a;\n", "is no room"),
    ("an example that knows the house", "examples/a.c", '#include "base/num.h"\n',
     "examples may not include"),
    ("a banned call", "src/base/a.c", "void f(char *p)\n{\n\tstrcpy(p, p);\n}\n",
     "strcpy() is banned"),
    ("a banned call in a test", "tests/a.c", "void f(char *p)\n{\n\tstrcat(p, p);\n}\n",
     "strcat() is banned"),
    ("a clock outside the loop", "src/core/a.c", "void f(void)\n{\n\ttime(0);\n}\n",
     "time() is banned"),
    ("a header without its first line", "src/base/b.h", "int b(void);\n", "first line of a header"),
    ("a header that needs another first", "src/base/b.h",
     "/* base/b.h -- b. */\nvoid b(size_t n);\n", "does not compile alone"),
    ("a long line", "tests/a.c", "/* " + "x" * 100 + " */\n", "columns"),
    ("a long file", "src/base/a.c", "int a;\n" * 801, "801 lines"),
    ("a long function", "src/base/a.c", LONG, "yard has 74 lines"),
    ("a long Python function", "tests/a.py", "def f():\n" + "    f()\n" * 71, "f has 72 lines"),
    ("bad formatting", "src/base/a.c", "int  a;\n", "not formatted"),
    ("a note to oneself", "src/base/a.c", "/* TO" "DO: more */\n", "note to oneself"),
    ("a tracker's number", "docs/A.md", "see iss" "ue 7\n", "tracker"),
    ("a path out of the repository", "docs/A.md", "see ../../elsewhere/notes\n",
     "outside the repository"),
    ("an address from elsewhere", "docs/A.md", "http:/" "/mirror.somewhere.net/x\n",
     "address from elsewhere"),
    ("trailing blanks", "src/base/a.c", "int a; \n", "blanks at the end"),
    ("no newline at the end", "src/base/a.c", "int a;", "no newline"),
    ("bytes that are no text", "docs/A.md", b"\xff\xfe\n", "not UTF-8"),
    ("broken Python", "tests/a.py", "def f(:\n", "Python:"),
    ("a broken script", "tools/a", "#!/bin/sh\nif true; then\n", "tools/a:1"),
    ("an exception nobody needs", "tools/tidy-exceptions",
     "at most 1\nsrc/base/num.c num_one 90 it was long once\n", "needs no exception any more"),
    ("more exceptions than promised", "tools/tidy-exceptions",
     "at most 0\nsrc/base/num.c num_one 90 it was long once\n", "1 exceptions, but"),
    ("a library in two rooms", "tools/floors", "room a 0 : : uv\nroom b 0 : : uv\n",
     "library uv is seen by"),
    ("a floor upside down", "tools/floors", "room a 0 : b :\nroom b 1 : :\n", "on a higher floor"),
]


def write(root, path, content):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(content, str):
        content = content.encode()
    with open(path, "wb") as f:
        f.write(content)


def plant(root):
    shutil.copy(os.path.join(ROOT, ".clang-format"), root)
    os.makedirs(os.path.join(root, "tools"))
    shutil.copy(os.path.join(ROOT, "tools/floors"), os.path.join(root, "tools/floors"))
    for path, content in CLEAN.items():
        write(root, path, content)


def tidy(root):
    return subprocess.run([os.path.join(ROOT, "tools/tidy"), "--root", root],
                          capture_output=True, text=True, check=False)


def test_a_clean_tree_has_no_complaints(tmp_path):
    plant(tmp_path)
    done = tidy(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what,path,content,words", PLANTED, ids=[p[0] for p in PLANTED])
def test_tidy_finds(tmp_path, what, path, content, words):
    plant(tmp_path)
    write(tmp_path, path, content)
    done = tidy(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    mine = [line for line in done.stdout.splitlines() if path in line and words in line]
    assert mine, done.stdout


def test_a_listed_exception_is_allowed_at_its_size_only(tmp_path):
    plant(tmp_path)
    write(tmp_path, "src/base/a.c", LONG)
    write(tmp_path, "tools/tidy-exceptions", "at most 1\nsrc/base/a.c yard 74 one table\n")
    assert tidy(tmp_path).returncode == 0
    write(tmp_path, "tools/tidy-exceptions", "at most 1\nsrc/base/a.c yard 80 one table\n")
    assert "yard has 74 lines now" in tidy(tmp_path).stdout


def test_words_in_comments_and_strings_are_no_calls(tmp_path):
    plant(tmp_path)
    write(tmp_path, "src/base/a.c",
          '/* strcpy(a, b) */\nconst char *a_text(void)\n{\n\treturn "system(x)";\n}\n')
    done = tidy(tmp_path)
    assert done.returncode == 0, done.stdout
