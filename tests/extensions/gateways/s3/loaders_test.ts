// Loaders of models read a version: the streamer of vLLM and SGLang, the clients of Mountpoint and
// KServe, and object_store, on which delta-rs and others are built.
import { assertEquals } from "@std/assert";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { KEYS, missing, pythonOf, served } from "./served_clients.ts";

/** The streamer without its package, which needs torch. */
const RUNAI = `
import ctypes, importlib.util, os, sys
at = "s3://holdfast/" + "data:cells/@production"
where = next(p for p in sys.path if p.endswith("site-packages")) + "/runai_model_streamer/libstreamer/__init__.py"
spec = importlib.util.spec_from_file_location("libstreamer", where)
lib = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lib)
dll, streamer = lib.dll, lib.t_streamer(0)
done = lambda code: code == 0 or sys.exit(dll.fn_runai_response_str(code).decode())
done(dll.fn_runai_start(ctypes.byref(streamer)))
given = dict(access_key_id="any", secret_access_key=os.environ["HOLDFAST_TOKEN"],
    session_token=os.environ["HOLDFAST_TOKEN"], region="us-east-1", endpoint=os.environ["URL"])
texts = lambda values: (ctypes.c_char_p * len(given))(*[value.encode() for value in values])
done(dll.fn_runai_set_credentials(streamer, texts(given.keys()), texts(given.values()), len(given)))
large = open("cells/large.bin", "rb").read()
buffer, parts = ctypes.create_string_buffer(len(large)), 4
size = len(large) // parts
offsets = [part * size for part in range(parts)]
numbers = lambda kind, values: (kind * parts)(*values)
begin = ctypes.addressof(buffer)
submission = ctypes.c_uint64()
done(dll.fn_runai_request(streamer, ctypes.byref(submission), 1, (ctypes.c_char_p * 1)((at + "/large.bin").encode()),
    (ctypes.c_uint32 * 1)(parts), numbers(ctypes.c_size_t, offsets), numbers(ctypes.c_size_t, [size] * parts),
    numbers(ctypes.c_void_p, [begin + offset for offset in offsets]), lib.RunaiFileStreamerDevice(0, 0)))
for _ in range(parts):
    done(dll.fn_runai_response(streamer, *[ctypes.byref(kind()) for kind in
        (ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int)], 60_000))
print(buffer.raw[: parts * size] == large[: parts * size])
names = []
seen = dll.RunaiFileListCallback(lambda path, size, _: names.append(path.decode().split("@production/")[1]))
done(dll.fn_runai_list_files(streamer, (at + "/").encode(), 1, None, 0, None, 0, seen, None))
print(sorted(names))
dll.fn_runai_end(streamer)
`;

const MOUNTPOINT = `
import os
from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client
token, at = os.environ["HOLDFAST_TOKEN"], "data:cells/@production/"
os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY=token, AWS_SESSION_TOKEN=token)
client = MountpointS3Client(region="us-east-1", user_agent_prefix="test", endpoint=os.environ["URL"], force_path_style=True)
large = open("cells/large.bin", "rb").read()
print(client.head_object("holdfast", at + "large.bin").size == len(large))
print(b"".join(bytes(part) for part in client.get_object("holdfast", at + "large.bin")) == large)
print(sorted(each.key.split("@production/")[1] for page in client.list_objects("holdfast", at) for each in page.object_info))
`;

const OBJECT_STORE = `
import os
from obstore.store import S3Store
token, at = os.environ["HOLDFAST_TOKEN"], "data:cells/@production/"
store = S3Store("holdfast", endpoint=os.environ["URL"], access_key_id="any", secret_access_key=token,
    session_token=token, region="us-east-1", client_options={"allow_http": True})
large = open("cells/large.bin", "rb").read()
print(bytes(store.get(at + "large.bin").bytes()) == large, bytes(store.get_range(at + "large.bin", start=7, end=17)) == large[7:17])
print(sorted(each["path"].split("@production/")[1] for each in store.list(at).collect()))
`;

const KSERVE = `
import os
from kserve_storage import Storage
token = os.environ["HOLDFAST_TOKEN"]
os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY=token, AWS_SESSION_TOKEN=token)
print(Storage.download("s3://holdfast/" + "data:cells/@production/", "by_kserve"))
`;

judgeTest("loaders of models list and read a version", missing, async () => {
  await using s3 = await served();
  const keys = `['${KEYS.join("', '")}']`;
  const lines = async (venv: string, program: string) =>
    (await s3.run(pythonOf(venv), ["-c", program])).trim().split("\n");
  assertEquals(await lines("loaders", RUNAI), ["True", keys]);
  await s3.calls.check("Run:ai streamer 0.17");
  assertEquals(await lines("loaders", MOUNTPOINT), ["True", "True", keys]);
  await s3.calls.check("Mountpoint's client 0.14");
  assertEquals(await lines("loaders", OBJECT_STORE), ["True True", keys]);
  await s3.calls.check("object_store (obstore 0.12)");
  assertEquals((await lines("kserve", KSERVE)).at(-1), "by_kserve");
  await s3.calls.check("kserve-storage 0.21");
  await Deno.writeTextFile(s3.root.join("by_kserve/empty"), ""); // KServe leaves out empty files
  await s3.sameFiles("by_kserve");
});
