// Methods that read one version by a ref, which may name a member of a release.
import { isRegistryError } from "../../../core/errors.ts";
import { type DefinedArtifact, isDefinedArtifact, namedBy } from "../../../core/materializer.ts";
import { parseRef, type Ref } from "../../../core/naming/refs.ts";
import type { LoadOptions, RefOptions, Registry, SignalOptions } from "../../../core/registry.ts";
import type { ReadingRows } from "../../../core/registry/operations/reading.ts";
import { memberOf } from "../../../core/registry/release.ts";
import type { OwnMethods } from "../../contract/derived.ts";
import { memberMeant } from "../../contract/release.ts";
import type { Context } from "../context.ts";
import { artifactInfo, downloadVersion, loadIfThere, loadValue, openArtifact } from "../load.ts";
import { refMeant, type Suggest } from "../look/suggesting.ts";
import { asAbsent, isAbsent, locate } from "../resolve.ts";

export function readingMethods(
  context: Context,
  suggest: Suggest,
): OwnMethods<ReadingRows> {
  const { load, has, get, info, open, download } = readersOf(context);
  return {
    load: ((ref: string | DefinedArtifact<unknown>, options?: LoadOptions) => {
      const text = isDefinedArtifact(ref) ? ref.name : ref;
      return suggest(load(ref, options), text, options);
    }) as Registry["load"],
    get,
    open: (ref, options) => suggest(open(ref, options), ref, options),
    download: (ref, options) => suggest(download(ref, options), ref, options),
    info: (ref, options) => suggest(info(ref, options), ref, options),
    has,
  };
}

/** The same without suggestions. */
function readersOf(context: Context) {
  const refFor = (text: string, options?: RefOptions) =>
    refThrough(context, () => ({ open, info }), text, options);
  async function load(
    artifact: string | DefinedArtifact<unknown>,
    options: LoadOptions = {},
  ): Promise<unknown> {
    const [ref, loading] = namedBy(artifact, options);
    return await loadValue(context, await refFor(ref, options), loading);
  }
  async function has(ref: string, options: RefOptions = {}): Promise<boolean> {
    const { asOf, signal } = options;
    try {
      return await locate(context, await refFor(ref, options), { ifThere: true, signal }) !==
        undefined;
    } catch (error) {
      // a missing alias
      if (isAbsent(error) || asOf !== undefined && isRegistryError(error, "NotFound")) return false;
      throw error;
    }
  }
  async function get(ref: string, options: SignalOptions = {}): Promise<unknown> {
    try {
      return (await loadIfThere(context, await refFor(ref), options))?.value;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
  const info: Registry["info"] = async (ref, options = {}) => {
    const located = await locate(context, await refFor(ref, options), { signal: options.signal });
    return await artifactInfo(context, located, options);
  };
  const open: Registry["open"] = async (ref, options = {}) =>
    await openArtifact(context, await refFor(ref, options), options);
  const download: Registry["download"] = async (ref, options) =>
    await downloadVersion(context, await refFor(ref, options), options);
  return { load, has, get, info, open, download };
}

/** Parses a ref, with `asOf` the version that it meant then. Reads through releases. */
async function refThrough(
  context: Context,
  reader: () => Pick<Registry, "open" | "info">,
  text: string,
  options: RefOptions = {},
): Promise<Ref> {
  if (memberOf(text) === undefined) return await refMeant(context, text, options);
  try {
    return parseRef(await memberMeant(reader(), text, options));
  } catch (error) {
    throw isRegistryError(error, "NotFound") ? asAbsent(error) : error;
  }
}
