/** The Worker of the recipes' tests: what the runtime itself has to make, an entry point and Durable Objects. */

export { ChatAgent } from "./agents-sdk.ts";
export { ChatRoom } from "./durable-object.ts";
export { CvAgent } from "./rpc.ts";
export { default } from "./websocket.ts";
