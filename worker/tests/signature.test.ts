/** Signatures of our calls: AWS's published vectors of that kind, and what an independent signer makes of the same. */

import { AwsV4Signer } from "aws4fetch";
import { expect, test } from "vitest";
import suite from "../../fixtures/sigv4/vectors.json";
import { authorization, type SigningKey } from "../src/signature.ts";

function read(signedRequest: string) {
  const [head = "", body = ""] = signedRequest.split("\n\n");
  const [first = "", ...lines] = head.split("\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { first, headers: Object.fromEntries(headers), body };
}

const vectors = suite.vectors.filter(
  ({ signedRequest }) => read(signedRequest).first === "POST / HTTP/1.1",
);

test("six vectors are a POST to / without a query, as our calls are", () => {
  expect(vectors).toHaveLength(6);
});

test.each(vectors)("$name has AWS's signature", async ({ signedRequest }) => {
  const { headers, body } = read(signedRequest);
  const { authorization: expected, ...signed } = headers;
  expect(await authorization(suite, signed, body)).toBe(expected);
});

test("our calls are signed as aws4fetch signs them, on one day and over midnight", async () => {
  const bodies = ["", "{}", "🎓 é\u0000\u2028", '{"a":"b c"}\r\n', "x".repeat(70_000)];
  const hosts = ["sqs.eu-west-2.amazonaws.com", "127.0.0.1:8787", "queue.example"];
  const times = ["20261130T235959Z", "20261201T000000Z", "20261201T000001Z", "20261130T235959Z"];
  for (const secretAccessKey of ["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "é+/=".repeat(30)]) {
    const signer = { ...suite, secretAccessKey, region: "eu-west-2", service: "sqs" };
    const kept: Partial<SigningKey> = {};
    const calls = hosts.flatMap((host) =>
      bodies.flatMap((body) =>
        times.flatMap((time) => ["", "a/token+=="].map((token) => ({ host, body, time, token }))),
      ),
    );
    // At once, as the events of several questions are.
    await Promise.all(
      calls.map(async ({ host, body, time, token }) => {
        const headers = { "x-amz-target": "AmazonSQS.SendMessage" };
        const theirs = await new AwsV4Signer({
          ...signer,
          method: "POST",
          url: `https://${host}/`,
          headers,
          body,
          datetime: time,
          sessionToken: token,
        }).sign();
        const session = token && { "x-amz-security-token": token };
        const signed = { host, "x-amz-date": time, ...headers, ...session };
        expect(await authorization(signer, signed, body, kept)).toBe(
          theirs.headers.get("authorization"),
        );
      }),
    );
  }
});
