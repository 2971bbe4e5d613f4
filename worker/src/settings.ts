/** The four secrets of the Worker, read and checked. */

/** What is read from the Worker's `env`; whatever else is in there does not matter. */
export interface AnalyticsEnv {
  AWS_ACCESS_KEY_ID?: string;
  AWS_SECRET_ACCESS_KEY?: string;
  /** `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.fifo`, or the self-hosted server's. */
  AWS_SQS_URL?: string;
  AWS_REGION?: string;
}
