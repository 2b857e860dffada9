"""Answers questions of the tests about registries, a line of JSON each, through the package."""

import base64
import datetime
import hashlib
import io
import json
import math
import struct
import sys

import holdfast
from holdfast.core import keys, metadata, names, records, store, versions
from holdfast.files.chunks import Chunks


class FakeClient:
    """As much of a client of boto3 as the reader uses, over objects with the times of a test."""

    def __init__(self, path, page={}, item={}):
        with open(path, encoding="utf-8") as file:
            self.objects = {each["key"]: each for each in json.load(file)}
        for each in self.objects.values():
            each["bytes"] = base64.b64decode(each["bytes"])
        self.gets = []  # the sizes of what was asked for
        self.page, self.item = page, item  # what the replies have instead; null: they lack it

    def list_objects_v2(self, Bucket, Prefix, MaxKeys, ContinuationToken="", Delimiter=""):
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        folders = {key[: key.index("/", len(Prefix)) + 1] for key in keys if Delimiter}
        keys = [key for key in keys if key > ContinuationToken and not Delimiter]
        contents = [
            {
                "Key": key,
                "Size": len(self.objects[key]["bytes"]),
                "LastModified": datetime.datetime.fromtimestamp(self.objects[key]["time"] / 1000),
            }
            for key in keys[:MaxKeys]
        ]
        contents = [replaced(each, self.item) for each in contents]
        page = {"Contents": contents, "CommonPrefixes": [{"Prefix": each} for each in folders]}
        page["IsTruncated"] = len(keys) > MaxKeys
        if page["IsTruncated"]:
            page["NextContinuationToken"] = keys[MaxKeys - 1]
        return replaced(page, self.page)

    def get_object(self, Bucket, Key, Range="bytes=0-"):
        start, end = Range[len("bytes="):].split("-")
        data = self._found(Key)["bytes"][int(start):int(end) + 1 if end else None]
        self.gets.append(len(data))
        return {"Body": io.BytesIO(data)}

    def head_object(self, Bucket, Key):
        return self._found(Key)

    def _found(self, key):
        if key in self.objects:
            return self.objects[key]
        error = Exception(key)
        error.response = {"Error": {"Code": "NoSuchKey"}}
        raise error


def replaced(members, others):
    return {key: value for key, value in {**members, **others}.items() if value is not None}


def registry_of(question):
    s3 = None
    if "objects" in question:
        s3 = FakeClient(question["objects"], **question.get("replies", {}))
    if "s3" in question:
        import boto3

        s3 = boto3.client("s3", **question["s3"])
    return holdfast.open_registry(question["location"], token=question.get("token"), s3=s3)


def attempt(action):
    try:
        return action()
    except holdfast.HoldfastError as error:
        return {"error": error.code, "message": str(error)}


def moment(milliseconds):
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)


def describe(registry):
    return {name: describe_name(registry, name) for name in sorted(registry.names())}


def describe_name(registry, name):
    listed = list(registry.versions(name))
    return {
        "versions": listed,
        "aliases": attempt(lambda: registry.aliases(name)),
        "contents": {
            version: attempt(lambda: describe_version(registry, f"{name}@{version}"))
            for version in listed
        },
    }


def describe_version(registry, ref):
    artifact = registry.open(ref)
    return {
        "version": artifact.version,
        "commit": artifact.commit,
        "digest": artifact.digest,
        "createdAt": artifact.created_at,
        "materializer": artifact.materializer,
        "metadata": artifact.metadata,
        "inputs": artifact.inputs,
        "files": [
            {
                "path": file.path,
                "mode": file.mode,
                "modifiedAt": file.modified_at,
                "mediaType": file.media_type,
                "sha256": hashlib.sha256(file.read()).hexdigest(),
            }
            for file in artifact.files
        ],
    }


