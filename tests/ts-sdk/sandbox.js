// A sandbox of the program that was built, in a folder of its own, on ports that the system chooses.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { built, eventually } from "./help.js";

const SECONDS_TO_START = 60;

/** Starts one. `env` is what a test needs to find it; `stop` ends the process that was started, by its id, and removes its folder. */
export async function startSandbox() {
  const program = built("rayakash");
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build -p rayakash`);
  const home = mkdtempSync(join(tmpdir(), "rayakash-ts-"));
  const sandbox = spawn(program, ["--home", home, "sandbox", "run", "--block-time", "200ms"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [sandbox.stdout, sandbox.stderr]) stream.on("data", (text) => (said += text));
  const ended = once(sandbox, "exit");
  const stop = async () => {
    if (sandbox.exitCode === null && sandbox.signalCode === null) sandbox.kill("SIGTERM");
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  const ask = async () => {
    if (sandbox.exitCode !== null) throw new Error(`the sandbox has ended: ${said}`);
    const status = ["--home", home, "--output", "json", "sandbox", "status"];
    const answer = await promisify(execFile)(program, status).catch(() => undefined);
    return answer && JSON.parse(answer.stdout).info;
  };
  try {
    const info = await eventually("the sandbox answers", ask, SECONDS_TO_START);
    return { env: { AKASH_NODE: `http://${info.rpc}`, AKASH_GRPC: `http://${info.grpc}` }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
