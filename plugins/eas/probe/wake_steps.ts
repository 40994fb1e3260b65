// Sending, and being woken: the steps that wait.
import { pause } from "../../../core/mod.ts";
import type { PingReply } from "../client/mod.ts";
import { StepFailed } from "./explain.ts";
import { messagesOf } from "./mail_steps.ts";
import type { Outcome } from "./steps.ts";
import { count, type Visit } from "./visit.ts";

/** Seconds that servers accept. MS-ASCMD 2.2.3.79.1 */
const shortest = 60;
const longest = 3540;

/** Whether mail to this address comes back to this phone. */
export function isOwn({ addresses }: Visit, address: string): boolean {
  return addresses.some((own) => own.toLowerCase() === address.toLowerCase());
}

export async function sendStep(visit: Visit, to: string): Promise<Outcome> {
  await visit.client.sendMail(message(visit, to).mime);
  return { detail: `the server took a message for ${to}` };
}

/** Waits for whatever happens; that nothing happens is fine. */
export async function pingStep(visit: Visit): Promise<Outcome> {
  const begun = visit.clock.now();
  const reply = await held(visit, visit.wait);
  const seconds = (visit.clock.now() - begun) / 1000;
  if (reply === undefined) {
    return { detail: `held for ${seconds.toFixed(1)} s; hung up by the probe` };
  }
  if (reply.status === 1) return expired(seconds);
  if (reply.status === 7) {
    await visit.phone.syncFolders();
    return { detail: `woken after ${seconds.toFixed(1)} s: the folders have changed` };
  }
  return { detail: `woken after ${seconds.toFixed(1)} s: ${await news(visit, reply)}` };
}

/** Sends a message to the user's own address and waits until it wakes the phone. */
export async function wakeStep(visit: Visit, to: string): Promise<Outcome> {
  const { clock, client } = visit;
  const { mime, subject } = message(visit, to);
  const pinging = held(visit, Math.max(visit.wait, 60));
  pinging.catch(() => {}); // it is awaited below; until then a failure is not unhandled
  const begun = clock.now();
  await client.sendMail(mime);
  const reply = await pinging;
  const ms = clock.now() - begun;
  if (reply?.status !== 2) {
    throw new StepFailed(
      `the message did not wake the phone within ${Math.round(ms / 1000)} seconds`,
      "Check that the server delivers mail to this address, and look into its log",
    );
  }
  const found = await news(visit, reply);
  if (!found.includes(subject)) {
    throw new StepFailed(
      `the phone was woken by something else: ${found}`,
      "Try again while nothing else arrives",
    );
  }
  return { detail: `the message woke the phone after ${Math.round(ms)} ms` };
}

function expired(seconds: number): Outcome {
  if (seconds >= 5) return { detail: `held for ${seconds.toFixed(1)} s, nothing happened` };
  throw new StepFailed(
    "the server answers at once that nothing happened, instead of waiting",
    "A phone would ask again and again and empty its battery: look into the server's log",
  );
}

/** Pings for up to `seconds`; undefined where the probe hung up itself. */
async function held(visit: Visit, seconds: number): Promise<PingReply | undefined> {
  const { clock } = visit;
  const begun = clock.now();
  let heartbeat = Math.min(Math.max(Math.ceil(seconds), shortest), longest);
  let folders = visit.phone.mailFolders().map(({ id }) => id);
  for (let attempt = 0; attempt < 3; attempt++) {
    const rest = seconds - (clock.now() - begun) / 1000;
    const reply = await pingOnce(visit, heartbeat, folders, rest);
    if (reply?.status === 5 && reply.heartbeat !== undefined) heartbeat = reply.heartbeat;
    else if (reply?.status === 6 && reply.maxFolders) folders = folders.slice(0, reply.maxFolders);
    else if (reply === undefined || [1, 2, 7].includes(reply.status)) return reply;
    else {
      throw new StepFailed(
        `the server answers Ping with status ${reply.status}`,
        "Look into the server's log",
      );
    }
  }
  throw new StepFailed(
    "the server accepts no interval or no folders of Ping",
    "Look into the server's log",
  );
}

async function pingOnce(
  { phone, clock }: Visit,
  heartbeat: number,
  folders: readonly string[],
  seconds: number,
): Promise<PingReply | undefined> {
  const begun = clock.now();
  const stop = new AbortController();
  const hangUp = new Error("enough");
  const ended = new AbortController();
  pause(clock, seconds * 1000, ended.signal).then(() => stop.abort(hangUp));
  try {
    return await orAborted(phone.ping(heartbeat, folders, stop.signal), stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw cut(error, (clock.now() - begun) / 1000);
  } finally {
    ended.abort();
  }
}

/** Also where a `fetch` in the same process does not look at the signal. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

/** A held request that breaks after a while was ended by something in between. */
function cut(error: unknown, seconds: number): unknown {
  const { http, code } = error as { http?: number; code?: string };
  const broken = code === "ECONNRESET" || code === "EPIPE" || [408, 502, 504].includes(http ?? 0);
  if (!broken || seconds < 1) return error;
  return new StepFailed(
    `the held request was cut after ${seconds.toFixed(0)} seconds`,
    "Something between phone and server (proxy, load balancer, firewall) ends requests that are " +
      "silent: let it wait over an hour (nginx: proxy_read_timeout 3700s; Caddy waits by itself)",
  );
}

async function news({ phone }: Visit, { folders }: PingReply): Promise<string> {
  const fresh: string[] = [];
  let changes = 0;
  for (const id of folders) {
    const known = new Map(phone.collection(id).items);
    await phone.syncAll(id);
    const items = [...phone.collection(id).items.values()];
    const added = items.filter((item) => !known.has(item.id));
    changes += items.filter((item) => known.get(item.id) !== item).length;
    changes += [...known.keys()].filter((old) => !phone.collection(id).items.has(old)).length;
    fresh.push(...messagesOf(added).map(({ from, subject }) => `${from}: ${subject}`));
  }
  if (changes === 0) {
    throw new StepFailed(
      "the server wakes the phone, but then has no change for it",
      "A phone would ask again and again and empty its battery: look into the server's log",
    );
  }
  const names = folders.map((id) => phone.folders.get(id)?.name ?? id).join(", ");
  const list = fresh.slice(0, 3).map((line) => ` "${line}"`).join(",");
  return `${count(changes, "change")} in ${names}${list && `, new:${list}`}`;
}

function message({ user, addresses, clock }: Visit, to: string) {
  const now = new Date(clock.now());
  const from = addresses[0] ?? user;
  const subject = `Navette probe ${now.toISOString()}`;
  const lines = [
    ...(from.includes("@") ? [`From: <${from}>`] : []),
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Date: ${rfc5322Date(now)}`,
    `Message-ID: <${crypto.randomUUID()}@probe.navette.invalid>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "This message was sent to see whether mail can be sent and whether phones are woken by it.",
    "You can delete it.",
    "",
  ];
  return { subject, mime: lines.join("\r\n") };
}

function rfc5322Date(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}
