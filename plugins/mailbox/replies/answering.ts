// Answers arrived mail for accounts whose owners are away: once per sender, never a machine.
import type { Account, Accounts, Clock, Database, Log } from "../../../core/mod.ts";
import { accountOf, domainOf } from "../address.ts";
import type { Audience, AutoReply, Mailbox, Mailboxes, Replies } from "../api.ts";
import { fields } from "../header.ts";
import { isAway } from "../auto_reply.ts";
import { composeReply } from "./compose.ts";
import { type Letter, letterOf, namedRecipient } from "./letter.ts";
import { claimReply, isCorrespondent } from "./memory.ts";

/** What answering works with; services are asked for when they are needed. */
export interface AnsweringParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly accounts: () => Accounts;
  readonly mailboxes: () => Mailboxes;
  /** Domains of which every address belongs to this server, in lower case. */
  readonly domains: readonly string[];
  /** Sends without an envelope sender, so that nothing can ever come back. Once per token. */
  reply(account: Account, mime: Uint8Array, to: string, token: string): Promise<void>;
}

/** A message that was just stored. */
export interface Arrived {
  readonly from: string;
  readonly to: readonly Account[];
  /** Its header block. */
  readonly head: Uint8Array;
  readonly token: string;
}

/** Makes the service that delivery tells of each message. It never rejects: the mail is there. */
export function makeAnswering(parts: AnsweringParts): (arrived: Arrived) => Promise<void> {
  return async ({ from, to, head, token }) => {
    const letter = letterOf(from, fields(head));
    if (!letter) return;
    for (const account of to) {
      try {
        await answer(parts, letter, account, `autoreply:${token}`);
      } catch (error) {
        parts.log.error({ err: error, account: account.id }, "An automatic reply was not sent");
      }
    }
  };
}

async function answer(
  parts: AnsweringParts,
  letter: Letter,
  account: Account,
  token: string,
): Promise<void> {
  const { db, clock, log } = parts;
  const address = namedRecipient(letter, account);
  if (address === undefined || account.disabled) return;
  const settings = await settingsOf(parts, account);
  const now = clock.now();
  if (!settings || !isAway(settings, now)) return;
  const audience = await audienceOf(parts, account, letter.sender);
  const text = settings.replies[audience];
  if (!text.enabled || text.content.trim() === "") return;
  const { sender } = letter;
  const { revision } = settings;
  if (!await claimReply(db, { account: account.id, sender, revision, token }, now)) return;
  const mime = await composeReply({
    account,
    address,
    to: sender,
    text,
    fields: letter.fields,
    token,
    now,
  });
  await parts.reply(account, mime, sender, token);
  log.info({ account: account.id, audience }, "An automatic reply was sent");
}

async function settingsOf(
  { mailboxes }: AnsweringParts,
  account: Account,
): Promise<AutoReply | undefined> {
  const mailbox: Mailbox & Partial<Replies> = mailboxes().open(account);
  return await mailbox.autoReply?.();
}

/**
 * Whose words a sender gets. Senders can be forged, but the reply goes to the address that they
 * claim: who pretends to be a colleague does not read what colleagues are told.
 */
async function audienceOf(
  { db, accounts, domains }: AnsweringParts,
  account: Account,
  sender: string,
): Promise<Audience> {
  if (domains.includes(domainOf(sender)) || await accountOf(accounts(), sender)) return "internal";
  return await isCorrespondent(db, account.id, sender) ? "known" : "unknown";
}
