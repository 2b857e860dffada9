// The webhooks of `holdfast serve`.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type CommandContext, invalid } from "../../../apps/cli/extending.ts";
import { loadPart, shellWord } from "../../../core/kernel.ts";
import { openQueue } from "../../queues/mod.ts";
import type { EventBus, RegistryTopics, Webhooks, WebhooksOptions } from "../events/mod.ts";

export interface ServeWebhooksFlags {
  webhook?: string[];
  webhookSecretFile?: string;
}

interface WebhooksPart {
  createWebhooks(options: WebhooksOptions): Webhooks;
}

/**
 * Sends the events of a bus to the webhooks of a service, if there are any. Disposing it drops
 * waiting deliveries.
 *
 * @throws {RegistryError} `Invalid` for a missing or invalid URL or secret
 */
export async function startServedWebhooks(
  { webhook: urls, webhookSecretFile: file }: ServeWebhooksFlags,
  bus: EventBus<RegistryTopics> | undefined,
  { io: { cwd, system }, logger }: Pick<CommandContext, "io" | "logger">,
): Promise<AsyncDisposable | undefined> {
  if (urls === undefined && file === undefined) return undefined;
  if (bus === undefined || urls === undefined || file === undefined) {
    const hint =
      "Pass both: --webhook with the URL, --webhook-secret-file with the signing secret.";
    throw invalid("send webhooks", `--webhook${urls ? "-secret-file" : ""} is missing`, hint);
  }
  const secret = await readSecrets(resolve(cwd, file));
  const { createWebhooks } = await loadPart<WebhooksPart>("../events/mod.ts", import.meta.url);
  const queue = await openQueue("memory:", { system });
  const targets = urls.map((url) => ({ url, topics: "registry.*", secret }));
  let webhooks: Webhooks | undefined;
  const close = async () => {
    await webhooks?.[Symbol.asyncDispose]();
    await queue[Symbol.asyncDispose]();
  };
  try {
    // The user chose the URLs: private addresses are fine.
    webhooks = createWebhooks({ bus, queue, targets, allowPrivate: true, system, logger });
    await webhooks.start();
    return { [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Reads the secrets of a file: several during a rotation. */
async function readSecrets(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    return "";
  });
  const secrets = text.split(/\s+/).filter((secret) => secret !== "");
  if (secrets.length > 0) return secrets;
  const hint = `Create it: printf 'whsec_%s' "$(openssl rand -base64 32)" > ${shellWord(path)}`;
  throw invalid("send webhooks", `no secret in ${JSON.stringify(path)}`, hint);
}
