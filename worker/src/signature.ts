/** Signature Version 4 of the one kind of call that is made: a `POST` to `/`, without a query. */

/** Who signs, and for which service. */
export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  service: string;
}

/** The signing key of a day, kept because it takes four of the five steps of a signature. */
export interface SigningKey {
  scope: string;
  key: ArrayBuffer;
}

const encoder = new TextEncoder();

/**
 * The value of `Authorization`.
 *
 * @param headers all that are signed, `host` and `x-amz-date` among them: names in lower case
 * @param kept a signing key from an earlier call; replaced where it is of another day
 */
export async function authorization(
  { accessKeyId, secretAccessKey, region, service }: Signer,
  headers: Readonly<Record<string, string>>,
  body: string,
  kept: Partial<SigningKey> = {},
): Promise<string> {
  const names = Object.keys(headers).sort();
  const signed = names.join(";");
  const time = headers["x-amz-date"] ?? "";
  const day = time.slice(0, 8);
  const scope = [day, region, service, "aws4_request"].join("/");
  // Its own copy: another call may change the day meanwhile.
  let key: BufferSource | undefined = kept.scope === scope ? kept.key : undefined;
  if (!key) {
    key = encoder.encode(`AWS4${secretAccessKey}`);
    for (const part of scope.split("/")) key = await hmac(key, part);
    Object.assign(kept, { scope, key });
  }
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = ["POST", "/", "", ...lines, "", signed, await sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, await sha256(canonical)].join("\n");
  const signature = hex(await hmac(key, text));
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

async function hmac(key: BufferSource, text: string): Promise<ArrayBuffer> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, encoder.encode(text));
}

async function sha256(text: string): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
