"""Reads what test programs print: TAP, pytest's JUnit file, or a closing count line."""

import re
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

TAP_LINE = re.compile(r"^(not )?ok\b\s*\d*\s*(?:-\s*)?([^#\n]*?)[ \t]*(#\s*SKIP\b:?[ \t]*(.*))?$",
                      re.IGNORECASE | re.MULTILINE)
TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)
COUNT_LINE = re.compile(r"^(?:\w+: *)?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$",
                        re.MULTILINE)


class Result:
    """One test: name, what became of it, and why."""

    def __init__(self, name, outcome, why=""):
        self.name, self.outcome, self.why = name, outcome, why


def from_tap(text):
    """None when the text is no TAP."""
    plan = sum(int(n) for n in TAP_PLAN.findall(text))
    results = []
    for bad, name, skipped, reason in TAP_LINE.findall(text):
        if skipped:
            # cmocka puts the name of a skipped test behind the word SKIP.
            results.append(Result(name or reason.split(" ")[0], SKIPPED, reason))
        else:
            results.append(Result(name, FAILED if bad else PASSED))
    if not plan and not results:
        return None
    for missing in range(len(results), plan):
        results.append(Result(f"test {missing + 1} of {plan}", FAILED, "it never reported"))
    return results


def from_count_line(text):
    found = COUNT_LINE.findall(text)
    if not found:
        return None
    passed, failed, skipped = (int(n or 0) for n in found[-1])
    return ([Result("", PASSED)] * passed + [Result("", FAILED)] * failed +
            [Result("", SKIPPED)] * skipped)


def from_junit(path):
    results = []
    for case in ElementTree.parse(path).iter("testcase"):
        name = case.get("classname", "").split(".")[-1] + "::" + case.get("name", "")
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            results.append(Result(name, FAILED))
        elif skipped is not None:
            results.append(Result(name, SKIPPED, skipped.get("message", "")))
        else:
            results.append(Result(name, PASSED))
    return results


def judge(name, code, text, junit=None):
    """The results of one finished program. An exit code that no failed test explains is one."""
    results = None
    if junit is not None:
        try:
            results = from_junit(junit)
        except (OSError, ElementTree.ParseError) as e:
            results = [Result(name, FAILED, f"no results: {e}")]
    if results is None:
        results = from_tap(text)
    if results is None:
        results = from_count_line(text)
    if results is None:
        return [Result(name, PASSED if code == 0 else FAILED, "" if code == 0 else ended(code))]
    if code != 0 and not any(r.outcome == FAILED for r in results):
        results.append(Result(name, FAILED, ended(code)))
    return results


def ended(code):
    if code is None:
        return "ran out of time"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
