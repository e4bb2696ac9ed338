// The chat page's own script. Without it the page is a plain form; with it, lines arrive by themselves, and what is
// written without a connection is kept on this device and sent later under the same id, so it can never count twice.
"use strict";

(() => {
  const page = document.querySelector("[data-chat]");
  if (!page) return;

  const connection = page.dataset.chat;
  const base = `/chat/${connection}`;
  const form = document.getElementById("composer");
  const field = form.elements.namedItem("text");
  const list = page.querySelector("[data-lines]");
  const typing = page.querySelector("[data-typing]");
  const whoAnswers = page.querySelector("[data-who]");
  const empty = page.querySelector("[data-empty]");
  const notice = form.querySelector("[data-notice]");

  const KEPT = `convo:${connection}:kept`;
  const FIRST_RETRY_MS = 1000;
  const LAST_RETRY_MS = 30000;
  const POLL_MS = 2000;

  let last = Math.max(0, ...[...list.querySelectorAll("[data-position]")].map((line) => Number(line.dataset.position)));
  let retryMs = FIRST_RETRY_MS;
  let retryTimer = 0;
  let sending = false;

  // ---- what is kept on this device ---------------------------------------------------------------------------------

  let kept = read();

  function read() {
    try {
      const found = JSON.parse(localStorage.getItem(KEPT) || "[]");
      return Array.isArray(found) ? found.filter((m) => typeof m.id === "string" && typeof m.text === "string") : [];
    } catch {
      return [];
    }
  }

  function write(messages) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(messages));
    } catch {
      // Storage is full or forbidden: the message stays on the page for as long as the page does.
    }
  }

  // Each change is made to what is stored now, not to what this page remembers: another tab may have kept something too.
  function keep(message) {
    kept.push(message);
    write([...read(), message]);
  }

  function done(message) {
    kept = kept.filter((other) => other.id !== message.id);
    write(read().filter((other) => other.id !== message.id));
  }

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // ---- lines ----------------------------------------------------------------------------------------------------------

  function element(tag, attributes, text) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function lineOf(ours, text, byPerson = false) {
    const line = element("li", { class: ours ? "in" : "out" });
    const who = byPerson ? "A person" : page.dataset.bot;
    line.append(element("p", { class: "hush" }, ours ? `${who} said:` : "You said:"));
    const bubble = element("p", { class: "bubble", dir: "auto" });
    bubble.append(...(ours ? linked(text) : [text]));
    line.append(bubble);
    return line;
  }

  // Our own text with its web addresses as links; what a person wrote stays text.
  function linked(text) {
    return text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/).map((part, n) =>
      n % 2 ? element("a", { href: part, rel: "noopener noreferrer", target: "_blank" }, part) : part);
  }

  function show(line) {
    if (list.querySelector(`[data-position="${line.position}"]`)) return;
    last = Math.max(last, line.position);
    let made = line.id ? list.querySelector(`[data-id="${CSS.escape(line.id)}"]`) : null;
    if (made) {
      settle(made);
    } else {
      const byPerson = line.ours && line.author === "person";
      made = lineOf(line.ours, line.text, byPerson);
      if (byPerson) made.append(element("p", { class: "cites" }, "Written by a person"));
      if (line.ours) whoAnswers.textContent = byPerson ? "A person is answering" : "AI assistant, not a person";
      if (line.id) made.dataset.id = line.id;
      if (line.claims.length) made.append(element("p", { class: "cites" }, line.claims.join(" ")));
    }
    made.dataset.position = line.position;
    list.querySelectorAll(".choices").forEach((old) => old.remove());
    if (line.ours && line.options.length) made.append(choicesOf(line.options));
    list.insertBefore(made, list.querySelector("li:not([data-position]):not([hidden])") || typing);
  }

  function choicesOf(options) {
    const choices = element("div", { class: "choices" });
    for (const option of options) {
      const button = element("button", { type: "submit", form: "composer", name: "choice", value: option, dir: "auto" }, option);
      button.formNoValidate = true;
      choices.append(button);
    }
    return choices;
  }

  function showMine(message) {
    const made = lineOf(false, message.text);
    made.dataset.id = message.id;
    list.insertBefore(made, typing);
    empty.hidden = true;
    return made;
  }

  function mark(id, words) {
    const line = list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!line) return;
    settle(line);
    line.classList.add("unsent", "hold");
    line.append(element("small", { class: "toned" }, words));
  }

  function settle(line) {
    line.classList.remove("unsent", "hold");
    line.querySelectorAll("small.toned").forEach((old) => old.remove());
  }

  function update(news) {
    const follow = nearEnd();
    news.lines.forEach(show);
    typing.hidden = !news.answering;
    if (news.lines.length) empty.hidden = true;
    setClock(news.now);
    if (follow) toEnd();
  }

  const nearEnd = () => window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 120;
  const toEnd = () => window.scrollTo(0, document.documentElement.scrollHeight);

  // ---- sending --------------------------------------------------------------------------------------------------------

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = event.submitter && event.submitter.name === "choice" ? event.submitter.value : "";
    const text = (choice || field.value).trim();
    if (!text) return;
    const message = { id: newId(), text };
    keep(message);
    showMine(message);
    list.querySelectorAll(".choices").forEach((old) => old.remove());
    if (!choice) field.value = "";
    field.focus();
    toEnd();
    sendKept();
  });

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  async function sendKept() {
    if (sending) return;
    sending = true;
    clearTimeout(retryTimer);
    try {
      while (kept.length) {
        const message = kept[0];
        const answer = await post(message);
        if (answer.again) return keepTrying(answer);
        if (answer.words) mark(message.id, answer.words);
        done(message);
      }
      retryMs = FIRST_RETRY_MS;
      notice.hidden = true;
      look();
    } finally {
      sending = false;
    }
  }

  // again: it is not stored and may be tried again. words and when: what to tell the person.
  async function post(message) {
    let response;
    try {
      response = await fetch(`${base}/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(message),
        signal: AbortSignal.timeout(10000),
      });
    } catch {
      return { again: true, words: "No connection.", when: "you’re back" };
    }
    if (response.ok) return {};
    if (response.status >= 500) return { again: true, words: "We can’t be reached right now.", when: "we’re back" };
    if (response.status === 429) return { again: true, words: "That was a lot at once.", when: "a minute has passed" };
    const said = await response.json().catch(() => ({}));
    return { words: `Not sent. ${said.error || ""}`.trim() };
  }

  function keepTrying(answer) {
    const follow = nearEnd();
    kept.forEach((message) => mark(message.id, "Kept, not sent yet"));
    sayKept(answer);
    typing.hidden = true;
    if (follow) toEnd();
    retryTimer = setTimeout(sendKept, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }

  function sayKept({ words, when }) {
    const one = kept.length === 1;
    const said = element("span", {});
    said.append(element("strong", {}, `${words} Your ${one ? "message is" : "messages are"} kept`));
    said.append(` on this device and ${one ? "goes" : "go"} by ${one ? "itself" : "themselves"} when ${when}. `);
    const now = element("a", { href: base }, "Try now");
    now.addEventListener("click", (event) => {
      event.preventDefault();
      sendKept();
    });
    said.append(now);
    if (notice.textContent !== said.textContent) notice.replaceChildren(said);
    notice.hidden = false;
  }

  window.addEventListener("online", sendKept);

  // ---- hearing --------------------------------------------------------------------------------------------------------

  let source = null;
  let polling = 0;

  function listen() {
    if (!window.EventSource) return poll();
    source = new EventSource(`${base}/stream?after=${last}`);
    source.addEventListener("open", () => {
      clearInterval(polling);
      polling = 0;
      if (kept.length) sendKept();
    });
    source.addEventListener("lines", (event) => update(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      typing.hidden = true; // nobody can tell whether a reply is being made
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL_MS * 2);
      poll();
    });
  }

  function poll() {
    if (!polling) polling = setInterval(look, POLL_MS);
  }

  async function look() {
    try {
      const response = await fetch(`${base}/lines?after=${last}`, { headers: { Accept: "application/json" } });
      if (response.ok) update(await response.json());
    } catch {
      typing.hidden = true;
    }
  }

  // ---- the sandbox's clock ----------------------------------------------------------------------------------------------

  const clock = page.querySelector("[data-clock]");
  let offset = 0;

  function setClock(now) {
    offset = new Date(now).getTime() - Date.now();
    tick();
  }

  function tick() {
    if (!clock) return;
    const at = new Date(Date.now() + offset);
    const zone = clock.dataset.zone;
    const part = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at);
    clock.dateTime = at.toISOString();
    clock.textContent = `${part({ weekday: "short" })} ${part({ day: "numeric", month: "short", year: "numeric" })}, ${part({ hour: "2-digit", minute: "2-digit" })}`;
  }

  if (clock) {
    setClock(clock.dateTime);
    setInterval(tick, 1000);
  }

  // ---- begin --------------------------------------------------------------------------------------------------------------

  kept.filter((message) => list.querySelector(`[data-id="${CSS.escape(message.id)}"]`)).forEach(done);
  kept.forEach(showMine);
  toEnd();
  listen();
  if (kept.length) sendKept();
})();
