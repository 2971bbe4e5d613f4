// A Chromium in which every fault of a page is noticed: errors on its console, calls to another host,
// what its Content-Security-Policy refused, and answers that are no success.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

import { chromiumPath } from "./servers.js";

/** The widths of a desk and of a phone. */
export const WIDTHS = [1280, 390];
export const SCHEMES = ["light", "dark"];

/** Starts Chromium, which ends with the test; without `script` it takes no page's script, and shows what pages
 *  have for such browsers. */
export const launch = async (t, { script = true } = {}) => {
  const args = script ? [] : ["--blink-settings=scriptEnabled=false"];
  const browser = await chromium.launch({ executablePath: chromiumPath(), args });
  t.after(() => browser.close());
  return browser;
};

/** Opens a window for the owner of `server`, already signed in, and watches its pages. */
export const openSignedIn = async (browser, server, options = {}) => {
  const { page, faults, context } = await open(browser, server, options);
  await signIn(page, server);
  return { page, faults, context };
};

/** Opens a window that nobody is signed in to. */
export const open = async (browser, server, { width = 1280, scheme = "light" } = {}) => {
  const context = await browser.newContext({
    baseURL: server.url,
    viewport: { width, height: width < 600 ? 844 : 900 },
    colorScheme: scheme,
    reducedMotion: "reduce",
    timezoneId: "UTC",
    locale: "en-GB",
    acceptDownloads: true,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  return { page, context, faults: watch(page, server) };
};

/** Types the token and sends it by Enter. */
export const signIn = async (page, server) => {
  await page.goto("/login");
  await page.getByLabel("Your token").fill(server.token);
  await page.getByLabel("Your token").press("Enter");
  await page.waitForURL(/\/weeks\//);
};

/** What went wrong on a page, in words. */
class Faults {
  #found = [];
  #allowed;

  add(fault) {
    this.#found.push(fault);
  }

  /** From here on an answer with that status, and no other, is as it should be. */
  allow(status) {
    this.#allowed = status;
  }

  forget() {
    this.#found = [];
  }

  isAllowed(status) {
    return status === this.#allowed;
  }

  none() {
    const found = this.#found;
    this.#found = [];
    assert.deepEqual(found, []);
  }
}

const watch = (page, server) => {
  const faults = new Faults();
  const { host } = new URL(server.url);
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    const status = /status of (\d+)/.exec(message.text())?.[1];
    if (status && faults.isAllowed(Number(status))) return;
    faults.add(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.add(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.add(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.host !== host) faults.add(`a request to ${url.host}`);
  });
  page.on("response", (response) => {
    const status = response.status();
    if (status >= 400 && !faults.isAllowed(status)) faults.add(`${status} from ${response.url()}`);
  });
  return faults;
};

/** Words of our own that break in the middle: a stranger's may, as none of them is too long to fit. */
export const brokenWords = (page) =>
  page.getByRole("main").evaluate((main) => {
    const found = [];
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      const within = text.parentElement;
      if (!within.checkVisibility() || within.closest("[dir=auto], code, pre, textarea, option, svg, .detail, .hidden")) continue;
      for (const { 0: word, index } of text.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top)));
        if (lines.size > 1) found.push(`${word} in ${within.outerHTML.slice(0, 120)}`);
      }
    }
    return found;
  });

/** Links that are lower than WCAG 2.2 wants a target to be, which a finger misses. */
export const lowLinks = (page) =>
  page.getByRole("main").evaluate((main) =>
    [...main.querySelectorAll("a:not(svg a), summary, button")]
      .filter((target) => target.checkVisibility() && target.getClientRects()[0]?.height < 24)
      .map((target) => target.outerHTML.slice(0, 120)),
  );

/** Tables that one has to move sideways. */
export const cutTables = (page) =>
  page
    .locator(".scroll")
    .evaluateAll((all) => all.filter((scroll) => scroll.scrollWidth > scroll.clientWidth).map(({ ariaLabel }) => ariaLabel));

/** How far the page can be moved sideways, in pixels, and what sticks out. */
export const sticksOut = (page) =>
  page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const over = document.documentElement.scrollWidth - room;
    if (over <= 0) return [];
    const wide = [...document.querySelectorAll("body *")].filter(
      (element) => element.getBoundingClientRect().right > room + 1,
    );
    return [`${over} px`, ...wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120))];
  });
