// What a device wants done besides Sync: mail sent, items moved, folders changed. It asks until it is told.
import type { Account } from "../../core/mod.ts";
import { EasError } from "../../plugins/eas/client/mod.ts";
import type { Device } from "./device.ts";
import { Violation } from "./violation.ts";

/** One thing to be done; it stays until an answer has come. */
export interface Errand {
  /** For people who read a failure. */
  readonly name: string;
  /** One request. Throws where no answer came. */
  attempt(): Promise<void>;
}

/** A mail to be sent. `done` hears when the server has it. */
export interface Letter {
  readonly id: string;
  readonly to: Account;
  /** What it answers or forwards. */
  readonly source?: {
    readonly how: "reply" | "forward";
    readonly folder: string;
    readonly item: string;
  };
}

export function sending(device: Device, letter: Letter, done: () => void): Errand {
  const { id, to, source } = letter;
  const mime = `From: ${device.account.address}\r\nTo: ${to.address}\r\nSubject: ${id}\r\n` +
    `Message-ID: <${id}@example.org>\r\n\r\nThis is ${id}.\r\n`;
  return {
    name: `to send ${id}`,
    async attempt() {
      try {
        const { client } = device;
        if (!source) await client.sendMail(mime, { clientId: id });
        else if (source.how === "reply") await client.smartReply(source, mime, { clientId: id });
        else await client.smartForward(source, mime, { clientId: id });
      } catch (error) {
        // It was sent before: just what a device wants to hear.
        const { status, http } = error instanceof EasError ? error : {};
        // The original is gone, and the user gives it up. Up to 12.1 that is HTTP 500.
        if (source && (status === 150 || http === 500)) return;
        if (status !== 118) throw error;
      }
      done();
    },
  };
}

/** Items to be moved. `none` of an outcome: somebody else was faster. */
export function moving(device: Device, item: string, from: string, to: string): Errand {
  return {
    name: `to move ${item} to ${to}`,
    async attempt() {
      const [moved] = await device.phone.move([item], from, to);
      const status = moved?.status;
      if (status === 3 && moved?.newId !== undefined) return;
      // Busy: the device comes back.
      if (status === 7 && device.excused()) throw new TypeError("locked");
      if (status !== 1 && status !== 2) {
        throw new Violation(`${device.name}: a move of ${item} was answered with ${status}`);
      }
    },
  };
}

/** A change of the folders: statuses in `fine` mean that others changed the same. */
export function editing(
  device: Device,
  name: string,
  edit: () => Promise<unknown>,
  fine: readonly number[],
): Errand {
  return {
    name,
    async attempt() {
      try {
        await edit();
      } catch (error) {
        const status = /^Cannot change the folders: status (\d+)$/.exec(String(
          error instanceof Error ? error.message : "",
        ))?.[1];
        if (status === undefined) throw error;
        if (fine.includes(Number(status))) return;
        if (status === "9" && device.startsOver) {
          await device.phone.syncFolders();
          throw new TypeError("the folders had to start over");
        }
        throw new Violation(`${device.name}: ${name} was answered with status ${status}`);
      }
    },
  };
}
