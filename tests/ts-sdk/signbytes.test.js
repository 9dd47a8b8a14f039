// The same message, key and sequence make the same bytes here and in Akash's own client, signature included. Signatures are
// deterministic (RFC 6979), so equal ones were made of equal sign documents.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { createChainNodeSDK, createStargateClient } from "@akashnetwork/chain-sdk";
import { fromBase64, fromHex, toHex } from "@cosmjs/encoding";
import { makeSignDoc } from "@cosmjs/proto-signing";
import { TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx.js";

import { PUBLIC, built, chain, wallet } from "./help.js";
import { packed } from "./packed.js";

const PER_TYPE = 500;
const SEED = process.env.SEED ?? "1";

/** By the last part of a message's type, the client's own method for it. */
const METHODS = {
  MsgCreateDeployment: (sdk) => sdk.akash.deployment.v1beta4.createDeployment,
  MsgUpdateDeployment: (sdk) => sdk.akash.deployment.v1beta4.updateDeployment,
  MsgCloseDeployment: (sdk) => sdk.akash.deployment.v1beta4.closeDeployment,
  MsgCloseGroup: (sdk) => sdk.akash.deployment.v1beta4.closeGroup,
  MsgPauseGroup: (sdk) => sdk.akash.deployment.v1beta4.pauseGroup,
  MsgStartGroup: (sdk) => sdk.akash.deployment.v1beta4.startGroup,
  MsgCreateBid: (sdk) => sdk.akash.market.v1beta5.createBid,
  MsgCloseBid: (sdk) => sdk.akash.market.v1beta5.closeBid,
  MsgCreateLease: (sdk) => sdk.akash.market.v1beta5.createLease,
  MsgCloseLease: (sdk) => sdk.akash.market.v1beta5.closeLease,
  MsgWithdrawLease: (sdk) => sdk.akash.market.v1beta5.withdrawLease,
  MsgAccountDeposit: (sdk) => sdk.akash.escrow.v1.accountDeposit,
  MsgCreateCertificate: (sdk) => sdk.akash.cert.v1.createCertificate,
  MsgRevokeCertificate: (sdk) => sdk.akash.cert.v1.revokeCertificate,
  MsgCreateProvider: (sdk) => sdk.akash.provider.v1beta4.createProvider,
  MsgUpdateProvider: (sdk) => sdk.akash.provider.v1beta4.updateProvider,
  MsgSend: (sdk) => sdk.cosmos.bank.v1beta1.send,
};

const { rpc, grpc } = chain();
/** Whoever signs only looks at what the client would send. */
let encoded;
const sdk = createChainNodeSDK({
  query: { baseUrl: grpc },
  tx: { signer: { signAndBroadcast: async (messages) => ((encoded = messages), { code: 0, msgResponses: [] }) } },
});

/** The client as one key's owner has it. */
async function signer(number) {
  const keys = await wallet([number], PUBLIC);
  return { keys, client: createStargateClient({ baseUrl: rpc, signer: keys }) };
}
const signers = new Map();

const revive = (_, value) => (value && typeof value === "object" && "$hex" in value ? fromHex(value.$hex) : value);

/** What Akash's client makes of one of our lines; what differs from ours for a known reason is brought into line and signed again. */
async function theirs(line) {
  const name = nameOf(line);
  await METHODS[name](sdk)(line.message);
  assert.deepEqual(encoded.map((message) => message.typeUrl), [line.type]);
  if (!signers.has(line.key)) signers.set(line.key, await signer(line.key));
  const { keys, client } = signers.get(line.key);
  const fee = { amount: line.fee, gas: line.gas, granter: line.granter ?? undefined };
  const document = { chainId: line.chainId, accountNumber: line.accountNumber, sequence: line.sequence };
  const signed = await client.sign(encoded, fee, line.memo, document, BigInt(line.timeoutHeight));
  const body = TxBody.decode(signed.bodyBytes);
  const value = packed(name, body.messages[0].value);
  if (toHex(value) === toHex(body.messages[0].value)) return signed;
  body.messages[0].value = value;
  const again = makeSignDoc(TxBody.encode(body).finish(), signed.authInfoBytes, line.chainId, line.accountNumber);
  const [{ address }] = await keys.getAccounts();
  const { signature } = await keys.signDirect(address, again);
  return { ...again, signatures: [fromBase64(signature.signature)] };
}

const nameOf = (line) => line.type.split(".").at(-1);

const shown = ({ bodyBytes, authInfoBytes, signatures }) => ({
  body: toHex(bodyBytes),
  authInfo: toHex(authInfoBytes),
  signatures: signatures.map((signature) => toHex(signature)),
});

test(`${PER_TYPE} random messages of every type are the same bytes, seed ${SEED}`, async () => {
  const wanted = spawn(built("wallet"), ["messages", String(PER_TYPE), SEED], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(wanted, "exit");
  const counted = Object.fromEntries(Object.keys(METHODS).map((type) => [type, 0]));
  for await (const text of createInterface({ input: wanted.stdout })) {
    const line = JSON.parse(text, revive);
    assert.deepEqual(shown(await theirs(line)), shown(TxRaw.decode(fromHex(line.tx))), `${line.type}: ${text.slice(0, 2000)}`);
    counted[nameOf(line)] += 1;
  }
  assert.deepEqual(await ended, [0, null]);
  for (const [type, count] of Object.entries(counted)) assert.equal(count, PER_TYPE, type);
  for (const { client } of signers.values()) await client.disconnect();
});
