// Reading a job that BullMQ keeps, also one that is damaged.
import type { Job, Queue } from "npm:bullmq@^6";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import type { JobState, QueuedJob } from "../../core/services/queue.ts";
import type { JobForm } from "./job_form.ts";

/** Reads a job; undefined where there is none, `Corrupt` where another program, or an accident, has damaged it. */
export async function readJob(queue: Queue, id: string): Promise<Job<JobForm> | undefined> {
  try {
    return await queue.getJob(id);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error; // the server fails otherwise
    throw fault({
      code: "Corrupt",
      action: "read job",
      subject: JSON.stringify(id),
      state: `what its queue has of it is damaged: ${messageOf(error)}`,
      hint: "Another program wrote it, or an accident did. Remove it, and add it again.",
      cause: error,
    });
  }
}

/** What is told of a job that cannot be read; throws any other error, so that one damaged job hides no others. */
export function toldDamaged(id: string, state: JobState, error: unknown): QueuedJob {
  if (!isRegistryError(error) || error.code !== "Corrupt") throw error;
  const unknown = {
    group: "",
    kind: "",
    data: null,
    attempts: 1,
    attemptsMade: 0,
    addedAt: new Date(0),
  };
  return { id, ...unknown, state, reason: error.message };
}
