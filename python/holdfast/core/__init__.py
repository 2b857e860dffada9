"""Values, keys and records of the format, and what all other modules share."""
