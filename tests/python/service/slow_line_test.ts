// Uploads over a slow line.
import { assertEquals } from "@std/assert";
import { pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `
import http.client, json, socket, threading
import holdfast

PIECE = 200_000
received = []

def answer(server):
    while True:
        client, _ = server.accept()
        with client, client.makefile("rb") as stream:
            line = stream.readline()
            headers = http.client.parse_headers(stream)
            left = int(headers.get("content-length") or 0)
            received.append(0)
            while left > 0 and (data := stream.read(min(PIECE, left))):
                left -= len(data)
                received[-1] += len(data)
                line_is_slow.wait(0.15)
            value = {"upload": "1"} if b"contents" in line else saved
            body = json.dumps(value).encode()
            head = f"HTTP/1.1 200 OK\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n"
            client.sendall(head.encode() + body)

line_is_slow = threading.Event()
saved = {**dict.fromkeys(["name", "version", "commit", "digest", "createdAt"], "1.0.0"), "size": 1}
saved["skipped"] = False
server = socket.create_server(("127.0.0.1", 0))
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
threading.Thread(target=answer, args=[server], daemon=True).start()
registry = holdfast.connect(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=3)
registry.save("a", bytes(8_000_000))
print([size for size in received if size > 1000])
`;

pythonTest("an upload takes as long as its bytes move", async () => {
  assertEquals(await runProgram(PROGRAM), ["[8000000]"]);
});
