/**
 * Ratings from a page: a token, given out with an answer, proves that its `requestId` was answered, so
 * that nobody can rate an answer that they were not given.
 */

import { type AnalyticsOptions, createAnalytics } from "./analytics.ts";
import { type FeedbackDetails, isRating, isRequestId } from "./event.ts";
import type { WaitUntil } from "./interaction.ts";
import { type AnalyticsEnv, readSettings } from "./settings.ts";

/** How tokens are made. */
export interface FeedbackOptions extends AnalyticsOptions {
  /** For how many seconds a token is valid: 7 days by default, at most 100 years. */
  expiresIn?: number | null | undefined;
}

/** What became of a rating. */
export type FeedbackResult =
  /** It is on its way to the queue. */
  | "accepted"
  /** The token is too old. */
  | "expired"
  /** The token was not made here or was changed, or the rating is neither `up` nor `down`. */
  | "invalid"
  /** The secrets are missing or invalid. */
  | "off";

/** Tokens, and the ratings that come back with them. */
export interface Feedback {
  /**
   * Makes the token for an answer. It is safe in a URL, HTML and JSON, and does not hide the
   * `requestId`. Do it while the answer is made: it takes a signature, and no call to anywhere else
   * unless the secrets are in the Secrets Store.
   *
   * @returns undefined where the client is off, or `requestId` is invalid
   */
  token(requestId: string): Promise<string | undefined>;

  /**
   * Sends the rating of whoever holds a token, in the background; sends nothing unless the result is
   * `accepted`. Takes whatever a page sends, and never rejects.
   *
   * @param ctx the `ctx` of a Worker or of a Durable Object
   */
  submit(
    ctx: WaitUntil,
    token: unknown,
    rating: unknown,
    details?: FeedbackDetails | null,
  ): Promise<FeedbackResult>;
}

const WEEK_SECONDS = 7 * 24 * 60 * 60;
const MAX_SECONDS = 100 * 365 * 24 * 60 * 60;
const HMAC = { name: "HMAC", hash: "SHA-256" };
const encoder = new TextEncoder();

/**
 * Makes what gives out tokens and takes ratings, with the secrets in `env`. Cheap: call it in each
 * request. Tokens are signed with a key that is made from `AWS_SECRET_ACCESS_KEY`: another secret
 * makes those that are out invalid.
 */
export function createFeedback(
  env: AnalyticsEnv | object | null | undefined,
  options?: FeedbackOptions | null,
): Feedback {
  const analytics = createAnalytics(env, options);
  const key = async (): Promise<CryptoKey | undefined> => {
    const read = readSettings(env, options?.secrets);
    const settings = typeof read === "function" ? await read() : read;
    if (typeof settings === "string") return undefined;
    // Its prefix keeps it apart from the keys of Signature Version 4.
    const secret = encoder.encode(`cv-analytics-feedback${settings.secretAccessKey}`);
    return crypto.subtle.importKey("raw", secret, HMAC, false, ["sign", "verify"]);
  };
  return {
    async token(requestId) {
      const signing = isRequestId(requestId) && (await key());
      if (!signing) return undefined;
      const asked = options?.expiresIn;
      const seconds = typeof asked === "number" && !Number.isNaN(asked) ? asked : WEEK_SECONDS;
      const expiry = Math.floor(Date.now() / 1000 + Math.min(seconds, MAX_SECONDS));
      const claim = toBase64Url(`${expiry}:${requestId}`);
      const signature = await crypto.subtle.sign(HMAC, signing, encoder.encode(claim));
      return `${claim}.${toBase64Url(String.fromCharCode(...new Uint8Array(signature)))}`;
    },
    async submit(ctx, token, rating, details) {
      const text = typeof token === "string" ? token : "";
      const [, claim, signature] = /^([\w-]{1,200})\.([\w-]{43})$/.exec(text) ?? [];
      if (!claim || !signature || !isRating(rating)) return "invalid";
      const signing = await key();
      if (!signing) return "off";
      const bytes = Uint8Array.from(fromBase64Url(signature), (byte) => byte.charCodeAt(0));
      const isOurs = await crypto.subtle.verify(HMAC, signing, bytes, encoder.encode(claim));
      // The last character has two bits to spare.
      if (!isOurs || toBase64Url(String.fromCharCode(...bytes)) !== signature) return "invalid";
      const [, expiry, requestId = ""] = /^(\d+):(.*)$/.exec(fromBase64Url(claim)) ?? [];
      if (!(Number(expiry) * 1000 > Date.now())) return "expired";
      analytics.begin(ctx).feedback(requestId, rating, details);
      return "accepted";
    },
  };
}

function toBase64Url(bytes: string): string {
  return btoa(bytes).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
}

function fromBase64Url(text: string): string {
  return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}
