// How mail leaves: a server that takes it, and what it says of each recipient.

/** A message for the server. */
export interface Handover {
  readonly from: string;
  readonly to: readonly string[];
  /** In bytes; may be a little more than it is. */
  readonly size: number;
  readonly mime: AsyncIterable<Uint8Array>;
  /** Awaited when the server has every byte but not yet the end: from here on it may be accepted. */
  readonly committing: () => Promise<void>;
  /** Ends the attempt, as long as it is not committing. */
  readonly signal: AbortSignal;
}

/** How it went for one recipient. `uncertain`: it may have been accepted, nobody can tell. */
export interface Verdict {
  readonly kind: "sent" | "temporary" | "permanent" | "uncertain";
  /** RFC 3463. */
  readonly status: string;
  /** In the server's words where there are any. */
  readonly diagnostic: string;
  /** The trouble is with the server (unreachable, login), not with this message. */
  readonly relayTrouble?: boolean;
}

/** An SMTP server that takes mail for others. */
export interface Relay {
  /** `host:port`, for messages. */
  readonly place: string;
  /** Never rejects: a failure is a verdict. Every recipient has one, by its address. */
  handOver(message: Handover): Promise<Map<string, Verdict>>;
  /** Connects and logs in; throws what is wrong. */
  check(): Promise<void>;
}

/** The submission server of an account whose mail lies elsewhere (RFC 6409). */
export interface Submission {
  readonly relay: Relay;
  /** It puts what it sends into the folder of sent mail by itself. */
  readonly saves: boolean;
}
