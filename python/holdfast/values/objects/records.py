"""Dataclasses and models of pydantic, as JSON with its schema."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from ...core.errors import unsupported
from ...core.shapes import is_dict, is_list
from .predictions import fields_of, same
from .table import Loading, built_in

FILE, SCHEMA = "value.json", "schema.json"
OPTIONS: dict[str, Any] = {"by_alias": True, "round_trip": True}
ROW = "dataclass"


def is_record(value: Any) -> bool:
    """Whether a value is a dataclass, and not of a type with another format."""
    is_made = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return is_made and not isinstance(value, (dict, list, tuple, set, str, int, float))


@built_in("dataclass", ROW)  # no type has this name: see `is_record`
@built_in("pydantic.main.BaseModel", "pydantic")
class Record:
    """Objects of classes with typed fields, by pydantic."""

    def save(self, value: Any, folder: Path) -> None:
        adapter = adapter_of(type(value))
        try:
            data = adapter.dump_json(value, indent=2, **OPTIONS)
            schema = adapter.json_schema(mode="serialization")
        except (ValueError, TypeError, RuntimeError) as error:
            hint = "Save the part that is not JSON separately."
            raise unsupported(value, str(error), hint) from None
        (folder / FILE).write_bytes(data)
        (folder / SCHEMA).write_text(json.dumps(schema, indent=2), encoding="utf-8")

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("Config")
        is_typed = dataclasses.is_dataclass(into) or hasattr(into, "model_validate_json")
        if not isinstance(into, type) or not is_typed:
            hint = "Pass a dataclass, or a class of pydantic: into=Config."
            raise loading.refused("`into` is not a class with fields", hint)
        adapter, data = adapter_of(into), loading.file(FILE).read_bytes()
        hint = f"Pass the class that was saved; {SCHEMA} describes its fields."
        try:
            value = adapter.validate_json(data)
            again = json.loads(adapter.dump_json(value, **OPTIONS))
        except ValueError as error:
            raise loading.refused(f"it does not fit `into` ({error})", hint) from error
        if not has_all(again, json.loads(data)):
            raise loading.refused("`into` lacks some of its fields", hint)
        return value

    def difference(self, value: Any, loading: Loading) -> str:
        again = self.load(loading._replace(into=type(value)))
        for name in fields_of(value, again):
            own, other = (getattr(each, name, None) for each in (value, again))
            if not same(own, other):
                return f"its field `{name}` would be {other!r:.60} after a load, and is {own!r:.60}"
        return ""


def has_all(again: Any, stored: Any) -> bool:
    """Whether a value has all that was stored. A newer class may have more fields."""
    if is_dict(again) and is_dict(stored):
        return all(key in again and has_all(again[key], stored[key]) for key in stored)
    if is_list(again) and is_list(stored):
        return len(again) == len(stored) and all(map(has_all, again, stored))
    return bool(again == stored)


def adapter_of(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
