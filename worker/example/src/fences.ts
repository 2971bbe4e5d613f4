/** What a question must pass before it costs anything. */

/** The longest question, in characters. */
export const MAX_QUESTION_CHARACTERS = 500;

/** Why a question is not put to the model, as a code, or `undefined`. */
export function refusal(question: string): "too_long" | "manipulation" | undefined {
  if ([...question].length > MAX_QUESTION_CHARACTERS) {
    return "too_long";
  }
  return MANIPULATION.some((pattern) => pattern.test(question)) ? "manipulation" : undefined;
}

// A fence, no wall: it stops the attempts that everybody copies. What protects is that the model
// knows nothing but a CV that is public anyway, and that its answer is shown as text.
const MANIPULATION = [
  /\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|prompts?|rules|everything|above|previous)\b/i,
  /\b(?:reveal|show|print|repeat|output|what(?:'s| is))\b.{0,30}\b(?:system prompt|your (?:prompt|instructions)|initial prompt)\b/i,
  /\byou are (?:now (?:an?|my|free|called|DAN)|no longer)\b/i,
  /\b(?:pretend|act) (?:to be|as if|as though you)\b/i,
  /\b(?:jailbreak|developer mode|DAN mode)\b/i,
  /<\/?(?:system|cv|instructions?)>/i,
];

/** Whether the agent answers at a time. */
export type OpenHours = (now: Date) => boolean;

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/**
 * Reads opening hours such as `Mon-Fri 08:00-18:00 Europe/London` or `22:00-06:00 UTC` (over
 * midnight; days are those on which it begins). Empty is always, `00:00-00:00` never.
 */
export function readOpenHours(text: string): OpenHours {
  if (text.trim() === "") {
    return () => true;
  }
  const match = /^(?:([A-Za-z]{3})(?:-([A-Za-z]{3}))? )?(\d\d):(\d\d)-(\d\d):(\d\d) (\S+)$/.exec(
    text.trim(),
  );
  if (match === null) {
    throw new Error('OPEN_HOURS must be like "Mon-Fri 08:00-18:00 Europe/London"');
  }
  const [
    ,
    first = "Mon",
    last = match[1] ?? "Sun",
    fromHour,
    fromMinute,
    toHour,
    toMinute,
    timeZone,
  ] = match;
  const [firstDay, lastDay] = [DAYS.indexOf(first), DAYS.indexOf(last)];
  if (firstDay < 0 || lastDay < 0) {
    throw new Error(`OPEN_HOURS names no day: use ${DAYS.join(", ")}`);
  }
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  // Throws where the zone does not exist.
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const isOpenDay = (day: number): boolean =>
    firstDay <= lastDay ? day >= firstDay && day <= lastDay : day >= firstDay || day <= lastDay;
  return (now) => {
    const parts = new Map(clock.formatToParts(now).map(({ type, value }) => [type, value]));
    const day = DAYS.indexOf(parts.get("weekday") ?? "");
    const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
    if (from <= to) {
      return isOpenDay(day) && minute >= from && minute < to;
    }
    return (isOpenDay(day) && minute >= from) || (isOpenDay((day + 6) % 7) && minute < to);
  };
}
