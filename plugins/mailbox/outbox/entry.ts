// A message on its way out and its recipients, as the queue keeps them.

/** A message that was accepted. */
export interface Entry {
  readonly id: number;
  readonly accountId: number;
  /** Envelope sender. */
  readonly sender: string;
  /** The header block as it is kept in Sent: with Bcc. */
  readonly head: Uint8Array;
  /** Of the whole message, in bytes. */
  readonly size: number;
  /** The copy in Sent is wanted and not there yet. */
  readonly saveSent: boolean;
  readonly created: number;
  /** How often it was worked on. */
  readonly rounds: number;
  /** The sender was told that it takes long. */
  readonly warned: boolean;
}

/** One recipient of it, and how far it is. */
export interface Recipient {
  readonly address: string;
  /** The local account; undefined: it goes to the relay. */
  readonly accountId: number | undefined;
  /** committing: the relay was given all of it, and its answer has not been written down. */
  readonly state: "waiting" | "committing" | "sent" | "failed";
  /** RFC 3463, of the last failure. */
  readonly status: string;
  readonly diagnostic: string;
  /** The round in which it failed: recipients of one round share a bounce. */
  readonly round: number;
  readonly told: boolean;
}

/** What becomes of a message that is accepted. */
export interface Acceptance {
  readonly head: Uint8Array;
  readonly size: number;
  readonly saveSent: boolean;
  readonly recipients: readonly Recipient[];
}

/** A recipient that cannot get it. */
export function failedRecipient(address: string, status: string, diagnostic: string): Recipient {
  const base = { accountId: undefined, round: 0, told: false };
  return { ...base, address, state: "failed", status, diagnostic };
}
