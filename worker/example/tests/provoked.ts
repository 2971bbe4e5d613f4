/**
 * The Worker of `wrangler dev`, with two ways out that no question can bring about: the header `x-provoke`
 * closes the agent (`off_hours`) or breaks its search (`error`). For tests, never to be deployed.
 */

import { localPartsOf } from "../local/index.ts";
import { type Env, workerOf } from "../src/index.ts";

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
    default:
      return parts;
  }
});
