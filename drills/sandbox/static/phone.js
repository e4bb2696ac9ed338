// The phone's script: sends without leaving the page, and shows what arrives. Without it, the page is a plain form.
"use strict";

(() => {
  const phone = document.querySelector("[data-phone]");
  const base = phone.dataset.phone;
  const me = phone.dataset.as;
  const form = document.getElementById("composer");
  const field = form.elements.namedItem("text");
  const lines = phone.querySelector("[data-lines]");

  const toEnd = () => window.scrollTo(0, document.documentElement.scrollHeight);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter && event.submitter.name === "button" ? event.submitter.value : "";
    const text = field.value.trim();
    if (!button && !text) return;
    const response = await fetch(`${base}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(button ? { as: me, button } : { as: me, text }),
    }).catch(() => null);
    if (response && response.ok && !button) field.value = "";
    field.focus();
  });

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // The piece comes escaped from this same server.
  const source = new EventSource(`${base}/stream?as=${me}`);
  source.addEventListener("lines", (event) => {
    lines.innerHTML = event.data;
    if (!lines.querySelector(".armed")) {
      document.querySelectorAll(".faults [aria-pressed]").forEach((button) => button.removeAttribute("aria-pressed"));
    }
    toEnd();
  });

  const clock = phone.querySelector("[data-clock]");
  if (clock) {
    const offset = new Date(clock.dateTime).getTime() - Date.now();
    const part = (at, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", ...options }).format(at);
    setInterval(() => {
      const at = new Date(Date.now() + offset);
      clock.textContent = `${part(at, { weekday: "short" })} ${part(at, { day: "numeric", month: "short", year: "numeric" })}, ${part(at, { hour: "2-digit", minute: "2-digit" })}`;
    }, 1000);
  }

  toEnd();
})();
