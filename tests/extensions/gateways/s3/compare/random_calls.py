"""Sends random reads to the S3 at S3_URL, the same for a seed, and prints each with its answer.

What is called depends on the seed alone, never on an answer: two servers get the same calls. ETags,
version ids and times are printed by labels.
"""

import datetime
import email.utils
import hashlib
import http.client
import json
import os
import random
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ET

import boto3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

url, id, secret = (os.environ[f"S3_{name}"] for name in ("URL", "ID", "SECRET"))
rng = random.Random(int(os.environ["CALLS_SEED"]))
count = int(os.environ["CALLS_COUNT"])
given = json.load(sys.stdin)
ROOT, FILES = given["root"], given["files"]
BUCKET = "holdfast"

DIFFERENT_HEADERS = {
    "cache-control": "here it says whether a file can change; there only what a write gave it",
    "x-amz-meta-holdfast-version": "here alone: the version of the file",
    "x-amz-error-code": "here also with errors that have a document",
    "x-amz-bucket-region": "AWS and this service name the region, MinIO does not",
    "x-amz-id-2": "there alone: a second id of the request",
}
"""Headers that are meant to differ. Of the others, those that clients of S3 read are compared."""

COMPARED_HEADERS = re.compile(
    "content-(length|range|type|disposition|language|encoding)|etag|last-modified|accept-ranges"
    "|expires|x-amz-(?!request-id).*"
)

DIFFERENT_MEMBERS = {
    "ResponseMetadata": "of boto3",
    "CacheControl": "as the headers above",
    "Metadata": "as the headers above",
    "ContentType": "there what a write gave, by default none",
    "ContentDisposition": "here the name of the file",
    "VersionId": "here also of tags, as AWS; it is compared in the headers of objects",
    "ChecksumSHA256": "MinIO has the checksum that the write sent",
    "ChecksumCRC32": "MinIO has the checksum that the write sent",
    "ChecksumType": "MinIO has the checksum that the write sent",
    "Owner": "the owner of all has another name",
    "NextMarker": "MinIO adds the place in its own cache; so for the next two",
    "NextKeyMarker": "",
    "NextVersionIdMarker": "",
}
"""Members of documents that are meant to differ. Pages are compared by their keys."""

NOT_CALLED = """
Lists of ETags, and weak ones, which MinIO takes for other ETags (RFC 9110: as here);
several conditions in one request, which MinIO looks at in an order of its own (RFC 9110: as here);
ranges of empty files: MinIO answers 206 with the range 0--1;
the ranges 5-2, -0, and from 3 to 10**20, which MinIO refuses or ignores (RFC 9110: as here);
partNumber=1 and x: MinIO answers 206 to a whole file, and 500;
max-keys over 1000, which MinIO repeats in its answer (AWS: as here);
an empty continuation-token, which is none here: clients send it;
GetBucketLocation, where MinIO names the region that has no name in AWS;
listings after a key without the prefix, and several pages with a delimiter but /, or of versions
with one: MinIO lacks them, or repeats a page.
"""


def client(**config):
    return boto3.client(
        "s3", endpoint_url=url, aws_access_key_id=id, aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1}, signature_version="s3v4",
            s3={"addressing_style": "path"}, **config,
        ),
    )  # fmt: skip


s3 = client()
at = {"Bucket": BUCKET}
if os.environ.get("S3_PUT"):
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    for path, text in FILES.items():
        s3.put_object(**at, Key=ROOT + path, Body=text.encode())

labels, etags, versions, times = {}, {}, {}, {}
for path in FILES:
    head = s3.head_object(**at, Key=ROOT + path)
    etags[path], versions[path], times[path] = (
        head["ETag"], head["VersionId"], head["LastModified"],
    )  # fmt: skip
    labels[head["ETag"]] = f"etag of {path}"
    labels[head["ETag"].strip('"')] = f"etag of {path} without quotes"  # of attributes
    labels[head["VersionId"]] = "version"

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def plain(text):
    """A text with labels for what each server chooses."""
    if text in labels:
        return labels[text]
    if DATE.fullmatch(text):
        return "time"
    return "HTTP time" if HTTP_DATE.fullmatch(text) and text not in EXPIRES else text


