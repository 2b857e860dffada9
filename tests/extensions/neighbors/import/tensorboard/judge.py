"""Writes random runs with a real writer (`write`), and prints what TensorBoard reads of them (`read`)."""

import hashlib
import json
import math
import os
import random
import sys
import time

import numpy as np

SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, 3.4e38, 1 / 3]


def written_by_writer(writer: type, folder: str, key: str, seed: int) -> None:
    rnd, rng = random.Random(seed), np.random.default_rng(seed)
    for run in ["", "a/b", "train ü"]:
        w = writer(**{key: os.path.join(folder, run)})
        for _ in range(rnd.randrange(20, 60)):
            tag = rnd.choice(["loss", "val/acc", "step", "_time", "üml 1"])
            w.add_scalar(
                tag, rnd.choice([*SPECIAL, rnd.random()]), rnd.randrange(-3, 40)
            )
        w.add_scalars("pair", {"x": 1.0, "y": 2.0}, 3)
        for i in range(3):
            w.add_image("img/one", rng.integers(0, 255, (3, 4, 5), dtype=np.uint8), i)
            w.add_histogram("weights", rng.normal(size=100), i)
            w.add_text("note", f"hi **{i}** ü", i)
        for _ in range(2):
            w.add_image("../img:none", rng.integers(0, 255, (3, 2, 2), dtype=np.uint8))
        w.add_hparams({"lr": 0.1, "opt": "sgd", "on": True, "n": 3}, {"hp/score": 0.5})
        w.close()
        w = writer(
            **{key: os.path.join(folder, run)},
            purge_step=rnd.randrange(5, 30),
            filename_suffix=".2",
        )
        for _ in range(20):
            w.add_scalar("loss", rnd.random(), rnd.randrange(0, 50))
        w.close()


def written_by_tensorboard(folder: str, seed: int) -> None:
    """Values as tensors, like those of TensorFlow 2, and many points."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.histogram.summary_v2 import histogram_pb
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.plugins.text.summary_v2 import text_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util

    rnd, rng = random.Random(seed), np.random.default_rng(seed)
    writer = EventFileWriter(os.path.join(folder, "tensors"))

    def add(summary: Summary, step: int) -> None:
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))

    add(hparams_pb({"lr": 0.1, "opt": "sgd", "on": True, "n": 3}), 0)
    for step in range(5000):
        add(Summary(value=[Summary.Value(tag="many", simple_value=rnd.random())]), step)
    for step in range(20):
        add(scalar_pb("scalar", rnd.choice([*SPECIAL, rnd.random()])), step)
        stripped = scalar_pb(
            "later", rnd.random()
        )  # writers leave the metadata out, except for the first value
        if step > 0:
            stripped.value[0].ClearField("metadata")
        add(stripped, step)
        packed = scalar_pb("packed", 0.0)
        packed.value[0].tensor.ClearField("float_val")
        packed.value[0].tensor.tensor_content = np.float32(rnd.random()).tobytes()
        add(packed, step)
        add(text_pb("text", f"{step}"), step)
        add(histogram_pb("histogram", rng.normal(size=50)), step)
    png = b"\x89PNG\r\n\x1a\n" + bytes(rng.integers(0, 255, 20, dtype=np.uint8))
    value = Summary.Value(
        tag="image", tensor=tensor_util.make_tensor_proto([b"4", b"5", png, png[:-1]])
    )
    value.metadata.plugin_data.plugin_name = "images"
    add(Summary(value=[value]), 1)
    writer.close()


def numbers(values: object) -> list[str]:
    return [repr(float(value)) for value in values]


def read(folder: str) -> dict:
    from tensorboard.backend.event_processing.event_accumulator import (
        STORE_EVERYTHING_SIZE_GUIDANCE,
        EventAccumulator,
    )
    from tensorboard.util import tensor_util

    def sha(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    runs = {}
    for at, _, names in os.walk(folder):
        if not any("tfevents" in name for name in names):
            continue
        read = EventAccumulator(at, size_guidance=STORE_EVERYTHING_SIZE_GUIDANCE)
        tags = read.Reload().Tags()
        points, media = [], []
        for tag in tags["scalars"]:
            points += [
                [tag, e.step, *numbers([e.value]), math.floor(e.wall_time * 1000 + 0.5)]
                for e in read.Scalars(tag)
            ]
        for tag in tags["images"]:
            media += [
                [tag, e.step, sha(e.encoded_image_string)] for e in read.Images(tag)
            ]
        for tag in tags["histograms"]:
            for e in read.Histograms(tag):
                h = e.histogram_value
                five = [h.min, h.max, h.num, h.sum, h.sum_squares]
                media.append(
                    [tag, e.step, numbers([*five, *h.bucket_limit, *h.bucket])]
                )
        for tag in tags["tensors"]:
            plugin = read.SummaryMetadata(tag).plugin_data.plugin_name
            for e in read.Tensors(tag):
                value = tensor_util.make_ndarray(e.tensor_proto)
                if plugin == "scalars":
                    points.append(
                        [
                            tag,
                            e.step,
                            *numbers([value.item()]),
                            math.floor(e.wall_time * 1000 + 0.5),
                        ]
                    )
                elif plugin == "histograms":
                    media.append([tag, e.step, numbers(value.flatten())])
                elif plugin == "text":
                    media.append(
                        [tag, e.step, [each.decode() for each in value.flatten()]]
                    )
                elif plugin == "images":
                    media += [[tag, e.step, sha(each)] for each in value[2:]]
        runs[os.path.relpath(at, folder)] = {"points": points, "media": media}
    return runs


if __name__ == "__main__":
    verb, folder, writer, seed = sys.argv[1:]
    if verb == "read":
        json.dump(read(folder), sys.stdout)
    elif writer == "tensorboard":
        written_by_tensorboard(folder, int(seed))
    elif writer == "torch":
        from torch.utils.tensorboard import SummaryWriter

        written_by_writer(SummaryWriter, folder, "log_dir", int(seed))
    else:
        from tensorboardX import SummaryWriter

        written_by_writer(SummaryWriter, folder, "logdir", int(seed))
