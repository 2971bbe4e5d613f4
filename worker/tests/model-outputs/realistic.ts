/** Outputs as models and services really give them: each of the answers in each of the forms. */

/** One output, and what is to be read in it. */
export interface Row {
  /** What the row is meant to show. */
  shows: string;
  output: unknown;
  /** What the visitor reads; `undefined` for the fallback. */
  answer: string | undefined;
  /** What is reported of the match; `undefined` for none. */
  match?: Record<string, unknown> | undefined;
}

interface Said {
  answer: string;
  type: "full" | "partial" | "none";
  coverage: number;
  confidence: number;
  reasoning: string;
  matchedSkills: string[];
  missingSkills: string[];
  topic: string;
  topicPhrase: string;
}

const said = (
  answer: string,
  type: Said["type"],
  coverage: number,
  matchedSkills: string[],
  missingSkills: string[],
  topic = "technical skills",
  topicPhrase = "",
): Said => ({
  answer,
  type,
  coverage,
  confidence: 0.9,
  reasoning: `The CV covers ${coverage} of 100.`,
  matchedSkills,
  missingSkills,
  topic,
  topicPhrase,
});

/** Ordinary answers that begin as services' errors do. */
export const LIKE_ERRORS: readonly string[] = [
  "No authentication experience is listed in the CV.",
  "No authored books, but several talks.",
  "No authorization work is mentioned, only sign-in.",
  "No capacity for new projects until March; after that, yes.",
  "No available capacity is mentioned before the summer.",
  "450 - negotiable, depending on the length of the contract.",
  "450 - Negotiable, depending on the length of the contract.",
  "8080: that is the port his demo uses.",
  "3000: That many people came to his talk.",
  "404: Not Found is the title of his blog.",
  "500 internal users and 3,000 customers worked with it.",
  "HTTP 503 handling is part of his retry library.",
  "Connection reset handling is in his TCP library.",
  "Connection refused is what his health check looks for.",
  "Connection errors are retried three times by his client.",
  "Fetch failed requests are retried by his library.",
  "Fetch failed: that is the error his talk is about.",
  "Missing token: his CV does not mention it.",
  "Invalid API key detection was his first project.",
  "Incorrect authentication in a client's product was what he found there.",
  "Upstream request routing with Envoy: yes, for two years.",
  "Upstream connect failures were his on-call topic.",
  "Rate limit exceeded, his best-known article, is about API gateways.",
  "Request aborted: he wrote about AbortController under that title.",
  "Operation timed out, he says, was the hardest incident.",
  "Timeout error handling in Go is in two of his projects.",
  "Error 404 pages are something he designed.",
  "Error code tables are in his documentation.",
  "Overloaded: that is how he described the team of 2021.",
  "Your API key is never stored by the service that he built.",
  "The model is loading in his browser demo within two seconds.",
  "Model serving is unavailable in the CV's list of skills.",
  "This model doesn't support his case, as he says in his paper on MVC.",
  "The server had an error budget of 0.1% while he ran it.",
  "Context length exceeded his budget, so he wrote a summarizer.",
  "Cannot read property deeds, but he can read contracts in German.",
  "Access denied by default is how he designs permissions.",
  "You have exceeded what he can answer: ask him for the details.",
];

/** What services write in place of an answer. */
export const SERVICE_ERROR_TEXTS: readonly string[] = [
  "Internal Server Error",
  "502 Bad Gateway",
  "503 Service Temporarily Unavailable",
  "HTTP 504: Gateway Timeout",
  "Status code: 404 Not Found",
  "429 Too Many Requests",
  "Unauthorized",
  "Forbidden.",
  "Access denied",
  "Permission denied.",
  "Payment Required",
  "Not authenticated",
  "Method Not Allowed",
  "Unprocessable Entity",
  "Bad Request",
  "Request timed out.",
  "Request was aborted.",
  "Error: timeout",
  "AxiosError: Request failed with status code 401",
  "TypeError: fetch failed",
  "fetch failed",
  "Connection error.",
  "Connection refused",
  "Connection reset by peer",
  "error code: 524",
  "Error code: 401 - Incorrect API key",
  "Error: 401: Incorrect API key provided",
  "401 Incorrect API key provided: sk-1. You can find your API key at https://example.com.",
  "Incorrect API key provided: sk-1.",
  "Invalid API key. Please check it.",
  "invalid x-api-key",
  "Missing token",
  "No auth credentials found",
  "You didn't provide an API key. You need to provide your API key in a header.",
  "Your credit balance is too low to access the API.",
  "Your API key has been disabled.",
  "You exceeded your current quota, please check your plan and billing details.",
  "You have exceeded your monthly quota.",
  "3036: You have used up your daily free allocation of 10,000 neurons.",
  "3040: Capacity temporarily exceeded, please try again.",
  "5025: This model doesn't support JSON Mode",
  "No capacity available.",
  "Rate limit reached for gpt-4o in organization org-1 on tokens per min.",
  "Rate limit exceeded: free-models-per-day",
  "Overloaded",
  "The model is overloaded. Please try again later.",
  "The model `gpt-9` does not exist or you do not have access to it.",
  "model 'llama9' not found, try pulling it first",
  "Model mistralai/Mistral-7B is currently loading",
  "The server is currently overloaded with other requests.",
  "The server had an error while processing your request. Sorry about that!",
  "This model's maximum context length is 4096 tokens.",
  "upstream connect error or disconnect/reset before headers. reset reason: overflow",
  "upstream request timeout",
  "Cannot read properties of undefined (reading 'choices')",
  'Traceback (most recent call last):\n  File "app.py", line 3',
  "Timeout error: the request took too long",
];

