// `celery`: a runner that sends tasks to the workers of a Celery application.
import { loadPart } from "../../../core/kernel.ts";
import type { CeleryOptions, CeleryRunner } from "./contract.ts";
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { REDIS_ENVIRONMENT, SERVER, SERVER_SECRETS, serverUrl } from "../sets/server.ts";
import { defineSettings, type Setting, text } from "../sets/settings.ts";

interface CeleryPart {
  openCeleryRunner(options: CeleryOptions): Promise<CeleryRunner>;
}

/** Settings that only this runner has, in all spellings. */
export const CELERY_SETTINGS: readonly string[] = ["resultBackend", "result_backend", "broker_url"];

/** @param others settings of other runners, which are ignored */
export function celeryRunner(
  { queue, others }: { queue: Setting<string>; others: readonly string[] },
): AnyDefinition {
  return {
    config: defineSettings({ ...SERVER, queue, resultBackend: text }, { others }),
    aliases: { broker_url: "url", result_backend: "resultBackend" },
    env: {
      url: "CELERY_BROKER_URL",
      resultBackend: "CELERY_RESULT_BACKEND",
      ...REDIS_ENVIRONMENT,
    },
    secrets: [...SERVER_SECRETS, "resultBackend"],
    crossesProcess: true,
    async create({ queue, resultBackend, ...server }, { system }) {
      const broker = serverUrl("redis", server, {});
      const { openCeleryRunner } = await loadPart<CeleryPart>("./runner.ts", import.meta.url);
      return await openCeleryRunner({ broker, results: resultBackend ?? broker, queue, system });
    },
  };
}
