// What `doctor` looks at in Exchange ActiveSync: the engine's memory, and the list of problems.
import type { Finding, Host } from "../../core/mod.ts";
import { syncState } from "./api.ts";
import type { EasConfig } from "./config.ts";
import { problemList } from "./problems.ts";

/** What is older is known by now, or forgotten. Milliseconds. */
const recent = 30 * 24 * 3_600_000;

/** Everything that can be known from here; nothing is changed. */
export async function diagnose(host: Host<EasConfig>): Promise<Finding[]> {
  return [memoryFinding(host), await problemsFinding(host)];
}

function memoryFinding(host: Host<EasConfig>): Finding {
  const check = "sync memory";
  if (host.all(syncState).length > 0) {
    return { check, level: "ok", detail: "A lost answer is given again" };
  }
  return {
    check,
    level: "warning",
    detail: "A phone whose answer was lost loads the folder once more",
    fix: "Set smartsync = true",
  };
}

async function problemsFinding({ db, clock }: Host<EasConfig>): Promise<Finding> {
  const check = "mail on devices";
  const since = clock.now() - recent;
  const problems = (await problemList(db, clock).list()).filter(({ last }) => last > since);
  if (problems.length === 0) return { check, level: "ok", detail: "No problems within 30 days" };
  const count = problems.length === 1 ? "is one problem" : `are ${problems.length} problems`;
  return {
    check,
    level: "warning",
    detail:
      `There ${count} of the last 30 days: items that could not be shown, or devices slowed down`,
    fix: "Look at `navette eas problems`",
  };
}
