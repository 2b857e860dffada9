"""The operations of the cases through the package: a line of JSON for each question and answer."""

import datetime
import json
import math
import sys

import holdfast


def spelled(value):
    """Returns a value as JSON stores it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, datetime.datetime):
        time = value.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds")
        return {"$holdfast": "date", "value": time.replace("+00:00", "Z")}
    if isinstance(value, list):
        return [spelled(each) for each in value]
    return {k: spelled(v) for k, v in value.items()} if isinstance(value, dict) else value


def with_times(members):
    is_time = members.get("$holdfast") == "date"
    return datetime.datetime.fromisoformat(members["value"]) if is_time else members


def shown(annotations):
    names = ("notes", "labels", "revision")
    return {name: annotations[name] for name in names if name in annotations} or None


def save(registry, name, metadata, text=None, value=None, **options):
    content = text if value is None else json.loads(value, object_hook=with_times)
    names = {"onConflict": "on_conflict", "idempotencyKey": "idempotency_key",
             "skipIfUnchanged": "skip_if_unchanged"}
    options = {names.get(key, key): each for key, each in options.items()}
    saved = registry.save(name, content, metadata=json.loads(metadata), **options)
    return {"version": saved.version, "skipped": saved.skipped}


def opened_at(registry, ref, asOf=None):
    moment = None if asOf is None else datetime.datetime.fromisoformat(asOf)
    return registry.open(ref, as_of=moment)


def publish(registry, **given):
    saved = registry.publish(**given)
    return {"version": saved.version, "skipped": saved.skipped}


def finish_run(registry, name, run, text):
    opened = registry.run(name, id=run)
    opened.log(loss=0.5)
    saved = opened.finish(text, text=True)
    return {"version": saved.version, "skipped": saved.skipped}


def add_part(registry, name, draft, part, path, text):
    return registry.draft(name, draft).add(path, text.encode(), part=part)._asdict()


def commit_draft(registry, name, draft, **options):
    saved = registry.draft(name, draft).commit(**options)
    return {"version": saved.version, "skipped": saved.skipped}


def draft_info(registry, name, draft):
    info = registry.draft(name, draft).info()
    version = {} if info.version is None else {"version": info.version}
    return {"state": info.state, **version, "parts": list(info.parts)}


def load(registry, **given):
    found = opened_at(registry, **given)
    member = "text" if found.materializer == "text" else "value"
    return {member: spelled(found.load()), "metadata": spelled(found.metadata)}


def info(registry, **given):
    found = opened_at(registry, **given)
    files = [
        {"path": x.path, "size": x.size, "sha256": x.sha256}
        | ({} if x.media_type is None else {"mediaType": x.media_type})
        for x in found.files
    ]
    return {
        "name": found.name, "version": found.version, "commit": found.commit,
        "digest": found.digest, "size": found.size, "createdAt": found.created_at,
        "kind": found.materializer, "inputs": found.inputs, "files": files,
    }


def part(registry, ref, offset, length=None):
    file = registry.open(ref).file()
    return file.range(offset, file.size if length is None else length).decode()


OPERATIONS = {
    "save": save,
    "publish": publish,
    "finishRun": finish_run,
    "addPart": add_part,
    "commitDraft": commit_draft,
    "discardDraft": lambda registry, name, draft: registry.draft(name, draft).discard(),
    "draftInfo": draft_info,
    "setAlias": lambda registry, **given: registry.set_alias(**given),
    "rollbackAlias": lambda registry, **given: registry.rollback_alias(**given)._asdict(),
    "deleteAlias": lambda registry, **given: registry.delete_alias(**given),
    "undelete": lambda registry, **given: registry.undelete(**given).version,
    "delete": lambda registry, ref, allVersions=False, force=False: registry.delete(
        ref, all_versions=allVersions, force=force
    ),
    "annotate": lambda registry, ref, **change: shown(registry.annotate(ref, **change)),
    "load": load,
    "info": info,
    "range": part,
    "names": lambda registry, prefix="": list(registry.names(prefix)),
    "versions": lambda registry, name, range=None: list(registry.versions(name, range)),
    "aliases": lambda registry, name: registry.aliases(name),
    "history": lambda registry, **given: [each.version for each in registry.history(**given)],
    "annotations": lambda registry, ref: shown(registry.annotations(ref)),
    "search": lambda registry, name, query, limit=100: [
        each.version for each in registry.search(f"{query} name={name}", limit=limit)
    ],
}

opened = {}
clients = {}


def client_of(options):
    """Returns one client of boto3 for each server: making one takes longer than a case."""
    import boto3

    key = json.dumps(options)
    if key not in clients:
        clients[key] = boto3.client("s3", **options)
    return clients[key]


def answer(question):
    key = question["location"]
    if key not in opened:
        s3 = client_of(question["s3"]) if "s3" in question else None
        opened[key] = holdfast.open_registry(key, token=question.get("token"), s3=s3)
    try:
        return {"answer": OPERATIONS[question["ask"]](opened[key], **question["given"])}
    except holdfast.HoldfastError as error:
        return {"refused": error.code, "message": str(error)}
    except Exception as error:  # which the package should have turned into its own
        return {"refused": type(error).__name__, "message": str(error)}


for line in sys.stdin:
    print(json.dumps({"answer": answer(json.loads(line))}), flush=True)
