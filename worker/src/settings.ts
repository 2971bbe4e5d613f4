/** The secrets of the Worker, read and checked. */

/** A secret of Cloudflare's Secrets Store, as it is bound to a Worker. */
export interface SecretBinding {
  get(): Promise<string>;
}

/** What is read from the Worker's `env`; whatever else is in there does not matter. */
export interface AnalyticsEnv {
  AWS_ACCESS_KEY_ID?: string | SecretBinding | null | undefined;
  AWS_SECRET_ACCESS_KEY?: string | SecretBinding | null | undefined;
  /** `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.fifo`, or the self-hosted server's. */
  AWS_SQS_URL?: string | SecretBinding | null | undefined;
  AWS_REGION?: string | SecretBinding | null | undefined;
  /** Only of temporary credentials. */
  AWS_SESSION_TOKEN?: string | SecretBinding | null | undefined;
}

/** The names in `env` of secrets that have another name there. */
export type SecretNames = { readonly [name in keyof AnalyticsEnv]?: string | null | undefined };

/** Where to send, and with which keys. */
export interface Settings {
  accessKeyId: string;
  secretAccessKey: string;
  /** Empty where there is none. */
  sessionToken: string;
  region: string;
  queueUrl: string;
  /** Where the calls of the JSON protocol go: the queue's address without account and name. */
  url: string;
}

const NAMES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SQS_URL",
  "AWS_REGION",
  "AWS_SESSION_TOKEN",
] as const;

/**
 * Reads the secrets; or says what is wrong with them, never what they are. Where one is a binding,
 * what is given reads them all when it is called: that takes a call to the Secrets Store.
 */
export function readSettings(
  env: object | null | undefined,
  secrets: SecretNames | null | undefined,
): Settings | string | (() => Promise<Settings | string>) {
  const names = NAMES.map((name) => secrets?.[name] ?? name);
  const values = names.map((name) => (env as Record<string, unknown> | undefined)?.[name]);
  if (!values.some(isBinding)) return check(names, values);
  const read = async (value: unknown) => {
    try {
      return isBinding(value) ? await value.get() : value;
    } catch {
      return UNREADABLE;
    }
  };
  return async () => check(names, await Promise.all(values.map(read)));
}

/** Stands for a secret that its store does not have or cannot give. */
const UNREADABLE = Symbol();

function isBinding(value: unknown): value is SecretBinding {
  return typeof (value as SecretBinding | null | undefined)?.get === "function";
}

function check(names: readonly string[], values: readonly unknown[]): Settings | string {
  const unreadable = names.filter((_, index) => values[index] === UNREADABLE);
  if (unreadable.length > 0) return `cannot read ${unreadable.join(", ")} from the Secrets Store`;
  // Without the line break that a pipe into `wrangler secret put` leaves at the end.
  const texts = values.map((value) => (typeof value === "string" ? value.trim() : ""));
  const missing = names.filter((_, index) => index < 4 && !texts[index]);
  if (missing.length > 0) return `missing ${missing.join(", ")}`;
  const [idName, secretName, urlName, regionName, tokenName] = names;
  const [accessKeyId = "", secretAccessKey = "", queueUrl = "", region = "", sessionToken = ""] =
    texts;
  if (!/^\w+$/.test(accessKeyId)) return `invalid ${idName}`;
  const isWhole = (text: string) => /^[^\s"']*$/.test(text);
  if (!isWhole(secretAccessKey)) return `invalid ${secretName}: spaces or quotes`;
  if (!isWhole(sessionToken)) return `invalid ${tokenName}: spaces or quotes`;
  if (!/^[a-z]+(-[a-z]+)+-\d+$/.test(region)) return `invalid ${regionName}`;
  let url: URL | undefined;
  try {
    // Not URL.canParse or URL.parse, which Workers of an old compatibility date do not have.
    url = new URL(queueUrl);
  } catch {}
  // No credentials, no search: nothing but what is named below.
  if (!url || !/^https?:\/\/[^/@]+\/\d+\/[\w-]+\.fifo$/.test(url.href)) {
    return `invalid ${urlName}: expected https://HOST/ACCOUNT/NAME.fifo`;
  }
  const hostRegion = /^sqs(?:-fips)?\.([^.]+)\.(?:amazonaws\.com|api\.aws)/.exec(url.hostname)?.[1];
  if (hostRegion && hostRegion !== region) return `invalid ${regionName}: ${urlName} has another`;
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    region,
    queueUrl,
    url: `${url.origin}/`,
  };
}
