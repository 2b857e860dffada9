// Markdown as elements: no HTML, images of the same version only, and links only to the web, to
// files of the version, and to headings.
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { Fragment, h, useMemo } from "../../framework/preact.ts";
import type { ComponentChildren, VNode } from "../../framework/preact.ts";
import { Code, languageOf } from "../code/code.ts";
import { useImage } from "../images/image_view.ts";
import { LeftOut, useFiles, usePathHref } from "../parts.ts";
import { FrontMatter, splitFrontMatter } from "./facts_view.ts";
import { type ParsedMarkdown, parseDocument, type Token } from "./markdown.ts";

/** Longer documents end here. */
const MAX_BYTES = 64 * 1024;
const MOST_IMAGES = 50;

/** Elements that a document may use. */
const TAGS = new Set(
  ("p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s hr br table thead tbody tr th td " +
    "details summary").split(" "),
);

interface Target {
  readonly href: string;
  readonly isOutside: boolean;
  /** The file of the version that it leads to. */
  readonly path?: string;
}

/** Resolves the address of a link; undefined for one that does nothing. */
export type LinkTarget = (address: string) => Target | undefined;

/** Resolves an address: the web, or a file of the same version. */
export function linkTarget(
  address: string,
  from: string,
  files: ReadonlySet<string>,
  hrefOfPath: (path: string) => string,
): Target | undefined {
  if (/^https?:\/\//i.test(address)) return { href: address, isOutside: true };
  if (/^[a-z][a-z0-9+.-]*:|^\/\/|^\\/i.test(address)) return undefined;
  try {
    const url = new URL(
      address,
      `http://files/${from.split("/").map(encodeURIComponent).join("/")}`,
    );
    const path = decodeURIComponent(url.pathname.slice(1));
    return files.has(path) ? { href: hrefOfPath(path), isOutside: false, path } : undefined;
  } catch {
    return undefined;
  }
}

/** Makes elements of a document, and a list of its footnotes. `imageOf` shows an image of the version. */
export function documentNodes(
  { tokens, notes }: ParsedMarkdown,
  target: LinkTarget,
  imageOf?: (path: string, text: string) => ComponentChildren,
): ComponentChildren[] {
  const document = new Document(target, imageOf, [...notes.keys()]);
  const nodes = document.nodes(tokens);
  if (notes.size === 0) return nodes;
  const items = Array.from(
    notes,
    ([name, note]) => html`<li id=${`${ANCHOR}note-${name}`}>${document.nodes(note)}</li>`,
  );
  return [
    ...nodes,
    html`
      <section class="footnotes" aria-label="Footnotes">
        <ol>${items}</ol>
      </section>
    `,
  ];
}

/** The beginning of a quote that is an alert, as GitHub has them. */
const ALERT = /^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)/i;
const NOTE_MARK = /\[\^([^\s\]]{1,100})\]/;

class Document {
  readonly #ids = new Map<string, number>();

  constructor(
    readonly target: LinkTarget,
    readonly imageOf?: (path: string, text: string) => ComponentChildren,
    /** Names of footnotes, in their order. */
    readonly notes: readonly string[] = [],
  ) {}

  nodes(tokens: readonly Token[]): ComponentChildren[] {
    const open: { tag: Tag; props: Record<string, unknown>; children: ComponentChildren[] }[] = [];
    const top: ComponentChildren[] = [];
    const add = (child: ComponentChildren) => (open.at(-1)?.children ?? top).push(child);
    for (const [i, token] of tokens.entries()) {
      if (token.nesting === 1) {
        const alert = token.type === "blockquote_open" ? alertOf(tokens[i + 2]) : undefined;
        const element = alert === undefined
          ? this.#element(token, tokens[i + 1])
          : { tag: "blockquote", props: { class: `alert alert-${alert.toLowerCase()}` } };
        open.push({ ...element, children: alert === undefined ? [] : [alertTitle(alert)] });
      } else if (token.nesting === -1) {
        const closed = open.pop();
        if (closed !== undefined) add(h(closed.tag as "p", closed.props, ...closed.children));
      } else {
        const before = token.type === "inline" ? tokens[i - 2]?.type : undefined;
        const isAlert = before === "blockquote_open" && alertOf(token) !== undefined;
        for (
          const child of isAlert
            ? this.nodes(afterMark(token))
            : before === "list_item_open"
            ? this.#item(token)
            : [this.#content(token)]
        ) add(child);
      }
    }
    return top;
  }

  #element(token: Token, next?: Token): { tag: Tag; props: Record<string, unknown> } {
    if (token.hidden) return { tag: Fragment as unknown as Tag, props: {} };
    if (token.type === "link_open") {
      const address = token.attrGet("href") ?? "";
      if (/^#./.test(address)) return { tag: "a", props: headingLink(address.slice(1)) };
      const target = this.target(address);
      if (target === undefined) return { tag: "span", props: { class: "muted" } };
      const outside = { rel: "noopener noreferrer nofollow", target: "_blank" };
      return { tag: "a", props: { href: target.href, ...target.isOutside && outside } };
    }
    if (token.type === "heading_open") return { tag: token.tag, props: { id: this.#idOf(next) } };
    return { tag: TAGS.has(token.tag) ? token.tag : "div", props: {} };
  }

  /** Returns the id of a heading, as GitHub makes it: links in documents name it. */
  #idOf(heading?: Token): string {
    const text = (heading?.content ?? "").toLowerCase();
    const slug = text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
    const again = this.#ids.get(slug) ?? 0;
    this.#ids.set(slug, again + 1);
    return `${ANCHOR}${slug}${again === 0 ? "" : `-${again}`}`;
  }

  /** The beginning of an item of a list, which may be a task. */
  #item(token: Token): ComponentChildren[] {
    const children = token.children ?? [];
    const [all, mark] = /^\[([ xX])\]\s/.exec(children[0]?.content ?? "") ?? [];
    if (all === undefined || children[0]?.type !== "text") return this.nodes(children);
    const rest = [{ ...children[0], content: children[0].content.slice(all.length) }];
    const isDone = mark !== " ";
    return [
      html`
        <input type="checkbox" checked=${isDone} disabled
          aria-label=${isDone ? "Done" : "To do"} />
      `,
      " ",
      ...this.nodes([...rest as Token[], ...children.slice(1)]),
    ];
  }

  #content(token: Token): ComponentChildren {
    switch (token.type) {
      case "inline":
        return this.nodes(token.children ?? []);
      case "code_inline":
        return html`<code>${token.content}</code>`;
      case "fence":
      case "code_block":
        return html`<pre class="wrapped"><${Code} text=${token.content} language=${
          languageOf(token.info.split(/\s/)[0]!)
        } /></pre>`;
      case "image":
        return this.#image(token);
      case "softbreak":
        return "\n";
      case "hardbreak":
        return html`<br />`;
      case "hr":
        return html`<hr />`;
      default:
        return this.notes.length === 0 ? token.content : this.#noted(token.content);
    }
  }

