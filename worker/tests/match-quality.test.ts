/** What small models really return, and what the visitor and the event get of it. */

import { expect, test } from "vitest";
import {
  MATCH_QUALITY_PROMPT,
  matchFromSimilarity,
  matchQualityPrompt,
  matchQualitySchema,
  openAiResponseFormat,
  parseMatchQuality,
  workersAiResponseFormat,
} from "../src/match-quality.ts";
import { TOPICS } from "../src/topics.ts";

const topicTable = Object.values(
  import.meta.glob<string>("../../crates/cv-analytics-insights/data/topics.txt", {
    eager: true,
    import: "default",
    query: "?raw",
  }),
).join();

const ANSWER = "Yes: I ran Docker in production, but no Kubernetes yet.";

const MODEL = {
  answer: ANSWER,
  matchQuality: {
    type: "partial",
    coverage: 70,
    confidence: 0.9,
    reasoning: "has Docker, lacks Kubernetes",
    matchedSkills: ["Docker"],
    missingSkills: ["Kubernetes"],
  },
};

const MATCH = {
  matchType: "partial",
  matchScore: 70,
  confidence: 0.9,
  reasoning: "has Docker, lacks Kubernetes",
  matchedSkills: ["Docker"],
  missingSkills: ["Kubernetes"],
};

const JSON_TEXT = JSON.stringify(MODEL);
const JUDGED = JSON.stringify({ matchQuality: MODEL.matchQuality });
const PRETTY = JSON.stringify(MODEL, null, 2);

test("what was asked for is read as it is", () => {
  expect(parseMatchQuality(JSON_TEXT)).toEqual({
    answer: ANSWER,
    match: { ...MATCH, metadata: { matchSource: "model" } },
    outcome: "answered",
    tolerated: [],
  });
});

