"""Saves and loads for the cases: a line of JSON for each question and answer."""

import json
import math
import sys

import holdfast


def spelled(value):
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [spelled(each) for each in value]
    return {k: spelled(v) for k, v in value.items()} if isinstance(value, dict) else value


opened = {}


def answer(question):
    key = question["location"]
    if key not in opened:
        opened[key] = holdfast.open_registry(key, token=question.get("token"))
    registry = opened[key]
    try:
        if "save" in question:
            text, metadata = question["save"].pop("text"), json.loads(question["save"].pop("metadata"))
            registry.save(question["name"], text, metadata=metadata, **question["save"])
            return {}
        found = registry.open(question["ref"])
        return {"text": found.load(), "metadata": spelled(found.metadata)}
    except holdfast.HoldfastError as error:
        return {"refused": error.code}


for line in sys.stdin:
    print(json.dumps({"answer": answer(json.loads(line))}), flush=True)
