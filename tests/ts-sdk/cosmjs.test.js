// cosmjs over the RPC: connect, ask, send, search, subscribe.
import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "@cosmjs/crypto";
import { toHex } from "@cosmjs/encoding";
import { GasPrice, SigningStargateClient, StargateClient } from "@cosmjs/stargate";
import { Comet38Client, connectComet } from "@cosmjs/tendermint-rpc";

import { chain, wallet } from "./help.js";

const { rpc } = chain();
const socket = rpc.replace(/^http/, "ws");

async function tenant() {
  const keys = await wallet();
  const [{ address }] = await keys.getAccounts();
  const options = { gasPrice: GasPrice.fromString("0.025uakt"), broadcastPollIntervalMs: 100 };
  return { address, client: await SigningStargateClient.connectWithSigner(rpc, keys, options) };
}

/** The first of a stream that fits, then the stream is left. */
function first(stream, fits = () => true) {
  return new Promise((resolve, reject) => {
    const listener = {
      next: (value) => fits(value) && (subscription.unsubscribe(), resolve(value)),
      error: reject,
      complete: () => reject(new Error("the stream ended")),
    };
    const subscription = stream.subscribe(listener);
  });
}

test("it connects, and knows whom it talks to", async () => {
  const client = await StargateClient.connect(rpc);
  assert.match(await client.getChainId(), /./);
  const height = await client.getHeight();
  assert.ok(height > 0);
  const block = await client.getBlock(height);
  assert.equal(block.header.height, height);
  client.disconnect();
});

test("it reads balances and the account", async () => {
  const { client, address } = await tenant();
  const all = await client.getAllBalances(address);
  assert.deepEqual(all.map((coin) => coin.denom), ["uact", "uakt"]);
  assert.deepEqual(await client.getBalance(address, "uact"), all[0]);
  assert.equal((await client.getAccount(address)).address, address);
  const nobody = "akash1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq7cdc78";
  assert.equal(await client.getAccount(nobody), null);
  client.disconnect();
});

test("it sends coins, and finds what it sent", async () => {
  const { client, address } = await tenant();
  const [{ address: other }] = await (await wallet([6])).getAccounts();
  const before = await client.getBalance(other, "uakt");
  const sent = await client.sendTokens(address, other, [{ denom: "uakt", amount: "7" }], 1.4, "from cosmjs");
  assert.equal(sent.code, 0, sent.rawLog);
  const after = await client.getBalance(other, "uakt");
  assert.equal(BigInt(after.amount) - BigInt(before.amount), 7n);
  const found = await client.getTx(sent.transactionHash);
  assert.equal(found.height, sent.height);
  assert.deepEqual(found.events, sent.events);
  const query = `message.sender='${address}' AND transfer.recipient='${other}' AND tx.height=${sent.height}`;
  assert.deepEqual((await client.searchTx(query)).map((tx) => tx.hash), [sent.transactionHash]);
  const listed = [{ key: "message.action", value: "/cosmos.bank.v1beta1.MsgSend" }, { key: "tx.height", value: sent.height }];
  assert.ok((await client.searchTx(listed)).some((tx) => tx.hash === sent.transactionHash));
  client.disconnect();
});

test("what the chain refuses is an answer with its code", async () => {
  const { client, address } = await tenant();
  const refused = client.sendTokens(address, address, [{ denom: "uakt", amount: "1" }], { amount: [], gas: "200000" });
  await assert.rejects(refused, { code: 13, codespace: "sdk" });
  const failed = await client.sendTokens(address, address, [{ denom: "uact", amount: "1" }], { amount: [{ denom: "uakt", amount: "5000" }], gas: "200000" });
  assert.equal(failed.code, 5, "uact cannot be sent");
  client.disconnect();
});

test("blocks name the one before, all the way", async () => {
  const client = await connectComet(rpc);
  assert.ok(client instanceof Comet38Client);
  const { lastHeight, blockMetas } = await client.blockchain();
  assert.equal(blockMetas[0].header.height, lastHeight);
  for (const [at, { header }] of blockMetas.slice(0, -1).entries()) {
    assert.deepEqual(header.lastBlockId, blockMetas[at + 1].blockId);
  }
  const { height } = blockMetas.at(-1).header;
  const { block, blockId } = await client.block(height + 1);
  assert.deepEqual(block.lastCommit.blockId, block.header.lastBlockId);
  const commit = await client.commit(height + 1);
  assert.deepEqual([commit.commit.blockId, commit.canonical], [blockId, true]);
  const { validators } = await client.validatorsAll(height);
  assert.deepEqual(commit.commit.signatures[0].validatorAddress, validators[0].address);
  assert.equal((await client.blockResults(height)).height, height);
  await client.health();
  await client.abciInfo();
  client.disconnect();
});

test("it subscribes to blocks, headers and transactions", async () => {
  const watcher = await Comet38Client.connect(socket);
  const blocks = first(watcher.subscribeNewBlock());
  const headers = first(watcher.subscribeNewBlockHeader());
  const block = await blocks;
  assert.deepEqual((await watcher.block(block.header.height)).block, block);
  assert.ok((await headers).height > 0);
  const { client, address } = await tenant();
  const transactions = first(watcher.subscribeTx(`message.sender='${address}'`));
  const sent = await client.sendTokens(address, address, [{ denom: "uakt", amount: "1" }], 1.4);
  const seen = await transactions;
  assert.equal(toHex(sha256(seen.tx)).toUpperCase(), sent.transactionHash);
  assert.deepEqual([seen.height, seen.result.code, toHex(seen.hash).toUpperCase()], [sent.height, 0, sent.transactionHash]);
  client.disconnect();
  watcher.disconnect();
});
