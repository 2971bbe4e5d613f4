/** A stream of bytes that JavaScript makes, also in a Worker whose compatibility date is before 2022-11-30. */

/** Makes the bytes each time the stream is read, as a `ReadableStream` asks for them. */
export interface ByteSource {
  pull(controller: { enqueue(bytes: Uint8Array): void; close(): void }): Promise<void>;
  cancel(reason: unknown): void;
}

/** Reads nothing ahead, except that such an old Worker's stream is one chunk ahead of the visitor. */
export function byteStream(source: ByteSource): ReadableStream<Uint8Array> {
  try {
    return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
  } catch {
    // "To use the new ReadableStream() constructor, enable the streams_enable_constructors compatibility flag."
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    void pump(source, writable.getWriter());
    return readable;
  }
}

async function pump(
  source: ByteSource,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  let isDone = false;
  const chunks: Uint8Array[] = [];
  const controller = {
    enqueue: (bytes: Uint8Array) => void chunks.push(bytes),
    close: () => {
      isDone = true;
    },
  };
  // The visitor has left, also while the source is silent.
  writer.closed.catch((reason) => source.cancel(reason));
  try {
    while (!isDone) {
      await source.pull(controller);
      for (const chunk of chunks.splice(0)) await writer.write(chunk);
    }
    await writer.close();
  } catch (reason) {
    source.cancel(reason);
  }
}
