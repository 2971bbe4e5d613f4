// What is on the screen comes out as a file, all of it and nothing else.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { parse } from "csv-parse/sync";

import { launch, openSignedIn } from "./browser.js";
import { allRows, foundOn } from "./pages.js";
import { demo } from "./servers.js";

const download = async (page, name) => {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name, exact: true }).click(),
  ]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
};

for (const [what, path] of [
  ["the questions of a filter", "/questions?skill=Kubernetes&match=none"],
  ["more than a page of questions", "/questions?weeks=2&match=full"],
  ["no question at all", "/questions?text=no+such+words"],
]) {
  test(`${what} are exported as CSV and as JSON Lines`, async (t) => {
    const { page, faults } = await openSignedIn(await launch(t), demo());
    await page.goto(path);
    const { questions } = await foundOn(page);
    const csv = await download(page, "CSV");
    const jsonLines = await download(page, "JSON Lines");
    assert.match(csv.name, /^questions-\d{4}-W\d\d\.csv$/);
    assert.match(jsonLines.name, /^questions-\d{4}-W\d\d\.jsonl$/);

    const shown = (await allRows(page)).map(({ question }) => question).sort();
    const records = parse(csv.text, { columns: true, bom: true });
    const objects = jsonLines.text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    assert.equal(shown.length, questions);
    assert.deepEqual(objects.map(({ question }) => question).sort(), shown);
    assert.deepEqual(records.map(({ question }) => question).sort(), shown);
    for (const [index, object] of objects.entries()) {
      const { requestId, matchScore, skills } = records[index];
      const score = object.matchScore === null ? "" : String(object.matchScore);
      assert.deepEqual([requestId, matchScore, skills], [object.requestId, score, object.skills.join("; ")]);
    }
    faults.none();
  });
}
