"""Runs that log values through a service."""
