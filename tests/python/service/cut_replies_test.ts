// Replies that end early, after each number of bytes.
import { assertEquals } from "@std/assert";
import { pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `
import http.client, json, random, socket, threading
import holdfast

random.random = lambda: -0.5  # retries do not wait

requests, replies = [], []

def answer(server):
    while True:
        with server.accept()[0] as client, client.makefile("rb") as stream:
            stream.readline()
            headers = http.client.parse_headers(stream)
            requests.append(stream.read(int(headers.get("content-length") or 0)))
            client.sendall(replies.pop(0) if len(replies) > 1 else replies[0])

server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=answer, args=[server], daemon=True).start()
registry = holdfast.connect(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=60)

def reply_of(value):
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: {len(body)}\\r\\n"
    return head.encode() + b"date: Wed, 25 Nov 2026 12:00:00 GMT\\r\\n\\r\\n" + body

facts = dict.fromkeys(["name", "version", "commit", "digest", "createdAt"], "1.0.0")
saved = reply_of({**facts, "size": 1, "skipped": False})
for end in range(len(saved)):
    replies[:], requests[:] = [saved[:end], saved], []
    assert registry.save("a", 1).version == "1.0.0", end
    assert len(requests) == 2 and requests[0] == requests[1] != b"", (end, requests)
listed = reply_of({"items": ["a"]})
for end in range(len(listed)):
    replies[:] = [listed[:end]]
    try:
        print(end, list(registry.names()))
    except holdfast.Unavailable:
        pass
replies[:] = [listed]
print(list(registry.names()))
`;

pythonTest("a reply that ends early is repeated or refused, wherever it ends", async () => {
  assertEquals(await runProgram(PROGRAM), ["['a']"]);
});
