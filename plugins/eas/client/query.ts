// The query of a request, written in both of its encodings. MS-ASHTTP 2.2.1.1.1
import type { Version } from "../versions.ts";

/** What a command may say in the query besides its document. */
export interface Parameters {
  readonly attachmentName?: string;
  readonly collectionId?: string;
  readonly itemId?: string;
  readonly longId?: string;
  readonly occurrence?: string;
  readonly saveInSent?: boolean;
  /** In the plain encoding a header says it. */
  readonly acceptMultiPart?: boolean;
}

export interface QueryParts {
  readonly command: string;
  readonly user: string;
  readonly deviceId: string;
  readonly deviceType: string;
  readonly version: Version;
  readonly policyKey: number | undefined;
  readonly parameters: Parameters;
}

// MS-ASHTTP 2.2.1.1.1.2
export function plainQuery(
  { command, user, deviceId, deviceType, parameters }: QueryParts,
): string {
  const query = new URLSearchParams({
    Cmd: command,
    User: user,
    DeviceId: deviceId,
    DeviceType: deviceType,
  });
  const { saveInSent, acceptMultiPart: _, ...texts } = parameters;
  for (const [key, value] of Object.entries(texts)) {
    if (value !== undefined) query.set(key[0]?.toUpperCase() + key.slice(1), value);
  }
  if (saveInSent) query.set("SaveInSent", "T");
  return query.toString();
}

// MS-ASHTTP 2.2.1.1.1.1.2
const commandCodes: Readonly<Record<string, number>> = {
  Sync: 0,
  SendMail: 1,
  SmartForward: 2,
  SmartReply: 3,
  GetAttachment: 4,
  FolderSync: 9,
  FolderCreate: 10,
  FolderDelete: 11,
  FolderUpdate: 12,
  MoveItems: 13,
  GetItemEstimate: 14,
  MeetingResponse: 15,
  Search: 16,
  Settings: 17,
  Ping: 18,
  ItemOperations: 19,
  Provision: 20,
  ResolveRecipients: 21,
  ValidateCert: 22,
  Find: 23,
};

const parameterTags = {
  attachmentName: 0,
  collectionId: 1,
  itemId: 3,
  longId: 4,
  occurrence: 6,
} as const;
const optionsTag = 7;
const english = [0x09, 0x04];

// MS-ASHTTP 2.2.1.1.1.1
export function base64Query(parts: QueryParts): string {
  const code = commandCodes[parts.command];
  if (code === undefined) {
    throw new RangeError(`Cannot write the query: ${parts.command} has no code`);
  }
  const bytes = [Number(parts.version.replace(".", "")), code, ...english];
  bytes.push(...counted(parts.deviceId));
  bytes.push(...(parts.policyKey === undefined ? [0] : [4, ...littleEndian(parts.policyKey)]));
  bytes.push(...counted(parts.deviceType));
  for (const [name, tag] of Object.entries(parameterTags)) {
    const value = parts.parameters[name as keyof typeof parameterTags];
    if (value !== undefined) bytes.push(tag, ...counted(value));
  }
  const { saveInSent, acceptMultiPart } = parts.parameters;
  const options = (saveInSent ? 1 : 0) | (acceptMultiPart ? 2 : 0);
  if (options > 0) bytes.push(optionsTag, 1, options);
  return btoa(String.fromCharCode(...bytes));
}

function counted(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 255) throw new RangeError("Cannot write the query: a value over 255 bytes");
  return [bytes.length, ...bytes];
}

function littleEndian(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