  /** Text whose marks of footnotes are links. */
  #noted(text: string): ComponentChildren {
    return text.split(NOTE_MARK).map((part, i) => {
      if (i % 2 === 0) return part;
      const at = this.notes.indexOf(part);
      return at < 0
        ? `[^${part}]`
        : html`<sup><a ...${headingLink(`note-${part}`)}>${String(at + 1)}</a></sup>`;
    });
  }

  #image(token: Token): ComponentChildren {
    const target = this.target(token.attrGet("src") ?? "");
    const text = `Image: ${token.content || "without description"}`;
    if (target === undefined || target.isOutside) return html`<span class="muted">[${text}]</span>`;
    const shown = this.imageOf?.(target.path!, token.content);
    return shown ?? html`<a href=${target.href}>[${text}]</a>`;
  }
}

/** Returns the name of the alert that a quote with this text is. */
function alertOf(token?: Token): string | undefined {
  return token?.type === "inline" ? ALERT.exec(token.content)?.[1] : undefined;
}

function alertTitle(name: string): ComponentChildren {
  return html`<p class="alert-title">${name[0]}${name.slice(1).toLowerCase()}</p>`;
}

/** Returns the text of an alert, behind its mark and the end of its line. */
function afterMark({ children }: Token): Token[] {
  const rest = (children ?? []).slice(1);
  return rest[0]?.type === "softbreak" || rest[0]?.type === "hardbreak" ? rest.slice(1) : rest;
}

type Tag = string;

/** Ids of headings begin with it, so that none is an id of the page. */
const ANCHOR = "heading-";

function headingLink(name: string): Record<string, unknown> {
  const go = (event: Event) => {
    event.preventDefault();
    let id = name;
    try {
      id = decodeURIComponent(name);
    } catch { /* as it is */ }
    document.getElementById(`${ANCHOR}${id.toLowerCase()}`)?.scrollIntoView();
  };
  return { href: globalThis.location?.hash ?? "", onClick: go };
}

export function Markdown({ text, from, version }: {
  text: string;
  /** The path of its file. */
  from: string;
  /** Absent for text beside versions, such as notes. */
  version?: ArtifactVersion;
}): VNode {
  const hrefOfPath = usePathHref(version);
  const nodes = useMemo(() => {
    const files = new Map(version?.files.map((file) => [file.path, file]));
    const paths = new Set(files.keys());
    let images = 0;
    return documentNodes(
      parseDocument(text),
      (address) => linkTarget(address, from, paths, hrefOfPath),
      (path, text) =>
        images++ < MOST_IMAGES
          ? html`<${VersionImage} file=${files.get(path)} text=${text} />`
          : undefined,
    );
  }, [text, from, version?.commit]);
  return html`<article class="markdown">${nodes}</article>`;
}

function VersionImage({ file, text }: { file: ArtifactFile; text: string }) {
  const { url, value } = useImage(file);
  const problem = value !== undefined && "problem" in value;
  if (problem) return html`<span class="muted">[Image: ${text || file.path}]</span>`;
  if (value === undefined || url === undefined) return null;
  const { width, height } = value.size;
  return html`<img src=${url} alt=${text} width=${width} height=${height} />`;
}

export function MarkdownView({ file, version }: {
  file: ArtifactFile;
  version: ArtifactVersion;
}): VNode {
  const loaded = useFiles((signal) => file.text(MAX_BYTES, signal), file);
  return whenLoaded(loaded, ({ text, truncated }) => {
    const { front, body } = splitFrontMatter(text);
    return html`
      ${truncated && html`<${LeftOut} file=${file}>The first 64 KiB are shown.<//>`}
      ${front && html`<${FrontMatter} text=${front} path=${file.path} />`}
      <${Markdown} text=${body} from=${file.path} version=${version} />
    `;
  });
}
