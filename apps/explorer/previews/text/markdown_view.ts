// Markdown as elements: no HTML, no images, and links only to the web or to files of the version.
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import { html } from "../../framework/html.ts";
import { type ComponentChildren, h, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { LeftOut, usePathHref, whenLoaded } from "../parts.ts";
import { parseMarkdown, type Token } from "./markdown.ts";

/** Longer documents end here. */
const MAX_BYTES = 64 * 1024;

/** Elements that a document may use. */
const TAGS = new Set(
  ("p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s hr br table thead tbody tr th td")
    .split(" "),
);

/** Resolves the address of a link; undefined for one that does nothing. */
export type LinkTarget = (address: string) => { href: string; isOutside: boolean } | undefined;

/** Resolves an address: the web, or a file of the same version. */
export function linkTarget(
  address: string,
  from: string,
  files: ReadonlySet<string>,
  hrefOfPath: (path: string) => string,
): ReturnType<LinkTarget> {
  if (/^https?:\/\//i.test(address)) return { href: address, isOutside: true };
  if (/^[a-z][a-z0-9+.-]*:|^\/\/|^\\/i.test(address)) return undefined;
  try {
    const url = new URL(
      address,
      `http://files/${from.split("/").map(encodeURIComponent).join("/")}`,
    );
    const path = decodeURIComponent(url.pathname.slice(1));
    return files.has(path) ? { href: hrefOfPath(path), isOutside: false } : undefined;
  } catch {
    return undefined;
  }
}

/** Makes elements of tokens. */
export function markdownNodes(tokens: readonly Token[], target: LinkTarget): ComponentChildren[] {
  const open: { tag: string; props: Record<string, unknown>; children: ComponentChildren[] }[] = [];
  const top: ComponentChildren[] = [];
  const add = (child: ComponentChildren) => (open.at(-1)?.children ?? top).push(child);
  for (const token of tokens) {
    if (token.nesting === 1) open.push({ ...elementOf(token, target), children: [] });
    else if (token.nesting === -1) {
      const closed = open.pop();
      if (closed !== undefined) add(h(closed.tag, closed.props, ...closed.children));
    } else add(contentOf(token, target));
  }
  return top;
}

function elementOf(token: Token, target: LinkTarget) {
  if (token.type === "link_open") {
    const found = target(token.attrGet("href") ?? "");
    if (found === undefined) return { tag: "span", props: { class: "muted" } };
    const outside = { rel: "noopener noreferrer nofollow", target: "_blank" };
    return { tag: "a", props: { href: found.href, ...found.isOutside && outside } };
  }
  return { tag: TAGS.has(token.tag) ? token.tag : "div", props: {} };
}

function contentOf(token: Token, target: LinkTarget): ComponentChildren {
  switch (token.type) {
    case "inline":
      return markdownNodes(token.children ?? [], target);
    case "code_inline":
      return html`<code>${token.content}</code>`;
    case "fence":
    case "code_block":
      return html`<pre class="wrapped"><code>${token.content}</code></pre>`;
    case "image": {
      const found = target(token.attrGet("src") ?? "");
      const text = `Image: ${token.content || "without description"}`;
      if (found === undefined || found.isOutside) return html`<span class="muted">[${text}]</span>`;
      return html`<a href=${found.href}>[${text}]</a>`;
    }
    case "softbreak":
      return "\n";
    case "hardbreak":
      return html`<br />`;
    case "hr":
      return html`<hr />`;
    default:
      return token.content;
  }
}

export function MarkdownView({ file, version }: {
  file: ArtifactFile;
  version: ArtifactVersion;
}): VNode {
  const hrefOfPath = usePathHref();
  const loaded = useLoaded((signal) => file.text(MAX_BYTES, signal), [
    file.ref,
    file.path,
    file.digest,
  ]);
  return whenLoaded(loaded, ({ text, truncated }) => {
    const files = new Set(version.files.map(({ path }) => path));
    const target: LinkTarget = (address) => linkTarget(address, file.path, files, hrefOfPath);
    return html`
      ${truncated && html`<${LeftOut} file=${file}>The first 64 KiB are shown.<//>`}
      <article class="markdown">${markdownNodes(parseMarkdown(text), target)}</article>
    `;
  });
}
