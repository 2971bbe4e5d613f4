/** The pieces of text in a model's stream, of whatever kind it is. */

import { createParser } from "eventsource-parser";
import { parsed } from "./json-in-output.ts";
import { ModelStatusError } from "./run-with-match-quality.ts";
import { deltaOf } from "./service-results.ts";

/** Reads a stream of bytes (server-sent events, lines of JSON, or text), of texts, or of objects. */
export class DeltaReader {
  readonly #source: unknown;
  #chunks: Chunks | undefined;
  #decode: ReturnType<typeof decoder> | undefined;
  #isCancelled = false;
  /** What came in place of a stream: the whole result at once. */
  whole: unknown;

  constructor(source: unknown) {
    this.#source = source;
  }

  /** The next text, which may be empty; `undefined` at the end. Rejects where the stream fails. */
  async next(): Promise<string | undefined> {
    if (!this.#chunks) {
      const source = await this.#source;
      const chunks = chunksOf(source);
      if (!chunks) {
        this.#chunks = NOTHING;
        this.whole = source;
        return undefined;
      }
      this.#chunks = chunks;
      if (this.#isCancelled) chunks.cancel("cancelled");
    }
    const { done, value } = await this.#chunks.next();
    if (done) {
      const last = this.#decode?.(undefined);
      this.#chunks = NOTHING;
      this.#decode = undefined;
      return last || undefined;
    }
    if (!(value instanceof Uint8Array)) return deltaOf(value);
    this.#decode ??= decoder();
    return this.#decode(value);
  }

  /** Tells the model's side that nobody reads on. */
  cancel(reason: unknown): void {
    this.#isCancelled = true;
    this.#chunks?.cancel(reason);
  }
}

interface Chunks {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>;
  cancel(reason: unknown): void;
}

const NOTHING: Chunks = { next: async () => ({ done: true }), cancel() {} };

function chunksOf(source: unknown): Chunks | undefined {
  if (source instanceof Response) {
    if (!source.ok) {
      source.body?.cancel().catch(() => {});
      throw new ModelStatusError(source.status);
    }
    return source.body ? chunksOf(source.body) : NOTHING;
  }
  if (typeof source !== "object" || source === null) return undefined;
  if (source instanceof ReadableStream) {
    const reader = (source as ReadableStream<unknown>).getReader();
    return {
      next: () => reader.read(),
      cancel: (reason) => void reader.cancel(reason).catch(() => {}),
    };
  }
  if (!(Symbol.asyncIterator in source)) return undefined;
  const iterator = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel(reason) {
      // The stream of an SDK waits for its next piece before it returns, unless its call is aborted.
      const { controller } = source as { controller?: unknown };
      if (controller instanceof AbortController) controller.abort(reason);
      Promise.resolve(iterator.return?.()).catch(() => {});
    },
  };
}

/** Reads text that comes in pieces; `undefined` is its end. */
type ReadText = (text: string | undefined) => string;

/** Reads bytes, whose form the first of them show. */
function decoder(): (bytes: Uint8Array | undefined) => string {
  const utf8 = new TextDecoder();
  let beginning = "";
  let form: ReadText | undefined;
  return (bytes) => {
    const text = bytes ? utf8.decode(bytes, { stream: true }) : utf8.decode();
    if (form) return form(text) + (bytes ? "" : form(undefined));
    beginning += text;
    if (bytes && MAY_BECOME_EVENTS.test(beginning)) return "";
    form = EVENTS.test(beginning) ? events() : JSON_LINES.test(beginning) ? jsonLines() : plain;
    return form(beginning) + (bytes ? "" : form(undefined));
  };
}

const EVENTS = /^\s*(?:data|event|id|retry)?:/;
const MAY_BECOME_EVENTS = /^\s*(?:[a-z]{0,5}|\{"?[a-z_]{0,10}"?)$/;
/** As Ollama streams. */
const JSON_LINES = /^\s*\{"(?:model|created_at|message)":/;

const plain: ReadText = (text = "") => text;

/** Server-sent events with JSON or text in them. */
function events(): ReadText {
  let text = "";
  let isDone = false;
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === "error") throw new Error("the model's stream reported an error");
      isDone ||= data === "[DONE]";
      if (!isDone) text += deltaOf(parsed(data) ?? data);
    },
  });
  return (piece) => {
    // An event without the empty line after it is one all the same.
    parser.feed(piece ?? "\n\n");
    const read = text;
    text = "";
    return read;
  };
}

/** An object of JSON in each line. */
function jsonLines(): ReadText {
  let rest = "";
  return (piece) => {
    const lines = (rest + (piece ?? "\n")).split("\n");
    rest = lines.pop() ?? "";
    return lines.map((line) => deltaOf(parsed(line))).join("");
  };
}
