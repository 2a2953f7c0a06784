"use strict";

// What stands behind the # of a mail's link: no server has seen it, and it leaves only when its reader presses the button.
const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const form = document.querySelector("form");
const button = form.querySelector("button");
const said = document.querySelector("[role=status]");

function finish(words) {
  form.hidden = true;
  said.textContent = words;
}

function showSecret() {
  const field = document.createElement("input");
  field.readOnly = true;
  field.value = secret;
  field.setAttribute("aria-label", "Code to sign in");
  finish("Paste this into your app. It signs you in once. ");
  said.append(field);
  field.select();
}

async function send() {
  const body = { token: secret };
  for (const field of form.querySelectorAll("input[name]")) body[field.name] = field.value;
  const answer = await fetch(form.dataset.endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
    referrerPolicy: "no-referrer",
  });
  const told = answer.status === 204 ? {} : await answer.json();
  if (told.code === "no_app_to_go_to") return showSecret();
  if (!answer.ok) throw new Error(told.detail);
  if (told.location) return location.replace(told.location);
  finish(told.is_done === false ? "Confirmed. The other address has to confirm it, too." : form.dataset.done);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  said.textContent = "";
  try {
    await send();
  } catch (reason) {
    said.textContent = reason.message || "This did not work. Try again in a moment.";
    button.disabled = false;
  }
});

if (!secret) finish("This link is not whole. Open it from the mail again, or copy all of it.");
