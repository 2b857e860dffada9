"""Paths of fsspec."""
