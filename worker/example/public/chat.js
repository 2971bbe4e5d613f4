/** The chat: sends a question, shows the answer. Everything from outside is set as text, never as markup. */

const messages = document.getElementById("messages");
const suggestions = document.getElementById("suggestions");
const form = document.getElementById("ask");
const input = document.getElementById("question");
const button = form.querySelector("button");

// One session for each tab: it ends with the tab and is no way to know a person again.
function sessionId() {
  try {
    const known = sessionStorage.getItem("session");
    if (known) {
      return known;
    }
    const fresh = crypto.randomUUID();
    sessionStorage.setItem("session", fresh);
    return fresh;
  } catch {
    return undefined; // storage is switched off; the agent works without
  }
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  if (className) {
    made.className = className;
  }
  return made;
}

function add(who, text, className) {
  const item = element("li", undefined, `${who} ${className ?? ""}`.trim());
  item.append(
    element("span", who === "visitor" ? "You: " : "Answer: ", "visually-hidden"),
    element("p", text),
  );
  messages.append(item);
  showEnd();
  return item;
}

/** Two buttons that rate an answer. A rating can be changed: the last one counts. */
function ratingOf(feedbackToken) {
  const group = element("div", undefined, "rating");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Rate this answer");
  const status = element("span");
  status.setAttribute("role", "status");
  const buttons = [
    ["up", "Helpful"],
    ["down", "Not helpful"],
  ].map(([rating, label]) => {
    const choice = element("button", label);
    choice.type = "button";
    choice.setAttribute("aria-pressed", "false");
    choice.addEventListener("click", async () => {
      for (const other of buttons) {
        other.setAttribute("aria-pressed", String(other === choice));
      }
      const isTaken = await rate(feedbackToken, rating);
      status.textContent = isTaken ? "Thank you." : "Your rating did not arrive.";
      if (!isTaken) {
        choice.setAttribute("aria-pressed", "false");
      }
    });
    return choice;
  });
  group.append(...buttons, status);
  return group;
}

async function rate(token, rating) {
  try {
    const response = await fetch("api/feedback", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, rating }),
    });
    return response.ok;
  } catch {
    return false;
  }
}

function showReply({ outcome, answer, sources, contact, feedbackToken }) {
  const item = add(
    "agent",
    answer,
    outcome === "answered" || outcome === "no_match" ? "" : "failed",
  );
  if (sources?.length) {
    item.append(element("p", `From the CV: ${sources.join(" · ")}`, "more"));
  }
  if (contact) {
    const line = element("p", "Or ask in person: ", "more");
    const link = element("a", contact);
    link.href = `mailto:${encodeURI(contact)}`;
    line.append(link);
    item.append(line);
  }
  if (feedbackToken) {
    item.append(ratingOf(feedbackToken));
  }
  showEnd();
}

// The form covers the page's end, so that only the last message would stay half hidden.
function showEnd() {
  window.scrollTo(0, document.documentElement.scrollHeight);
}

async function ask(question) {
  if (button.getAttribute("aria-disabled") === "true") {
    return;
  }
  button.setAttribute("aria-disabled", "true");
  suggestions.hidden = true;
  add("visitor", question);
  const waiting = add("agent", "Reading the CV …", "waiting");
  let reply;
  try {
    const response = await fetch("api/ask", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ question, sessionId: sessionId() }),
    });
    reply = await response.json();
  } catch {
    reply = { outcome: "error", answer: "The connection broke off. Please try again." };
  }
  waiting.remove();
  showReply(reply);
  button.setAttribute("aria-disabled", "false");
  input.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = input.value.trim();
  if (question && button.getAttribute("aria-disabled") !== "true") {
    input.value = "";
    void ask(question);
  }
});

input.addEventListener("keydown", (event) => {
  // Enter sends, Shift and Enter begins a line; not while a word is being composed.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

try {
  const about = await (await fetch("api/about")).json();
  document.title = `Ask about ${about.name}`;
  document.getElementById("name").textContent = about.name;
  document.getElementById("headline").textContent = about.headline;
  for (const question of about.suggestions) {
    const suggestion = element("button", question);
    suggestion.type = "button";
    suggestion.addEventListener("click", () => void ask(question));
    const item = element("li");
    item.append(suggestion);
    suggestions.querySelector("ul").append(item);
  }
  suggestions.hidden = messages.childElementCount > 0 || about.suggestions.length === 0;
} catch {
  // The page works without its title.
}
