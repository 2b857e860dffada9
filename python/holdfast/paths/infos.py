"""What fsspec shows of files and folders."""

from __future__ import annotations

from typing import Any

from ..artifacts.artifact import Artifact
from ..files.file import File


def shown(artifact: Artifact) -> list[File]:
    """Returns the files that have paths here: no links and no empty folders."""
    return [file for file in artifact.files if file.mode in (None, "executable")]


def children(infos: list[dict[str, Any]], ref: str, folder: str) -> list[dict[str, Any]]:
    prefix = f"{ref}/{folder}/" if folder else f"{ref}/"
    found: dict[str, dict[str, Any]] = {}
    for info in infos:
        if info["name"].startswith(prefix):
            child, below, _ = info["name"][len(prefix) :].partition("/")
            name = f"{prefix}{child}"
            found[name] = folder_info(name) if below else info
    return list(found.values())


def folder_info(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}


def file_info(artifact: Artifact, ref: str, file: File) -> dict[str, Any]:
    return {
        "name": f"{ref}/{file.path}",
        "size": file.size,
        "type": "file",
        "sha256": file.sha256,
        "created": artifact.created_at,
    }


def new_info(ref: str, path: str, size: int) -> dict[str, Any]:
    return {"name": f"{ref}/{path}", "size": size, "type": "file"}
