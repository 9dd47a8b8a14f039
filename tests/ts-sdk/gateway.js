// A provider's gateway. It shows a certificate of its own making; whose it is, a provider's address says and not an authority.
import { once } from "node:events";
import { request } from "node:https";

export async function ask(provider, method, path, token, body) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }) };
  const asked = request(new URL(path, provider), { method, headers, rejectUnauthorized: false, agent: false });
  asked.end(body);
  const [answer] = await once(asked, "response");
  let text = "";
  for await (const part of answer) text += part;
  return { status: answer.statusCode, text };
}
