"use strict";
// Puts questions on the live page as they arrive. The server escapes every text in the rows.
(() => {
  const list = document.getElementById("live");
  const state = document.getElementById("live-state");
  const most = 200;
  const tell = (text) => { if (state.textContent !== text) state.textContent = text; };
  const read = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.firstElementChild;
  };
  const known = (row) => [...list.children].find((other) => other.dataset.href === row.dataset.href);
  const put = (event) => {
    const row = read(event.data);
    const there = known(row);
    if (there) {
      // The focus stays where it is; a row that says the same stays altogether.
      if (there.innerHTML === row.innerHTML) return;
      const links = [...there.querySelectorAll("a")];
      const focused = links.indexOf(document.activeElement);
      there.replaceWith(row);
      if (focused >= 0) row.querySelectorAll("a")[focused]?.focus();
    } else if (event.type === "question") {
      list.prepend(row);
      row.classList.add("fresh");
      document.getElementById("live-empty")?.remove();
      while (list.children.length > most) list.lastElementChild.remove();
    }
  };
  // The words of the server, kept true while the page stays open; what is older than a day stays as it is.
  const age = (time) => {
    const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000);
    const [count, unit] = minutes < 60 ? [minutes, "minute"] : [Math.floor(minutes / 60), "hour"];
    if (minutes > 0 && minutes < 24 * 60) time.textContent = `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  };
  setInterval(() => list.querySelectorAll("time").forEach(age), 20000);
  tell("Connecting…");
  const events = new EventSource(list.dataset.events);
  // The server says something at once, and then every 15 seconds: silence is held back on the way.
  let silence;
  const wait = (seconds) => {
    clearTimeout(silence);
    silence = setTimeout(() => tell("Connected, but nothing comes through: a proxy between may hold this page back (buffering)."), seconds * 1000);
  };
  const heard = () => { tell("Connected: new questions appear here."); wait(40); };
  events.addEventListener("open", () => wait(5));
  events.addEventListener("alive", heard);
  events.addEventListener("error", () => { clearTimeout(silence); tell("Not connected; trying again."); });
  for (const name of ["question", "answer"]) events.addEventListener(name, (event) => { heard(); put(event); });
  addEventListener("pagehide", () => events.close());
})();
