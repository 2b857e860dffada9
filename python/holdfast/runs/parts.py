"""The size of the parts in which the points of a run are sent."""

from __future__ import annotations

from itertools import accumulate

PART_CHARACTERS = 4 * 2**20


def count_of_part(lines: list[str], most: int) -> int:
    """Returns how many lines the next part has: 1 to `most`."""
    ends = accumulate(len(line) for line in lines[: most - 1])
    return 1 + sum(end < PART_CHARACTERS for end in ends)
