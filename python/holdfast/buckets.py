"""Registries in a bucket: S3 and Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import (
    Any,
)

from .errors import HoldfastError, Json, damaged
from .store import CHUNK, Entry, MissingObject


class S3Store:
    """The objects of a registry in a bucket, through a client of boto3."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.location = f"s3://{bucket}/{self.prefix}".rstrip("/")

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yields all objects whose key begins with the prefix, in byte order."""
        for page in self._pages(prefix):
            for item in page.get("Contents", ()):
                if "LastModified" not in item:
                    raise self._foreign(prefix, "has an object without a time")
                modified = item["LastModified"].timestamp() * 1000
                yield Entry(item["Key"][len(self.prefix) :], item["Size"], modified)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yields the segments below a prefix that have objects below them."""
        for page in self._pages(prefix, Delimiter="/"):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"][len(self.prefix) + len(prefix) : -1]

    def _pages(self, prefix: str, **options: str) -> Iterator[Json]:
        most, tokens = 10, set()
        options["Prefix"] = self.prefix + prefix
        while True:
            page = self._call("list_objects_v2", MaxKeys=most, **options)
            if "IsTruncated" not in page:
                raise self._foreign(prefix, "does not tell whether it is complete")
            token = page.get("NextContinuationToken", "") if page["IsTruncated"] else None
            if token == "" or token in tokens:
                raise self._foreign(prefix, "continues without a new token")
            yield page
            if token is None:
                return
            tokens.add(token)
            most, options["ContinuationToken"] = 1000, token

    def _foreign(self, prefix: str, state: str) -> HoldfastError:
        message = f'Cannot list "{prefix}" of {self.location}: the listing {state}'
        hint = "Check the endpoint and what is in front of it."
        return HoldfastError("Unsupported", message, hint)

    def read(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """Yields the bytes of an object from an offset: all, or `size` of them if it has them."""
        if size == 0:
            return
        options = {}
        if offset or size is not None:
            options["Range"] = f"bytes={offset}-{'' if size is None else offset + size - 1}"
        body = self._call("get_object", Key=self.prefix + key, **options)["Body"]
        try:
            yield from iter(lambda: body.read(CHUNK), b"")
        except Exception as error:  # botocore and urllib3 have many classes
            raise self._failed(key, str(error)) from error
        finally:
            body.close()

    def has(self, key: str) -> bool:
        """Returns whether there is such an object."""
        try:
            self._call("head_object", Key=self.prefix + key)
            return True
        except MissingObject:
            return False

    def _call(self, method: str, **options: Any) -> Json:
        key = options.get("Key", options.get("Prefix", ""))
        try:
            answer: Json = getattr(self.client, method)(Bucket=self.bucket, **options)
            return answer
        except Exception as error:  # the classes are those of a package
            response = getattr(error, "response", None) or {}
            code = str(response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404", "NotFound"):
                raise MissingObject(key) from None
            if code == "InvalidRange":
                raise damaged(f'"{key}"', "it is shorter than its record says") from None
            if code == "NoSuchBucket":
                state = "there is no such bucket"
                raise HoldfastError("NotFound", f'Cannot read "{self.location}": {state}') from None
            denied = ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch")
            kind = "Denied" if code in denied else "Unavailable"
            raise self._failed(key, code or str(error), kind) from error

    def _failed(self, key: str, state: str, code: str = "Unavailable") -> HoldfastError:
        return HoldfastError(code, f'Cannot read "{key}" of {self.location}: {state}')


def s3_client(endpoint: str | None, region: str | None) -> Any:
    try:
        import boto3
    except ImportError:
        message = "Cannot open a bucket: boto3 is missing"
        raise HoldfastError("Unsupported", message, "Run `pip install boto3`.") from None
    return boto3.client("s3", endpoint_url=endpoint, region_name=region)
