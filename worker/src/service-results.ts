/**
 * The model's own words within the result of a service or a library: Workers AI, OpenAI (chat,
 * Responses), Anthropic, Gemini, Ollama, Cohere, Bedrock, LangChain, the Vercel AI SDK.
 */

import { ANSWER_NAMES, type Fields, isFields, isKnown, isRated, likeness } from "./named-fields.ts";

/** How deep results lie within results. */
const MAX_RESULT_DEPTH = 8;

/**
 * What the model itself wrote: a text, or an object where the service parsed it. `undefined` where the
 * service reports an error instead. What is not a known result comes back as it is.
 */
export function outputOf(result: unknown, depth = 0): unknown {
  if (depth > MAX_RESULT_DEPTH) return undefined;
  if (Array.isArray(result)) {
    // Pieces of a text, or the results of several prompts; of a conversation the last word counts.
    if (result.length > 0 && result.every((piece) => typeof piece === "string")) {
      return result.join("");
    }
    if (result.length > 1 && result.every(isChunk)) return result.map(deltaOf).join("");
    const isConversation = result.some((item) => isFields(item) && roleOf(item));
    return isConversation ? outputOf(result.findLast(isAssistants), depth + 1) : result;
  }
  if (!isFields(result) || likeness(result) >= 3) return result;
  if (isRated(result) && isKnown(result, ANSWER_NAMES)) return result;
  if (isError(result)) return undefined;
  const next = (value: unknown) => outputOf(value, depth + 1);
  const { choices, candidates, generations, output, message, response, content } = result;

  if (Array.isArray(choices)) {
    const choice: Fields = isFields(choices[0]) ? choices[0] : {};
    return next(choice["message"] ?? choice["delta"] ?? choice["text"]);
  }
  if (Array.isArray(candidates)) return next(isFields(candidates[0]) && candidates[0]["content"]);
  for (const list of [result["responses"], result["results"]]) {
    if (Array.isArray(list)) return next(list[0]);
  }
  if (Array.isArray(generations)) return next(generations.flat()[0]);
  // What a library has parsed already.
  for (const name of ["object", "parsed", "output_parsed", "structuredResponse"]) {
    if (isFields(result[name])) return next(result[name]);
  }
  if (Array.isArray(output) && output.some((item) => isFields(item) && "type" in item)) {
    // The Responses API: thoughts are an item of their own.
    const messages = output.filter((item) => isFields(item) && item["type"] === "message");
    return messages.map(textOf).join("") || argumentsOf(output.find(argumentsOf));
  }
  if (output) return next(output);
  // A library's class: its text may be a property of the class, which no listing of fields shows.
  for (const name of [
    "output_text",
    "response",
    "text",
    "generated_text",
    "generation",
    "outputText",
  ]) {
    const value = result[name];
    if (typeof value === "string" && value.trim()) return value;
  }
  for (const name of ["message", "kwargs", "result", "raw", "messages", "generation", "value"]) {
    if (typeof result[name] === "object" && result[name]) return next(result[name]);
  }
  if (isFields(response)) return next(response);
  if (isFields(content)) return next(content);
  if (isMessage(result))
    return answerArguments(result) ?? (textOf(result) || argumentsOf(result) || message);
  if (response !== undefined) return argumentsOf(result) ?? response;
  return content !== undefined && typeof content !== "string" ? textOf(result) : result;
}

/** The text of one piece of a stream; empty where it holds none for the visitor. */
export function deltaOf(chunk: unknown): string {
  if (typeof chunk === "string") return chunk;
  if (!isFields(chunk)) return "";
  const { type, delta, choices } = chunk;
  if (isError(chunk)) throw new Error("the model's stream reported an error");
  if (typeof type === "string" && /[._-]/.test(type)) {
    if (
      !/^(?:response\.(?:output_text|refusal)\.delta|content_block_delta|text-delta)$/.test(type)
    ) {
      return "";
    }
    const text = isFields(delta)
      ? (delta["text"] ?? delta["partial_json"])
      : (delta ?? chunk["text"] ?? chunk["textDelta"]);
    return typeof text === "string" ? text : "";
  }
  if (Array.isArray(choices)) {
    const choice: Fields = isFields(choices[0]) ? choices[0] : {};
    const message = choice["delta"] ?? choice["message"];
    if (!isFields(message)) return typeof choice["text"] === "string" ? choice["text"] : "";
    const words = textOf(message) || argumentsOf(message);
    return typeof words === "string" ? words : "";
  }
  // Workers AI gives a number where a piece consists of digits.
  if (typeof chunk["response"] === "number") return String(chunk["response"]);
  const output = outputOf(chunk);
  return typeof output === "string" ? output : "";
}

