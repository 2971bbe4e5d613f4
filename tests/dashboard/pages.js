// The pages that there are, found by following links as the owner does.

/** The main pages, as the navigation names them: `[name, path]`. */
export const mainPages = (page) =>
  page
    .getByRole("navigation", { name: "Pages" })
    .getByRole("link")
    .evaluateAll((links) => links.map((link) => [link.textContent, link.getAttribute("href")]));

/** Every kind of page of a server with data, for a signed-in owner: `[name, path]`. */
export const everyPage = async (page) => {
  const pages = await mainPages(page);
  await page.goto("/");
  const weeks = await page
    .getByLabel("Go to a week")
    .locator("option")
    .evaluateAll((options) => options.map((option) => option.value));
  pages.push(["the oldest week", `/weeks/${weeks.at(-1)}`]);
  pages.push(["a week without data", "/weeks/2024-W01"]);
  pages.push(["the weeks by shares", "/weeks?show=shares"]);
  pages.push(["the months", "/weeks?by=month"]);
  pages.push(["the quarters", "/weeks?by=quarter&show=shares"]);
  await page.goto("/weeks?by=quarter");
  pages.push(["a quarter's weeks", await page.locator("svg.plot a").first().getAttribute("href")]);
  pages.push(["a grouping that there is not", "/weeks?by=day"]);
  pages.push(["the HTTP interface", "/api"]);
  pages.push(["questions of eight weeks", "/questions?weeks=8"]);
  pages.push(["questions by every filter", `/questions?week=${weeks[0]}&weeks=2&skill=Go&match=none&outcome=no_match&score=0-50&text=a`]);
  pages.push(["questions that nobody asked", "/questions?text=no+such+words"]);
  pages.push(["an address that cannot be read", "/questions?match=great"]);
  pages.push(["an interaction that is not there", "/interactions/no-such-request"]);
  await page.goto("/questions");
  const first = page.getByRole("main").getByRole("listitem").filter({ has: page.locator("time") }).first();
  pages.push(["an interaction", await first.getByRole("link").first().getAttribute("href")]);
  pages.push(["a conversation", await page.getByRole("link", { name: /^conversation / }).first().getAttribute("href")]);
  await page.goto("/dead-letters");
  const letter = page.getByRole("main").getByRole("listitem").getByRole("link").first();
  if (await letter.count()) pages.push(["a dead letter", await letter.getAttribute("href")]);
  return pages;
};

/** Pages that say that something is wrong, and with which status. */
export const REFUSALS = {
  "a grouping that there is not": 400,
  "an address that cannot be read": 400,
  "an interaction that is not there": 404,
};

/** Unfolds whatever can be, so that nothing hides from a check. */
export const unfold = (page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

/** The rows of gaps on the page of a week, each with what people asked and its buttons. */
export const gapRows = (page) => page.locator("tbody.gap");

/** The row of the gap `name`, unfolded. */
export const gapRow = async (page, name) => {
  const row = gapRows(page).filter({ has: page.locator(`th [dir=auto]:text-is(${JSON.stringify(name)})`) });
  const details = row.locator("details");
  if ((await details.getAttribute("open")) === null) await details.locator("summary").click();
  return row;
};

/** The name of the first gap without a mark that is in sight. */
export const unmarkedGap = (page) =>
  gapRows(page)
    .filter({ hasNot: page.locator('button[aria-pressed="true"]') })
    .first()
    .locator("th [dir=auto]")
    .textContent();

/** How many questions, in how many conversations, the heading of a page says that it found. */
export const found = (heading) => {
  const [, questions, conversations] = /^([\d,]+) questions?(?: in ([\d,]+) conversations?)?/.exec(heading) ?? [];
  return { questions: number(questions), conversations: number(conversations) };
};

/** The same of the page that is open. */
export const foundOn = async (page) =>
  found(await page.getByRole("main").getByRole("heading", { level: 2 }).first().textContent());

/** The rows of a page of questions: what was asked, and the whole text of the row. */
export const rows = (page) =>
  page
    .getByRole("main")
    .getByRole("listitem")
    .filter({ has: page.locator("time") })
    .evaluateAll((items) =>
      items.map((item) => ({ question: item.querySelector("a").textContent, text: item.textContent })),
    );

/** The rows of this page of questions and of those that follow. */
export const allRows = async (page) => {
  const all = await rows(page);
  const older = page.getByRole("link", { name: "Older →", exact: true });
  while (await older.count()) {
    await older.click();
    await page.waitForLoadState();
    all.push(...(await rows(page)));
  }
  return all;
};

/** A number as pages write it: `1,234`. */
export const number = (text) => (text === undefined ? undefined : Number(text.replaceAll(",", "")));

/** The addresses of the dead letters that are listed. */
export const deadLetters = async (page) => {
  await page.goto("/dead-letters");
  return page
    .getByRole("main")
    .getByRole("listitem")
    .getByRole("link")
    .evaluateAll((links) => links.map((link) => link.getAttribute("href")));
};
