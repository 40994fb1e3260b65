// The numbers by which a folder's state is told: STATUS, alone or for many folders by LIST.
import type { ImapFlow, MailboxObject } from "imapflow";
import { folderWord } from "./mailbox_name.ts";
import { atom, command, pairs, type Token, word } from "../connections/raw.ts";

/** The numbers of a folder, as far as they were told. */
export interface FolderNumbers {
  readonly uidValidity?: bigint;
  readonly uidNext?: number;
  readonly messages?: number;
  readonly highestModseq?: bigint;
}

/** What STATUS is asked for. A server without mod-sequences would refuse to be asked for its own. */
export function numberItems(modseq: boolean): Token[] {
  const items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", ...(modseq ? ["HIGHESTMODSEQ"] : [])];
  return items.map(atom);
}

/** The server has mod-sequences: RFC 7162. */
export function hasModseq({ capabilities }: ImapFlow): boolean {
  return capabilities.has("CONDSTORE") || capabilities.has("QRESYNC");
}

/** The numbers in the list of an untagged STATUS. */
export function readNumbers(list: Token | undefined): FolderNumbers {
  const found = pairs(list);
  const digits = (name: string) => {
    const value = word(found.get(name));
    return value !== undefined && /^\d{1,20}$/.test(value) ? value : undefined;
  };
  const [validity, next, messages, modseq] = [
    digits("UIDVALIDITY"),
    digits("UIDNEXT"),
    digits("MESSAGES"),
    digits("HIGHESTMODSEQ"),
  ];
  return {
    ...(validity !== undefined && { uidValidity: BigInt(validity) }),
    ...(next !== undefined && { uidNext: Number(next) }),
    ...(messages !== undefined && { messages: Number(messages) }),
    ...(modseq !== undefined && { highestModseq: BigInt(modseq) }),
  };
}

/** STATUS of one folder; of the one that is open too, which imapflow's own would count anew. */
export async function folderNumbers(
  client: ImapFlow,
  path: string,
  modseq = hasModseq(client),
): Promise<FolderNumbers> {
  let found: FolderNumbers = {};
  await command(client, "STATUS", [folderWord(client, path), numberItems(modseq)], {
    STATUS: (words) => {
      found = readNumbers(words[1]);
    },
  });
  return found;
}

/** Those of a folder that is open. */
export function openNumbers(mailbox: MailboxObject): FolderNumbers {
  const { uidValidity, uidNext, exists, highestModseq } = mailbox;
  return {
    uidValidity,
    uidNext,
    messages: exists,
    ...(highestModseq !== undefined && { highestModseq }),
  };
}
