// Everything works with only the keyboard, with a visible focus.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WIDTHS, launch, open, openSignedIn } from "./browser.js";
import { foundOn, mainPages } from "./pages.js";
import { demo } from "./servers.js";

/** What can be reached by Tab, in the order of the document; radio buttons and the like there are none. */
const reachable = (page) =>
  page.evaluate(() => {
    const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]");
    const there = [...all].filter(
      (element) => !element.disabled && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true }),
    );
    window.inOrder = there;
    return there.length;
  });

/** Which of them has the focus, and whether one sees it. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
      place: window.inOrder.indexOf(element),
      outline: style.outlineStyle === "none" ? 0 : Number.parseFloat(style.outlineWidth),
      inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
      what: element.outerHTML.slice(0, 100),
    };
  });

for (const width of WIDTHS) {
  test(`Tab goes through every page in its order, visibly, at ${width} px`, async (t) => {
    const { page } = await openSignedIn(await launch(t), demo(), { width });
    for (const [, path] of await mainPages(page)) {
      await page.goto(path);
      const count = await reachable(page);
      for (let place = 0; place < count; place += 1) {
        await page.keyboard.press("Tab");
        let at = await focused(page);
        // The mail lies in a frame of its own, whose links come in between.
        for (let within = 0; path.startsWith("/mail") && at.place < 0 && within < 300; within += 1) {
          await page.keyboard.press("Tab");
          at = await focused(page);
        }
        assert.equal(at.place, place, `${path}: ${at.what}`);
        assert.ok(at.outline >= 2, `${path}: the focus is not seen on ${at.what}`);
        assert.ok(at.inView, `${path}: the focus is out of view on ${at.what}`);
      }
    }
  });
}

test("the first Tab offers to skip the navigation", async (t) => {
  const { page, faults } = await openSignedIn(await launch(t), demo());
  await page.goto("/questions");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  assert.ok(await skip.evaluate((link) => link === document.activeElement));
  const box = await skip.boundingBox();
  assert.ok(box.y >= 0 && box.height > 20, "it comes into view");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
  faults.none();
});

/** Presses Tab until `target` has the focus. */
const tabTo = async (page, target) => {
  for (let presses = 0; presses < 400; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail("Tab does not lead there");
};

test("from the token to the reason for a number, no pointer is needed", async (t) => {
  const { page, faults } = await open(await launch(t), demo());
  await page.goto("/login");
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(demo().token);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/weeks\//);

  const more = page.getByText(/^What else to do/);
  await tabTo(page, more);
  await page.keyboard.press("Enter");
  assert.ok(await more.evaluate((summary) => summary.parentElement.open));

  const evidence = page.locator("section.action .headline").getByRole("link", { name: /^\d+$/ }).last();
  const promised = Number.parseInt(await evidence.textContent(), 10);
  await evidence.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/questions\?/);
  assert.equal((await foundOn(page)).questions, promised);

  const text = page.getByLabel("Find a skill, a topic or a text");
  await tabTo(page, text);
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("k8s");
  await page.keyboard.press("Enter");
  await page.waitForURL(/skill=Kubernetes/);
  assert.ok((await foundOn(page)).questions > 0);

  const week = page.getByLabel("How far back");
  await tabTo(page, week);
  await page.keyboard.press("ArrowDown");
  await tabTo(page, page.getByRole("button", { name: "Show", exact: true }));
  await page.keyboard.press("Enter");
  await page.waitForURL(/weeks=2/);

  await tabTo(page, page.getByRole("button", { name: "Sign out" }));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/login/);
  faults.none();
});
