// Keeps the live part of a desk page fresh: a stream says when, htmx fetches. Without it the page is as of when it was made.
"use strict";

(() => {
  const POLL_MS = 15000; // also with a stream: clocks on the page move, and a hint may be lost
  const page = document.querySelector("[data-stream]");
  if (!page || !window.htmx) return;

  let source = null;
  let connected = false;
  let wanted = false;

  const live = () => document.getElementById("live");

  // Somebody is filling something in there: what they have open must not be swapped away under their hands.
  const busy = () => {
    const part = live();
    return !!part && (part.querySelector("details[open] form") !== null
      || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")));
  };

  const say = () => {
    const note = document.querySelector("[data-live]");
    if (!note) return;
    note.classList.toggle("own", connected);
    note.textContent = connected ? "Live." : "Not live: looking every 15 seconds.";
  };

  const look = () => {
    if (document.hidden) return;
    if (busy()) { wanted = true; return; }
    wanted = false;
    const part = live();
    if (part) window.htmx.trigger(part, "look");
  };

  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(page.dataset.stream);
    source.addEventListener("open", () => { connected = true; say(); });
    source.addEventListener("moved", look);
    source.onerror = () => {
      connected = false;
      say();
      if (source && source.readyState === EventSource.CLOSED) close();
    };
  };

  const close = () => {
    if (source) source.close();
    source = null;
    connected = false;
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); return; }
    open();
    look();
  });
  document.addEventListener("toggle", () => { if (wanted) look(); }, true);
  document.addEventListener("focusout", () => { if (wanted) setTimeout(look, 0); });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    say();
    const why = document.getElementById("why");
    if (!why || event.target.id !== "beside") return;
    why.focus({ preventScroll: true });
    if (window.matchMedia("(max-width: 70rem)").matches) why.scrollIntoView();
  });
  window.addEventListener("pagehide", close);
  setInterval(() => { if (!document.hidden) { open(); look(); } }, POLL_MS);
  open();
  say();
})();
