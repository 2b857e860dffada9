"""Local copies of files that were checked, shared by the processes of a machine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

from .artifact import Artifact, File
from .downloads import download_files
from .errors import HoldfastError, quoted
from .progress import progress_bar


def cache_folder() -> Path:
    own = os.environ.get("HOLDFAST_PYTHON_CACHE")
    if own:
        return Path(own)
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "holdfast-python"


def local_copy(artifact: Artifact, path: str | None, progress: bool | None) -> Path:
    """Returns the copy of a version, or of one of its files: see `Artifact.path`."""
    key = artifact.digest if path is None else key_of(artifact.file(path))
    place = cache_folder() / key[:2] / key
    if not is_intact(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=place.parent))
        try:
            fill(stage, artifact, path, progress)
            publish(stage, place)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    copies = place / "files"
    return copies if path is None else next(copies.iterdir())


def key_of(file: File) -> str:
    """Returns the key of the copy of a file: equal ones have the same name and mode."""
    name = file.path.rsplit("/", 1)[-1]
    return hashlib.sha256(f"{file.sha256} {file.mode} {name}".encode()).hexdigest()


def fill(stage: Path, artifact: Artifact, path: str | None, progress: bool | None) -> None:
    copies = stage / "files"
    if path is None:
        download_files(artifact, copies, progress=progress)
    else:
        file = artifact.file(path)
        if file.mode not in (None, "executable"):
            message = f"Cannot copy {quoted(path)} of {quoted(artifact.ref)}: it is a {file.mode}"
            raise HoldfastError("Unsupported", message, "Call `path()` for all files.")
        copies.mkdir()
        name = path.rsplit("/", 1)[-1]
        with (
            progress_bar(file.size, f"Downloading {path}", progress) as report,
            open(copies / name, "xb") as out,
        ):
            for chunk in file.chunks():
                out.write(chunk)
                report(len(chunk))
        if file.mode == "executable":
            (copies / name).chmod(0o777)
    for each in copies.rglob("*"):
        if stat.S_ISREG(each.lstat().st_mode):
            each.chmod(each.stat().st_mode & ~0o222)
    (stage / "copied.json").write_text(json.dumps(facts_of(copies)))


def publish(stage: Path, place: Path) -> None:
    """Moves a complete copy to its place, unless another process was faster."""
    for _ in range(10):
        try:
            os.rename(stage, place)
            return
        except OSError:
            if is_intact(place):
                return
            doomed = Path(tempfile.mkdtemp(prefix=".old-", dir=place.parent))
            with contextlib.suppress(FileNotFoundError):  # another process has moved it
                os.rename(place, doomed / "copy")
            shutil.rmtree(doomed, ignore_errors=True)
    raise HoldfastError("Conflict", f'Cannot write "{place}": others change it', "Try again.")


def facts_of(folder: Path) -> dict[str, list[int]]:
    """Returns what shows that a file was changed: its size and its modification time."""
    facts = {}
    for each in sorted(folder.rglob("*")):
        status = each.lstat()
        if stat.S_ISREG(status.st_mode):
            facts[str(each.relative_to(folder))] = [status.st_size, status.st_mtime_ns]
    return facts


def is_intact(place: Path) -> bool:
    try:
        copied = json.loads((place / "copied.json").read_bytes())
        return bool(copied == facts_of(place / "files"))
    except (OSError, ValueError):
        return False
