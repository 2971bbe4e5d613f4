/** Outputs that mislead a reader: what is not the answer looks like it, or the answer hides. Written by hand. */

import { FIFTH_BATCH, FOURTH_BATCH, FOURTH_MISSES, FOURTH_STREAM_MISSES } from "./readers.ts";
import type { Row } from "./realistic.ts";

const ANSWER = "Yes: she ran Docker in production, but no Kubernetes yet.";
const QUALITY = { type: "partial", coverage: 60, confidence: 0.9, matchedSkills: ["Docker"] };
const RATED = { matchType: "partial", matchScore: 60, confidence: 0.9 };
const OBJECT = { answer: ANSWER, matchQuality: QUALITY };
const JSON_TEXT = JSON.stringify(OBJECT);
const JUDGED = JSON.stringify({ matchQuality: QUALITY });
const PRETTY = JSON.stringify(OBJECT, null, 2);
const PARTIAL = { matchType: "partial" };

/** The whole object's answer and match. */
const all = (shows: string, output: unknown): Row => ({
  shows,
  output,
  answer: ANSWER,
  match: RATED,
});
/** A text for the visitor, without a match. */
const text = (shows: string, output: unknown, answer: string = ANSWER): Row => ({
  shows,
  output,
  answer,
});
/** A text and a match of one's own. */
const both = (shows: string, output: unknown, answer: string, match: Row["match"]): Row => ({
  shows,
  output,
  answer,
  match,
});
/** Nothing for the visitor. */
const nothing = (shows: string, output: unknown): Row => ({ shows, output, answer: undefined });

const prose = (words: string): Row => text(`prose: ${words.slice(0, 60)}`, words, words);
const thoughts = (shows: string, before: string): Row[] => [
  all(`thoughts before JSON: ${shows}`, `${before}\n${JSON_TEXT}`),
  text(`thoughts before prose: ${shows}`, `${before}\n${ANSWER}`),
];
const chat = (message: unknown) => ({ choices: [{ index: 0, message, finish_reason: "stop" }] });
/** As a model writes an answer whose quotes it forgets to escape. */
const quoted = (answer: string): Row =>
  both(
    `unescaped: ${answer.slice(0, 60)}`,
    `{"answer": "${answer}", "matchQuality": {"type": "partial", "coverage": 60, "confidence": 0.9}}`,
    answer,
    RATED,
  );

