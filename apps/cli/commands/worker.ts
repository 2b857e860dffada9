// `holdfast worker`: extensions do the work of the jobs that it takes.
import { engineUrl, QUEUE_OPTION, refuseMemory } from "../jobs/queue_url.ts";
import { type Command, defineCommand, formOf, type OptionDefinition } from "../program/command.ts";
import type { Extension, WorkerFlags, Working } from "../program/extension.ts";
import { invalid } from "../terminal/hints.ts";
import { parsePositive } from "../terminal/units.ts";

const OPTIONS = [
  QUEUE_OPTION,
  { flags: "--concurrency <count>", text: "jobs at once (default: 1)", parse: parsePositive },
  { flags: "--hand-back", text: "at the first signal, hand running jobs to another worker" },
] as const satisfies readonly OptionDefinition[];

/** Creates the command for the kinds of jobs that these extensions can do. */
export async function createWorker(extensions: readonly Extension[]): Promise<Command> {
  const workings = await Promise.all(extensions.flatMap(({ working }) => working?.() ?? []));
  const others = workings.filter(({ isDefault }) => !isDefault);
  const usual = workings.find(({ isDefault }) => isDefault);
  const all = [...usual === undefined ? [] : [usual], ...others];
  const does = all.map(({ does, takes }) => does ?? takes);
  const work = does.length > 1 ? `${does.join(", or ")},` : does.join("");
  return defineCommand({
    name: "worker",
    summary: `Execute ${work} from a queue until Ctrl-C or SIGTERM.`,
    details: [
      ...others.map(({ details }) => details),
      usual?.details &&
      (others.length > 0 ? `Otherwise ${usual.details}` : capitalized(usual.details)),
    ].filter(Boolean).join(" ") + "\n\n" +
      "The first signal stops taking jobs and waits for the running ones. The second ends them and " +
      "hands them to another worker. A killed worker is detected within ten seconds, and another " +
      `worker restarts its ${(usual ?? others[0])?.takes ?? "jobs"}.`,
    args: [],
    options: [...OPTIONS, ...workings.flatMap(({ options }) => options)],
    examples: inTurns(all.map(({ examples = [] }) => examples)),
    async run(_args, flags: WorkerFlags & { queue?: string }, context) {
      const url = engineUrl(flags.queue, context, "--queue");
      refuseMemory(url);
      await chosen(workings, flags).work(url, flags, context);
    },
  });
}

/** Returns the kind of jobs that the options of a line ask for. Refuses two. */
function chosen(workings: readonly Working[], flags: object): Working {
  const asked = workings.flatMap((working) => {
    const option = working.options.map(formOf).find((form) => nameOf(form) in flags);
    return option === undefined ? [] : [{ working, option }];
  });
  const [first, second] = asked;
  if (first !== undefined && second !== undefined) {
    throw invalid(
      `take ${first.working.takes} and ${second.working.takes} at once`,
      `${first.option} cannot be used with ${second.option}`,
      "Start two workers, with separate queues: ?queue=NAME",
    );
  }
  const working = first?.working ?? workings.find(({ isDefault }) => isDefault);
  if (working !== undefined) return working;
  const options = workings.flatMap(({ options }) => options.map(formOf));
  throw invalid("take jobs", "their kind is not given", `Add one of: ${options.join(", ")}`);
}

/** Returns the first items of each list, then the second ones, and so on. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1)))
    .flat();
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns the member of an option: `handBack` for `--hand-back`. */
function nameOf(form: string): string {
  return form.replace("--", "").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
