"""Names of methods and arguments that this package has not, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

RUN = 'Call registry.run("NAME", params={…}), and log to the run that it returns.'
FINISH = 'Call run.finish(Path("FILE")), or registry.save("NAME", Path("FILE")).'
LOG = "Call run.log(loss=0.5, step=1), with all values of a step at once."
PARAMS = 'Pass them to registry.run("NAME", params={…}), or later to run.update(params={…}).'
TAGS = "Call run.update(tags={…})."
LAST = 'Pass them to run.finish(value, metadata={"metrics": {…}}).'
CREATE = "Create the registry by `holdfast init FOLDER --mutable`, with `--unversioned` if need be."
LOAD = 'Call registry.load("NAME@ALIAS"), or open("NAME@ALIAS").path() for files.'

BUCKET = 'Call service(registry="s3://BUCKET/PREFIX"), with gs:// for Google.'
DELETE = 'Write del registry["NAME"], for each name.'
EACH = "Write {name: registry[name] for name in registry}."

METHODS = {
    "GCPRegistryBackend": BUCKET,
    "LocalRegistryBackend": 'Call service(registry="./FOLDER").',
    "MinioRegistryBackend": BUCKET,
    "OnConflict": 'Pass on_conflict="fail", "skip" or "overwrite".',
    "RegistryObjectNotFound": "Catch NotFound.",
    "RegistryVersionConflict": "Catch AlreadyExists.",
    "S3RegistryBackend": BUCKET,
    "VerifyLevel": "Omit it: every file is checked.",
    "add_file": FINISH,
    "clear": DELETE,
    "clear_cache": "Delete the folder HOLDFAST_PYTHON_CACHE, ~/.cache/holdfast-python.",
    "config": PARAMS,
    "end_run": "Call run.finish(value).",
    "get": 'Write registry["NAME"] if "NAME" in registry.',
    "has": 'Write "NAME@VERSION" in registry.',
    "has_object": 'Write "NAME@VERSION" in registry.',
    "init": RUN,
    "items": EACH,
    "list_objects": "Call registry.names().",
    "list_versions": 'Call registry.versions("NAME").',
    "link_artifact": 'Call registry.set_alias("NAME", "ALIAS", "VERSION").',
    "log_artifact": FINISH,
    "log_artifacts": FINISH,
    "log_dict": 'Call registry.save("NAME", {…}).',
    "log_metric": LOG,
    "log_metrics": LOG,
    "log_model": FINISH,
    "log_param": PARAMS,
    "log_params": PARAMS,
    "pop": DELETE,
    "register_model": 'Call registry.set_alias("NAME", "ALIAS", "VERSION").',
    "register_materializer": "Write @holdfast.serializer(CLASS) above a class with save and load.",
    "set_tag": TAGS,
    "set_tags": TAGS,
    "setdefault": 'Write registry["NAME"] = value if "NAME" is not in registry.',
    "start_run": RUN,
    "summary": LAST,
    "use_artifact": LOAD,
    "values": EACH,
}
"""Methods, attributes and classes of W&B, MLflow and mindtrace."""

ARGUMENTS = {
    "aliases": "alias",
    "artifact_path": "name",
    "config": "params",
    "experiment": "name",
    "experiment_name": "name",
    "hparams": "params",
    "materializer": METHODS["register_materializer"],
    "mutable": CREATE,
    "parameters": "params",
    "project": "name",
    "resume": "id",
    "run_id": "id",
    "summary": "metadata",
    "use_cache": "Omit it: `open(ref).path()` caches the files of a version.",
    "used": "inputs",
    "verify": "Omit it: every file is checked.",
    "version_objects": CREATE,
    "versioned": CREATE,
}
"""Arguments of W&B, MLflow and mindtrace, and those of this package, if the method has them."""


class Worded:
    """A class that says what to call instead of a method of another package."""

    if not TYPE_CHECKING:  # which would find any name

        def __getattr__(self, name: str) -> Any:
            raise missing(f"{type(self).__name__!r} object", name, self)


def missing(owner: str, name: str, obj: Any) -> AttributeError:
    """Returns the error for an attribute that does not exist."""
    words = f". {METHODS[name]}" if name in METHODS else ""
    return AttributeError(f"{owner} has no attribute {name!r}{words}", name=name, obj=obj)


def hint_for_argument(name: str, known: Collection[str]) -> str:
    """Returns what to pass instead of an argument that does not exist."""
    near = difflib.get_close_matches(name, known, 1)
    meant = ARGUMENTS.get(name, "")
    if " " in meant:
        return meant
    found = meant if meant in known else near[0] if near else ""
    if found == "name":
        return 'Write it into `name`, such as "PROJECT:MODEL".'
    return f"Pass `{found}`." if found else f"Pass only {', '.join(known)}."