test.each<[string, unknown, string[]]>([
  ["white space", `\n ${PRETTY}\n`, []],
  ["a code fence", `\`\`\`json\n${PRETTY}\n\`\`\``, ["around"]],
  ["a fence without its end", `\`\`\`json\n${PRETTY}`, ["around"]],
  ["an announcement", `Sure! Here is the JSON you asked for:\n\n${PRETTY}`, ["around"]],
  ["prose after it", `${PRETTY}\n\nLet me know if you need more.`, ["around"]],
  ["braces in the prose", `As {asked} in the prompt:\n${PRETTY}`, ["around"]],
  ["thoughts", `<think>The CV has {"Docker"}.</think>\n${JSON_TEXT}`, ["thoughts"]],
  ["thoughts without a beginning", `The CV has Docker.\n</think>${JSON_TEXT}`, ["thoughts"]],
  ["trailing commas", JSON_TEXT.replaceAll("]", ",]").replaceAll("}", ",}"), ["repaired"]],
  ["single quotes", JSON_TEXT.replaceAll('"', "'"), ["repaired"]],
  ["curly quotes", JSON_TEXT.replaceAll('"', "”"), ["repaired"]],
  ["names without quotes", JSON_TEXT.replace(/"(\w+)":/g, "$1:"), ["repaired"]],
  ["a comment", PRETTY.replace("{", "{ // the answer"), ["repaired"]],
  ["a missing comma", PRETTY.replace(",\n", "\n"), ["repaired"]],
  ["the last brace missing", PRETTY.slice(0, -1), ["cut_off"]],
  ["text of JSON", JSON.stringify(JSON_TEXT), ["nested"]],
  ["a list", `[${JSON_TEXT}]`, ["nested"]],
  ["the object within the answer", JSON.stringify({ ...MODEL, answer: JSON_TEXT }), ["nested"]],
  ["names with underlines", JSON_TEXT.replace("matchQuality", "match_quality"), ["names"]],
  ["another name of the answer", JSON_TEXT.replace('"answer"', '"response"'), ["names"]],
  ["all fields in one object", { answer: ANSWER, ...MODEL.matchQuality }, ["names"]],
  ["an object, as Workers AI gives in JSON mode", MODEL, []],
  ["the result of Workers AI", { response: MODEL, usage: { total_tokens: 1 } }, []],
  ["the result of Workers AI as text", { response: JSON_TEXT }, []],
  ["Workers AI over HTTP", { success: true, result: { response: JSON_TEXT } }, []],
  ["a chat completion", { choices: [{ message: { role: "assistant", content: JSON_TEXT } }] }, []],
  ["an old completion", { choices: [{ text: JSON_TEXT }] }, []],
  [
    "the Responses API, with thoughts of their own",
    {
      output: [
        { type: "reasoning", content: [{ type: "reasoning_text", text: "{hm}" }] },
        { type: "message", content: [{ type: "output_text", text: JSON_TEXT }] },
      ],
    },
    [],
  ],
  ["two objects", `${JSON.stringify({ answer: ANSWER })}\n${JUDGED}`, ["nested"]],
  ["two objects with a comma", `${JSON.stringify({ answer: ANSWER })}, ${JUDGED}`, ["nested"]],
  [
    "a talk that the model goes on with",
    `${JSON_TEXT}\nUser: And Go?\n{"answer":"No"}`,
    ["around"],
  ],
  ["a call of a tool", JSON.stringify({ name: "match_quality", parameters: MODEL }), ["nested"]],
  ["the name of the schema round it", JSON.stringify({ match_quality: MODEL }), ["nested"]],
  ["the schema, filled in", JSON.stringify({ type: "object", properties: MODEL }), ["nested"]],
  [
    "the answer in sentences",
    JSON.stringify({ ...MODEL, answer: ANSWER.split(/(?<=,) /) }),
    ["nested"],
  ],
  ["the answer in an object", { ...MODEL, answer: { answer: ANSWER } }, ["nested"]],
  ["no braces round it", JSON_TEXT.slice(1, -1), ["cut_off"]],
  [
    "a tool that was called with it",
    {
      choices: [
        {
          message: {
            content: null,
            tool_calls: [
              { id: "1", type: "function", function: { name: "answer", arguments: JSON_TEXT } },
            ],
          },
        },
      ],
    },
    [],
  ],
  [
    "the one function that was called with it",
    {
      choices: [
        { message: { content: null, function_call: { name: "answer", arguments: JSON_TEXT } } },
      ],
    },
    [],
  ],
  [
    "a tool that Workers AI called with it",
    { response: null, tool_calls: [{ name: "answer", arguments: MODEL }] },
    [],
  ],
  [
    "a tool of the Responses API",
    { output: [{ type: "reasoning" }, { type: "function_call", arguments: JSON_TEXT }] },
    [],
  ],
  [
    "one in parts",
    { choices: [{ message: { content: [{ type: "text", text: JSON_TEXT }] } }] },
    [],
  ],
])("%s is tolerated", (_what, output, tolerated) => {
  const read = parseMatchQuality(output);
  expect(read.answer).toBe(ANSWER);
  expect(read.match).toMatchObject(MATCH);
  expect(read.tolerated).toEqual(tolerated);
  expect(read.match?.metadata.tolerated ?? []).toEqual(tolerated);
});

const withQuality = (fields: object) =>
  parseMatchQuality({ answer: ANSWER, matchQuality: { ...MODEL.matchQuality, ...fields } });

test.each<[unknown, string | undefined]>([
  ["Full", "full"],
  ["exact", "full"],
  ["complete match", "full"],
  ["yes", "full"],
  [true, "full"],
  ["high", "full"],
  ["somewhat", "partial"],
  ["PARTIAL_MATCH", "partial"],
  ["partially", "partial"],
  ["not a full match", "partial"],
  ["limited", "partial"],
  ["no", "none"],
  ["missing", "none"],
  ["no match", "none"],
  ["NONE", "none"],
  [false, "none"],
  ["full|partial|none", undefined],
  ["blue", undefined],
  [7, undefined],
])("the type %j is %j", (type, matchType) => {
  const { answer, match } = withQuality({ type });
  expect(answer).toBe(ANSWER);
  expect(match?.matchType).toBe(matchType);
});

test.each<[unknown, number | undefined]>([
  [80, 80],
  [0.8, 80],
  [85, 85],
  ["85%", 85],
  ["85 %", 85],
  ["85 percent", 85],
  ["80", 80],
  ["0.8", 80],
  ["0,8", 80],
  [".8", 80],
  ["about 0.8", 80],
  ["4/5", 80],
  ["8/10", 80],
  ["8 out of 10", 80],
  ["80/100", 80],
  ["80 out of 100", 80],
  ["10 out of 100", 10],
  ["1%", 1],
  [1, 1],
  [0, 0],
  [0.29, 29],
  ["high", undefined],
  [-1, undefined],
  ["-5", undefined],
  [140, undefined],
  ["1/0", undefined],
  [null, undefined],
])("the coverage %j is the score %j", (coverage, matchScore) => {
  expect(withQuality({ coverage }).match?.matchScore).toBe(matchScore);
});