const ANSWERS: Said[] = [
  said(
    "Yes: she ran Docker in production for three years, but no Kubernetes yet.",
    "partial",
    60,
    ["Docker"],
    ["Kubernetes"],
  ),
  said("Her notice period is three months.", "full", 100, [], [], "notice period"),
  said("The CV does not say anything about COBOL.", "none", 0, [], ["COBOL"]),
  said(
    "She wrote the billing service in Go and Rust.\n\nIt handles 2.5 million messages a month.",
    "full",
    100,
    ["Go", "Rust"],
    [],
  ),
  said(
    'Her talk was called "Queues without tears", at QCon 2024.',
    "full",
    95,
    [],
    [],
    "other",
    "conference talks",
  ),
  said(
    "It's in the CV: she's led a team of six, and that's since 2019.",
    "full",
    100,
    [],
    [],
    "team and leadership",
  ),
  said(
    "Ja: Sie hat fünf Jahre mit Kubernetes gearbeitet, zuletzt bei der Größe „XL“.",
    "full",
    100,
    ["Kubernetes"],
    [],
  ),
  said("Oui, elle a déployé l’application sur AWS à l’été 2023.", "full", 90, ["AWS"], []),
  said("はい、東京で3年間Goを使っていました。", "full", 100, ["Go"], []),
  said("Her skills:\n- Go\n- PostgreSQL\n- Kafka", "full", 100, ["Go", "PostgreSQL", "Kafka"], []),
  said(
    "She knows C++, C# and F#, but not .NET MAUI.",
    "partial",
    75,
    ["C++", "C#", "F#"],
    [".NET MAUI"],
  ),
  said(
    "She expects between £85,000 and £95,000 a year.",
    "full",
    100,
    [],
    [],
    "salary expectations",
  ),
  said(
    "Yes! 🎉 She finished the migration in 2022 (two months early).",
    "full",
    100,
    [],
    [],
    "projects",
  ),
  said(
    "Partly. She has used Terraform; Pulumi isn't mentioned.",
    "partial",
    50,
    ["Terraform"],
    ["Pulumi"],
  ),
  said("I'm sorry, but the CV says nothing about that.", "none", 0, [], [], "personal questions"),
  said(
    "You can write to her through the contact page: https://example.com/contact?from=agent",
    "full",
    100,
    [],
    [],
    "contact details",
  ),
  said(
    "She uses a path such as C:\\temp\\logs for her local runs.",
    "partial",
    40,
    ["Windows"],
    ["PowerShell"],
  ),
  said(
    "**Yes**, she holds the *AWS Solutions Architect* certificate (2021).",
    "full",
    100,
    ["AWS"],
    [],
    "certifications",
  ),
  said(
    "She is based in Leeds and can travel; 50% remote is fine.",
    "full",
    100,
    [],
    [],
    "remote work",
  ),
  said("Yes.", "full", 100, ["SQL"], []),
  said(
    "No, she has never managed a budget of more than 100 000 euros, the CV says.",
    "partial",
    30,
    [],
    ["budgeting"],
  ),
  said(
    "She designed the type system of the API: each field is either full, partial or none of these.",
    "partial",
    66.5,
    ["API design"],
    ["GraphQL"],
  ),
  ...LIKE_ERRORS.map((answer) => said(answer, "partial", 50, ["HTTP"], [])),
];

const object = ({ answer, ...matchQuality }: Said) => ({ answer, matchQuality });
const json = (row: Said) => JSON.stringify(object(row));
const pretty = (row: Said) => JSON.stringify(object(row), null, 2);
const chat = (content: unknown, more: object = {}) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  model: "gpt-4o-mini",
  choices: [
    {
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content, refusal: null, ...more },
    },
  ],
  usage: { prompt_tokens: 700, completion_tokens: 90, total_tokens: 790 },
});

/** What the form leaves of the judgement. */
type Kept = "all" | "type" | "nothing";

