// The way to the daemon: questions, and the stream of what is new.

export class NotAdmitted extends Error {}

/** The answer to GET /api/<path>; throws NotAdmitted, or an Error that says what went wrong. */
export async function ask(path, signal) {
  const answer = await fetch(`/api/${path}`, { signal, headers: { Accept: "application/json" }, cache: "no-store" });
  if (answer.status === 401) throw new NotAdmitted("a token is needed");
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error ?? `HTTP ${answer.status}`);
  return body;
}

/** Exchange the token for a session; false where it is not the token. */
export async function enter(token) {
  const answer = await fetch("/login", { method: "POST", body: token, cache: "no-store" });
  if (answer.ok) try { localStorage.setItem("entered", "yes"); } catch { /* storage is off */ }
  return answer.ok;
}

/** Whether this browser came in by a token, and so can leave. */
export function entered() {
  try { return localStorage.getItem("entered") === "yes"; } catch { return false; }
}

export async function leave() {
  await fetch("/logout", { method: "POST", cache: "no-store" });
  try { localStorage.removeItem("entered"); } catch { /* storage is off */ }
}

const AGAIN_MS = 5000;
const QUIET_MS = 15_000; // a stream that tells nothing for so long is as good as broken

/** Follow the daemon for ever: `onNow(state)` for each event, `onLost()` once when the stream breaks. */
export function follow(onNow, onLost, onRefused) {
  let source = null;
  let waiting = null;
  let quiet = null;
  const heard = () => { clearTimeout(quiet); quiet = setTimeout(onLost, QUIET_MS); };
  const open = () => {
    waiting = null;
    heard();
    source = new EventSource("/api/events");
    source.addEventListener("now", (event) => { heard(); onNow(JSON.parse(event.data)); });
    source.addEventListener("error", () => {
      onLost();
      source.close();
      if (waiting === null) waiting = setTimeout(retry, AGAIN_MS);
    });
  };
  const retry = async () => {
    try {
      onNow(await ask("now"));
    } catch (error) {
      if (error instanceof NotAdmitted) return onRefused();
      waiting = setTimeout(retry, AGAIN_MS);
      return;
    }
    open();
  };
  open();
  return () => { source?.close(); clearTimeout(waiting); clearTimeout(quiet); };
}
