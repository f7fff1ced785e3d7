"""tests/run counts what was really tested, and calls nothing passed that did not report."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from driver import counts  # noqa: E402


def outcomes(code, text):
    return [(r.name, r.outcome) for r in counts.judge("suite", code, text)]


def test_tap_tests_are_counted_one_by_one():
    text = "TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n# why\n"
    assert outcomes(1, text) == [("a", "passed"), ("b", "failed")]


def test_a_planned_test_that_never_reported_failed():
    assert outcomes(0, "1..2\nok 1 - a\n") == [("a", "passed"), ("test 2 of 2", "failed")]


def test_both_groups_of_a_program_count():
    assert outcomes(0, "1..1\nok 1 - a\n1..1\nok 1 - b\n") == [("a", "passed"), ("b", "passed")]


def test_a_skipped_test_keeps_its_name():
    assert outcomes(0, "1..1\nok 1 # SKIP a\n") == [("a", "skipped")]
    assert outcomes(0, "1..1\nnot ok 1 # SKIP a\n") == [("a", "skipped")]
    assert outcomes(0, "1..1\nok 1 - a # SKIP no disk\n") == [("a", "skipped")]
    assert outcomes(0, "1..1\nok 1 - a # SKIP\n") == [("a", "skipped")]


def test_an_exit_code_that_no_test_explains_is_a_failure():
    assert outcomes(99, "1..1\nok 1 - a\n") == [("a", "passed"), ("suite", "failed")]
    assert outcomes(None, "1..1\nok 1 - a\n") == [("a", "passed"), ("suite", "failed")]
    assert outcomes(-11, "") == [("suite", "failed")]


def test_a_closing_count_is_believed():
    found = outcomes(0, "noise\n3 passed, 0 failed\n")
    assert [o for _, o in found] == ["passed"] * 3
    found = outcomes(1, "faults: 2 passed, 1 failed, 1 skipped\n")
    assert [o for _, o in found] == ["passed", "passed", "failed", "skipped"]


def test_a_silent_program_is_one_test():
    assert outcomes(0, "") == [("suite", "passed")]


def test_missing_junit_results_are_a_failure(tmp_path):
    results = counts.judge("suite", 0, "", str(tmp_path / "none.xml"))
    assert [r.outcome for r in results] == ["failed"]