def tree(node, decoded):
    name = node.tag.rpartition("}")[2]
    if name == "Owner":
        return [name]
    if name in ("NextContinuationToken", "ContinuationToken"):
        return [name, "token"]
    inner = [
        tree(each, decoded) for each in node if not re.search("}Next(Key|Vers|Mark)", each.tag)
    ]
    # The order of members has no meaning, that of objects has.
    inner = (
        sorted(i for i in inner if not isinstance(i[-1], list))
        + [i for i in inner if isinstance(i[-1], list) and i[0] != "CommonPrefixes"]
        + [i for i in inner if isinstance(i[-1], list) and i[0] == "CommonPrefixes"]
    )
    return [name, *inner] if inner else [name, plain(decoded(node.text or ""))]


def document(body):
    root = ET.fromstring(body)
    if root.tag == "Error":
        code = root.findtext("Code") or ""
        return code.removeprefix("XMinioAdmin")
    # Clients decode all, so it has no meaning which characters are encoded.
    isEncoded = root.find("{*}EncodingType") is not None
    return tree(root, urllib.parse.unquote_plus if isEncoded else str)


host = urllib.parse.urlsplit(url).netloc
connection = http.client.HTTPConnection(host)


def send(method, path, query, headers, how="header"):
    """Sends a signed request as it is, and returns status, headers and body."""
    quoted = urllib.parse.quote(path, safe="/-_.~")
    text = urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
    sent = AWSRequest(method=method, url=f"{url}{quoted}" + (f"?{text}" if text else ""))
    sent.headers["host"] = host
    for key, value in headers.items():
        sent.headers[key] = value
    pair = {"other secret": (id, "other"), "other id": ("nobody", secret)}.get(how, (id, secret))
    if how in ("link", "old link"):
        S3SigV4QueryAuth(Credentials(*pair), "s3", "us-east-1", 60).add_auth(sent)
        if how == "old link":
            sent.url = re.sub(r"X-Amz-Date=\d{8}", "X-Amz-Date=20200101", sent.url).replace(
                f"%2F{datetime.datetime.now(datetime.timezone.utc):%Y%m%d}%2F", "%2F20200101%2F"
            )
    elif how != "unsigned":
        sent.context["payload_signing_enabled"] = False
        S3SigV4Auth(Credentials(*pair), "s3", "us-east-1").add_auth(sent)
    target = sent.url[len(url) :]
    connection.request(method, target, headers=dict(sent.headers.items()))
    answer = connection.getresponse()
    body = answer.read()
    if answer.will_close:
        connection.close()
    return answer, body


def raw(method, path, query, headers, how="header"):
    try:
        answer, body = send(method, path, query, headers, how)
    except http.client.HTTPException as error:
        connection.close()
        return type(error).__name__
    found = {
        key.lower(): plain(value)
        for key, value in answer.getheaders()
        if COMPARED_HEADERS.fullmatch(key.lower()) and key.lower() not in DIFFERENT_HEADERS
    }
    isXml = body.startswith(b"<?xml")
    if found.get("content-type") != query.get("response-content-type"):
        # Of an object, there what a write gave it.
        found["content-type"] = "xml" if isXml else "content-type" in found
    if isXml or answer.status >= 400:
        for name in ("content-length", "accept-ranges"):
            found.pop(name, None)
    if "response-content-disposition" not in query:
        found.pop("content-disposition", None)  # here the name of the file
    if answer.status == 304:
        found = {k: v for k, v in found.items() if k in ("etag", "last-modified")}
    if answer.status >= 400:
        # Of an error, clients read the code alone.
        found = {}
    if isXml:
        return [answer.status, found, document(body)]
    return [answer.status, found, hashlib.sha256(body).hexdigest()[:12] if body else ""]


def called(fn):
    """What a method of boto3 returned, without what differs."""
    try:
        answer = fn()
    except ClientError as error:
        meta = error.response["ResponseMetadata"]
        return f"! {meta['HTTPStatusCode']} {error.response['Error']['Code']}"
    except BotoCoreError as error:
        return f"! {type(error).__name__}"
    return shown(answer)


