"""Fixtures of the end-to-end tests: a fresh server for a test, or one for all tests of a file."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from yard import Yard  # noqa: E402


@pytest.fixture
def make_yard():
    """make_yard(slots=2, options=[...]) starts a server; all are closed and checked at the end."""
    yards = []

    def make(**options):
        yard = Yard(**options)
        yards.append(yard.__enter__())
        return yard

    yield make
    for yard in reversed(yards):
        yard.__exit__(None, None, None)


@pytest.fixture
def yard():
    """A fresh server with one slot, for this test alone."""
    with Yard() as one:
        yield one


@pytest.fixture(scope="module")
def shared_yard():
    """A server with two slots for all tests of a file: leave no job running in it."""
    with Yard(slots=2) as one:
        yield one