def plain(value):
    """Spells a Python value as JSON with its type, so that tests can compare it."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"int": str(value)}
    if isinstance(value, float):
        zero = "-0" if value == 0 and math.copysign(1, value) < 0 else None
        return {"float": zero or str(value)}
    if isinstance(value, datetime.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, (set, list)):
        return {type(value).__name__: [plain(item) for item in value]}
    if hasattr(value, "tolist"):
        return {"array": str(value.dtype), "shape": list(value.shape), "items": value.tolist()}
    return {"table": value.to_pylist()}


def answer(question):
    kind = question["ask"]
    if kind == "ranges":
        return [versions_in(text, question["versions"]) for text in question["texts"]]
    if kind == "vectors":
        return vectors(question["path"])
    if kind == "reads":
        return reads(question)
    registry = registry_of(question)
    if kind == "describe":
        return describe(registry)
    if kind == "resolve":
        return [attempt(lambda ref=ref: registry.open(ref).ref) for ref in question["refs"]]
    if kind == "commits":
        return [attempt(lambda ref=ref: registry.open(ref).commit) for ref in question["refs"]]
    if kind == "moments":
        return [
            attempt(lambda ref=ref, at=at: registry.open(ref, as_of=moment(at)).ref)
            for ref in question["refs"]
            for at in question["at"]
        ]
    if kind == "history":
        changes = registry.history(question["name"], question["alias"])
        return [[each.version, each.created_at, each.commit] for each in changes]
    if kind == "load":
        return [attempt(lambda ref=ref: plain(registry.load(ref))) for ref in question["refs"]]
    if kind == "download":
        return registry.download(question["ref"], question["to"], question.get("links", "safe"))
    if kind == "range":
        return attempt(lambda: ranged(registry, **question))
    raise AssertionError(kind)


def ranged(registry, ref, path, offset, length, by, **_):
    """Returns the SHA-256 of a range of a file, read in one of the ways that there are."""
    if by == "range":
        data = registry.open(ref).file(path).range(offset, length)
    else:
        from holdfast.filesystem import HoldfastFileSystem

        files = HoldfastFileSystem(registry, skip_instance_cache=True)
        if by == "cat_file":
            data = files.cat_file(f"{ref}/{path}", offset, offset + length)
        else:
            with files.open(f"{ref}/{path}") as file:
                file.seek(offset)
                data = file.read(length)
    return hashlib.sha256(data).hexdigest()


def reads(question):
    """Returns the SHA-256 of ranges of a file, and the sizes of the requests for each."""
    client = FakeClient(question["objects"])
    (file,) = holdfast.open_registry("s3://fake", s3=client).open(question["ref"]).files
    found = []
    for offset, size in question["ranges"]:
        client.gets = []
        data = file.read() if size is None else file.range(offset, size)
        found.append({"sha256": hashlib.sha256(data).hexdigest(), "gets": client.gets})
    return found


def versions_in(text, known):
    found = versions.parse_range(text)
    if found is not None:
        return [each for each in known if found.includes(versions.parse_version(each))]


def vectors(path):
    with open(path, encoding="utf-8") as file:
        known = json.load(file)
    bad = []

    def expect(what, found, expected):
        if found != expected:
            bad.append([what, found, expected])

    for text, segment in known["names"]:
        expect(text, attempt(lambda: names.encode_segment(text)), segment)
        expect(segment, names.decode_segment(segment), text)
    for text in known["notNames"]:
        expect(text, attempt(lambda: names.encode_segment(text)).get("error"), "Invalid")
    for segment in known["notSegments"]:
        expect(segment, names.decode_segment(segment), None)
    for kind in ("releasesNewestFirst", "prereleasesNewestFirst"):
        found = [versions.parse_version(text) for text, _ in known[kind]]
        expect(kind, sorted(found, key=lambda each: each.precedence, reverse=True), found)
        for text, order in known[kind]:
            expect(text, versions.encode_order(versions.parse_version(text)), order)
            expect(order, str(versions.decode_order(order)), text)
    for text in known["notVersions"]:
        expect(text, versions.parse_version(text), None)
    for text, data in known["numbers"]:
        found = metadata.from_metadata({"a": [text]})["a"][0]
        expect(text, struct.pack(">d", found).hex(), data)
    for text in known["notNumbers"]:
        expect(text, metadata.from_metadata([text]), [text])
    for order in known["notOrders"]:
        expect(order, versions.decode_order(order), None)
    for generation, segment in known["generations"]:
        expect(segment, keys.generation_of(segment), generation)
    for key, file in known["paths"]:
        expect(key, keys.path_of(key), file)
    for file in known["notPaths"]:
        expect(file, keys.path_of(file.replace("+/", "").replace(",", "/")) == file, False)
    for kind, key in known["keys"].items():
        is_record = key.endswith(".rec")
        expect(kind, keys.cell_of(key), key[: key.rindex("/") + 1] if is_record else None)
    for vector in known["records"]:
        data = f"{vector['firstLine']}\n{vector['inline']}".encode()
        segment = f"{versions.MAX_SAFE - vector['record']['generation']:016}.rec"
        entry = store.Entry(segment, len(data), 0)
        members = records.parse_record(data, entry).members
        expect(segment, {**members, "sum": None}, {**vector["record"], "sum": None})
        expect(segment, len(data), vector["bytes"])
        for place in (0, len(data) // 2, len(data) - len(vector["inline"]) - 2):
            hurt = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
            found = attempt(lambda: records.parse_record(hurt, entry))
            is_inline = place > len(vector["firstLine"])
            expect(place, is_inline or found.get("error"), is_inline or "Corrupt")
    for vector in known["chunks"]:
        size, parts = vector["size"], []
        for i in range(-(-size // 32)):
            parts.append(hashlib.sha256(str(i).encode()).digest())
        data, listed = b"".join(parts)[:size], base64.b64decode(vector["list"])
        chunks = Chunks(listed, size)
        expect("chunks", chunks.is_valid, True)
        expect("chunks", b"".join(chunks.checked(0, iter([data]))), data)
    for vector in known["digests"]:
        expect("digest", records.digest_of(vector["materializer"], vector["files"]), vector["digest"])
    return bad


for line in sys.stdin:
    try:
        reply = {"answer": answer(json.loads(line))}
    except holdfast.HoldfastError as error:
        reply = {"answer": {"error": error.code, "message": str(error)}}
    print(json.dumps(reply), flush=True)
