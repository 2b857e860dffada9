import { assertEquals } from "@std/assert";
import { pageBytesOf } from "../../../operators/process/proc.ts";

Deno.test("the size of a page is what the system says, whatever stands before it", () => {
  const auxv = (...words: number[]) =>
    new Uint8Array(BigUint64Array.from(words.map(BigInt)).buffer);
  assertEquals(pageBytesOf(auxv(16, 6, 6, 65_536, 17, 100, 0, 0)), 65_536);
  assertEquals(pageBytesOf(auxv(0, 0)), 4096);
  assertEquals(pageBytesOf(new Uint8Array(3)), 4096);
});

Deno.test({
  name: "this machine says the size of its pages",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { stdout } = await new Deno.Command("getconf", { args: ["PAGESIZE"] }).output();
    assertEquals(
      pageBytesOf(await Deno.readFile("/proc/self/auxv")),
      Number(new TextDecoder().decode(stdout)),
    );
  },
});
