// The way in from outside: the name, the answer, the clock.
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../clock.ts";
import type { Finding } from "../points.ts";
import { isHealth } from "./port.ts";

const patience = 15_000;

/** Whether the name of the public address is known. */
export async function checkName(url: string): Promise<Finding[]> {
  const hostname = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(hostname) !== 0) return [];
  const check = "name";
  try {
    const found = await lookup(hostname, { all: true });
    const addresses = found.map(({ address }) => address).join(", ");
    return [{ check, level: "ok", detail: `${hostname} is ${addresses}` }];
  } catch {
    return [{
      check,
      level: "error",
      detail: `${hostname} is not known to the DNS`,
      fix: `add an A or AAAA record for ${hostname}, or correct server.url`,
    }];
  }
}

/** Whether a client gets Navette's answer there, over TLS. */
export async function checkUrl(url: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (new URL(url).protocol !== "https:") {
    findings.push({
      check: "TLS",
      level: "warning",
      detail: `${url} is not https: passwords cross the network in plain text`,
      fix: "serve with server.tls, or put a proxy that speaks TLS in front",
    });
  }
  try {
    const answer = await fetch(new URL("/healthz", url), {
      signal: AbortSignal.timeout(patience),
      redirect: "manual",
    });
    findings.push(await readAnswer(url, answer));
  } catch (error) {
    findings.push(unreachable(url, error as Error));
  }
  return findings;
}

async function readAnswer(url: string, answer: Response): Promise<Finding> {
  const check = "reachable";
  const body = await answer.json().catch(() => undefined);
  if (isHealth(body)) {
    const { ok } = body as { ok: boolean };
    if (ok) return { check, level: "ok", detail: `navette answers at ${url}` };
    const fix = "look at its /healthz on that machine: it tells which part";
    return { check, level: "error", detail: `navette answers at ${url} that it is not well`, fix };
  }
  const status = answer.status;
  const moved = answer.headers.get("location");
  const detail = moved
    ? `${url} sends to ${moved} (HTTP ${status}), and devices do not follow`
    : `something else than navette answers at ${url} (HTTP ${status})`;
  const fix = "let the proxy hand the devices' path and /healthz to navette, without redirects";
  return { check, level: "error", detail, fix };
}

function unreachable(url: string, error: Error): Finding {
  const cause = error.cause as { code?: string; message?: string } | undefined;
  const why = [error.message, cause?.code ?? cause?.message].filter(Boolean).join(": ");
  const aboutTls = /cert|tls|ssl|self.signed|issuer|unknown_?ca/i.test(why);
  return {
    check: "reachable",
    level: "error",
    detail: `${url} cannot be reached (${why})`,
    fix: aboutTls
      ? "use a certificate that devices trust, for this name, with the whole chain in the file"
      : "see that it is up, that the firewall lets it through, and that the name is right",
  };
}

/** Built after this: a clock that is before it is wrong. */
const builtAfter = Date.UTC(2026, 0, 1);
/** How far two clocks may be apart. */
const tolerance = 120_000;

/** Whether this machine's clock can be right; compared with the server's where there is one. */
export async function checkClock(clock: Clock, url: string | undefined): Promise<Finding[]> {
  const check = "clock";
  const fix = "let the machine keep time (systemd-timesyncd, chrony)";
  const now = clock.now();
  if (now < builtAfter) {
    const said = new Date(now).toISOString();
    return [{ check, level: "error", detail: `this machine believes that it is ${said}`, fix }];
  }
  const other = url === undefined ? undefined : await dateAt(url);
  if (other === undefined) return [{ check, level: "ok", detail: new Date(now).toISOString() }];
  const apart = Math.round(Math.abs(other - now) / 1000);
  return apart * 1000 > tolerance
    ? [{ check, level: "error", detail: `${apart} s away from the one at ${url}`, fix }]
    : [{ check, level: "ok", detail: `it agrees with the one at ${url}` }];
}

async function dateAt(url: string): Promise<number | undefined> {
  try {
    const answer = await fetch(new URL("/healthz", url), {
      signal: AbortSignal.timeout(patience),
      redirect: "manual",
    });
    await answer.body?.cancel();
    const date = Date.parse(answer.headers.get("date") ?? "");
    return Number.isNaN(date) ? undefined : date;
  } catch {
    return undefined;
  }
}