def shown(value):
    if isinstance(value, dict):
        return {k: shown(v) for k, v in sorted(value.items()) if k not in DIFFERENT_MEMBERS}
    if isinstance(value, list):
        return [shown(each) for each in value]
    if isinstance(value, datetime.datetime):
        return "time"
    if hasattr(value, "read"):
        return hashlib.sha256(value.read()).hexdigest()[:12]
    if isinstance(value, str):
        return plain(value)
    return value


EXPIRES = ["Thu, 01 Dec 1994 16:00:00 GMT"]
RANGES = [
    "bytes=0-0", "bytes=0-", "bytes=5-9", "bytes=-5", "bytes=abc", "bytes=", "items=0-1",
    "bytes=0-0,5-9", "bytes=999999999-", "bytes=0-999999999", "bytes=-999999999", "bytes=-",
    "bytes=+1-2", "bytes=0x1-2", "0-5", "bytes=1-2-3", "bytes=00001-0002",
]  # fmt: skip
TYPES = ["text/plain", "application/json; charset=utf-8", "x/y"]


CONDITIONS = ["If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since"]


def moment(path):
    """A date near that of a file, or no date, and what it is called."""
    if rng.random() < 0.2:
        return rng.choice(["yesterday", ""]), "no date"
    shift = rng.choice([-86_400, -1, 0, 1, 86_400])
    then = times[path] + datetime.timedelta(seconds=shift)
    then = then.astimezone(datetime.timezone.utc)
    return email.utils.format_datetime(then, usegmt=True), shift


def tags(path):
    own, other = etags[path], '"0123"'
    values = {"own": own, "bare": own.strip('"'), "star": "*", "other": other}
    choice = rng.choice(list(values))
    value = values[choice]
    return value, choice


def a_path():
    path = rng.choice(list(FILES))
    other = rng.choice([path + "x", path[:-1], path + "/", "in", "in/", "no/such", path.upper()])
    return path, other if rng.random() < 0.15 else path


def read_object():
    path, asked = a_path()
    headers, query, shown = {}, {}, []
    if rng.random() < 0.5 and FILES[path]:
        headers["Range"] = rng.choice(RANGES)
        shown.append(headers["Range"])
    for name in rng.choice([[], [], *([each] for each in CONDITIONS), CONDITIONS[:2]]):
        if "Match" in name:
            headers[name], label = tags(path)
        else:
            headers[name], label = moment(path)
        shown.append(f"{name} {label}")
    for name, values in {
        "content-type": TYPES, "cache-control": ["no-store"], "content-encoding": ["x"],
        "content-language": ["de"], "expires": EXPIRES,
        "content-disposition": ["inline", 'attachment; filename="a b.txt"'],
    }.items():  # fmt: skip
        if rng.random() < 0.06:
            query[f"response-{name}"] = rng.choice(values)
    shown.append(json.dumps(query))
    how = rng.choice(["header"] * 8 + ["link"] * 3 + ["old link", "other secret", "other id"])
    if how in ("header", "link") and rng.random() < 0.15:
        label = rng.choice(["own", "other", "no id", "null"])
        own, other = versions[path], "00000000-0000-4000-8000-000000000000"
        query["versionId"] = {"own": own, "other": other, "no id": "x y", "null": "null"}[label]
        shown.append(f"version {label}")
    elif how == "header" and asked == path and rng.random() < 0.1:
        query = {"partNumber": rng.choice(["2", "0", "-1", "10001", ""])}
        both = query["partNumber"] == "2" and rng.random() < 0.5
        headers = {"Range": "bytes=0-1"} if both else {}
        shown = [f"{query} {headers}"]
    method = rng.choice(["GET", "GET", "HEAD"])
    name = " ".join([method, how, repr(asked), *shown])
    return name, lambda: raw(method, f"/{BUCKET}/{ROOT}{asked}", query, headers, how)


PREFIXES = ["", "i", "in", "in/", "in/d", "a", "p", "no", "sp ", "日", "ü", "100%", "e"]


