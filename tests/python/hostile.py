"""Damages copies of a registry at random, reads each, and prints how many errors were reported.

Arguments: the registry, a folder for the copies, the first seed, the number of seeds. Half of the
changed records have a sum that fits, so that their members reach the reader.
"""

import hashlib
import json
import pathlib
import random
import shutil
import sys

from holdfast import HoldfastError, open_registry

ODD = (
    *(None, True, -1, 0.5, 1e308, 2**53, 10**18, "", "..", "../../x", "2/../x", "=", "\ud800"),
    *("a" * 10_000, "9999-99-99T00:00:00.000Z", [], {}, [[]], {"a": {}}),
)


def change_member(rng, value):
    """Puts an odd value in the place of a random one, at any depth."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    if not keys:
        return
    key = rng.choice(list(keys))
    if isinstance(value[key], (dict, list)) and rng.random() < 0.6:
        change_member(rng, value[key])
    else:
        value[key] = rng.choice(ODD)


def with_other_members(rng, data):
    line, _, inline = data.partition(b"\n")
    text, mark, _ = line.rpartition(b',"sum":"')
    try:
        record = json.loads(text + b"}")
    except ValueError:
        return data[::-1]
    change_member(rng, record)
    text = json.dumps(record, separators=(",", ":"))[:-1].encode()
    return text + mark + hashlib.sha256(text).hexdigest().encode() + b'"}\n' + inline


def damage(rng, file, files):
    data = file.read_bytes()
    kind = rng.randrange(8)
    if kind == 0:
        data = data[:rng.randrange(len(data) + 1)]
    elif kind == 1:
        data += bytes(rng.randrange(4096))
    elif kind == 2:
        data = rng.choice(files).read_bytes()
    elif kind == 3 and data:
        at = rng.randrange(len(data))
        data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
    else:
        data = with_other_members(rng, data)
    file.write_bytes(data)


def read(root):
    """Reads everything; returns the number of errors that the reader reported."""
    errors = 0
    try:
        registry = open_registry(str(root))
        for name in list(registry.names()):
            for version in list(registry.versions(name)):
                try:
                    registry.load(f"{name}@{version}")
                except HoldfastError:
                    errors += 1
    except HoldfastError:
        errors += 1
    return errors


source, copies, first, count = pathlib.Path(sys.argv[1]), *sys.argv[2:3], *map(int, sys.argv[3:])
total = 0
for seed in range(first, first + count):
    copy = pathlib.Path(copies) / str(seed)
    shutil.copytree(source, copy)
    rng = random.Random(seed)
    files = sorted(file for file in copy.rglob("*") if file.is_file())
    for _ in range(rng.choice((1, 1, 2, 4))):
        damage(rng, rng.choice(files), files)
    try:
        total += read(copy)
    except Exception as error:
        raise AssertionError(f"seed {seed}") from error
    shutil.rmtree(copy)
print(total)