export type Shape = [
  shows: string,
  output: unknown,
  answer?: string | undefined,
  type?: string,
  score?: number,
];
/** A second batch, written when the first was read right; 69 of the 98 that it had were right at once. */
const SECOND_BATCH: Shape[] = [
  [
    "md heading then json",
    `## Answer\n${ANSWER}\n\n## Match Quality\n\`\`\`json\n{"type":"partial","coverage":60}\n\`\`\``,
    ANSWER,
    "partial",
  ],
  [
    "json then explanation para",
    `${JSON_TEXT}\n\nExplanation: The CV mentions Docker but Kubernetes is missing, so coverage is 60.`,
    ANSWER,
    "partial",
  ],
  [
    "two fences",
    '```json\n{"answer": "' +
      ANSWER +
      '"}\n```\n```json\n{"matchQuality":{"type":"partial","coverage":60}}\n```',
    ANSWER,
    "partial",
  ],
  ["prose then whole json repeating the answer", `${ANSWER}\n\n${PRETTY}`, ANSWER, "partial"],
  [
    "prose para then whole object",
    `Let me check the CV. Docker is listed under skills; Kubernetes is not.\n\n${PRETTY}`,
    ANSWER,
    "partial",
  ],
  [
    "okay thinking para w/o tags",
    `Okay, so the user is asking about Docker. I should answer.\n\n${JSON_TEXT}`,
    ANSWER,
    "partial",
  ],
  [
    "nested response.answer",
    JSON.stringify({ response: { answer: ANSWER, matchQuality: QUALITY } }),
    ANSWER,
    "partial",
  ],
  ["data wrap", JSON.stringify({ data: OBJECT }), ANSWER, "partial"],
  ["result wrap", JSON.stringify({ result: OBJECT }), ANSWER, "partial"],
  ["output wrap", JSON.stringify({ output: OBJECT }), ANSWER, "partial"],
  [
    "answer obj text",
    JSON.stringify({ answer: { text: ANSWER }, matchQuality: QUALITY }),
    ANSWER,
    "partial",
  ],
  [
    "unescaped quotes multi",
    `{"answer": "She used "Docker", "Podman" and "k3s" in "prod".", "matchQuality": {"type": "full", "coverage": 100, "confidence": 0.9, "reasoning": "lists "Docker" etc", "matchedSkills": ["Docker"], "missingSkills": []}}`,
    'She used "Docker", "Podman" and "k3s" in "prod".',
    "full",
  ],
  [
    "unescaped at end",
    `{"answer": "She calls it "Docker"", "matchQuality": {"type": "full"}}`,
    'She calls it "Docker"',
    "full",
  ],
  [
    "unescaped at begin",
    `{"answer": ""Docker" is there", "matchQuality": {"type": "full"}}`,
    '"Docker" is there',
    "full",
  ],
  [
    "unescaped with colon",
    `{"answer": "Her motto: "ship": daily", "matchQuality": {"type": "full"}}`,
    'Her motto: "ship": daily',
    "full",
  ],
  [
    "unescaped with comma word colon",
    `{"answer": "She said "no", reason: cost", "matchQuality": {"type": "none"}}`,
    'She said "no", reason: cost',
    "none",
  ],
  [
    "unescaped brace",
    `{"answer": "Use "{}" or "[]" there", "matchQuality": {"type": "full"}}`,
    'Use "{}" or "[]" there',
    "full",
  ],
  [
    "pretty unescaped",
    `{\n  "answer": "Her talk "Queues" was at "QCon".",\n  "matchQuality": {\n    "type": "full",\n    "coverage": 100\n  }\n}`,
    'Her talk "Queues" was at "QCon".',
    "full",
  ],
  [
    "fence in answer",
    JSON.stringify({ answer: "Like so:\n```js\nlet a = {b: 1};\n```", matchQuality: QUALITY }),
    "Like so:\n```js\nlet a = {b: 1};\n```",
    "partial",
  ],
  ["thinking fence", `\`\`\`thinking\nDocker yes\n\`\`\`\n${JSON_TEXT}`, ANSWER, "partial"],
  ["Thought: label", `Thought: the CV has Docker.\nFinal Answer: ${ANSWER}`, ANSWER],
  ["Thoughts: md", `**Thinking:** The CV has Docker.\n\n**Answer:** ${ANSWER}`, ANSWER],
  [
    "Reasoning: label",
    `Reasoning: The CV lists Docker.\nAnswer: ${ANSWER}\nMatch: partial`,
    ANSWER,
    "partial",
  ],
  ["(thinking) html comment", `<!-- thinking: docker -->\n${JSON_TEXT}`, ANSWER, "partial"],
  ["details", `<details><summary>Thinking</summary>hmm</details>\n${JSON_TEXT}`, ANSWER, "partial"],
  ["think w/ newline attr", `<think>\nfoo\n\n</think>\n\n\n${ANSWER}`, ANSWER],
  ["◁thinking▷", `◁thinking▷foo◁/thinking▷${ANSWER}`, ANSWER],
  ["[THINKING]", `[THINKING]foo[/THINKING]\n${ANSWER}`, ANSWER],
  ["<|think|>", `<|think|>foo<|/think|>${ANSWER}`, ANSWER],
  ["<|thinking|> end_of", `<|begin_of_thinking|>foo<|end_of_thinking|>${ANSWER}`, ANSWER],
  ["<internal>", `<internal>foo</internal>${ANSWER}`, ANSWER],
  ["<plan>", `<plan>foo</plan>\n${ANSWER}`, ANSWER],
  ["<cot>", `<cot>foo</cot>\n${ANSWER}`, ANSWER],
  ["<self_reflection>", `<self_reflection>foo</self_reflection>\n${ANSWER}`, ANSWER],
  ["<thinking_process>", `<thinking_process>foo</thinking_process>\n${ANSWER}`, ANSWER],
  ["＜think＞ fullwidth", `＜think＞foo＜/think＞${ANSWER}`, ANSWER],
  ["err message Cannot", { message: "Cannot read properties of undefined" }, undefined],
  ["err api", { message: "Unauthorized" }, undefined],
  ["err statusText", { status: 500, statusText: "Internal Server Error" }, undefined],
  [
    "err title RFC7807",
    { type: "about:blank", title: "Forbidden", status: 403, detail: "No" },
    undefined,
  ],
  ["err msg", '{"error":"model not found, try pulling it first"}', undefined],
  ["err with answer null", { answer: null, error: "x" }, undefined],
  [
    "err openrouter 200",
    {
      id: "x",
      choices: [
        { error: { code: 502, message: "Provider returned error" }, message: { content: "" } },
      ],
    },
    undefined,
  ],
  [
    "message quota",
    { message: "You have exceeded your monthly quota. Upgrade your plan." },
    undefined,
  ],
  ["message invalid x-api", { message: "invalid x-api-key" }, undefined],
  ["message no auth", { message: "No auth credentials found" }, undefined],
  ["message bad request", { message: "Bad Request" }, undefined],
  ["text 'Bad Request'", "Bad Request", undefined],
  ["text timeout", "Timeout error: the request took too long", undefined],
  ["text AxiosError", "AxiosError: Request failed with status code 401", undefined],
  ["text 'Error 524'", "error code: 524", undefined],
  ["text 'null'", "null", undefined],
  ["text '[object Object]'", "[object Object]", undefined],
  ["text undefined", "undefined", undefined],
  [
    "score 5 of 5",
    JSON.stringify({ answer: ANSWER, matchQuality: { type: "full", coverage: "5/5" } }),
    ANSWER,
    "full",
    100,
  ],
  [
    "score stars",
    JSON.stringify({
      answer: ANSWER,
      matchQuality: { type: "full", coverage: "4 out of 5 stars" },
    }),
    ANSWER,
    "full",
    80,
  ],
  [
    "score 80.5",
    JSON.stringify({ answer: ANSWER, matchQuality: { type: "full", coverage: 80.5 } }),
    ANSWER,
    "full",
    80.5,
  ],
  [
    "coverage obj",
    JSON.stringify({ answer: ANSWER, matchQuality: { type: "full", coverage: { value: 80 } } }),
    ANSWER,
    "full",
  ],
  [
    "AI SDK v5 content",
    {
      content: [
        { type: "reasoning", text: "hm" },
        { type: "text", text: JSON_TEXT },
      ],
      finishReason: "stop",
      usage: {},
    },
    ANSWER,
    "partial",
  ],
  [
    "AI SDK UI message",
    { role: "assistant", parts: [{ type: "step-start" }, { type: "text", text: JSON_TEXT }] },
    ANSWER,
    "partial",
  ],
  [
    "AI SDK experimental_output",
    { experimental_output: OBJECT, text: JSON_TEXT },
    ANSWER,
    "partial",
  ],
  [
    "langchain kwargs content parts",
    { lc_kwargs: { content: JSON_TEXT }, content: JSON_TEXT, lc_namespace: ["x"] },
    ANSWER,
    "partial",
  ],
  [
    "langchain AIMessage array",
    [
      { type: "human", content: "q" },
      { type: "ai", content: JSON_TEXT },
    ],
    ANSWER,
    "partial",
  ],
  [
    "langgraph messages w/ tool",
    {
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: JSON_TEXT },
      ],
    },
    ANSWER,
    "partial",
  ],
  [
    "gemini array stream",
    [
      { candidates: [{ content: { parts: [{ text: JSON_TEXT.slice(0, 20) }] } }] },
      { candidates: [{ content: { parts: [{ text: JSON_TEXT.slice(20) }] } }] },
    ],
    ANSWER,
    "partial",
  ],
  [
    "ollama array chunk",
    [{ model: "m", message: { content: JSON_TEXT }, done: true }],
    ANSWER,
    "partial",
  ],
  [
    "workers ai batch",
    { responses: [{ id: 0, result: { response: JSON_TEXT }, success: true }] },
    ANSWER,
    "partial",
  ],
  ["openai json obj content", { choices: [{ message: { content: OBJECT } }] }, ANSWER, "partial"],
  ["openai audio none", { choices: [{ message: { content: null } }] }, undefined],
  ["azure filter", { choices: [{ finish_reason: "content_filter", message: {} }] }, undefined],
  [
    "whole sse text workers ai",
    `data: {"response":"${ANSWER.slice(0, 10)}"}\n\ndata: {"response":"${ANSWER.slice(10)}"}\n\ndata: [DONE]\n\n`,
    ANSWER,
  ],
  [
    "prose with sample type+answer",
    `The endpoint replies {"answer": "yes", "score": 3} for each question, she says in her docs.`,
    `The endpoint replies {"answer": "yes", "score": 3} for each question, she says in her docs.`,
  ],
  [
    "prose with sample matchQuality words",
    `She built a tool that outputs {"match": true, "id": 3} per row, and the dashboards.`,
    `She built a tool that outputs {"match": true, "id": 3} per row, and the dashboards.`,
  ],
  [
    "prose with sample level",
    `Her logs look like {"level":"none","message":"x"} and go to Loki.`,
    `Her logs look like {"level":"none","message":"x"} and go to Loki.`,
  ],
  [
    "prose with sample on own line",
    `She wrote the payload herself:\n\n{"message": "hello", "id": 3}\n\nIt is posted to Slack once a day.`,
    `She wrote the payload herself:\n\n{"message": "hello", "id": 3}\n\nIt is posted to Slack once a day.`,
  ],
  [
    "prose with sample at end",
    `She built the webhook; the body is {"message": "hello", "id": 3}`,
    `She built the webhook; the body is {"message": "hello", "id": 3}`,
  ],
  [
    "prose sample in code fence json",
    'She uses this config in every project that she has led since 2019:\n\n```json\n{"type": "full", "text": "x"}\n```',
    'She uses this config in every project that she has led since 2019:\n\n```json\n{"type": "full", "text": "x"}\n```',
  ],
  ["html list", `<ul><li>Go</li><li>Rust</li></ul>`, "Go\nRust"],
  ["markdown answer", `# Docker\n\nShe ran **Docker**.`, `# Docker\n\nShe ran **Docker**.`],
  ["json lines", `{"answer":"${ANSWER}"}\n{"type":"partial","coverage":60}`, ANSWER, "partial"],
  [
    "key answer_text",
    JSON.stringify({ answer_text: ANSWER, match_quality: QUALITY }),
    ANSWER,
    "partial",
  ],
  [
    "key final_answer",
    JSON.stringify({ final_answer: ANSWER, match_quality: QUALITY }),
    ANSWER,
    "partial",
  ],
  [
    "key Answer + Match Quality",
    JSON.stringify({ Answer: ANSWER, "Match Quality": { Type: "Partial", Coverage: "60%" } }),
    ANSWER,
    "partial",
    60,
  ],
  ["german keys", JSON.stringify({ antwort: ANSWER, matchQuality: QUALITY }), ANSWER, "partial"],
  [
    "toml",
    `answer = "${ANSWER}"\n[matchQuality]\ntype = "partial"\ncoverage = 60`,
    ANSWER,
    "partial",
    60,
  ],
  [
    "js obj no quotes multi",
    `{\n  answer: "${ANSWER}",\n  matchQuality: { type: "partial", coverage: 60 }\n}`,
    ANSWER,
    "partial",
    60,
  ],
  [
    "python repr True None",
    `{'answer': "It's fine", 'matchQuality': {'type': 'full', 'coverage': 100, 'reasoning': None}}`,
    "It's fine",
    "full",
    100,
  ],
  [
    "smart apostrophes",
    `{‘answer’: ‘It’s fine’, ‘matchQuality’: {‘type’: ‘full’}}`,
    "It’s fine",
    "full",
  ],
  ["cut mid key after answer", JSON_TEXT.slice(0, JSON_TEXT.indexOf('"matchQ') + 5), ANSWER],
  ["stop word cut at newline", "{", undefined],
  ["template leftovers", `assistant\n\n${JSON_TEXT}`, ANSWER, "partial"],
  ["### Response:", `### Response:\n${JSON_TEXT}`, ANSWER, "partial"],
  ["role prefix", `Assistant: ${ANSWER}`, ANSWER],
  ["A: prefix", `AI: ${JSON_TEXT}`, ANSWER, "partial"],
  ["json w/ trailing user", `${ANSWER}\n\nUser: And Go?\nAssistant: No.`, ANSWER],
];