const FORMS: [shows: string, form: (row: Said) => unknown, kept?: Kept][] = [
  [
    "an object, as Workers AI gives in JSON mode",
    (row) => ({ response: object(row), usage: { total_tokens: 9 } }),
  ],
  ["text of Workers AI, indented", (row) => ({ response: pretty(row), tool_calls: [] })],
  [
    "a code fence with an announcement",
    (row) => `Here is the JSON:\n\n\`\`\`json\n${pretty(row)}\n\`\`\``,
  ],
  [
    "thoughts of DeepSeek before a fence",
    (row) =>
      `<think>\nThe user asks about {"x"}. Is it "full"?\n</think>\n\n\`\`\`json\n${pretty(row)}\n\`\`\``,
  ],
  ["OpenAI's chat completion", (row) => chat(json(row))],
  [
    "OpenAI's Responses API, with thoughts",
    (row) => ({
      object: "response",
      status: "completed",
      error: null,
      output: [
        { type: "reasoning", summary: [{ type: "summary_text", text: "Look at the CV." }] },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: json(row) }] },
      ],
    }),
  ],
  [
    "Anthropic's message, with thoughts",
    (row) => ({
      id: "msg_1",
      type: "message",
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Let me look." },
        { type: "text", text: json(row) },
      ],
      stop_reason: "end_turn",
    }),
  ],
  [
    "Gemini's result, with thoughts",
    (row) => ({
      candidates: [
        {
          content: {
            role: "model",
            parts: [{ text: "I look.", thought: true }, { text: pretty(row) }],
          },
          finishReason: "STOP",
        },
      ],
      usageMetadata: { totalTokenCount: 5 },
    }),
  ],
  [
    "Ollama's chat",
    (row) => ({
      model: "llama3.2",
      created_at: "2026-11-01T00:00:00Z",
      message: { role: "assistant", content: json(row) },
      done: true,
    }),
  ],
  [
    "LangChain's message",
    (row) => ({
      content: `\`\`\`json\n${pretty(row)}\n\`\`\``,
      additional_kwargs: {},
      response_metadata: { finish_reason: "stop" },
      tool_calls: [],
      type: "ai",
    }),
  ],
  [
    "the Vercel AI SDK's text",
    (row) => ({
      text: json(row),
      finishReason: "stop",
      usage: { totalTokens: 7 },
      steps: [],
      toolCalls: [],
      response: { id: "r", messages: [] },
    }),
  ],
  [
    "the Vercel AI SDK's object",
    (row) => ({ object: object(row), finishReason: "stop", usage: {} }),
  ],
  [
    "cut off after the answer",
    (row) => json(row).slice(0, json(row).indexOf('"confidence"') - 1),
    "type",
  ],
  [
    "quotes within the answer not escaped, raw line breaks",
    (row) =>
      json(row).replace(JSON.stringify(row.answer), `"${row.answer.replaceAll("\\", "\\\\")}"`),
  ],
  [
    "names with underlines, all in one object",
    ({
      answer,
      matchedSkills,
      missingSkills,
      type,
      coverage,
      confidence,
      reasoning,
      topic,
      topicPhrase,
    }) =>
      JSON.stringify({
        answer,
        match_type: type,
        coverage,
        confidence,
        reasoning,
        matched_skills: matchedSkills,
        missing_skills: missingSkills,
        topic,
        topic_phrase: topicPhrase,
      }),
  ],
  [
    "trailing commas and a comment",
    (row) => pretty(row).replace("{", "{ // the answer").replace(/\n}$/, ",\n}"),
  ],
  [
    "prose, and the judgement after it in a fence",
    (row) =>
      `${row.answer}\n\n\`\`\`json\n${JSON.stringify({ matchQuality: object(row).matchQuality }, null, 2)}\n\`\`\``,
  ],
  [
    "JSON within a text of JSON, by a tool",
    (row) =>
      chat(null, {
        tool_calls: [
          { id: "c", type: "function", function: { name: "answer", arguments: json(row) } },
        ],
      }),
  ],
  ["prose only", (row) => ({ response: row.answer }), "nothing"],
  ["prose only, as a text", (row) => row.answer, "nothing"],
  ["an answer without a rating", ({ answer }) => JSON.stringify({ answer }), "nothing"],
  [
    "the end of a turn, and a talk that goes on",
    (row) => `${json(row)}<|im_end|>\n<|im_start|>user\nAnd Go?<|im_end|>`,
  ],
];

const kept = (
  { type, coverage, confidence, reasoning, matchedSkills, missingSkills, topic, topicPhrase }: Said,
  part: Kept,
) =>
  part === "all"
    ? {
        matchType: type,
        matchScore: coverage,
        confidence,
        reasoning,
        matchedSkills,
        missingSkills,
        topic: topicPhrase || topic,
      }
    : part === "type"
      ? { matchType: type, matchScore: coverage }
      : undefined;

export const REALISTIC: Row[] = FORMS.flatMap(([shows, form, part = "all"]) =>
  ANSWERS.map((row) => ({ shows, output: form(row), answer: row.answer, match: kept(row, part) })),
);
