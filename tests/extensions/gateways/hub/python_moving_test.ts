// The real `huggingface_hub` while `main` comes to mean another version.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { pythonTest, startPythonHub } from "./python_hub.ts";

const SUPPORT = `
import contextlib, hashlib, os, pathlib
os.environ["HF_HUB_DISABLE_XET"] = "1"
import httpx2
import huggingface_hub.constants as constants
import huggingface_hub.file_download as download
from huggingface_hub import CommitOperationCopy, HfApi, HfFileSystem, hf_hub_download, snapshot_download
api = HfApi()
OLD, NEW = b"A" * 3_000_000, b"B" * 3_000_000

def push(content, path="w.bin"):
    return api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id="team/m").oid

def show(path):
    data, blob = pathlib.Path(path).read_bytes(), pathlib.Path(path).resolve()
    print(data == OLD, hashlib.sha256(data).hexdigest() == blob.name)
`;

const MOVED = `${SUPPORT}
cache = pathlib.Path(os.environ["HF_HOME"])
push(OLD)
get = download.http_get
def late(*args, **options):
    download.http_get = get
    push(NEW)
    return get(*args, **options)
download.http_get = late
show(hf_hub_download("team/m", "w.bin", cache_dir=cache / "1"))

push(OLD)
download.http_get = late
show(pathlib.Path(snapshot_download("team/m", cache_dir=cache / "2")) / "w.bin")

push(OLD)
constants.DOWNLOAD_CHUNK_SIZE = 500_000
stream = download.http_stream_backoff
@contextlib.contextmanager
def breaking(*args, **options):
    download.http_stream_backoff = stream
    with stream(*args, **options) as response:
        pieces = response.iter_bytes
        def some(*args, **options):
            for at, piece in enumerate(pieces(*args, **options)):
                if at == 3:
                    push(NEW)
                    raise httpx2.ReadTimeout("broken")
                yield piece
        response.iter_bytes = some
        yield response
download.http_stream_backoff = breaking
show(hf_hub_download("team/m", "w.bin", cache_dir=cache / "3"))

push(OLD)
files = HfFileSystem(skip_instance_cache=True)
with files.open("team/m/w.bin", block_size=500_000) as file:
    print(file.read(600_000) == OLD[:600_000])
    push(NEW)
    try:
        print(set(file.read()))
    except Exception as error:
        print(type(error).__name__, "has changed" in str(error))
print(files.cat_file("team/m/w.bin") == NEW)
`;

pythonTest("a download while `main` moves has the bytes of one version", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  const { lines } = await hub.succeeds(MOVED);
  assertEquals(lines.slice(0, 4), ["True True", "True True", "True True", "True"]);
  assertEquals(lines.slice(4), ["HfHubHTTPError True", "True"]);
});

const COPIES = `${SUPPORT}
old = push(OLD)
push(b"small", "s.txt")
push(NEW)
api.delete_file("s.txt", "team/m")
copies = [
    CommitOperationCopy("w.bin", "copy.bin", src_revision=old),
    CommitOperationCopy("s.txt", "copy.txt", src_revision="2.0.0"),
]
api.create_commit("team/m", copies, commit_message="Copy")
show(hf_hub_download("team/m", "copy.bin"))
print(pathlib.Path(hf_hub_download("team/m", "copy.txt")).read_text())
`;

pythonTest("a commit copies files of an older revision", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  assertEquals((await hub.succeeds(COPIES)).lines, ["True True", "small"]);
});
