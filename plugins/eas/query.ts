// The query of a request, in both of its encodings. MS-ASHTTP 2.2.1.1.1
import type { Tag } from "./wbxml/element.ts";

/** A query as it was sent: not yet joined with what the headers say. */
export interface RawQuery {
  readonly command: string;
  readonly user: string | undefined;
  readonly deviceId: string;
  readonly deviceType: string;
  /** `14.1`; undefined in the plain encoding, where a header says it. */
  readonly version: string | undefined;
  readonly policyKey: number | undefined;
  readonly collectionId: string | undefined;
  readonly itemId: string | undefined;
  readonly longId: string | undefined;
  readonly attachmentName: string | undefined;
  readonly occurrence: string | undefined;
  readonly saveInSent: boolean;
  readonly acceptMultiPart: boolean;
}

// MS-ASHTTP 2.2.1.1.1.1.2: the codes of the base64 encoding, and the root of each command's answer.
const protocolCommands: readonly (readonly [number, string, Tag?])[] = [
  [0, "Sync", "AirSync:Sync"],
  [1, "SendMail", "ComposeMail:SendMail"],
  [2, "SmartForward", "ComposeMail:SmartForward"],
  [3, "SmartReply", "ComposeMail:SmartReply"],
  [4, "GetAttachment"],
  [9, "FolderSync", "FolderHierarchy:FolderSync"],
  [10, "FolderCreate", "FolderHierarchy:FolderCreate"],
  [11, "FolderDelete", "FolderHierarchy:FolderDelete"],
  [12, "FolderUpdate", "FolderHierarchy:FolderUpdate"],
  [13, "MoveItems", "Move:MoveItems"],
  [14, "GetItemEstimate", "GetItemEstimate:GetItemEstimate"],
  [15, "MeetingResponse", "MeetingResponse:MeetingResponse"],
  [16, "Search", "Search:Search"],
  [17, "Settings", "Settings:Settings"],
  [18, "Ping", "Ping:Ping"],
  [19, "ItemOperations", "ItemOperations:ItemOperations"],
  [20, "Provision", "Provision:Provision"],
  [21, "ResolveRecipients", "ResolveRecipients:ResolveRecipients"],
  [22, "ValidateCert", "ValidateCert:ValidateCert"],
  [23, "Find", "Find:Find"],
];
const commandOf = new Map(protocolCommands.map(([code, name]) => [code, name]));

/** The root element of each command of the protocol, implemented here or not. */
export const rootOf: ReadonlyMap<string, Tag> = new Map(
  protocolCommands.flatMap(([, name, root]) => root ? [[name, root] as const] : []),
);

/** No real query is longer; most are below 300 characters. */
const longest = 4096;

/**
 * Reads what follows the `?` (or all of `search`, with it). Throws SyntaxError for what is neither
 * encoding, RangeError for values out of bounds.
 */
export function parseQuery(search: string): RawQuery {
  const text = search.startsWith("?") ? search.slice(1) : search;
  if (text === "") throw new SyntaxError("Cannot read the query: there is none");
  if (text.length > longest) throw new RangeError(`Cannot read the query: over ${longest} long`);
  const base64 = asBase64(text);
  return base64 === undefined ? plain(text) : packed(base64);
}

/** The bytes of a base64 query; undefined where it is plain. Padding and alphabet are not fussy. */
function asBase64(text: string): Uint8Array | undefined {
  const bare = text.replace(/%(2b|2f|3d)/gi, decodeURIComponent).replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/_-]+$/.test(bare)) return undefined;
  if (bare.length % 4 === 1) throw new SyntaxError("Cannot read the query: base64 cut off");
  const binary = atob(bare.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

// MS-ASHTTP 2.2.1.1.1.2
function plain(text: string): RawQuery {
  const values = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(text)) {
    const name = key.toLowerCase();
    const known = values.get(name);
    if (known !== undefined && known !== value) {
      throw new SyntaxError(`Cannot read the query: two values for ${JSON.stringify(key)}`);
    }
    values.set(name, value);
  }
  const command = values.get("cmd");
  if (!command) throw new SyntaxError("Cannot read the query: no Cmd");
  return {
    command,
    user: values.get("user"),
    deviceId: values.get("deviceid") ?? "",
    deviceType: values.get("devicetype") ?? "",
    version: undefined,
    policyKey: undefined,
    collectionId: values.get("collectionid"),
    itemId: values.get("itemid"),
    longId: values.get("longid"),
    attachmentName: values.get("attachmentname"),
    occurrence: values.get("occurrence"),
    saveInSent: values.get("saveinsent")?.toUpperCase() === "T",
    acceptMultiPart: false,
  };
}

// MS-ASHTTP 2.2.1.1.1.1
function packed(bytes: Uint8Array): RawQuery {
  const reader = new Reader(bytes);
  const version = reader.byte();
  const code = reader.byte();
  reader.take(2); // the locale: Accept-Language says it too, where a command needs it
  const id = reader.counted();
  const key = reader.counted();
  if (key.length !== 0 && key.length !== 4) {
    throw new RangeError(`Cannot read the query: a policy key of ${key.length} bytes`);
  }
  const deviceType = text(reader.counted());
  const parameters = new Map<number, Uint8Array>();
  while (!reader.done) {
    const tag = reader.byte();
    if (parameters.has(tag)) throw new SyntaxError(`Cannot read the query: two of tag ${tag}`);
    parameters.set(tag, reader.counted());
  }
  const named = (tag: number) => {
    const value = parameters.get(tag);
    return value && text(value);
  };
  const options = parameters.get(7)?.[0] ?? 0;
  return {
    command: commandOf.get(code) ?? `#${code}`,
    user: named(8),
    deviceId: hex(id),
    deviceType,
    version: `${Math.trunc(version / 10)}.${version % 10}`,
    policyKey: key.length === 4 ? view(key).getUint32(0, true) : undefined,
    collectionId: named(1),
    itemId: named(3),
    longId: named(4),
    attachmentName: named(0),
    occurrence: named(6),
    saveInSent: (options & 1) !== 0,
    acceptMultiPart: (options & 2) !== 0,
  };
}

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get done(): boolean {
    return this.at === this.bytes.length;
  }
  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) {
      throw new SyntaxError("Cannot read the query: it ends too early");
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  byte(): number {
    return view(this.take(1)).getUint8(0);
  }
  /** A length byte and as many bytes. */
  counted(): Uint8Array {
    return this.take(this.byte());
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
