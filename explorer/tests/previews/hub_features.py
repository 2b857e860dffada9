"""Writes a data set with classes and images, as `datasets` does, into the file of the argument."""

import struct
import sys
import zlib

from datasets import Audio, ClassLabel, Dataset, Features, Image, Value


def png(red, green, blue):
    """An image of 40 x 20 pixels of one color."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((red, green, blue)) * 40 for _ in range(20))
    head = struct.pack(">IIBBBBB", 40, 20, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


COUNT = 120
stored = Features({"bytes": Value("binary"), "path": Value("string")})
labels = [number % 2 for number in range(COUNT)]
labels[5], labels[7] = None, -1
images = [{"bytes": png(number, 255 - number, 7), "path": f"{number}.png"} for number in range(COUNT)]
images[2], images[4] = None, {"bytes": b"<svg onload=alert(1)>", "path": None}
sounds = [{"bytes": b"RIFF" * 300, "path": "a.wav"}] * COUNT
plain = Features({"label": ClassLabel(names=["dog", "cat"]), "image": stored, "sound": stored})
rows = Dataset.from_dict({"label": labels, "image": images, "sound": sounds}, features=plain)
features = Features({**plain, "image": Image(), "sound": Audio()})
table = rows.data.table.replace_schema_metadata(features.arrow_schema.metadata)
Dataset(table).to_parquet(sys.argv[1], batch_size=30)
