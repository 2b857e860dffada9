"""Data sets of Hugging Face as Parquet, and those of PyTorch that have a length, by their items."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import Conflict, Json, unsupported
from ..parquet import read_parquet
from .archives import UNPACKED
from .predictions import same
from .table import Loading, built_in, fitting
from .tensors import check_written, read_tensors, written

BATCH = 1000


@built_in("datasets.arrow_dataset.Dataset", "datasets")
class DataSet:
    """A data set with its features. Images and audio in other files are written into its own."""

    def save(self, value: Any, folder: Path) -> Json:
        size = self.write(value, folder / "data.parquet")
        return {"bytes": size} | ({} if value.split is None else {"split": str(value.split)})

    def write(self, value: Any, path: Path) -> int:
        """Writes a data set, and returns the bytes that it takes in memory."""
        from pyarrow.parquet import ParquetWriter

        size = 0
        with ParquetWriter(path, value.features.arrow_schema) as writer:
            for batch in batches_of(value):
                writer.write_table(batch)
                size += batch.nbytes + 8 * batch.num_rows * batch.num_columns
        return size

    def load(self, loading: Loading) -> Any:
        split = loading.facts.get("split")
        return fitting(loading, self.read(loading, "data.parquet", split, most_bytes(loading)))

    def read(self, loading: Loading, file: str, split: Any, most: int) -> Any:
        import datasets

        table = read_parquet(loading.file(file), most)
        known = json.loads((table.schema.metadata or {}).get(b"huggingface", "{}"))
        if "info" in known:  # Parquet has no times in seconds
            features = datasets.Features.from_dict(known["info"]["features"])
            table = datasets.table.table_cast(table, features.arrow_schema)
        named = None if split is None else datasets.NamedSplit(split)
        data = datasets.Dataset(datasets.table.InMemoryTable(table), split=named)
        needs = datasets.features.features.require_storage_embed
        for name, feature in data.features.items():
            if needs(feature) and any(map(names_files, table.column(name).chunks)):
                raise ValueError(f"its column {name!r} names files that are not in it")
        return data

    def difference(self, value: Any, loading: Loading) -> str:
        return of_another_data_set(value, self.load(loading._replace(trust=False)))


@built_in("datasets.dataset_dict.DatasetDict", "datasets.dict")
class DataSets(DataSet):
    """The splits of a data set, each in a file."""

    def save(self, value: Any, folder: Path) -> Json:
        size = 0
        for name, each in value.items():
            if not re.fullmatch(r"\w[\w.-]*", str(name)):
                state = f"a split has the name {name!r}"
                raise unsupported(value, state, "Use letters and digits.")
            size += self.write(each, folder / f"{name}.parquet")
        return {"bytes": size, "splits": [str(name) for name in value]}

    def load(self, loading: Loading) -> Any:
        import datasets

        found, rest = dict[str, Any](), most_bytes(loading)
        for name in loading.facts["splits"]:
            found[name] = self.read(loading, f"{name}.parquet", name, rest)
            rest -= found[name].data.nbytes
        return fitting(loading, datasets.DatasetDict(found))

    def difference(self, value: Any, loading: Loading) -> str:
        again = self.load(loading._replace(trust=False))
        return next(filter(None, (of_another_data_set(value[x], again[x]) for x in value)), "")


def most_bytes(loading: Loading) -> int:
    """Returns the most memory that the files may take: some more than their saver noted."""
    if loading.trust is True:
        return sys.maxsize
    known = loading.facts.get("bytes")
    size = sum(each.stat().st_size for each in loading.folder.glob("*.parquet"))
    return UNPACKED + (4 * known if isinstance(known, int) else 128 * size)


def batches_of(value: Any) -> Iterator[Any]:
    from datasets.table import embed_table_storage

    return map(embed_table_storage, value.with_format("arrow").iter(BATCH))


def names_files(array: Any) -> bool:
    """Whether images, audio or the like in an array have a path and no bytes."""
    from pyarrow import types

    if types.is_struct(array.type):
        parts = {each.name: array.field(at) for at, each in enumerate(array.type)}
        if {"bytes", "path"} <= {*parts}:
            paths = parts["path"].filter(parts["bytes"].is_null())
            return bool(paths.null_count < len(paths))
        return any(map(names_files, parts.values()))
    return hasattr(array, "flatten") and names_files(array.flatten())  # of lists and maps


def of_another_data_set(value: Any, again: Any) -> str:
    if value.features != again.features or len(value) != len(again):
        return "its features or its length would differ after a load"
    for own, other in zip(batches_of(value), batches_of(again), strict=True):
        if not own.equals(other) and not same(own.to_pylist(), other.to_pylist()):  # for NaN
            return "its rows would differ after a load"
    return ""


@built_in("torch.utils.data.dataset.Dataset", "torch.data")
class Items:
    """The items of a data set of PyTorch that has a length, or the tensors of a `TensorDataset`."""

    def save(self, value: Any, folder: Path) -> Json:
        if not hasattr(value, "__len__"):
            raise unsupported(value, "it has no length", "Save a list of some of its items.")
        state = tensors_of(value)
        return {"state": written(state, folder), "isWhole": isinstance(state, tuple)}

    def load(self, loading: Loading) -> Any:
        from torch.utils.data import TensorDataset

        found = read_tensors(loading)
        return fitting(loading, TensorDataset(*found) if loading.facts["isWhole"] else found)

    def difference(self, value: Any, loading: Loading) -> str:
        try:
            check_written(tensors_of(value), read_tensors(loading))
        except Conflict:
            return "its items differ when they are read again"
        return ""


def tensors_of(data: Any) -> tuple[Any, ...] | list[Any]:
    """Returns the tensors of a `TensorDataset`, and a list of the items of any other data set."""
    from torch.utils.data import TensorDataset

    return data.tensors if type(data) is TensorDataset else [data[at] for at in range(len(data))]
