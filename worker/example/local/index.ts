/** The Worker of `wrangler dev`: a stand-in takes the model's place, unless `MODEL_URL` names one. Never deployed. */

import type { Parts } from "../src/agent.ts";
import { type Env, partsOf, workerOf } from "../src/index.ts";
import { openAiCompatible } from "../src/model.ts";
import { standIn } from "./stand-in.ts";

const STAND_IN = "local-stand-in";

/** The agent's parts on this machine. */
export function localPartsOf(env: Env): Parts {
  const parts = partsOf(env);
  if (env.MODEL_URL) {
    return parts;
  }
  return {
    ...parts,
    model: openAiCompatible(`https://${STAND_IN}/v1`, STAND_IN, undefined, (input, init) =>
      standIn(new Request(input, init)),
    ),
    modelName: STAND_IN,
  };
}

export default workerOf(localPartsOf);
