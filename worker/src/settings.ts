/** The four secrets of the Worker, read and checked. */

/** What is read from the Worker's `env`; whatever else is in there does not matter. */
export interface AnalyticsEnv {
  AWS_ACCESS_KEY_ID?: string;
  AWS_SECRET_ACCESS_KEY?: string;
  /** `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.fifo`, or the self-hosted server's. */
  AWS_SQS_URL?: string;
  AWS_REGION?: string;
}

/** Where to send, and with which keys. */
export interface Settings {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  queueUrl: string;
  /** Where the calls of the JSON protocol go: the queue's address without account and name. */
  url: string;
}

const NAMES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SQS_URL", "AWS_REGION"];

/**
 * Reads the secrets, without the line break that a pipe into `wrangler secret put` leaves at the
 * end; or says what is wrong with them, never what they are.
 */
export function readSettings(env: AnalyticsEnv): Settings | string {
  const values = NAMES.map((name) => {
    const value: unknown = (env as Record<string, unknown> | undefined)?.[name];
    return typeof value === "string" ? value.trim() : "";
  });
  const missing = NAMES.filter((_, index) => !values[index]);
  if (missing.length > 0) return `${missing.join(", ")} missing`;
  const [accessKeyId, secretAccessKey, queueUrl, region] = values as [
    string,
    string,
    string,
    string,
  ];
  if (!/^\w+$/.test(accessKeyId)) return "invalid AWS_ACCESS_KEY_ID";
  if (!/^[^\s"']+$/.test(secretAccessKey)) return "invalid AWS_SECRET_ACCESS_KEY: blanks or quotes";
  if (!/^[a-z]+(-[a-z]+)+-\d+$/.test(region)) return "invalid AWS_REGION";
  // Not URL.parse, which the workerd of Wrangler 3 lacked at first.
  const url = URL.canParse(queueUrl) && new URL(queueUrl);
  // No credentials, no search: nothing but what is named below.
  if (!url || !/^https?:\/\/[^/@]+\/\d+\/[\w-]+\.fifo$/.test(url.href)) {
    return "AWS_SQS_URL is not https://HOST/ACCOUNT/NAME.fifo";
  }
  const hostRegion = /^sqs(?:-fips)?\.([^.]+)\.(?:amazonaws\.com|api\.aws)/.exec(url.hostname)?.[1];
  if (hostRegion && hostRegion !== region) return "AWS_REGION is not that of AWS_SQS_URL";
  return { accessKeyId, secretAccessKey, region, queueUrl, url: new URL("/", url).href };
}