/** A third batch: 43 of its 54 were right at once. */
const THIRD_BATCH: Shape[] = [
  [
    "mistral tool",
    {
      choices: [
        {
          message: {
            content: "",
            tool_calls: [{ id: "x", function: { name: "respond", arguments: JSON_TEXT } }],
          },
        },
      ],
    },
    ANSWER,
    "partial",
  ],
  [
    "mistral content chunks think",
    {
      choices: [
        {
          message: {
            content: [
              { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
              { type: "text", text: JSON_TEXT },
            ],
          },
        },
      ],
    },
    ANSWER,
    "partial",
  ],
  [
    "groq reasoning",
    { choices: [{ message: { content: JSON_TEXT, reasoning: "hm" } }], x_groq: {} },
    ANSWER,
    "partial",
  ],
  ["ai gateway wrap", [{ success: true, result: { response: JSON_TEXT } }], ANSWER, "partial"],
  [
    "ai sdk generateObject zod",
    {
      object: { answer: ANSWER, matchQuality: QUALITY },
      warnings: [],
      response: { id: "1", body: {} },
    },
    ANSWER,
    "partial",
  ],
  ["ai sdk content steps", { steps: [{ text: JSON_TEXT }], text: JSON_TEXT }, ANSWER, "partial"],
  [
    "anthropic stop refusal",
    { type: "message", role: "assistant", content: [], stop_reason: "refusal" },
  ],
  [
    "gemini sdk fn text",
    {
      response: {
        candidates: [{ content: { parts: [{ text: JSON_TEXT }], role: "model" } }],
        text: () => JSON_TEXT,
      },
    },
    ANSWER,
    "partial",
  ],
  [
    "gemini parts 2",
    {
      candidates: [
        { content: { parts: [{ text: JSON_TEXT.slice(0, 9) }, { text: JSON_TEXT.slice(9) }] } },
      ],
    },
    ANSWER,
    "partial",
  ],
  [
    "ollama thinking",
    { message: { role: "assistant", content: JSON_TEXT, thinking: "x" }, done: true },
    ANSWER,
    "partial",
  ],
  [
    "ollama tool",
    {
      message: {
        role: "assistant",
        content: "",
        tool_calls: [
          { function: { name: "a", arguments: { answer: ANSWER, matchQuality: QUALITY } } },
        ],
      },
    },
    ANSWER,
    "partial",
  ],
  [
    "langchain ChatGeneration",
    { generations: [{ text: JSON_TEXT, message: { content: JSON_TEXT } }] },
    ANSWER,
    "partial",
  ],
  [
    "langchain struct null parsed",
    { raw: { content: JSON_TEXT }, parsed: null },
    ANSWER,
    "partial",
  ],
  [
    "langchain parsing error",
    { raw: { content: JSON_TEXT }, parsed: null, parsing_error: "x" },
    ANSWER,
    "partial",
  ],
  [
    "responses refusal",
    { output: [{ type: "message", content: [{ type: "refusal", refusal: "I can't help." }] }] },
    "I can't help.",
  ],
  [
    "responses incomplete",
    {
      status: "incomplete",
      output: [{ type: "reasoning" }],
      incomplete_details: { reason: "max_output_tokens" },
    },
  ],
  [
    "responses error null",
    {
      error: null,
      status: "completed",
      output: [{ type: "message", content: [{ type: "output_text", text: JSON_TEXT }] }],
    },
    ANSWER,
    "partial",
  ],
  [
    "responses failed",
    {
      error: { code: "server_error", message: "The server had an error" },
      status: "failed",
      output: [],
    },
  ],
  [
    "workers ai gpt-oss responses",
    {
      output: [
        { type: "reasoning", content: [{ type: "reasoning_text", text: "x" }] },
        { type: "message", content: [{ type: "output_text", text: JSON_TEXT }] },
      ],
    },
    ANSWER,
    "partial",
  ],
  ["string number", "42", "42"],
  ["emoji", "👍", "👍"],
  ["answer false", { answer: false }],
  ["answer number", { answer: 5, matchQuality: QUALITY }, "5", "partial"],
  [
    "answer list of objects",
    { answer: [{ text: ANSWER }], matchQuality: QUALITY },
    ANSWER,
    "partial",
  ],
  [
    "answer empty then response",
    { answer: "", response: ANSWER, matchQuality: QUALITY },
    ANSWER,
    "partial",
  ],
  ["json with BOM+fence+lang JSON5", `\ufeff\`\`\`json5\n${JSON_TEXT}\n\`\`\``, ANSWER, "partial"],
  ["tilde fence", `~~~json\n${JSON_TEXT}\n~~~`, ANSWER, "partial"],
  ["double braces", `{${JSON_TEXT}}`, ANSWER, "partial"],
  ["leading backslash n", `\\n${JSON_TEXT}`, ANSWER, "partial"],
  ["newlines escaped json", JSON_TEXT.replace(',"', ',\\n"'), ANSWER, "partial"],
  ["key colon equals", `{"answer"= "${ANSWER}"}`, ANSWER],
  [
    "NaN coverage",
    `{"answer":"${ANSWER}","matchQuality":{"type":"partial","coverage":NaN}}`,
    ANSWER,
    "partial",
  ],
  ["html comment after", `${JSON_TEXT}<!-- end -->`, ANSWER, "partial"],
  [
    "prose: I wrote <answer> tag",
    "She wrote the <answer> element of the parser and its tests.",
    "She wrote the <answer> element of the parser and its tests.",
  ],
  [
    "prose: generic Vec<T>",
    "She uses Vec<T> and Option<U> daily.",
    "She uses Vec<T> and Option<U> daily.",
  ],
  [
    "prose [1] citation",
    "She ran Docker [1] and Podman [2].",
    "She ran Docker [1] and Podman [2].",
  ],
  [
    "prose: reasoning label mid",
    "Her work on reasoning: she built an inference engine.",
    "Her work on reasoning: she built an inference engine.",
  ],
  [
    "prose starting 'Analysis:'",
    "Analysis: that is her strength, with SQL and Python.",
    "Analysis: that is her strength, with SQL and Python.",
  ],
  [
    "prose 'Type: full-time'",
    "Contract\nType: full-time\nConfidence: high",
    "Contract\nType: full-time\nConfidence: high",
  ],
  ["prose w/ Error:", 'Her talk "Error: none" was in 2020.', 'Her talk "Error: none" was in 2020.'],
  ["prose 2019: started", "2019: she started. 2021: she led.", "2019: she started. 2021: she led."],
  ["prose 404", "404 pages designed: three.", "404 pages designed: three."],
  ["prose Service", "Service meshes such as Istio: yes.", "Service meshes such as Istio: yes."],
  ["prose not found", "Not found: the CV has no COBOL.", "Not found: the CV has no COBOL."],
  [
    "prose forbidden",
    "Forbidden City was her project name.",
    "Forbidden City was her project name.",
  ],
  [
    "prose Invalid",
    "Invalid token handling was part of her OAuth work.",
    "Invalid token handling was part of her OAuth work.",
  ],
  [
    "prose conn",
    "Connection pooling with PgBouncer: yes.",
    "Connection pooling with PgBouncer: yes.",
  ],
  [
    "prose Request",
    "Request timed out errors: she fixed them.",
    "Request timed out errors: she fixed them.",
  ],
  [
    "prose Overloaded",
    "Overloaded operators in C++: yes, she used them.",
    "Overloaded operators in C++: yes, she used them.",
  ],
  [
    "prose rate limit",
    "Rate limit exceeded handling is something she built.",
    "Rate limit exceeded handling is something she built.",
  ],
  ["prose HTML <p>", "<p> tags: she writes semantic HTML.", "<p> tags: she writes semantic HTML."],
  [
    "prose model",
    "Model training is not found on the CV.",
    "Model training is not found on the CV.",
  ],
  [
    "prose the model",
    "The model she trained does not exist any more.",
    "The model she trained does not exist any more.",
  ],
];

/** The rows that are read wrong today, by what they show. */
export const HOSTILE_MISSES: string[] = [
  // The answer is there, the rating is not read.
  "newlines escaped json",
  ...FOURTH_MISSES,
];

export const HOSTILE: Row[] = [
  // A sample of JSON in prose is what the words are about.
  prose('She built the webhook; it takes {"message": "hello", "id": 3} and posts it to Slack.'),
  prose(
    'Her service answers {"response": "ok"} to every health check, and {"response": "no"} while it drains.',
  ),
  prose('The API takes {"text": "hi"}.'),
  prose('She designed events like {"type":"none"} for SQS, and wrote the consumer.'),
  prose('It returns {"answer": 42} where the question is known, as her talk shows.'),
  prose('Errors look like {"error": {"code": 404}} in the service that she wrote.'),
  prose('Her schema has {"confidence": 0.5} for each entity that the model finds in a letter.'),
  prose('In Go she would write: map[string]any{"content": body}, and test it.'),
  prose('Yes. She wrote a parser for lines such as {"level": "high", "msg": "x"} from Loki.'),
  prose('A body such as `{"content": "hi"}` is posted to Discord by the bot that she wrote.'),
  prose("She likes the set {a, b, c} and the template {{name}} of Handlebars."),
  text(
    "a sample in a fence below a paragraph",
    'She wrote the webhook. It takes this body, and posts it to Slack:\n\n```\n{"message": "hello"}\n```\n\nIt has run since 2021.',
    'She wrote the webhook. It takes this body, and posts it to Slack:\n\n```\n{"message": "hello"}\n```\n\nIt has run since 2021.',
  ),
  both(
    "a sample in the answer of a whole object",
    JSON.stringify({ answer: 'It takes {"message": "hello"}.', matchQuality: QUALITY }),
    'It takes {"message": "hello"}.',
    RATED,
  ),
  both(
    "a sample with a type in the answer of a whole object",
    JSON.stringify({ answer: 'Events like {"type": "none"} go to SQS.', matchQuality: QUALITY }),
    'Events like {"type": "none"} go to SQS.',
    RATED,
  ),
  both(
    "prose with a sample, and the judgement after it",
    `She built it; it takes {"message": "hello"} and posts it.\n\n${JUDGED}`,
    'She built it; it takes {"message": "hello"} and posts it.',
    RATED,
  ),
  both(
    "prose with a sample, and the judgement in a fence",
    `It takes {"text": "x"} and answers.\n\n\`\`\`json\n${JUDGED}\n\`\`\``,
    'It takes {"text": "x"} and answers.',
    RATED,
  ),
  both(
    "an object after prose about one",
    `Her API takes {"message": "x"} as its body. Here is the JSON:\n${JSON_TEXT}`,
    ANSWER,
    RATED,
  ),

  // Quotes within the answer that the model forgot to escape.
  quoted('Her talk was called "Queues without tears".'),
  quoted('She said "yes", "no" and "maybe" to that.'),
  quoted('"Docker" is in the CV, "Kubernetes" is not.'),
  quoted('The CV says "five years of Go", and then "some Rust"; it is clear.'),
  quoted('Titles: "Lead", "Staff", "Principal"'),
  quoted('She wrote "Go in Practice" (2020), "Rust by Night" (2022) and more.'),
  quoted('The word "notice": three months.'),
  quoted('Use "type": "full" in the request, as she wrote in the guide.'),
  quoted('She called it "the {thing}" and moved on.'),
  quoted('He asked "why?" and she said: "because".'),
  quoted("It's \"fine\", she'd say."),
  quoted('6" pipes and 19" racks: she has built both.'),
  both(
    "unescaped quotes in single quotes",
    "{'answer': 'It's in the CV: she's led a team.', 'matchQuality': {'type': 'full', 'coverage': 100}}",
    "It's in the CV: she's led a team.",
    { matchType: "full", matchScore: 100 },
  ),
  both(
    "unescaped quotes in the reasoning",
    '{"answer": "Yes.", "matchQuality": {"type": "full", "coverage": 100, "reasoning": "the CV says "Go", twice", "matchedSkills": ["Go"]}}',
    "Yes.",
    { matchType: "full", reasoning: 'the CV says "Go", twice' },
  ),
  both(
    "unescaped quotes, cut off in the judgement",
    '{"answer": "She said "yes" to that.", "matchQuality": {"type": "full", "cover',
    'She said "yes" to that.',
    { matchType: "full" },
  ),
  text(
    "unescaped quotes, cut off in the answer",
    '{"answer": "She said "yes" to that, and then',
    'She said "yes" to that, and then',
  ),
  both(
    "unescaped quotes in a fence with prose",
    'Sure!\n```json\n{\n  "answer": "Her "big" project.",\n  "matchQuality": {"type": "partial"}\n}\n```\nDone.',
    'Her "big" project.',
    PARTIAL,
  ),
  both(
    "raw line breaks and tabs in the answer",
    '{"answer": "One:\n\t- Go\n\t- Rust", "matchQuality": {"type": "full"}}',
    "One:\n\t- Go\n\t- Rust",
    { matchType: "full" },
  ),
  both(
    "curly quotes for the JSON, straight ones within",
    '{“answer”: “She said "yes".”, “matchQuality”: {“type”: “full”}}',
    'She said "yes".',
    { matchType: "full" },
  ),
  both(
    "an apostrophe that was escaped",
    `{"answer": "It\\'s there.", "matchQuality": {"type": "full"}}`,
    "It's there.",
    { matchType: "full" },
  ),
  both(
    "a path with single backslashes",
    '{"answer": "In C:\\\\logs\\\\app.", "matchQuality": {"type": "full"}}',
    "In C:\\logs\\app.",
    { matchType: "full" },
  ),

  // Thoughts, by whatever mark.
  ...thoughts("<think>", '<think>The CV has {"Docker"}. Say so.</think>'),
  ...thoughts("<thinking>", "<thinking>\nLet me see.\n</thinking>"),
  ...thoughts("<thought>", "<thought>It asks about Docker.</thought>"),
  ...thoughts("<thoughts>", "<thoughts>It asks about Docker.</thoughts>"),
  ...thoughts("<analysis>", "<analysis>\n1. Docker: yes\n2. Kubernetes: no\n</analysis>"),
  ...thoughts("<reasoning>", "<reasoning>Docker yes.</reasoning>"),
  ...thoughts("<reflection>", "<reflection>Did I miss it? No.</reflection>"),
  ...thoughts("<scratchpad>", "<scratchpad>docker=1, k8s=0</scratchpad>"),
  ...thoughts("<inner_monologue>", "<inner_monologue>Hm.</inner_monologue>"),
  ...thoughts("<antThinking>", "<antThinking>Is it an artifact? No.</antThinking>"),
  ...thoughts("<seed:think>", "<seed:think>Docker.</seed:think>"),
  ...thoughts("◁think▷", "◁think▷用户在问 Docker。◁/think▷"),
  ...thoughts("[THINK]", "[THINK]The CV has Docker.[/THINK]"),
  ...thoughts("<|begin_of_thought|>", "<|begin_of_thought|>Docker.<|end_of_thought|>"),
  ...thoughts("Gemma's", "<unused94>thought\nThe CV has Docker.<unused95>"),
  ...thoughts(
    "channels",
    "<|channel|>analysis<|message|>User asks about Docker.<|end|><|start|>assistant<|channel|>final<|message|>",
  ),
  ...thoughts("upper case", "<THINK>Docker.</THINK>"),
  ...thoughts("with an attribute", '<think duration="2">Docker.</think>'),
  ...thoughts("two of them", "<think>One.</think>\n<think>Two.</think>"),
  ...thoughts("only the end", "The CV has Docker, so it is partial.\n</think>"),
  all("thoughts after the JSON", `${JSON_TEXT}\n<think>Was that right?</think>`),
  nothing("thoughts without an end", "<think>The CV has Docker, and so"),
  nothing("thoughts of another kind without an end", "<analysis>\nThe CV has Docker, and so"),
  nothing("thoughts without an end, ◁think▷", "◁think▷The CV has Docker"),
  nothing(
    "a channel without a final one",
    "<|channel|>analysis<|message|>The user asks about Docker.",
  ),
  all(
    "thoughts without an end, with the object in them",
    `<think>The CV has Docker.\n\n${JSON_TEXT}`,
  ),
  nothing("thoughts and nothing after them", "<think>Docker.</think>\n\n"),
  prose("She documented the <think> tag of models."),
  prose("The </think> tag closes thoughts, as her blog says."),
  both(
    "thoughts within the answer of a whole object are words",
    JSON.stringify({ answer: "She wrote about the <think> tag.", matchQuality: QUALITY }),
    "She wrote about the <think> tag.",
    RATED,
  ),
  text("thoughts in a field of Ollama's", {
    message: { role: "assistant", thinking: "Docker?", content: ANSWER },
    done: true,
  }),
  all(
    "thoughts in a field of DeepSeek's",
    chat({ role: "assistant", reasoning_content: "Docker?", content: JSON_TEXT }),
  ),

  // Errors of services.
  nothing("OpenAI's error", {
    error: {
      message: "Incorrect API key provided: sk-…",
      type: "invalid_request_error",
      code: "invalid_api_key",
    },
  }),
  nothing(
    "OpenAI's error as text",
    '{"error": {"message": "Rate limit reached for gpt-4o", "type": "requests"}}',
  ),
  nothing("a message that is an error", { message: "Incorrect API key provided." }),
  nothing(
    "a message that is an error, as text",
    '{"message": "Incorrect API key provided: abc. You can find your key at …"}',
  ),
  nothing("a message with a status", { message: "The request was refused.", status: 429 }),
  nothing("a message with a code", { code: "rate_limit_exceeded", message: "Slow down." }),
  nothing("Anthropic's error", {
    type: "error",
    error: { type: "overloaded_error", message: "Overloaded" },
  }),
  nothing("Gemini's error", {
    error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" },
  }),
  nothing("Ollama's error", { error: "model 'llama9' not found" }),
  nothing("Workers AI's error over HTTP", {
    success: false,
    errors: [{ code: 5025, message: "This model doesn't support JSON Mode" }],
    result: null,
    messages: [],
  }),
  nothing("Workers AI's error as text", "AiError: 5025: This model doesn't support JSON Schema."),
  nothing("Workers AI's error without a name", "5025: This model doesn't support JSON Mode"),
  nothing("vLLM's error", {
    object: "error",
    message: "This model's maximum context length is 4096 tokens.",
    type: "BadRequestError",
    code: 400,
  }),
  nothing("FastAPI's error", { detail: "Not authenticated" }),
  nothing("FastAPI's validation error", {
    detail: [{ loc: ["body", "messages"], msg: "field required", type: "value_error.missing" }],
  }),
  nothing("Cohere's error", { message: "invalid api token" }),
  nothing(
    "a page of a proxy",
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
  ),
  nothing(
    "a page of nginx",
    "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>…</body></html>",
  ),
  nothing(
    "a proxy's words",
    "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
  ),
  nothing("Internal Server Error", "Internal Server Error"),
  nothing("Too Many Requests", "429 Too Many Requests"),
  nothing(
    "an exception as text",
    "InferenceUpstreamError: 3040: Capacity temporarily exceeded, please try again.",
  ),
  nothing(
    "a traceback",
    'Traceback (most recent call last):\n  File "app.py", line 3\nKeyError: "answer"',
  ),
  nothing("Error: …", "Error: fetch failed"),
  nothing("an error that quotes an object", 'Error: {"text": "the api key sk-1", "type": "error"}'),
  nothing(
    "an error that quotes an answer",
    'AiError: 5025: refused {"answer": "the api key sk-1", "seed": 1}',
  ),
  nothing("an error that announces an answer", 'Error:\n{"answer": "the api key sk-1"}'),
  nothing(
    "nginx's page",
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1>\r\n</body></html>",
  ),
  nothing(
    "a quota",
    "You exceeded your current quota, please check your plan and billing details.",
  ),
  nothing("an error in the answer", { answer: "Error: 401: Incorrect API key provided" }),
  nothing("an error in the text of a result", { response: "Internal Server Error" }),
  {
    shows: "prose like an error, with its rating after it",
    output:
      'Missing token: the CV does not mention it.\n\n```json\n{"matchQuality": {"type": "none"}}\n```',
    answer: "Missing token: the CV does not mention it.",
    match: { matchType: "none" },
  },
  prose("Error handling in Go is what she teaches."),
  prose("401 pages of documentation: she wrote them."),
  prose("She mends errors such as 502 Bad Gateway for a living."),
  prose("The API key rotation was her project."),
  nothing("a message and nothing else, as gateways answer", { message: "Yes: she knows Docker." }),
  text(
    "a message that is an answer, as text",
    '{"message": "Yes: she knows Docker."}',
    "Yes: she knows Docker.",
  ),

  // Results of services and libraries, whole.
  all("Ollama's generate", { model: "m", response: JSON_TEXT, done: true, context: [1, 2] }),
  all("Ollama's chat with a tool", {
    message: {
      role: "assistant",
      content: "",
      tool_calls: [{ function: { name: "a", arguments: OBJECT } }],
    },
    done: true,
  }),
  all("LangChain's message, serialised", {
    lc: 1,
    type: "constructor",
    id: ["langchain_core", "messages", "AIMessage"],
    kwargs: { content: JSON_TEXT, tool_calls: [] },
  }),
  all("LangChain's message in parts", {
    content: [{ type: "text", text: JSON_TEXT }],
    response_metadata: {},
  }),
  all("LangChain's structured output with the raw message", {
    raw: { content: JSON_TEXT },
    parsed: OBJECT,
  }),
  all("LangChain's agent", {
    messages: [
      { type: "human", content: "Docker?" },
      { type: "ai", content: JSON_TEXT },
    ],
  }),
  all("LangChain's chain", { input: "Docker?", output: JSON_TEXT }),
  all("LangChain's retrieval chain", {
    input: "Docker?",
    context: [{ pageContent: "…" }],
    answer: JSON_TEXT,
  }),
  all("LangChain's generations", { generations: [[{ text: JSON_TEXT }]], llmOutput: {} }),
  all("the AI SDK's output", { output: OBJECT, text: JSON_TEXT, finishReason: "stop" }),
  all(
    "the AI SDK's class, whose text is a getter",
    new (class {
      get text() {
        return JSON_TEXT;
      }
      finishReason = "stop";
    })(),
  ),
  all("Anthropic's tool", {
    type: "message",
    role: "assistant",
    content: [{ type: "tool_use", id: "t", name: "answer", input: OBJECT }],
    stop_reason: "tool_use",
  }),
  all("Anthropic's text in two blocks", {
    type: "message",
    role: "assistant",
    content: [
      { type: "text", text: JSON_TEXT.slice(0, 30) },
      { type: "text", text: JSON_TEXT.slice(30) },
    ],
  }),
  all(
    "Gemini's SDK, whose text is a getter",
    new (class {
      candidates = [{ content: { parts: [{ text: JSON_TEXT }] } }];
      get text() {
        return JSON_TEXT;
      }
    })(),
  ),
  all("Gemini's older SDK", {
    response: { candidates: [{ content: { parts: [{ text: JSON_TEXT }] } }] },
  }),
  all("Gemini's function", {
    candidates: [{ content: { parts: [{ functionCall: { name: "answer", args: OBJECT } }] } }],
  }),
  all("OpenAI's parsed message", chat({ role: "assistant", content: JSON_TEXT, parsed: OBJECT })),
  all(
    "OpenAI's message in parts",
    chat({ role: "assistant", content: [{ type: "text", text: JSON_TEXT }] }),
  ),
  text(
    "OpenAI's refusal",
    chat({ role: "assistant", content: null, refusal: "I can't help with that." }),
    "I can't help with that.",
  ),
  all("the Responses API's SDK", {
    output_text: JSON_TEXT,
    output: [{ type: "message", content: [{ type: "output_text", text: JSON_TEXT }] }],
  }),
  all("the Responses API's parsed output", { output_parsed: OBJECT, output: [] }),
  all("the Responses API's function", {
    output: [
      { type: "reasoning", summary: [] },
      { type: "function_call", name: "a", arguments: JSON_TEXT },
    ],
  }),
  all("Workers AI over HTTP", {
    success: true,
    errors: [],
    messages: [],
    result: { response: OBJECT },
  }),
  all("Workers AI's newer models", {
    id: "x",
    object: "chat.completion",
    choices: [{ message: { content: JSON_TEXT, reasoning_content: "…" } }],
  }),
  all("Workers AI's tool", { response: null, tool_calls: [{ name: "answer", arguments: OBJECT }] }),
  all("Cohere's chat", {
    id: "c",
    message: { role: "assistant", content: [{ type: "text", text: JSON_TEXT }] },
    finish_reason: "COMPLETE",
  }),
  all("Bedrock's Converse", {
    output: { message: { role: "assistant", content: [{ text: JSON_TEXT }] } },
    stopReason: "end_turn",
  }),
  all("Hugging Face", [{ generated_text: JSON_TEXT }]),
  all("Replicate's pieces", {
    status: "succeeded",
    error: null,
    output: [JSON_TEXT.slice(0, 9), JSON_TEXT.slice(9)],
  }),
  all("llama.cpp", { content: JSON_TEXT, stop: true, tokens_predicted: 5 }),
  all(
    "the body of a chat completion as text",
    JSON.stringify(chat({ role: "assistant", content: JSON_TEXT })),
  ),
  all(
    "the body of Ollama as text",
    JSON.stringify({ message: { role: "assistant", content: JSON_TEXT }, done: true }),
  ),
  text("prose of Anthropic", {
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: ANSWER }],
  }),
  text("prose of Gemini", { candidates: [{ content: { parts: [{ text: ANSWER }] } }] }),
  text("prose of the AI SDK", { text: ANSWER, finishReason: "stop" }),
  text("prose of Ollama", { message: { role: "assistant", content: ANSWER }, done: true }),
  nothing("Gemini blocked", { promptFeedback: { blockReason: "SAFETY" } }),
  nothing("Gemini without parts", {
    candidates: [{ finishReason: "MAX_TOKENS", content: { role: "model" } }],
  }),
  nothing("an empty chat completion", chat({ role: "assistant", content: "" })),
  nothing("Anthropic's empty message", { type: "message", role: "assistant", content: [] }),
  nothing(
    "a tool that is not ours",
    chat({
      content: null,
      tool_calls: [{ function: { name: "weather", arguments: '{"city":"Rome"}' } }],
    }),
  ),

  // Forms without JSON.
  both("labels", `Answer: ${ANSWER}\nMatch type: partial\nCoverage: 60%`, ANSWER, {
    matchType: "partial",
    matchScore: 60,
  }),
  both(
    "labels in bold",
    `**Answer:** ${ANSWER}\n\n**Match Type:** partial\n**Coverage:** 60\n**Confidence:** 0.9`,
    ANSWER,
    RATED,
  ),
  both(
    "labels in a list below prose",
    `${ANSWER}\n\n- Match quality: partial\n- Coverage: 60\n- Missing skills: Kubernetes`,
    ANSWER,
    { matchType: "partial", matchScore: 60, missingSkills: ["Kubernetes"] },
  ),
  both(
    "YAML",
    `answer: ${ANSWER}\nmatchQuality:\n  type: partial\n  coverage: 60\n  matchedSkills:\n    - Docker`,
    ANSWER,
    { matchType: "partial", matchScore: 60, matchedSkills: ["Docker"] },
  ),
  both(
    "tags",
    `<answer>${ANSWER}</answer>\n<matchQuality><type>partial</type><coverage>60</coverage></matchQuality>`,
    ANSWER,
    { matchType: "partial", matchScore: 60 },
  ),
  text("only the tag of the answer", `<answer>${ANSWER}</answer>`),
  text("the tag of the answer without its end", `<answer>\n${ANSWER}`),
  all("JSON within a tag", `<output>\n${JSON_TEXT}\n</output>`),
  both(
    "a tag, and the judgement as JSON after it",
    `<answer>${ANSWER}</answer>\n${JUDGED}`,
    ANSWER,
    RATED,
  ),
  text("HTML", `<p>${ANSWER}</p>`),
  both(
    "HTML in the answer",
    JSON.stringify({ answer: `<p>${ANSWER}</p>`, matchQuality: QUALITY }),
    ANSWER,
    RATED,
  ),
  both("prose and a word of the match", `${ANSWER}\n\nMatch: partial (60%)`, ANSWER, {
    matchType: "partial",
    matchScore: 60,
  }),
  text("a final answer, as agents write", `Final Answer: ${ANSWER}`),
  text("the end of a turn", `${ANSWER}<|im_end|>`),
  text("the end of a text", `${ANSWER}</s>`),
  text("Gemma's turns", `<start_of_turn>model\n${ANSWER}<end_of_turn>`),
  text("Llama 2's marks", `[/INST] ${ANSWER}`),
  all(
    "Llama 3's header",
    `<|start_header_id|>assistant<|end_header_id|>\n\n${JSON_TEXT}<|eot_id|>`,
  ),
  text("DeepSeek's mark", `${ANSWER}<｜end▁of▁sentence｜>`),

  // The object in disguise.
  all("a fence in a fence", `\`\`\`\n\`\`\`json\n${JSON_TEXT}\n\`\`\`\n\`\`\``),
  all("a byte order mark", `\ufeff${JSON_TEXT}`),
  all("blanks without a break", JSON_TEXT.replace("{", "{\u00a0")),
  all("a text of a text of JSON", JSON.stringify(JSON.stringify(JSON_TEXT))),
  all("JSON whose quotes are all escaped", JSON_TEXT.replaceAll('"', '\\"')),
  all(
    "Python's dictionary",
    `{'answer': '${ANSWER}', 'matchQuality': {'type': 'partial', 'coverage': 60, 'confidence': 0.9, 'extra': None, 'ok': True}}`,
  ),
  all("an assignment", `const result = ${JSON_TEXT};`),
  all(
    "a call of a tool in tags",
    `<tool_call>\n{"name": "answer", "arguments": ${JSON_TEXT}}\n</tool_call>`,
  ),
  all("a call of a tool in words", `[answer(${JSON_TEXT})]`),
  all(
    "the schema, filled in",
    JSON.stringify({ type: "object", properties: OBJECT, required: ["answer"] }),
  ),
  all("the judgement before the answer", JSON.stringify({ matchQuality: QUALITY, answer: ANSWER })),
  all(
    "the example of the prompt, and then the answer",
    `{"answer": "…", "matchQuality": {"type": "none"}}\n${JSON_TEXT}`,
  ),
  all("two objects", `${JSON.stringify({ answer: ANSWER })}\n${JUDGED}`),
  all(
    "keys in capitals",
    JSON_TEXT.replace("answer", "Answer").replace("matchQuality", "MatchQuality"),
  ),
  all(
    "a talk that goes on",
    `${JSON_TEXT}\n\nUser: And Go?\nAssistant: {"answer": "No", "matchQuality": {"type": "none"}}`,
  ),
  all("missing quotes round names", JSON_TEXT.replace(/"(\w+)":/g, "$1:")),
  all("missing last braces", JSON_TEXT.slice(0, -2)),
  all("an extra brace", `${JSON_TEXT}}`),
  all("a missing comma", JSON_TEXT.replace(',"matchQuality"', '\n"matchQuality"')),
  all("an ellipsis in the JSON", JSON_TEXT.replace('["Docker"]', '["Docker", ...]')),
  both(
    "the type in capitals",
    JSON.stringify({ ...OBJECT, matchQuality: { ...QUALITY, type: "PARTIAL" } }),
    ANSWER,
    RATED,
  ),
  both(
    "the choice written down instead of made",
    JSON.stringify({ ...OBJECT, matchQuality: { ...QUALITY, type: "full|partial|none" } }),
    ANSWER,
    undefined,
  ),
  both(
    "a coverage of 4/5",
    JSON.stringify({ ...OBJECT, matchQuality: { type: "partial", coverage: "4/5" } }),
    ANSWER,
    { matchType: "partial", matchScore: 80 },
  ),
  both(
    "sure of none",
    JSON.stringify({ answer: "No.", matchQuality: { type: "none", confidence: 0.95 } }),
    "No.",
    { matchType: "none", matchScore: undefined, confidence: 0.95 },
  ),
  both(
    "a coverage that is how sure it is",
    JSON.stringify({ answer: "No.", matchQuality: { type: "none", coverage: 95 } }),
    "No.",
    { matchType: "none", matchScore: undefined },
  ),
  nothing("only the judgement", JUDGED),
  nothing(
    "the example of the prompt and nothing else",
    '{"answer": "…", "matchQuality": {"type": "partial", "coverage": 70}}',
  ),
  nothing("the schema", {
    type: "object",
    properties: { answer: { type: "string" } },
    required: ["answer"],
  }),
  nothing("no words", "…"),
  nothing("a null answer", { answer: null, matchQuality: QUALITY }),
  text("cut off in the answer", '{"answer": "Yes: she ran', "Yes: she ran"),
  nothing("cut off before the answer", '{"answ'),
  nothing(
    "cut off in a judgement that came first",
    '{"matchQuality": {"type": "partial", "reasoning": "has Dock',
  ),
  ...([...SECOND_BATCH, ...THIRD_BATCH, ...FOURTH_BATCH, ...FIFTH_BATCH].map(
    ([shows, output, answer, type, score]) => ({
      shows,
      output,
      answer,
      match: type && { matchType: type, ...(score !== undefined && { matchScore: score }) },
    }),
  ) as Row[]),
];

/** The texts that show something else as a stream than as a whole, by what they show. */
export const STREAM_MISSES: string[] = [
  // The prose before it has left already.
  "an object after prose about one",
  "prose para then whole object",
  "okay thinking para w/o tags",
  // A text that is itself events: a stream's events come as bytes.
  "whole sse text workers ai",
  // Nothing told that they were thoughts: `beginsInThoughts` does.
  "thoughts before JSON: only the end",
  "thoughts before prose: only the end",
  ...FOURTH_STREAM_MISSES,
];
