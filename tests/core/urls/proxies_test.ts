import { assertEquals } from "@std/assert";
import { namedProxies, proxyVariables } from "../../../core/urls/proxies.ts";

type Environment = Record<string, string>;

function variablesIn(environment: Environment): Environment {
  return JSON.parse(JSON.stringify(proxyVariables({ env: (name) => environment[name] })));
}

Deno.test("host:port is an HTTP proxy", () => {
  const urls = (value: string) =>
    namedProxies({ env: (name) => name === "http_proxy" ? value : undefined }).map(({ url }) =>
      url?.href
    );
  assertEquals(urls("proxy:3128"), ["http://proxy:3128/"]);
  assertEquals(urls("user:pass@10.0.0.1:3128/"), ["http://user:pass@10.0.0.1:3128/"]);
  assertEquals(urls("[::1]:3128"), ["http://[::1]:3128/"]);
  assertEquals(urls("https://proxy/"), ["https://proxy/"]);
  for (const other of ["socks5://proxy:1080", "proxy", "http//proxy:1", "http://"]) {
    assertEquals(urls(other), [undefined], other);
  }
  assertEquals(urls(""), []);
});

Deno.test("agents get the proxy of their scheme, else ALL_PROXY", () => {
  const all = { ALL_PROXY: "a:1" };
  const a = "http://a:1/";
  assertEquals(variablesIn({ ...all, no_proxy: "x" }), {
    HTTP_PROXY: a,
    HTTPS_PROXY: a,
    NO_PROXY: "x",
  });
  assertEquals(variablesIn({ ...all, https_proxy: "b:2", NO_PROXY: "" }), {
    HTTP_PROXY: a,
    HTTPS_PROXY: "http://b:2/",
    NO_PROXY: "",
  });
  assertEquals(variablesIn({ HTTP_PROXY: "b:2", http_proxy: "c:3" }).HTTP_PROXY, "http://b:2/");
  assertEquals(variablesIn({ all_proxy: "socks5h://p:1", HTTP_PROXY: "socks5://p:1" }), {
    NO_PROXY: "",
  });
});
