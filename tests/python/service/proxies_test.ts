// Python programs behind a proxy that HTTP_PROXY or HTTPS_PROXY names.
import { assertEquals } from "@std/assert";
import { CERTIFICATES } from "../../support/certificates/folder.ts";
import { pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `
import http.server, json, os, socket, ssl, sys, threading
import holdfast

seen = []

class Service(http.server.BaseHTTPRequestHandler):
    failures = 0

    def do_GET(self):
        seen.append(f"{self.kind} {self.path.partition('?')[0]}")
        for name in ("authorization", "proxy-authorization"):
            if name in self.headers:
                seen.append(f"{name} at {self.kind}")
        if self.kind == "http" and self.path.startswith("http://"):
            self.send_response(301)
            self.send_header("location", TLS + "/names")
        elif Service.failures > 0:
            Service.failures -= 1
            self.send_response(503)
            self.send_header("retry-after", "0")
        else:
            body = json.dumps({"items": ["a"]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            return self.wfile.write(body)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_CONNECT(self):
        port = int(self.path.partition(":")[2])
        self.send_response(200)
        self.end_headers()
        far = socket.create_connection(("127.0.0.1", port))
        def pass_on(source, target):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        back = threading.Thread(target=pass_on, args=(far, self.connection), daemon=True)
        back.start()
        try:
            pass_on(self.connection, far)
            back.join()
        except OSError:
            pass
        far.close()
        self.close_connection = True

    def log_message(self, *args):
        pass

def serve(kind):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type(kind, (Service,), {"kind": kind}))
    if kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{sys.argv[1]}/server.pem", f"{sys.argv[1]}/server_key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]

os.environ["SSL_CERT_FILE"] = f"{sys.argv[1]}/authority.pem"
os.environ["no_proxy"] = ""
TLS, PROXY = f"https://localhost:{serve('tls')}", f"http://u:p@127.0.0.1:{serve('http')}"
`;

pythonTest("requests that are sent again through a proxy stay encrypted", async () => {
  const program = `${PROGRAM}
os.environ["https_proxy"] = PROXY
Service.failures = 3
registry = holdfast.connect(TLS, token="secret", timeout=20)
print(list(registry.names()))
print(*seen, sep=", ")
`;
  const asked = Array(4).fill("tls /names, authorization at tls").join(", ");
  assertEquals(await runProgram(program, { args: [CERTIFICATES] }), ["['a']", asked]);
});

const LIMITED = `
import email.utils, http.server, json, sys, threading, time
import holdfast

class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, after = answers.pop(0) if answers else (200, None)
        body = json.dumps({"items": ["a"]}).encode() if status == 200 else b"<h1>Busy</h1>"
        self.send_response(status)
        self.send_header("content-type", "text/html" if status == 503 else "application/json")
        if after is not None:
            self.send_header("retry-after", after)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"
past = email.utils.formatdate(time.time() - 9, usegmt=True)
answers = [(429, past), (503, "0"), (429, None), (503, None), (502, None), (504, None)]
print(list(holdfast.connect(url, timeout=20).names()), answers)
for after in ("300", "86400"):
    answers = [(429, after)]
    try:
        list(holdfast.connect(url, timeout=20).names())
    except holdfast.Unavailable as error:
        print("limits requests" in error.hint, answers)
answers = [(429, "0")] * 99
try:
    list(holdfast.connect(url, timeout=2).names())
except holdfast.Unavailable as error:
    print("limits requests" in error.hint, 89 < len(answers) < 99)
`;

pythonTest("reads go on after a proxy that limits requests or restarts", async () => {
  assertEquals(await runProgram(LIMITED), ["['a'] []", ...Array(2).fill("True []"), "True True"]);
});

pythonTest("the password of a proxy does not follow a redirect", async () => {
  const program = `${PROGRAM}
os.environ["http_proxy"] = PROXY
registry = holdfast.connect("http://127.0.0.2", timeout=20)
print(list(registry.names()))
print(*seen, sep=", ")
`;
  const asked = "http http://127.0.0.2/names, proxy-authorization at http, tls /names";
  assertEquals(await runProgram(program, { args: [CERTIFICATES] }), ["['a']", asked]);
});
