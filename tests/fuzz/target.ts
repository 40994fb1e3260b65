// A server to be fuzzed: a program with sample mail, and what no request may do to it.
import { Buffer } from "node:buffer";
import process from "node:process";
import { task } from "../../core/mod.ts";
import { runTasks } from "../../core/tasks.ts";
import { type EasClient, easClient, Phone } from "../../plugins/eas/client/mod.ts";
import { type Version, versions } from "../../plugins/eas/versions.ts";
import { type Mailbox, mailboxes } from "../../plugins/mailbox/api.ts";
import { plugins } from "../../plugins/manifest.ts";
import { settle } from "../kit.ts";
import { testApp } from "../kit_app.ts";
import { type JumpingClock, jumpingClock } from "../faults/clock.ts";

export type Random = () => number;

/** A request that the server did not bear. */
export class Finding extends Error {
  override name = "Finding";
}

/** How long one request may work. Milliseconds. */
const longest = 1000;
/** Memory in use after a round. Bytes. */
const mostMemory = 900 << 20;

export const address = "anna@example.org";
export const place = "https://mail.example.org/Microsoft-Server-ActiveSync";
export const login = `Basic ${Buffer.from(`${address}:password`).toString("base64")}`;

export interface Target {
  readonly mailbox: Mailbox;
  readonly inbox: string;
  readonly clock: JumpingClock;
  readonly phones: ReadonlyMap<Version, Phone>;
  /** How often each HTTP status was the answer: whether anything gets through at all. */
  readonly answers: Map<number, number>;
  /** Asks. Throws {@link Finding} where the answer, or what the log says of it, is none. */
  ask(request: Request): Promise<Response>;
  end(): Promise<void>;
}

/** Starts a server and a phone for each version. */
export async function target(): Promise<Target> {
  const clock = jumpingClock();
  const app = await testApp({ plugins, clock });
  const anna = await app.addAccount({ address, name: "Anna" });
  const mailbox = app.program.host.one(mailboxes).open(anna);
  const { changes } = await mailbox.folders(undefined);
  const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
  const logged = app.logged as string[];
  const tasks = runTasks(app.program.host.all(task), { clock, log: app.host().log });
  const answers = new Map<number, number>();
  const ask = async (request: Request) => {
    const answer = await watched(request, (one) => app.fetch(one), clock, logged);
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
    return answer;
  };
  for (let n = 0; n < 5; n++) await mailbox.create(inbox, sample(n, clock.now()), `sample ${n}`);
  const phones = new Map<Version, Phone>();
  for (const version of versions) {
    const phone = new Phone(clientOf(version, ask), { windowSize: 100 });
    await phone.syncFolders();
    await phone.syncAll(inbox);
    phones.set(version, phone);
  }
  return {
    mailbox,
    inbox,
    clock,
    phones,
    answers,
    ask,
    async end() {
      const ended = tasks.stop();
      await clock.jump(1000);
      await ended;
      await app.stop();
    },
  };
}

function sample(n: number, now: number) {
  const mime = new TextEncoder().encode(
    `From: Ben <ben@example.org>\r\nTo: ${address}\r\nSubject: mail ${n}\r\n` +
      `Message-ID: <${n}@example.org>\r\n\r\nThe words of mail ${n}.\r\n`,
  );
  return { mime, date: now - n * 3_600_000 };
}

function clientOf(version: Version, fetch: (request: Request) => Promise<Response>): EasClient {
  return easClient({
    url: place,
    user: address,
    password: "password",
    deviceId: `FUZZ${version.replace(".", "")}`,
    deviceType: "Fuzz",
    version,
    fetch,
  });
}

/**
 * Sends a request and looks at what becomes of it. `patience`: milliseconds after which it has hung.
 * Throws {@link Finding}.
 */
export async function watched(
  request: Request,
  send: (request: Request) => Promise<Response>,
  clock: JumpingClock,
  logged: string[],
  patience = 60_000,
): Promise<Response> {
  logged.length = 0;
  const [begun, worked] = [performance.now(), process.cpuUsage()];
  let done = false;
  const answer = whole(request, send).finally(() => done = true);
  answer.catch(() => {});
  // What waits for its time gets it.
  for (let turns = 0; !done; turns++) {
    await settle();
    if (turns % 50 === 49) await clock.jump(600_000);
    if (!done && performance.now() - begun > patience) {
      throw new Finding(`there is no answer after ${patience} ms`);
    }
  }
  const response = await answer;
  const { user } = process.cpuUsage(worked);
  // On a busy machine the wall's clock says nothing.
  const ms = Math.min(performance.now() - begun, user / 1000);
  if (ms > longest) throw new Finding(`it took ${Math.round(ms)} ms`);
  const failures = logged.filter((line) => /"level":"error"/.test(line));
  if (failures.length > 0) throw new Finding(failures.join("").slice(0, 3000));
  if (response.status === 500 && !mayBe500(request)) throw new Finding("HTTP 500");
  const { heapUsed } = process.memoryUsage();
  if (heapUsed > mostMemory) throw new Finding(`${heapUsed >> 20} MiB of memory are in use`);
  return response;
}

async function whole(request: Request, send: (request: Request) => Promise<Response>) {
  const { status, headers, body } = await send(request);
  const bytes = body ? await new Response(body).arrayBuffer() : new ArrayBuffer(0);
  return new Response(bytes.byteLength > 0 ? bytes : null, { status, headers });
}

/** Where the specification prints it: what is gone, for versions without statuses. MS-ASCMD 2.2.2 */
function mayBe500({ url }: Request): boolean {
  return /Cmd=(GetAttachment|SendMail|Smart\w+)\b/i.test(url) || !url.includes("Cmd=");
}
