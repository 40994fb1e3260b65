// A Sync that finds one change: 50 collections on the device against 1.
//
// Two devices of one account: both look at the same rows, and take turns. Each request names all of
// the device's collections with their keys and options, as phones do; the change is in the inbox,
// and it is another one for each Sync that is measured.
import { type EditsFolders, mailboxes } from "../../plugins/mailbox/api.ts";
import { el } from "../../plugins/eas/api.ts";
import { decode } from "../../plugins/eas/wbxml/mod.ts";
import { withTempDir } from "../kit.ts";
import { type BenchApp, benchApp, collectionOf, request } from "./kit.ts";
import { fillMailbox } from "./mailbox.ts";
import { type BenchResult, median } from "./result.ts";

const many = 50;
const messagesEach = 100;
const rounds = 300;
const warmUp = 100;

export async function benchManyFolders(): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const app = await benchApp(`${dir}/folders.db`);
    const account = await app.addAccount("ada@example.org");
    const mailbox = app.program.host.one(mailboxes).open(account);
    const folders = [await fillMailbox(app.storage, account.id, messagesEach)];
    while (folders.length < many) {
      const place = { name: `Folder ${folders.length}`, parent: undefined, class: "mail" } as const;
      const token = `bench-folder-${folders.length}`;
      const { id } = await (mailbox as unknown as EditsFolders).createFolder(place, token);
      await fillMailbox(app.storage, account.id, messagesEach, { folder: id });
      folders.push(id);
    }
    const deliver = async (n: number) => {
      const mime = new TextEncoder().encode(
        `From: bob@example.net\r\nTo: ada@example.org\r\nSubject: News ${n}\r\n\r\nHello ${n}\r\n`,
      );
      await mailbox.create(folders[0]!, { mime }, `bench-${n}`);
    };
    const one = await openDevice(app, "one", folders.slice(0, 1));
    const all = await openDevice(app, "all", folders);
    const times = await compare(one, all, deliver);
    await app.stop();
    return [{
      name: "Sync that finds one change: 50 collections / 1 collection",
      ratio: times.all / times.one,
      limit: 2,
      detail: `${times.all.toFixed(2)} ms / ${times.one.toFixed(2)} ms, medians of ${rounds}`,
    }];
  });
}

async function compare(
  one: Device,
  all: Device,
  deliver: (n: number) => Promise<void>,
): Promise<{ readonly one: number; readonly all: number }> {
  const times = { one: [] as number[], all: [] as number[] };
  for (let round = -warmUp; round < rounds; round++) {
    await deliver(round);
    // Who comes second finds the new rows in the caches: that is each one's turn every other time.
    const pair = [["one", one], ["all", all]] as const;
    for (const [name, device] of round % 2 ? pair : pair.toReversed()) {
      const asked = device.request();
      const begun = performance.now();
      const answer = await device.send(asked);
      const time = performance.now() - begun;
      const brought = device.learn(answer);
      if (brought !== 1) throw new Error(`Cannot compare: a Sync brought ${brought} messages`);
      if (round >= 0) times[name].push(time);
      device.learn(await device.send(device.request())); // shows the new key, as phones do
    }
  }
  return { one: median(times.one), all: median(times.all) };
}

/** What a device does itself, making its request and reading its answer, is not measured. */
interface Device {
  request(): Request;
  send(asked: Request): Promise<Uint8Array<ArrayBuffer>>;
  /** Takes the keys out of an answer, and says how many messages it brought. */
  learn(answer: Uint8Array<ArrayBuffer>): number;
}

/** A device that has everything there is in its folders. */
async function openDevice(
  app: BenchApp,
  name: string,
  folders: readonly string[],
): Promise<Device> {
  const keys = new Map(folders.map((folder) => [folder, "0"]));
  const device: Device = {
    request() {
      const collections = [...keys].map(([folder, key]) => collectionOf(key, folder));
      const body = el("AirSync:Sync", el("AirSync:Collections", ...collections));
      const asked = { account: "ada@example.org", device: name, command: "Sync", body };
      return request("http://bench.invalid", asked);
    },
    async send(asked) {
      const response = await app.fetch(asked, { remote: "127.0.0.1" });
      if (response.status !== 200) throw new Error(`Cannot sync: HTTP ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    learn(answer) {
      // An empty body says that nothing changed.
      const told = answer.length > 0 ? decode(answer).child("AirSync:Collections")! : undefined;
      let brought = 0;
      for (const collection of told?.children ?? []) {
        const status = collection.textOf("AirSync:Status");
        if (status !== "1") throw new Error(`Cannot sync: Status ${status}`);
        const id = collection.textOf("AirSync:CollectionId")!;
        keys.set(id, collection.textOf("AirSync:SyncKey")!);
        brought += collection.child("AirSync:Commands")?.all("AirSync:Add").length ?? 0;
      }
      return brought;
    },
  };
  let have = 0;
  for (let keyless = true, brought = 0; keyless || brought > 0; keyless = false) {
    brought = device.learn(await device.send(device.request()));
    if (keyless) brought += device.learn(await device.send(device.request()));
    have += brought;
  }
  if (have !== folders.length * messagesEach) throw new Error(`Cannot begin: it has ${have}`);
  return device;
}
