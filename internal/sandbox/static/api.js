// The sandbox's own API.

/* post sends JSON and returns the answer; what went wrong is an Error with a sentence. */
export async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Error("The sandbox does not answer. It may have been stopped.");
  }
  const text = await answer.text();
  let out = null;
  try {
    out = JSON.parse(text);
  } catch {
    throw new Error(text || `The sandbox answered ${answer.status}.`);
  }
  if (!answer.ok) throw new Error(out?.error || `The sandbox answered ${answer.status}.`);
  return out;
}

/* readState reads everything that the page shows to one person. */
export async function readState(as) {
  const answer = await fetch(`/api/state?as=${encodeURIComponent(as)}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`The sandbox answered ${answer.status}.`);
  return answer.json();
}

/* watch calls changed whenever something changed, and lost(true) while nobody answers. */
export function watch(changed, lost) {
  const events = new EventSource("/api/events");
  events.addEventListener("message", changed);
  events.addEventListener("open", () => lost(false));
  events.addEventListener("error", () => lost(true));
}
