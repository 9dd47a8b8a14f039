// What several tests need: the chain under test, its keys, the programs that were built, and waiting.
import { Secp256k1HdWallet, makeCosmoshubPath } from "@cosmjs/amino";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { createChainNodeSDK, createStargateClient } from "@akashnetwork/chain-sdk";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The public mnemonic of every sandbox, and of the scripts for a local node. */
export const PUBLIC = `${"abandon ".repeat(23)}art`;
const TENANT = 1;

/** The node under test: one address is enough, as nodes have their gRPC on port 9090 of the same host. */
export function chain() {
  const rpc = process.env.AKASH_NODE;
  if (!rpc) throw new Error("AKASH_NODE is not set: npm test sets it, or names a sandbox of its own");
  return { rpc, grpc: process.env.AKASH_GRPC ?? `http://${new URL(rpc).hostname}:9090` };
}

/** Keys of a mnemonic by their numbers, for transactions. */
export function wallet(numbers = [TENANT], mnemonic = process.env.AKASH_MNEMONIC ?? PUBLIC) {
  return DirectSecp256k1HdWallet.fromMnemonic(mnemonic, { prefix: "akash", hdPaths: numbers.map(makeCosmoshubPath) });
}

/** The tenant's key as browsers' wallets have it: for tokens. */
export function browserWallet() {
  const hdPaths = [makeCosmoshubPath(TENANT)];
  return Secp256k1HdWallet.fromMnemonic(process.env.AKASH_MNEMONIC ?? PUBLIC, { prefix: "akash", hdPaths });
}

/** Akash's own client with the tenant's key. */
export async function akash() {
  const { rpc, grpc } = chain();
  const keys = await wallet();
  const stargateOptions = { broadcastPollIntervalMs: 100 };
  const signer = createStargateClient({ baseUrl: rpc, signer: keys, stargateOptions });
  const [{ address }] = await keys.getAccounts();
  return { sdk: createChainNodeSDK({ query: { baseUrl: grpc }, tx: { signer } }), signer, address };
}

/** A program of this repository. */
export function built(name) {
  return process.env[`${name.toUpperCase()}_BIN`] ?? fileURLToPath(new URL(`../../target/debug/${name}`, import.meta.url));
}

/** Waits until `look` gives something, and gives that. */
export async function eventually(what, look, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(50);
  }
}
