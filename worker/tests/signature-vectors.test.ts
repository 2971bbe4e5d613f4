/** AWS's published vectors for Signature Version 4, signed by the library that signs our messages. */

import { AwsV4Signer } from "aws4fetch";
import { expect, test } from "vitest";
import suite from "../../fixtures/sigv4/vectors.json";

/** Requests that the fetch API cannot make: it folds white space and joins values by itself. */
const NOT_FOR_FETCH = ["get-header-key-duplicate", "get-header-value-order"];

function read(signedRequest: string) {
  const [head = "", body = ""] = signedRequest.split("\n\n");
  const [first = "", ...lines] = head.replace(/\n /g, " ").split("\n");
  const [method = "", path = ""] = first.replace(" HTTP/1.1", "").split(" ");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { method, path, headers, body };
}

const vectors = suite.vectors.filter(({ name }) => !NOT_FOR_FETCH.includes(name));

test("all but two vectors can be made with fetch", () => {
  expect(vectors).toHaveLength(25);
});

test.each(vectors)("$name has AWS's signature", async ({ signedRequest }) => {
  const { method, path, headers, body } = read(signedRequest);
  const expected = headers.find(([name]) => name === "authorization")?.[1];
  const signer = new AwsV4Signer({
    method,
    url: `https://example.amazonaws.com${path}`,
    headers: headers.filter(([name]) => !["host", "authorization", "x-amz-date"].includes(name)),
    body,
    accessKeyId: suite.accessKeyId,
    secretAccessKey: suite.secretAccessKey,
    region: suite.region,
    service: suite.service,
    datetime: "20150830T123600Z",
    allHeaders: true,
    // The URL class has encoded the path already. Our own is "/".
    singleEncode: true,
  });
  const signed = await signer.sign();
  expect(signed.headers.get("authorization")).toBe(expected);
});
