/** Reports a CV agent's questions and answers from a Cloudflare Worker to its queue. */

export type { Analytics, AnalyticsOptions } from "./analytics.ts";
export { createAnalytics } from "./analytics.ts";
export type {
  AnalyticsEvent,
  AnswerDetails,
  FeedbackDetails,
  FeedbackEvent,
  MatchType,
  Metadata,
  Outcome,
  QueryEvent,
  QuestionDetails,
  Rating,
  ResponseEvent,
} from "./event.ts";
export type { Interaction, TimedPart, WaitUntil } from "./interaction.ts";
export type { Sent } from "./queue-client.ts";
export type { AnalyticsEnv, SecretBinding, SecretNames } from "./settings.ts";
export type { HandlerWithInteraction } from "./with-analytics.ts";
export { withAnalytics } from "./with-analytics.ts";
