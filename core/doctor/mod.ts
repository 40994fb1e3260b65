// What core itself looks at when somebody asks what is wrong.
import type { Parts } from "../commands/parts.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database.ts";
import type { Finding } from "../points.ts";
import { checkCertificate } from "./certificate.ts";
import { checkHold, type HoldCheck } from "./hold.ts";
import { checkClock, checkName, checkUrl } from "./network.ts";
import { checkPort } from "./port.ts";

/** What the person asked for. */
export interface Wishes {
  /** Where clients reach the server. */
  readonly url: string | undefined;
  /** Seconds to hold a request there; 0: none. */
  readonly hold: number;
}

/** Core's findings; those that need a public address only where one is known. */
export async function coreFindings(
  { clock }: Parts,
  config: Config,
  db: Database,
  { url, hold }: Wishes,
): Promise<readonly Finding[]> {
  const address = url ?? (config.server.url || undefined);
  const parts = [
    checkStorage(db),
    checkPort(config),
    checkCertificate(config, address, clock),
    ...(address === undefined ? [noUrl()] : [checkName(address)]),
    ...(url === undefined ? [] : [checkWayIn({ url, db, clock, seconds: hold })]),
    checkClock(clock, url),
  ];
  return (await Promise.all(parts)).flat();
}

/** Where nobody answers, nothing can be said of how requests are held. */
async function checkWayIn(check: HoldCheck): Promise<Finding[]> {
  const found = await checkUrl(check.url);
  const reached = found.every(({ level }) => level !== "error");
  return reached ? [...found, ...await checkHold(check)] : found;
}

function noUrl(): Promise<Finding[]> {
  return Promise.resolve([{
    check: "public address",
    level: "warning",
    detail: "server.url is not set, so names, TLS and the way in cannot be checked",
    fix: 'set server.url = "https://mail.example.com", or give the address: navette doctor URL',
  }]);
}

class Undo extends Error {}

/** Writes something and takes it back. */
async function checkStorage(db: Database): Promise<Finding[]> {
  try {
    await db.transaction(async (tx) => {
      await tx.run("INSERT INTO core_migration (plugin, id, applied) VALUES ('doctor', '', 0)");
      throw new Undo();
    });
  } catch (error) {
    if (!(error instanceof Undo)) {
      return [{
        check: "storage",
        level: "error",
        detail: `it cannot be written: ${(error as Error).message}`,
        fix: "give the user that runs navette the right to write there, and look for free space",
      }];
    }
  }
  return [{ check: "storage", level: "ok", detail: "it can be read and written" }];
}