test.each<[string, number, number | undefined]>([
  ["full", 1, 100],
  ["none", 0, 0],
  ["none", 95, undefined],
  ["full", 0, undefined],
])("of a %s match the coverage %j is the score %j", (type, coverage, matchScore) => {
  expect(withQuality({ type, coverage }).match).toMatchObject({ matchType: type });
  expect(withQuality({ type, coverage }).match?.matchScore).toBe(matchScore);
});

test.each<[unknown, number | undefined]>([
  [0.8, 0.8],
  [1, 1],
  [0, 0],
  [85, 0.85],
  ["85%", 0.85],
  ["4/5", 0.8],
  ["0.8", 0.8],
  ["high", undefined],
  [-1, undefined],
  [140, undefined],
])("the confidence %j is kept as %j, and is never a score", (confidence, expected) => {
  const { match } = withQuality({ confidence, coverage: undefined });
  expect(match?.confidence).toBe(expected);
  expect(match).not.toHaveProperty("matchScore");
});

test.each<[unknown, unknown, string | undefined]>([
  ["notice period", "", "notice period"],
  ["Notice_Period", undefined, "notice period"],
  ["prompt injection and abuse", "", "prompt injection and abuse"],
  ["other", "team size", "team size"],
  ["other", "Notice period", "notice period"],
  ["other", "", "other"],
  ["other", "…", "other"],
  ["other", "how large the team was that she led", "other"],
  ["other", 7, "other"],
  ["team size", undefined, "team size"],
  ["a long sentence about what was asked", undefined, undefined],
  ["", "team size", "team size"],
  [undefined, undefined, undefined],
  [["salary"], undefined, undefined],
])("the topic %j with the phrase %j is %j", (topic, topicPhrase, expected) => {
  expect(withQuality({ topic, topicPhrase }).match?.topic).toBe(expected);
});

test("the topics are those of the report's built-in table", () => {
  const [, table = ""] = /^\[topics\]$([\s\S]*?)^\[spoken languages\]$/m.exec(topicTable) ?? [];
  const names = table.split("\n").filter((line) => line.includes(": "));
  expect(names.length).toBeGreaterThan(40);
  expect(TOPICS).toEqual(names.map((line) => line.split(": ")[0]?.replace(/^\((.*)\)$/, "$1")));
});

test.each<[unknown, string[]]>([
  ["Docker, Go; Rust", ["Docker", "Go", "Rust"]],
  [
    [{ name: "Docker" }, { skill: "Go" }],
    ["Docker", "Go"],
  ],
  [["Docker", " Docker ", "", "none", "N/A", 7, null], ["Docker"]],
  ["none", []],
  [null, []],
])("the skills %j are %j", (matchedSkills, expected) => {
  expect(withQuality({ matchedSkills }).match?.matchedSkills).toEqual(expected);
});

test("prose is the answer, and says nothing of the match", () => {
  for (const prose of [
    ANSWER,
    `${ANSWER}\n\nIn Rust: \`let a = {};\``,
    "Use `docker run` {that is all}.",
    "42",
  ]) {
    expect(parseMatchQuality(prose)).toEqual({
      answer: prose,
      outcome: "answered",
      tolerated: ["prose"],
    });
  }
});

test("prose with the judgement after it is both", () => {
  const judged = JSON.stringify({ matchQuality: MODEL.matchQuality });
  const read = parseMatchQuality(`${ANSWER}\n\n\`\`\`json\n${judged}\n\`\`\``);
  expect(read.answer).toBe(ANSWER);
  expect(read.match).toMatchObject(MATCH);
});

test.each([
  `Answer: ${ANSWER}\nMatch quality: partial (0.7)`,
  `**Answer:** ${ANSWER}\n\n**matchQuality:** {"type": "partial"}`,
  `"answer": "${ANSWER}"`,
  `"answer": "${ANSWER}", "matchQu`,
  `answer: ${ANSWER}\nmatchQuality:\n  type: partial`,
  `${ANSWER}\n\n${JUDGED.slice(1, -1)}`,
])("the visitor sees only the answer of %j", (output) => {
  expect(parseMatchQuality(output).answer).toBe(ANSWER);
});

