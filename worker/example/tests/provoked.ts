/**
 * The Worker of `wrangler dev`, with what no question can bring about: the header `x-provoke` closes the agent
 * (`off_hours`), breaks its search (`error`), or puts a Workers AI in the stand-in's place that cannot keep to a
 * schema (`no_json_mode`). For tests, never to be deployed.
 */

import { localPartsOf } from "../local/index.ts";
import { type Env, workerOf } from "../src/index.ts";
import { workersAi } from "../src/model.ts";

const withoutJsonMode = {
  run: (_model: string, { response_format: format }: { response_format?: unknown }) =>
    format
      ? Promise.reject(new Error("5024: JSON Mode couldn't be met"))
      : Promise.resolve({ response: '{"answer": "It was me.", "matchQuality": {"type": "full"}}' }),
};

export default workerOf((env: Env, request) => {
  const parts = localPartsOf(env);
  switch (request.headers.get("x-provoke")) {
    case "off_hours":
      return { ...parts, isOpen: () => false };
    case "error":
      return {
        ...parts,
        search: () => {
          throw new TypeError("the search is broken");
        },
      };
    case "no_json_mode":
      return { ...parts, model: workersAi(withoutJsonMode as unknown as Ai, "some-model") };
    default:
      return parts;
  }
});
