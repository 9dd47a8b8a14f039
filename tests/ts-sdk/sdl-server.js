// Akash's own client reads SDL, a line of JSON for each question and each answer:
//   {"sdl": TEXT}                     → {"hash": HEX} or {"refused": WHY}
//   {"sdl": TEXT, "milliseconds": N}  → {"documents": HOW MANY, "nanoseconds": IN WHICH TIME}: parse, manifest and groups, hash
import { createInterface } from "node:readline";

import { generateManifest, generateManifestVersion, yaml } from "@akashnetwork/chain-sdk";

/** The hash, once manifest and groups are made. */
async function read(text) {
  const made = generateManifest(yaml([text]));
  if (!made.ok) throw new Error(made.value.map((error) => error.message).join("; "));
  const { groups, groupSpecs } = made.value;
  if (groups.length !== groupSpecs.length) throw new Error("another number of groups than in the manifest");
  return Buffer.from(await generateManifestVersion(groups)).toString("hex");
}

async function measure(text, milliseconds) {
  const began = process.hrtime.bigint();
  const until = began + BigInt(milliseconds) * 1_000_000n;
  let documents = 0;
  let now = began;
  while (now < until) {
    await read(text);
    documents += 1;
    now = process.hrtime.bigint();
  }
  return { documents, nanoseconds: Number(now - began) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { sdl, milliseconds } = JSON.parse(line);
  let answer;
  try {
    answer = milliseconds ? await measure(sdl, milliseconds) : { hash: await read(sdl) };
  } catch (error) {
    answer = { refused: `${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
