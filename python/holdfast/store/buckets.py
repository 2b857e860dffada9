"""Registries in a bucket: S3 and Google Cloud Storage."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..core.errors import HoldfastError, Json, quoted
from ..core.store import CHUNK, Entry, MissingObject
from ..core.versions import MAX_SAFE


class S3Store:
    """The objects of a registry in a bucket, through a client of boto3."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.location = f"s3://{bucket}/{self.prefix}".rstrip("/")
        self.made_by: tuple[Any, ...] | None = None

    def __reduce__(self) -> Any:
        return made_again(self, "s3")

    def __deepcopy__(self, _: Any) -> S3Store:
        return self  # a client is shared

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
        try:
            body = self._call("get_object", Key=self.prefix + key, **options)["Body"]
        except EndOfObject:
            return
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
                raise EndOfObject(key) from None
            if code == "NoSuchBucket":
                raise no_bucket(self.location) from None
            denied = ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch")
            kind = "Denied" if code in denied else "Unavailable"
            said = " ".join(str(response.get("Error", {}).get("Message", "")).split())[:300]
            state = f"{code}: {said}" if code and said not in ("", code) else code or str(error)
            raise self._failed(key, state, kind) from error

    def _failed(self, key: str, state: str, code: str = "Unavailable") -> HoldfastError:
        is_denied = code == "Denied" or "redentials" in state
        hint = DENIED_HINT if is_denied else "Check the endpoint and the network, and try again."
        return HoldfastError(code, f'Cannot read "{key}" of {self.location}: {state}', hint)


def s3_store(bucket: str, prefix: str, endpoint: str | None, region: str | None) -> S3Store:
    """Returns the store of a bucket, with a client of the usual credentials."""
    store = S3Store(s3_client(endpoint, region), bucket, prefix)
    store.made_by = (s3_store, (bucket, prefix, endpoint, region))
    return store


def gcs_store(bucket: str, prefix: str, endpoint: str | None) -> GcsStore:
    """Returns the store of a bucket, with a client of the usual credentials."""
    store = GcsStore(gcs_client(endpoint), bucket, prefix)
    store.made_by = (gcs_store, (bucket, prefix, endpoint))
    return store


def made_again(store: S3Store | GcsStore, option: str) -> tuple[Any, ...]:
    """Returns how another process makes a store. Clients cannot be sent there."""
    if store.made_by is not None:
        return store.made_by
    message = f"Cannot pickle the registry {quoted(store.location)}: it uses a client of yours"
    hint = f"Open it in the other process: open_registry({quoted(store.location)}, {option}=…)."
    raise HoldfastError("Unsupported", message, hint)


def s3_client(endpoint: str | None, region: str | None) -> Any:
    try:
        import boto3
    except ImportError:
        message = "Cannot open a bucket: boto3 is missing"
        raise HoldfastError("Unsupported", message, "Run `pip install boto3`.") from None
    return boto3.client("s3", endpoint_url=endpoint, region_name=region)


class GcsStore:
    """The objects of a registry in a bucket of Google Cloud Storage, through Google's client."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self.client = client
        self.bucket = client.bucket(bucket)
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.location = f"gs://{bucket}/{self.prefix}".rstrip("/")
        self.made_by: tuple[Any, ...] | None = None

    def __reduce__(self) -> Any:
        return made_again(self, "gcs")

    def __deepcopy__(self, _: Any) -> GcsStore:
        return self  # a client is shared

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yields all objects whose key begins with the prefix, in byte order."""
        for page, _ in self._pages(prefix):
            for blob in page:
                modified = blob.updated.timestamp() * 1000
                yield Entry(blob.name[len(self.prefix) :], int(blob.size), modified)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yields the segments below a prefix that have objects below them."""
        for _, folders in self._pages(prefix, delimiter="/"):
            for folder in sorted(folders):
                yield folder[len(self.prefix) + len(prefix) : -1]

    def read(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """Yields the bytes of an object from an offset: all, or `size` of them if it has them."""
        end = offset + (MAX_SAFE if size is None else size)
        while offset < end:
            step = min(GCS_STEP, end - offset)
            try:
                data = self._download(key, offset, step)
            except EndOfObject:
                return
            yield data
            offset += step
            if len(data) < step:
                return

    def has(self, key: str) -> bool:
        """Returns whether there is such an object."""
        return bool(self._try(key, self.bucket.blob(self.prefix + key).exists))

    def _download(self, key: str, offset: int, size: int) -> bytes:
        blob = self.bucket.blob(self.prefix + key)
        options = {"start": offset, "end": offset + size - 1, "raw_download": True}
        return bytes(self._try(key, lambda: blob.download_as_bytes(**options, checksum=None)))

    def _pages(self, prefix: str, **options: str) -> Iterator[tuple[Any, set[str]]]:
        whole = self.prefix + prefix
        pages = self._try(
            prefix, lambda: self.client.list_blobs(self.bucket, prefix=whole, **options)
        )
        pages_left, tokens = pages.pages, set()
        while True:
            try:
                page = self._try(prefix, lambda: next(pages_left, None))
            except MissingObject:
                raise no_bucket(self.location) from None
            if page is None:
                return
            yield page, set(page.prefixes)
            if pages.next_page_token in tokens:
                message = f'Cannot list "{prefix}" of {self.location}: the listing has no end'
                raise HoldfastError("Unsupported", message, "Check what is in front of the store.")
            tokens.add(pages.next_page_token)

    def _try(self, key: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:  # the classes are those of a package
            status = getattr(error, "code", None)
            if status == 416:
                raise EndOfObject(key) from None
            if status == 404:
                raise MissingObject(key) from None
            is_denied = status in (401, 403) or "auth" in type(error).__module__
            hint = "Check the endpoint and the network, and try again."
            if is_denied:
                hint = "Run `gcloud auth application-default login`."
            message = f'Cannot read "{key}" of {self.location}: {error}'
            raise HoldfastError("Denied" if is_denied else "Unavailable", message, hint) from error


def no_bucket(location: str) -> HoldfastError:
    message = f'Cannot read "{location}": there is no such bucket'
    return HoldfastError("NotFound", message, "Check the name of the bucket and the endpoint.")


DENIED_HINT = "Check your credentials and the policy of the bucket, or pass a client: s3=…."


class EndOfObject(Exception):
    """An offset at or after the end of an object."""


GCS_STEP = 8 * 2**20


def gcs_client(endpoint: str | None) -> Any:
    try:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage
    except ImportError:
        message = "Cannot open a bucket: google-cloud-storage is missing"
        hint = "Run `pip install google-cloud-storage`."
        raise HoldfastError("Unsupported", message, hint) from None
    if endpoint and endpoint.startswith("http:"):  # an emulator, which must not see a token
        options = {"api_endpoint": endpoint}
        anonymous: Any = AnonymousCredentials  # not typed
        return storage.Client("none", anonymous(), client_options=options)
    try:
        return storage.Client(client_options={"api_endpoint": endpoint} if endpoint else None)
    except Exception as error:  # of google.auth
        message = f"Cannot open a bucket: {error}"
        hint = "Run `gcloud auth application-default login`."
        raise HoldfastError("Denied", message, hint) from error