test.each([
  'She designed the API: it takes {"type": "query", "id": 1} and answers {"response": "ok"}. Ask me more.',
  'She designed events like {"type":"none"} for SQS, and wrote the consumer.',
  "The </think> tag closes thoughts.",
  "She documented the <think> tag of models.",
])("a whole object's answer is shown as it is: %s", (answer) => {
  for (const output of [{ ...MODEL, answer }, JSON.stringify({ ...MODEL, answer })]) {
    const read = parseMatchQuality(output);
    expect(read).toMatchObject({ answer, match: MATCH, tolerated: [] });
  }
});

test.each([
  [
    "the prompt's example said after it",
    `{"answer": "…", "matchQuality": {"type": "partial", "confidence": 0.7}}`,
  ],
  [
    "the same in a fence",
    '```json\n{"answer": "…", "matchQuality": {"type": "none"}}\n```\nNow mine:',
  ],
  ["an empty draft", `{"answer": "", "matchQuality": {"type": "none"}}`],
])("the answer after %s is found", (_what, before) => {
  const read = parseMatchQuality(`${before}\n\n${JSON_TEXT}`);
  expect(read).toMatchObject({ answer: ANSWER, match: MATCH });
});

test("an answer may hold code", () => {
  const answer = 'Like so: {"a": 1}\n```js\nlet b = [];\n```';
  expect(parseMatchQuality({ ...MODEL, answer }).answer).toBe(answer);
});

test.each([
  undefined,
  null,
  "",
  " ",
  7,
  {},
  [],
  "{}",
  "[]",
  "```json\n```",
  '{"matchQuality": {"type": "full"}}',
  { answer: "", matchQuality: MODEL.matchQuality },
  { choices: [] },
  {
    choices: [
      { message: { content: null, tool_calls: [{ function: { arguments: '{"city":"Rome"}' } }] } },
    ],
  },
  { response: "", tool_calls: [] },
  { response: null, tool_calls: [null] },
  "<think>I never came to an end",
  JSON_TEXT.replace(ANSWER, "…"),
  JSON_TEXT.replace(ANSWER, "..."),
  JSON_TEXT.replace(ANSWER, "<what the visitor reads>"),
  "undefined",
  "```",
  { type: "object", properties: { answer: { type: "string" } } },
])("without an answer (%j) the visitor is shown the fallback", (output) => {
  const read = parseMatchQuality(output, "Ask again.");
  expect(read).toMatchObject({ answer: "Ask again.", outcome: "ai_error" });
  expect(read.tolerated).toContain("no_answer");
  expect(read).not.toHaveProperty("match");
});

const DEBRIS = /[{}[\]]|matchQuality|confidence|missingSkills|"answer|```/;

test.each([
  ["JSON", PRETTY],
  ["JSON in a fence", `\`\`\`json\n${PRETTY}\n\`\`\``],
  ["JSON in single quotes", JSON_TEXT.replaceAll('"', "'")],
  ["announced JSON", `Here is the JSON:\n${JSON_TEXT}`],
])("%s, cut off anywhere, never shows debris and always an answer", (_what, text) => {
  for (let length = 0; length <= text.length; length++) {
    const { answer } = parseMatchQuality(text.slice(0, length), "Ask again.");
    expect(answer, text.slice(0, length)).not.toBe("");
    expect(answer, text.slice(0, length)).not.toMatch(DEBRIS);
  }
});

test("once the answer is whole, cutting off the rest does not change it", () => {
  const end = JSON_TEXT.indexOf(ANSWER) + ANSWER.length + 1;
  for (let length = end; length <= JSON_TEXT.length; length++) {
    expect(parseMatchQuality(JSON_TEXT.slice(0, length)).answer).toBe(ANSWER);
  }
});

test("quotes that are not escaped anywhere in the answer leave it and its match whole", () => {
  const words =
    "She built the Docker platform, and led a team: six (two remote). It's in the CV; Go, Rust too".split(
      " ",
    );
  // The same numbers in each run.
  let state = 7;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  for (let run = 0; run < 500; run++) {
    const said = Array.from(
      { length: 4 + random(20) },
      () => words[random(words.length)] as string,
    );
    for (let quotes = random(3); quotes >= 0; quotes--) {
      const first = random(said.length);
      const last = Math.min(said.length - 1, first + random(2));
      said[first] = `"${said[first]}`;
      said[last] = `${said[last]}"`;
    }
    const answer = said.join(" ");
    const [line, indent] = run % 2 ? ["\n", "  "] : ["", ""];
    const output = `{${line}${indent}"answer": "${answer}",${line}${indent}"matchQuality": {"type": "partial", "coverage": 60, "reasoning": "has "Docker", no more"}${line}}`;
    const read = parseMatchQuality(run % 3 ? output : `\`\`\`json\n${output}\n\`\`\``);
    expect(read.answer).toBe(answer);
    expect(read.match).toMatchObject({ matchType: "partial", matchScore: 60 });
  }
});

