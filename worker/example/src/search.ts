/** Finds the sections of the CV that a question is about: BM25 over words, no vectors. */

import MiniSearch from "minisearch";

import type { Cv } from "./cv.ts";

/** Sections that were found, best first. */
export interface Found {
  excerpts: readonly { title: string; text: string }[];
  /**
   * The share of the question's telling words that the sections contain, from 0 to 1: a cautious
   * stand-in where the model says nothing of the match.
   */
  coverage: number;
}

const EXCERPTS = 4;

// Words that a question has in any case. "C" and "R" are languages, so short words stay.
const NOT_TELLING = new Set(
  (
    "a about an and any are as at be been can could did do does for from good had has have he her hers him his how i " +
    "if in into is it its know me much of on or our she so some tell than that the their them then there these they " +
    "this to use used using was we well were what when where which who why will with work worked would you your " +
    "experience experienced familiar skill skills years"
  ).split(" "),
);

function words(text: string): string[] {
  // "C++", "C#", "Node.js" and "right-sizing" stay whole.
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:[.’'-][\p{L}\p{N}]+)*[+#]*/gu) ?? [];
}

/** Makes the search over a CV. Once an isolate is enough: the index is built in about a millisecond. */
export function searchOf(cv: Cv): (question: string) => Found {
  const index = new MiniSearch({
    fields: ["title", "skills", "text"],
    storeFields: ["title", "text"],
    tokenize: words,
    processTerm: (term) => (NOT_TELLING.has(term) ? null : term),
    searchOptions: {
      boost: { skills: 3, title: 2 },
      prefix: (term) => term.length >= 4,
      fuzzy: (term) => (term.length >= 5 ? 0.2 : false),
    },
  });
  const aliases = new Map(cv.skills.map((skill) => [skill.name, skill.aliases ?? []]));
  index.addAll(
    cv.sections.map(({ title, text, skills }, id) => ({
      id,
      title,
      text,
      skills: skills.flatMap((name) => [name, ...(aliases.get(name) ?? [])]).join(" "),
    })),
  );
  return (question) => {
    const telling = new Set(words(question).filter((word) => !NOT_TELLING.has(word)));
    const results = index.search(question);
    const found = new Set(results.flatMap((result) => result.queryTerms));
    return {
      excerpts: results.slice(0, EXCERPTS).map(({ title, text }) => ({ title, text })),
      coverage: telling.size === 0 ? 0 : Math.min(1, found.size / telling.size),
    };
  };
}
