// Slurm on this machine: one controller, one node, ports of 127.0.0.1, nobody else's settings.
import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { tempRoot } from "../../temp_root.ts";
import type { ProgramServer } from "./program_tests.ts";
import { claimPort } from "../ports.ts";
import { spawnWatched, succeeds, untilReady, type WatchedProgram } from "../watched_program.ts";

export interface SlurmServer extends ProgramServer {
  killNode(): Promise<void>;
  startNode(): Promise<void>;
  killController(): Promise<void>;
  startController(): Promise<void>;
}

/** Starts Slurm. Without munge, as any user may then act as any other: for tests alone. */
export async function startSlurm(): Promise<SlurmServer> {
  const root = await tempRoot();
  const host = hostname().split(".")[0];
  for (const folder of ["state", "spool"]) await mkdir(root.join(folder));
  await writeFile(root.join("jobcomp.txt"), "");
  const conf = root.join("slurm.conf");
  const claims = [await claimPort(), await claimPort()];
  const [controllerPort, nodePort] = claims.map(({ port }) => port);
  await writeFile(
    conf,
    configuration(host, root.path, { controller: controllerPort, node: nodePort }),
  );
  const env = { SLURM_CONF: conf };
  const place = (name: string) => ({ root: root.path, logFile: root.join(name), env });
  let controller: WatchedProgram | undefined;
  let node: WatchedProgram | undefined;
  const startController = async () => {
    controller = spawnWatched(["/usr/sbin/slurmctld", "-D"], place("controller.log"));
    const answers = () =>
      succeeds(["scontrol", "ping"], env).then((said) => said && isUp(env, "sinfo -h"));
    await untilReady(controller, answers, {
      name: "slurmctld",
      logFile: root.join("controller.log"),
    });
  };
  const startNode = async () => {
    node = spawnWatched(["/usr/sbin/slurmd", "-D"], place("node.log"));
    const isIdle = () =>
      isUp(env, "sinfo -h -o %T | grep -qE '^(idle|mixed|allocated|completing)$'");
    await untilReady(node, isIdle, { name: "slurmd", logFile: root.join("node.log") });
  };
  const killController = async () => {
    await controller?.end();
    controller = undefined;
  };
  const killNode = async () => {
    await node?.end();
    node = undefined;
  };
  const start = async () => {
    await startController();
    await startNode();
  };
  await start();
  return {
    url: "slurm:",
    env,
    killController,
    startController,
    killNode,
    startNode,
    start,
    async kill() {
      await killController();
      await killNode();
    },
    async [Symbol.asyncDispose]() {
      await isUp(env, "squeue -h -o %A | sort -u | xargs -r scancel -s KILL");
      await killNode();
      await killController();
      await root.remove();
      for (const claim of claims) claim.release();
    },
  };
}

function isUp(env: Record<string, string>, command: string): Promise<boolean> {
  return succeeds(["sh", "-c", command], env);
}

function configuration(
  host: string,
  folder: string,
  ports: { controller: number; node: number },
): string {
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${ports.controller}
SlurmdPort=${ports.node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc=${folder}/jobcomp.txt
MinJobAge=300
SlurmdTimeout=20
SlurmctldTimeout=10
InactiveLimit=0
KillWait=2
MaxArraySize=10001
NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`;
}