/** Whether it is a service's error: a message and nothing of a model's, as gateways answer. */
export function isMessageOnly(fields: Fields): boolean {
  const names = Object.keys(fields).map((name) => name.toLowerCase());
  return names.includes("message") && names.every((name) => BESIDE_MESSAGE.test(name));
}

const BESIDE_MESSAGE =
  /^(?:message|code|status|status_?code|type|__type|param|details?|request_?id|id|timestamp|path|fault)$/;

/** Whether a service tells of an error here. */
export function isError(fields: Fields): boolean {
  const { error, errors, type, object, success } = fields;
  const status =
    fields["status"] ?? fields["statusCode"] ?? fields["status_code"] ?? fields["code"];
  return (
    Boolean(error) ||
    (Array.isArray(errors) && errors.length > 0) ||
    success === false ||
    (typeof type === "string" && /(?:^|_)error$|Error$/.test(type)) ||
    object === "error" ||
    (typeof fields["__type"] === "string" && /exception|error/i.test(fields["__type"])) ||
    (typeof status === "number" && status >= 400) ||
    (typeof status === "string" && ERROR_CODE.test(status)) ||
    (fields["detail"] !== undefined && !("content" in fields))
  );
}

const ERROR_CODE =
  /^[45]\d\d$|error|invalid|exceeded|unauthor|denied|not_found|exhausted|unavailable/i;

/** The text of a message, which may come in parts; thoughts among them are left out. */
function textOf(message: unknown): string {
  if (!isFields(message)) return "";
  const content = message["content"] ?? message["parts"] ?? message["refusal"];
  const parts = Array.isArray(content) ? content : [content];
  return parts
    .map((part) => {
      if (!isFields(part)) return part;
      if (part["thought"] === true) return "";
      if (/think|reason/i.test(String(part["type"] ?? ""))) return "";
      const { text, refusal } = part;
      return isFields(text) ? text["value"] : (text ?? refusal);
    })
    .filter((text) => typeof text === "string" || typeof text === "number")
    .join("");
}

/** What a model gave to the first tool that it called, where the schema was handed to it as one. */
function argumentsOf(message: unknown): unknown {
  if (!isFields(message)) return undefined;
  const { tool_calls, toolCalls, function_call, content, parts } = message;
  const list = [tool_calls, toolCalls, content, parts].find(
    (calls) => Array.isArray(calls) && calls.some(callOf),
  );
  const call = Array.isArray(list) ? list.map(callOf).find(Boolean) : callOf(function_call);
  return call ?? callOf(message);
}

/** The answer in the arguments of a tool, which a text beside it only announces. */
function answerArguments(message: Fields): unknown {
  const given = argumentsOf(message);
  return isFields(given) && likeness(given) >= 3 ? given : undefined;
}

function callOf(call: unknown): unknown {
  if (!isFields(call)) return undefined;
  const inner = call["function"] ?? call["functionCall"] ?? call["toolUse"] ?? call;
  return isFields(inner) ? (inner["arguments"] ?? inner["input"] ?? inner["args"]) : undefined;
}

function isMessage(fields: Fields): boolean {
  const { content, parts, type } = fields;
  return (
    Array.isArray(content) ||
    Array.isArray(parts) ||
    roleOf(fields) ||
    type === "ai" ||
    type === "message" ||
    "tool_calls" in fields ||
    "response_metadata" in fields ||
    "function_call" in fields
  );
}

function roleOf({ role, type }: Fields): boolean {
  return typeof role === "string" || type === "human" || type === "ai" || type === "system";
}

/** Whether it is a piece of a stream that was gathered. */
function isChunk(item: unknown): boolean {
  return isFields(item) && ("candidates" in item || "choices" in item || "done" in item);
}

function isAssistants(item: unknown): boolean {
  if (!isFields(item)) return false;
  const { role, type } = item;
  return role === "assistant" || role === "model" || type === "ai";
}
