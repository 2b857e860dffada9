"""Reads registries from a folder or a bucket."""
