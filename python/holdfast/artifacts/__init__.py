"""Versions, and what every registry can do with them."""
