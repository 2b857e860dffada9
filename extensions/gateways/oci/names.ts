// Repositories and tags of OCI, and the names and versions that they mean. Both mappings are
// injective: what has no repository or tag is not served.

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
/** A version, and the form that the end of a tag asks for. No version has such an end. */
const FORM = /__(image|root)$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Returns the name of a repository: `:` is written as `/`, and `/` as `__`. */
export function nameOf(repository: string): string | undefined {
  if (!REPOSITORY.test(repository)) return undefined;
  return repository.replaceAll("/", ":").replaceAll("__", "/");
}

/** Returns the repository of a name. Undefined for a name that no client can ask for. */
export function repositoryOf(name: string): string | undefined {
  const repository = name.replaceAll("/", "__").replaceAll(":", "/");
  return nameOf(repository) === name ? repository : undefined;
}

/**
 * A form of a version: an artifact, a container image with its files below `models/` or at the root,
 * or a model of Ollama.
 */
export type Form = "artifact" | "image" | "root" | "ollama";

export function isForm(value: unknown): value is Form {
  return value === "artifact" || value === "image" || value === "root" || value === "ollama";
}

/** Returns the form that a tag asks for by its end, `1.0.0__image`, and the tag without that. */
export function formOf(tag: string): { form: Form; tag: string } {
  const form = FORM.exec(tag)?.[1];
  return isForm(form) ? { form, tag: tag.replace(FORM, "") } : { form: "artifact", tag };
}

/** Returns the version or alias of a tag: `+` of a version is written as `_`, as Helm does. */
export function versionOf(tag: string): string | undefined {
  if (!TAG.test(tag) || FORM.test(tag)) return undefined;
  return /^\d/.test(tag) ? tag.replace("_", "+") : tag; // no alias begins with a digit
}

/** Returns the tag of a version or alias. Undefined for one that no client can ask for. */
export function tagOf(version: string): string | undefined {
  const tag = version.replace("+", "_");
  return versionOf(tag) === version ? tag : undefined;
}
