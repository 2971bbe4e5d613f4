/** The CV: one JSON file, which `cv-analytics serve --cv` reads too. */

import file from "./cv.json";

/** What the agent knows. Nothing else reaches the model. */
export interface Cv {
  name: string;
  headline: string;
  summary: string;
  /** Where the page sends those whom the agent could not help. */
  contact: string;
  /** Questions that the page offers to begin with. */
  suggestions: readonly string[];
  /** Other words under which a skill is found. */
  skills: readonly { name: string; aliases?: readonly string[] }[];
  /** A job, a project, a practical matter: what one excerpt shows. */
  sections: readonly { title: string; text: string; skills: readonly string[] }[];
}

/** The CV of this agent. */
export const cv: Cv = file;
