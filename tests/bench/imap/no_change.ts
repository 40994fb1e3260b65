// A Sync that finds nothing, against one NOOP of the library; and in a large folder against a small.
//
// The three take turns in one run, on connections that are warm. A NOOP is one round trip of the
// server on a folder that is open; the Sync pays for HTTP, login, engine and whatever it asks.
import { type BenchResult, median } from "../result.ts";
import { keyOf, syncOf } from "../kit.ts";
import { bareFlow, type Gateway, type GatewayPhone, withGateway } from "./gateway.ts";
import { fillInbox } from "./inbox.ts";

const small = 1_000;
const large = 50_000;
const rounds = 200;
const warmUp = 50;

export async function benchGatewayNoChange(): Promise<BenchResult[]> {
  return await withGateway(async (gateway) => {
    const user = await gateway.dovecot.addUser("small");
    await fillInbox(gateway.dovecot, user, small, { textBytes: 200 });
    const few = await synced(gateway, await gateway.phone(user, "few"));
    const other = await gateway.dovecot.addUser("large");
    await fillInbox(gateway.dovecot, other, large, { textBytes: 200 });
    const many = await synced(gateway, await gateway.phone(other, "many"));
    const bare = await bareFlow(gateway.dovecot, other);
    await bare.mailboxOpen("INBOX", { readOnly: true });

    const times = { noop: [] as number[], few: [] as number[], many: [] as number[] };
    for (let round = -warmUp; round < rounds; round++) {
      const noop = await timed(() => bare.noop());
      const one = await timed(few);
      const two = await timed(many);
      if (round < 0) continue;
      times.noop.push(noop);
      times.few.push(one);
      times.many.push(two);
    }
    bare.close();
    const ms = (figures: number[]) => `${median(figures).toFixed(2)} ms`;
    return [{
      name: "Sync without change over IMAP / one NOOP",
      ratio: median(times.few) / median(times.noop),
      limit: 5,
      detail: `${ms(times.few)} / ${ms(times.noop)}, medians of ${rounds}`,
    }, {
      name: "Sync without change over IMAP, 50,000 messages / 1,000",
      ratio: median(times.many) / median(times.few),
      limit: 1.3,
      detail: `${ms(times.many)} / ${ms(times.few)}, medians of ${rounds}`,
    }];
  });
}

/** Syncs everything, and returns a Sync that finds nothing. */
async function synced(
  _: Gateway,
  { ask, inbox }: GatewayPhone,
): Promise<() => Promise<void>> {
  let key = "0";
  for (let quiet = false, requests = 0; !quiet; requests++) {
    const answer = await ask("Sync", syncOf(key, inbox, 512));
    quiet = answer.length === 0 || (requests > 0 && keyOf(answer) === key);
    if (!quiet) key = keyOf(answer);
  }
  return async () => {
    const answer = await ask("Sync", syncOf(key, inbox, 512));
    if (answer.length > 0 && keyOf(answer) !== key) throw new Error("Cannot compare: a change");
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