def list_query():
    query = {}
    version = rng.choice(["2", "2", "1", "versions"])
    if version == "2":
        query["list-type"] = "2"
    elif version == "versions":
        query["versions"] = ""
    query["prefix"] = ROOT + rng.choice(PREFIXES)
    if rng.random() < 0.5:
        query["delimiter"] = rng.choice(["/", "/", "/", "", "n", ".txt", "é", " "])
    if rng.random() < 0.6:
        query["max-keys"] = rng.choice(["0", "1", "2", "3", "5", "1000", "-1", "x", ""])
    if rng.random() < 0.4:
        name = {"2": "start-after", "1": "marker", "versions": "key-marker"}[version]
        after = [ROOT + path for path in FILES] + [ROOT + "in/", "", "a", "zzz", ROOT, ROOT + "in0"]
        query[name] = rng.choice(after)
        if version != "2" and not query[name].startswith(query["prefix"]):
            del query[name]
    if query.get("max-keys") == "0":  # MinIO lists a key after this one
        query.pop("start-after", None)
    if rng.random() < 0.4:
        query["encoding-type"] = rng.choice(["url", "url", "url", "x", ""])
    if version == "2" and rng.random() < 0.3:
        query["fetch-owner"] = rng.choice(["true", "false"])
    if version == "2" and rng.random() < 0.05:
        query["continuation-token"] = "no token"
    if version == "versions" and query.get("delimiter"):
        query.pop("max-keys", None)
    items = list(query.items())
    rng.shuffle(items)
    return dict(items)


def list_raw():
    query = list_query()
    return f"LIST {json.dumps(query, ensure_ascii=False)}", lambda: raw(
        "GET", f"/{BUCKET}", query, {}
    )


def list_pages():
    kind = rng.choice(["list_objects_v2", "list_objects", "list_object_versions"])
    args = {"Prefix": ROOT + rng.choice(PREFIXES)}
    if kind != "list_object_versions" and rng.random() < 0.5:
        args["Delimiter"] = "/"
    size = rng.choice([1, 2, 3, 7])

    def pages():
        found = []
        for page in s3.get_paginator(kind).paginate(
            **at, **args, PaginationConfig={"PageSize": size}
        ):
            items = page.get("Contents", []) + page.get("Versions", [])
            keys = [[each["Key"], each["Size"], plain(each["ETag"])] for each in items]
            prefixes = [each["Prefix"] for each in page.get("CommonPrefixes", [])]
            if keys or prefixes:  # MinIO has an empty last page
                found.append([keys, prefixes])
        return {"pages": found}

    return f"pages {kind} {args} {size}", lambda: called(pages)


ATTRIBUTES = ["ETag", "StorageClass", "ObjectSize"]
"""The last is not asked of an empty file: MinIO leaves 0 out."""


def method_of_boto3():
    path, asked = a_path()
    key = {"Key": ROOT + asked}
    attributes = {"ObjectAttributes": rng.sample(ATTRIBUTES[: 3 if FILES[path] else 2], 2)}
    name, args = rng.choice([
        ("get_object", {**key, "Range": rng.choice(RANGES)}),
        ("head_object", key),
        ("get_object_attributes", {**key, **attributes}),
        ("get_object_tagging", key),
        ("head_bucket", {}),
        ("get_bucket_versioning", {}),
        ("list_buckets", None),
        ("head_bucket", {"Bucket": "other-bucket"}),
        ("list_objects_v2", {"Bucket": "other-bucket"}),
        ("get_object", {"Bucket": "other-bucket", **key}),
    ])  # fmt: skip
    sent = {} if args is None else {**at, **args}

    def answer():
        found = getattr(s3, name)(**sent)
        if name == "list_buckets":
            return [each["Name"] for each in found["Buckets"]]
        return found

    return f"{name} {args}", lambda: called(answer)


calls = [read_object] * 10 + [list_raw] * 6 + [list_pages] + [method_of_boto3] * 3
for _ in range(count):
    name, fn = rng.choice(calls)()
    print(json.dumps([name, fn()], sort_keys=True), flush=True)
