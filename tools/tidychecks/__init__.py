"""The checks of tools/tidy, one file a subject. Each yields (path, line, sentence)."""
