// A tenant's whole life with Akash's own client: from an SDL to a closed deployment, and every way to look at it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { JwtTokenManager, JwtValidator, certificateManager, generateManifest, generateManifestVersion, manifestToSortedJSON, yaml } from "@akashnetwork/chain-sdk";

import { ask } from "./gateway.js";
import { akash, browserWallet, built, eventually } from "./help.js";
import { SDL as text } from "./sdl.js";

const { sdk, signer, address } = await akash();
after(() => signer.disconnect());
const { deployment, market, provider, cert, escrow } = { deployment: sdk.akash.deployment.v1beta4, market: sdk.akash.market.v1beta5, provider: sdk.akash.provider.v1beta4, cert: sdk.akash.cert.v1, escrow: sdk.akash.escrow.v1 };

const tokens = new JwtTokenManager(await browserWallet());
const made = generateManifest(yaml([text]));
assert.ok(made.ok, JSON.stringify(made.value));
const { groups, groupSpecs } = made.value;
const id = { owner: address, dseq: String(Date.now()) };

test("an SDL becomes the same manifest and version in both", async () => {
  const run = async (...words) => {
    const child = promisify(execFile)(built("rayakash"), ["sdl", ...words, "-"]);
    child.child.stdin.end(text);
    return (await child).stdout.trim();
  };
  assert.equal(Buffer.from(await generateManifestVersion(groups)).toString("hex"), await run("hash"));
  assert.deepEqual(JSON.parse(manifestToSortedJSON(groups)), JSON.parse(await run("manifest")));
});

test("a certificate is published, found and revoked", async () => {
  const pem = await certificateManager.generatePEM(address);
  await cert.createCertificate({ owner: address, cert: Buffer.from(pem.cert), pubkey: Buffer.from(pem.publicKey) });
  const { certificates } = await cert.getCertificates({ filter: { owner: address, state: "valid" }, pagination: { limit: 100 } });
  const mine = certificates.find((one) => Buffer.from(one.certificate.cert).toString() === pem.cert);
  await cert.revokeCertificate({ id: { owner: address, serial: mine.serial } });
  const revoked = await cert.getCertificates({ filter: { owner: address, serial: mine.serial, state: "revoked" } });
  assert.equal(revoked.certificates.length, 1);
});

test("providers come page by page", async () => {
  const all = (await provider.getProviders({})).providers.map((one) => one.owner);
  assert.ok(all.length > 0, "somebody must be there to bid");
  const paged = [];
  let key = new Uint8Array();
  do {
    const page = await provider.getProviders({ pagination: { limit: 1, key } });
    paged.push(...page.providers.map((one) => one.owner));
    key = page.pagination.nextKey;
  } while (key.length > 0);
  assert.deepEqual(paged, all);
});

test("what is not there is an error with its code", async () => {
  await assert.rejects(deployment.getDeployment({ id: { owner: address, dseq: "1" } }), /Deployment not found/);
});

test("from an order to a closed deployment", async () => {
  const hash = await generateManifestVersion(groups);
  const deposit = { amount: { denom: "uact", amount: "5000000" }, sources: [1] };
  await deployment.createDeployment({ id, groups: groupSpecs, hash, deposit });
  const opened = await deployment.getDeployment({ id });
  assert.deepEqual([opened.deployment.state, Buffer.from(opened.deployment.hash), opened.groups.length], [1, Buffer.from(hash), 1]);

  const bids = await eventually("a provider bids", async () => {
    const { bids } = await market.getBids({ filters: { ...id, state: "open" } });
    return bids.length > 0 && bids;
  });
  const cheapest = bids.map(({ bid }) => bid).sort((a, b) => Number(a.price.amount) - Number(b.price.amount))[0];
  await enoughGas(() => market.createLease({ bidId: cheapest.id }));
  const leased = await market.getLease({ id: cheapest.id });
  assert.deepEqual([leased.lease.state, leased.lease.price], [1, cheapest.price]);
  await escrow.accountDeposit({ signer: address, id: { scope: 1, xid: `${id.owner}/${id.dseq}` }, deposit });

  const { provider: host } = await provider.getProvider({ owner: cheapest.id.provider });
  await atTheGateway(host);
  await deployment.closeDeployment({ id });
  const closed = await deployment.getDeployment({ id });
  assert.equal(closed.deployment.state, 2);
  const { leases } = await market.getLeases({ filters: { ...id, state: "closed" } });
  assert.equal(leases.length, 1);
});

/** Tries a second time when gas ran out: a bid that comes between the trial run and the block makes a lease dearer, as its deposit goes back. */
async function enoughGas(send) {
  try {
    return await send();
  } catch (error) {
    if (error.txResponse?.code !== 11) throw error;
    return send();
  }
}

/** The manifest goes to the provider, which then tells how its service does: with a token of Akash's client, and with one of ours. */
async function atTheGateway(host) {
  const token = await tokens.generateToken({ version: "v1", iss: address, leases: { access: "full" } });
  const lease = `/lease/${id.dseq}/1/1`;
  const sent = await eventually("the provider takes the manifest", async () => {
    const answer = await ask(host.hostUri, "PUT", `/deployment/${id.dseq}/manifest`, token, manifestToSortedJSON(groups));
    // A provider hears of a lease a moment after the chain has it.
    return answer.status === 200 ? answer : answer.text.includes("no lease") ? undefined : assert.fail(`${answer.status} ${answer.text}`);
  });
  assert.equal(sent.status, 200);
  const ours = await promisify(execFile)(built("wallet"), ["token", host.owner, id.dseq]);
  const own = JSON.parse(ours.stdout).token;
  assert.deepEqual(new JwtValidator().validateToken(own).errors, []);
  for (const each of [token, own]) {
    const { services } = await eventually("the service has a status", async () => {
      const answer = await ask(host.hostUri, "GET", `${lease}/status`, each);
      return answer.status === 200 && JSON.parse(answer.text);
    });
    assert.deepEqual(Object.keys(services), ["web"]);
    assert.equal(services.web.total, 1);
  }
  const tampered = `${token.slice(0, -6)}AAAAAA`;
  assert.equal((await ask(host.hostUri, "GET", `${lease}/status`, tampered)).status, 401);
}
