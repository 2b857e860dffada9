"""Objects of other packages, in the formats of these packages."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import quoted, unsupported
from .table import Loading, built_in, fitting


def tensors_in(message: Any) -> Iterator[Any]:
    """Yields the tensors of a message of ONNX: also those of its nodes, branches and functions."""
    if message.DESCRIPTOR.name == "TensorProto":
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in [value] if hasattr(value, "DESCRIPTOR") else value:
                yield from tensors_in(each)


def outlined(message: Any, target: Any, data: Any, least: int) -> None:
    """Copies a message of ONNX, but writes the bytes of large tensors into the file `data`."""
    if message.DESCRIPTOR.name == "TensorProto" and len(message.raw_data) >= least:
        offset, size = data.tell(), data.write(message.raw_data)
        for key, value in (("location", Onnx.DATA), ("offset", offset), ("length", size)):
            target.external_data.add(key=key, value=str(value))
        target.data_location = 1
    for field, value in message.ListFields():
        if field.name == "raw_data" and target.data_location:
            continue
        if field.message_type is None or field.name == "functions":  # where `onnx` reads no file
            target.MergeFrom(type(message)(**{field.name: value}))
        elif hasattr(value, "DESCRIPTOR"):
            getattr(target, field.name).SetInParent()
            outlined(value, getattr(target, field.name), data, least)
        else:
            for each in value:
                outlined(each, getattr(target, field.name).add(), data, least)


@built_in("onnx.onnx_ml_pb2.ModelProto", "onnx")
class Onnx:
    """Models of ONNX. Large ones have their tensors in a second file."""

    FILE = "model.onnx"
    DATA = "model.onnx.data"
    MOST_BYTES = 2**30
    LEAST_OUTSIDE = 1024

    def save(self, value: Any, folder: Path) -> None:
        size = 0
        for each in tensors_in(value):
            if each.data_location:
                state = f"its tensor {quoted(each.name)} is in another file"
                hint = "Save the folder: Path('model'), or onnx.load_external_data_for_model first."
                raise unsupported(value, state, hint)
            size += len(each.raw_data)
        if size >= self.MOST_BYTES:
            model = type(value)()
            with (folder / self.DATA).open("wb") as data:
                outlined(value, model, data, self.LEAST_OUTSIDE)
            value = model
        (folder / self.FILE).write_bytes(value.SerializeToString(deterministic=True))

    def load(self, loading: Loading) -> Any:
        import onnx

        model = onnx.load(loading.file(self.FILE), load_external_data=False)
        read = 0
        for each in tensors_in(model):
            if each.data_location:
                known = {pair.key: pair.value for pair in each.external_data}
                if known.get("location") != self.DATA:
                    raise ValueError(f"no file has the data of its tensor {each.name!r}")
                with loading.file(self.DATA).open("rb") as data:
                    data.seek(int(known.get("offset", 0)))
                    each.raw_data = data.read(int(known.get("length", -1)))
                read += len(each.raw_data)
                if read > loading.file(self.DATA).stat().st_size:
                    raise ValueError(f"its tensors have more bytes than {self.DATA}")
                if len(each.raw_data) != int(known.get("length", len(each.raw_data))):
                    raise ValueError(f"{self.DATA} ends in the tensor {each.name!r}")
                each.ClearField("data_location")
                each.ClearField("external_data")
        return fitting(loading, model)

    def difference(self, value: Any, loading: Loading) -> str:
        again = self.load(loading)
        is_same = again == value or again.SerializeToString() == value.SerializeToString()
        return "" if is_same else "it would differ after a load"


@built_in("ultralytics.engine.model.Model", "ultralytics")
class Ultralytics:
    """Models of Ultralytics. Their file is a pickle, so it is only loaded with `trust=True`."""

    FILE = "model.pt"

    def save(self, value: Any, folder: Path) -> None:
        value.save(str(folder / self.FILE))

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("ultralytics.YOLO, trust=True")
        if loading.trust is not True:
            state = "its file is a pickle, which runs code of its author"
            raise loading.refused(state, "If you trust its author, pass trust=True.")
        return into(str(loading.file(self.FILE)))
