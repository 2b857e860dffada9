import { assert, assertEquals } from "@std/assert";
import { parseDocument } from "../../src/previews/text/markdown.ts";
import { documentNodes } from "../../src/previews/text/markdown_view.ts";

/** Writes nodes as markup, components as their text. */
function markup(node: unknown): string {
  if (Array.isArray(node)) return node.map(markup).join("");
  if (typeof node !== "object" || node === null) {
    return typeof node === "string" ? node.replaceAll("<", "&lt;") : "";
  }
  const { type, props } = node as { type: unknown; props: Record<string, unknown> };
  const { children, ...others } = props;
  if (typeof type !== "string") return markup(others.text ?? children);
  const attributes = Object.entries(others).filter(([, value]) => typeof value === "string")
    .map(([name, value]) => ` ${name}="${value}"`).join("");
  return `<${type}${attributes}>${markup(children)}</${type}>`;
}

const TEXT = `See https://example.org/a and not.example.org[^1], [^none].

> [!WARNING]
> Use it **only** at home.

<details><summary>More <b>x</b></summary>

Folded *text*

<details>
<summary>Inner</summary>

deep

</details>
</details>

[^1]: The \`first\` note.

\`\`\`
[^2]: no note
<details>
\`\`\`

<details>
never closed
`;

Deno.test("Markdown has bare links, alerts, folded parts and footnotes, as on the Hub", () => {
  const target = (href: string) => ({ href, isOutside: true });
  const page = markup(documentNodes(parseDocument(TEXT), target));
  assertEquals(page.match(/<a href="https[^"]*"/g), ['<a href="https://example.org/a"']);
  assert(page.includes('<blockquote class="alert alert-warning">'), page);
  assert(!page.includes("[!WARNING]"));
  assertEquals(page.match(/<details>/g)?.length, 2);
  assert(page.includes("<summary>More &lt;b>x&lt;/b></summary>"), page);
  assert(page.includes("<summary>Inner</summary>") && page.includes("<p>deep</p>"));
  assert(/<sup><a [^>]*>1<\/a><\/sup>/.test(page) && page.includes("[^none]"), page);
  assert(page.includes('<li id="heading-note-1">The <code>first</code> note.</li>'), page);
  assert(page.includes("[^2]: no note") && page.includes("&lt;details>\nnever closed"), page);
});

Deno.test("thousands of parts that begin and never end are text", () => {
  const { tokens } = parseDocument(`${"<details>\n".repeat(6000)}</details>`);
  assert(tokens.length > 0);
});
