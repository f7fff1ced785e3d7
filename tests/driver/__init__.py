"""How tests/run runs its suites and counts them."""
