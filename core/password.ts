// Passwords as they are kept: scrypt with its parameters in front, so that they can be raised.
import { Buffer } from "node:buffer";
import { createHash, randomBytes, randomInt, scrypt, timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { Unavailable } from "./error.ts";

/** scrypt's cost: N = 2^ln, and r·N·128 bytes of memory. */
export interface PasswordCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and some 60 ms. Raising it here is enough: older hashes are replaced at the next login. */
export const strongCost: PasswordCost = { ln: 15, r: 8, p: 1 };

const saltLength = 16;
const hashLength = 32;

/** How passwords become what is kept, and are checked against it. */
export interface PasswordHashing {
  /** The hash of a new password: `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`. */
  hash(password: string): Promise<string>;
  /** Whether `password` is the one of `stored`. A text that is no hash fits no password. */
  check(password: string, stored: string): Promise<boolean>;
  /** Takes as long as a check and fits nothing: unknown users cannot be told by the clock. */
  checkNothing(password: string): Promise<false>;
  /** Whether a stored hash was made at another cost than today's. */
  isOutdated(stored: string): boolean;
}

/** Hashing at a cost; only tests want another one than the default. */
export function passwordHashing(cost: PasswordCost = strongCost): PasswordHashing {
  const prefix = `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$`;
  return {
    async hash(password) {
      const salt = randomBytes(saltLength);
      const hash = await derive(password, salt, cost, hashLength);
      return `${prefix}${base64(salt)}$${base64(hash)}`;
    },
    async check(password, stored) {
      const match = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored);
      if (!match) return false;
      const [ln, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
      const wanted = Buffer.from(match[5]!, "base64");
      const salt = Buffer.from(match[4]!, "base64");
      return timingSafeEqual(await derive(password, salt, { ln, r, p }, wanted.length), wanted);
    },
    async checkNothing(password) {
      await derive(password, Buffer.alloc(saltLength), cost, hashLength);
      return false;
    },
    isOutdated: (stored) => !stored.startsWith(prefix),
  };
}

// 23 letters without those that look alike: 16 of them are 72 bits.
const letters = "abcdefghjkmnpqrstuvwxyz";

/** A generated password that can be read out and typed: `kpwd-mnbx-…`, `groups` times four. */
export function generatePassword(groups = 4): string {
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join("");
  return Array.from({ length: groups }, group).join("-");
}

/**
 * The hash of a generated app password; however it was typed (case, spaces, dashes). Fast on
 * purpose: nobody guesses 72 random bits, and every request of a device is checked against it.
 */
export function hashAppPassword(password: string): string {
  return createHash("sha256").update(`navette app password\0${plainAppPassword(password)}`)
    .digest("base64");
}

/** Whether something may be an app password at all. */
export function looksLikeAppPassword(password: string): boolean {
  return /^[a-z]{16}$/.test(plainAppPassword(password));
}

/** An app password in one form, however it was typed. */
export function plainAppPassword(password: string): string {
  return password.toLowerCase().replaceAll(/[\s-]/g, "");
}

// A check holds 32 MiB and a thread of the pool: more at once would starve files and DNS.
const places = Math.max(1, Math.min(3, availableParallelism()));
const longestQueue = 200;
let busy = 0;
const waiting: (() => void)[] = [];

async function derive(
  password: string,
  salt: Uint8Array,
  { ln, r, p }: PasswordCost,
  length: number,
): Promise<Buffer> {
  if (busy >= places) {
    if (waiting.length >= longestQueue) {
      throw new Unavailable("Cannot check passwords: too many are waiting", 5);
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else busy++;
  try {
    // NFC: what one keyboard types as "é" and another as "e" and an accent is one password.
    const text = password.normalize("NFC");
    return await new Promise<Buffer>((resolve, reject) => {
      const options = { N: 2 ** ln, r, p, maxmem: 2 ** ln * r * 128 * 2 };
      scrypt(text, salt, length, options, (error, key) => error ? reject(error) : resolve(key));
    });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
