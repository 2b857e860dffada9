"""The operations of the cases through huggingface_hub: a line of JSON for each question and answer."""

import json
import sys
import tempfile
import urllib.parse

from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

CODES = {400: "Invalid", 401: "NotFound", 403: "Denied", 404: "NotFound", 409: "Conflict"}


def parts_of(api, ref):
    """Returns the repository, the revision and the only file of a ref."""
    repo, _, selector = ref.partition("@")
    revision = "main" if selector in ("", "latest") else selector
    paths = api.list_repo_files(repo, revision=revision)
    (path,) = [path for path in paths if path != "history.jsonl"]  # the curve of a run
    return repo, revision, path


def load(endpoint, token, ref):
    api = HfApi(endpoint=endpoint, token=token)
    repo, revision, path = parts_of(api, ref)
    with tempfile.TemporaryDirectory() as folder:
        copy = api.hf_hub_download(repo, path, revision=revision, cache_dir=folder)
        with open(copy, "rb") as file:
            text = file.read().decode()
    return {"value": json.loads(text)} if path == "data.json" else {"text": text}


def part(endpoint, token, ref, offset, length=None):
    repo, revision, path = parts_of(HfApi(endpoint=endpoint, token=token), ref)
    files = HfFileSystem(endpoint=endpoint, token=token, skip_instance_cache=True)
    with files.open(f"{repo}@{urllib.parse.quote(revision, safe='')}/{path}") as file:
        file.seek(offset)
        return file.read(-1 if length is None else length).decode()


def answer(question):
    operation = {"load": load, "range": part}[question["ask"]]
    try:
        return {"answer": operation(question["url"], question["token"], **question["given"])}
    except HfHubHTTPError as error:
        status = error.response.status_code
        return {"refused": CODES.get(status, str(status)), "message": str(error)}
    except EntryNotFoundError as error:
        return {"refused": "NotFound", "message": str(error)}
    except Exception as error:
        return {"refused": type(error).__name__, "message": str(error)}


for line in sys.stdin:
    print(json.dumps({"answer": answer(json.loads(line))}), flush=True)
