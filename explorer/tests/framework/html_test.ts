import { assertEquals } from "@std/assert";
import { html } from "../../src/framework/html.ts";

interface Node {
  type: string;
  props: { children: unknown; title?: string; value?: string };
}

Deno.test("texts of the page show characters that would hide or turn others", () => {
  const name = "photo\u202egnp.exe\x1b[8m\x9b\u200b";
  const shown = "photo\\u202egnp.exe\\x1b[8m\\x9b\\u200b";
  const node = html`<a title=${name} value=${name}>${name} of ${[name]}</a>` as unknown as Node;
  assertEquals([node.props.title, node.props.value], [shown, name]);
  assertEquals(node.props.children, [shown, " of ", [shown]]);
});

Deno.test("tabs, ends of lines and marks of direction in a content stay", () => {
  const text = "a\tb\r\nشكرا\u200f! می\u200cخواهم";
  const { props } = html`<pre>${text}</pre>` as unknown as Node;
  assertEquals(props.children, text);
});
