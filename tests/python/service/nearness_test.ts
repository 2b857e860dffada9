// Redirects that Python follows: those that the client follows.
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { pythonTest, runProgram } from "../reader.ts";

const FILE = fromFileUrl(new URL("../../fixtures/nearness.json", import.meta.url));

const PROGRAM = `
import json, sys
from holdfast.client import address
table = json.load(open(sys.argv[1]))
for near, addresses in table["addresses"].items():
    for each in addresses:
        if address.nearness(each) != int(near):
            print(each, address.nearness(each))
names = {"inside": ["10.0.0.1"], "outside": ["8.8.8.8"], "both": ["8.8.8.8", "10.0.0.1"]}
real = address.socket.getaddrinfo
def lookup(host, *rest, **options):
    if host in names:
        return [(2, 1, 6, "", (each, 0)) for each in names[host]]
    return real(host, *rest, **options, flags=address.socket.AI_NUMERICHOST)
address.socket.getaddrinfo = lookup
hosts = ["outside", "inside", "both", "lost", "8.8.8.8", "10.1.1.1", "127.0.0.1", "[::1]", "0x7f.1"]
for source in hosts:
    print(*[int(address.may_lead("http://" + source, "https://" + to + ":9/x")) for to in hosts])
for near, others in table["hosts"].items():
    for to in others:
        for at, source in enumerate(["8.8.8.8", "10.0.0.1", "169.254.1.1", "127.0.0.1"]):
            may = address.may_lead("http://" + source, "http://" + to + "/")
            if may != (int(near) <= at) and not ("%" in to and not may):  # refused for all
                print(source, to, may)
# urllib decodes hosts: it asks 127.0.0.1 for each of these.
for to in ["%3127.0.0.1", "127.0.0.1%3A9", "localhost%2e", "8.8.8.8%3A9@127.0.0.1", "%5B::1%5D"]:
    print(to, address.may_lead("http://8.8.8.8", "http://" + to + "/x"))
`;

pythonTest("Python follows a redirect only to hosts that are not nearer", async () => {
  assertEquals(await runProgram(PROGRAM, { args: [FILE] }), [
    "1 0 0 1 1 0 0 0 0", // outside
    "1 1 1 1 1 1 0 0 0", // inside
    "1 0 0 1 1 0 0 0 0", // both
    "1 0 0 1 1 0 0 0 0", // lost
    "1 0 0 1 1 0 0 0 0",
    "1 1 1 1 1 1 0 0 0",
    "1 1 1 1 1 1 1 1 1", // this machine
    "1 1 1 1 1 1 1 1 1",
    "1 1 1 1 1 1 1 1 1",
    "%3127.0.0.1 False",
    "127.0.0.1%3A9 False",
    "localhost%2e False",
    "8.8.8.8%3A9@127.0.0.1 False",
    "%5B::1%5D False",
  ]);
});