test("hostile output neither throws nor reaches the visitor", () => {
  for (const output of [
    "{".repeat(1_000_000),
    "[".repeat(1_000_000),
    '{"answer":'.repeat(100_000),
    `{"a${"\\".repeat(500_000)}`,
    "<think>".repeat(200_000),
    "{a:".repeat(300_000),
    new Proxy({}, { get: () => undefined }),
  ]) {
    expect(parseMatchQuality(output).answer).not.toMatch(/[{[]/);
  }
});

test("blanks, braces and quotes without end do not take the processor's time", () => {
  // Each took from seconds to minutes by expressions and repairs that are not linear. A test that
  // runs into its limit fails.
  for (const text of [
    `like so: {${" ".repeat(30_000)}!`,
    `like so: {${"\\n".repeat(15_000)}!`,
    `x"${'\\\\"'.repeat(10_000)}`,
    "'_1".repeat(10_000),
    "{x".repeat(10_000),
  ]) {
    parseMatchQuality(`{"answer":"${text}`);
    parseMatchQuality(`{"answer":"x"${text}]`);
    parseMatchQuality({ answer: text });
    parseMatchQuality({ ...MODEL, answer: text, matchQuality: { type: text, confidence: text } });
  }
});

test("an output that cannot be looked at is none", () => {
  const output = {
    get response() {
      throw new Error("not mine");
    },
  };
  expect(parseMatchQuality(output, "Ask again.").answer).toBe("Ask again.");
});

test("a broken fallback does not reach the visitor", () => {
  expect(parseMatchQuality("", null as never).answer).toMatch(/\w/);
});

test("the schema is what strict structured output takes, with and without reasoning", () => {
  for (const reasoning of [true, false]) {
    const schema = JSON.parse(JSON.stringify(matchQualitySchema({ reasoning })));
    const quality = schema.properties.matchQuality;
    expect(Object.keys(schema.properties)).toEqual(["answer", "matchQuality"]);
    for (const object of [schema, quality]) {
      expect(object.additionalProperties).toBe(false);
      expect(object.required).toEqual(Object.keys(object.properties));
    }
    expect("reasoning" in quality.properties).toBe(reasoning);
    expect(matchQualityPrompt({ reasoning }).includes("reasoning")).toBe(reasoning);
  }
  expect(matchQualityPrompt()).toBe(MATCH_QUALITY_PROMPT);
});

test("both response formats hold the schema", () => {
  const schema = matchQualitySchema({ reasoning: false });
  expect(workersAiResponseFormat({ reasoning: false })).toEqual({
    type: "json_schema",
    json_schema: schema,
  });
  expect(openAiResponseFormat({ reasoning: false })).toEqual({
    type: "json_schema",
    json_schema: { name: "match_quality", strict: true, schema },
  });
});

test("the example in the prompt is what the parser reads", () => {
  const example = /^\{.*\}$/m.exec(MATCH_QUALITY_PROMPT)?.[0].replaceAll("…", "x");
  expect(parseMatchQuality(example)).toMatchObject({
    answer: "x",
    match: { matchType: "partial", matchScore: 70 },
    tolerated: [],
  });
});

test.each<[number[], string, number]>([
  [[0.31, 0.8], "full", 80],
  [[0.6], "partial", 60],
  [[0.49], "none", 49],
  [[], "none", 0],
  [[Number.NaN, -1], "none", 0],
  [[1.2], "full", 100],
])("similarities %j are a fallback: %s with %i", (scores, matchType, matchScore) => {
  expect(matchFromSimilarity(scores)).toEqual({
    matchType,
    matchScore,
    metadata: { matchSource: "similarity" },
  });
});

test("thresholds of similarity can be set", () => {
  expect(matchFromSimilarity([0.6], { full: 0.55 }).matchType).toBe("full");
  expect(matchFromSimilarity([0.6], { partial: 0.7 }).matchType).toBe("none");
});
