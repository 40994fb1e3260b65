// Passwords of servers, sealed by app passwords: the database alone opens none of them.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import {
  type Account,
  type Database,
  type Migration,
  plainAppPassword,
} from "../../../../../core/mod.ts";
import type { Secret } from "./keyring.ts";

export const sealMigrations: readonly Migration[] = [{
  id: "20261122_imap_seal",
  up: [
    `CREATE TABLE mailbox_imap_seal (
      app_password INTEGER PRIMARY KEY,
      account INTEGER NOT NULL,
      salt BLOB NOT NULL,
      sealed BLOB NOT NULL
    )`,
    "CREATE INDEX mailbox_imap_seal_account ON mailbox_imap_seal (account)",
  ],
}];

/** An app password as it was made or shown. */
export interface AppPasswordText {
  readonly id: number;
  readonly password: string;
}

export interface Seals {
  /** Keeps `secret` so that only this app password brings it back. */
  put(account: Account, by: AppPasswordText, secret: Secret): Promise<void>;
  /** undefined: nothing was sealed by it. */
  open(account: Account, by: AppPasswordText): Promise<Secret | undefined>;
  /** The app password was taken back. */
  remove(appPassword: number): Promise<void>;
  removeAccount(account: number): Promise<void>;
}

const saltLength = 16;
const nonceLength = 12;
const tagLength = 16;

/**
 * AES-256-GCM under a key that HKDF makes of the app password: 72 random bits, which nobody guesses,
 * so that no slow function is needed. Account and number are bound to it: a row put in the place of
 * another one opens nothing.
 */
export function makeSeals(db: Database): Seals {
  return {
    async put(account, by, secret) {
      const salt = randomBytes(saltLength);
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv("aes-256-gcm", keyOf(by, salt), nonce);
      cipher.setAAD(boundTo(account, by));
      const text = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final()]);
      const sealed = Buffer.concat([nonce, cipher.getAuthTag(), text]);
      await db.run(
        "INSERT OR REPLACE INTO mailbox_imap_seal (app_password, account, salt, sealed) " +
          "VALUES (?, ?, ?, ?)",
        [by.id, account.id, salt, sealed],
      );
    },
    async open(account, by) {
      const [row] = await db.all<{ salt: Uint8Array; sealed: Uint8Array }>(
        "SELECT salt, sealed FROM mailbox_imap_seal WHERE app_password = ? AND account = ?",
        [by.id, account.id],
      );
      if (!row) return undefined;
      const text = opened(account, by, row);
      return { reveal: () => text };
    },
    async remove(appPassword) {
      await db.run("DELETE FROM mailbox_imap_seal WHERE app_password = ?", [appPassword]);
    },
    async removeAccount(account) {
      await db.run("DELETE FROM mailbox_imap_seal WHERE account = ?", [account]);
    },
  };
}

function opened(
  account: Account,
  by: AppPasswordText,
  row: { readonly salt: Uint8Array; readonly sealed: Uint8Array },
): string {
  const sealed = Buffer.from(row.sealed);
  const nonce = sealed.subarray(0, nonceLength);
  const cipher = createDecipheriv("aes-256-gcm", keyOf(by, row.salt), nonce);
  cipher.setAAD(boundTo(account, by));
  cipher.setAuthTag(sealed.subarray(nonceLength, nonceLength + tagLength));
  const text = sealed.subarray(nonceLength + tagLength);
  return Buffer.concat([cipher.update(text), cipher.final()]).toString("utf8");
}

function keyOf({ password }: AppPasswordText, salt: Uint8Array): Buffer {
  const key = hkdfSync("sha256", plainAppPassword(password), salt, "navette sealed password", 32);
  return Buffer.from(key);
}

function boundTo(account: Account, { id }: AppPasswordText): Buffer {
  return Buffer.from(`${account.id} ${id}`);
}
