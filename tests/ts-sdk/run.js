// `npm test`: the tests against a chain. The chain is a sandbox of the `rayakash` that was built, started for this run and stopped
// after it; or, when AKASH_NODE is the address of a node's RPC, that node.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { startSandbox } from "./sandbox.js";

const MINUTES_OF_ONE_FILE = 2;

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 14)) {
  console.error(`Node.js 20.14 or later is needed, and this is ${process.version}`);
  process.exit(2);
}

const here = fileURLToPath(new URL(".", import.meta.url));
const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : readdirSync(here).filter((name) => name.endsWith(".test.js")).sort();

const sandbox = process.env.AKASH_NODE ? undefined : await startSandbox();
let running;
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => running?.kill(signal));
try {
  for (const file of files) {
    const began = Date.now();
    // cosmjs opens a WebSocket again after it was told to disconnect, so a file ends when its tests have.
    running = spawn(process.execPath, ["--test-force-exit", "--test-reporter=spec", "--test-reporter-destination=stdout", file], {
      cwd: here,
      stdio: "inherit",
      env: { ...process.env, ...sandbox?.env },
      timeout: MINUTES_OF_ONE_FILE * 60_000,
      killSignal: "SIGKILL",
    });
    const [code, signal] = await once(running, "exit");
    console.log(`${file}: ${code === 0 ? "ok" : `FAILED (${signal ?? code})`}, ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await sandbox?.stop();
}
