"""Python values: files that are made of them, and values that are loaded from files."""
