// Queries: both encodings, the specification's own example, and what is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "./query.ts";

const nothing = {
  user: undefined,
  policyKey: undefined,
  collectionId: undefined,
  itemId: undefined,
  longId: undefined,
  attachmentName: undefined,
  occurrence: undefined,
  saveInSent: false,
  acceptMultiPart: false,
};

/** The base64 form of bytes and texts. */
function pack(...parts: readonly (number | string)[]): string {
  const bytes = parts.flatMap((part) =>
    typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]
  );
  return btoa(String.fromCharCode(...bytes));
}

test("parseQuery() reads the example of the specification", () => {
  assert.deepEqual(parseQuery("?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"), {
    ...nothing,
    command: "Sync",
    deviceId: "76313430446576696365",
    deviceType: "SmartPhone",
    version: "14.0",
  });
});

test("parseQuery() reads a plain query, whatever the case and order of its keys", () => {
  const query = "?deviceTYPE=iPhone&SAVEINSENT=T&user=EXAMPLE%5Canna&cmd=SmartReply&DeviceID=A1" +
    "&CollectionId=5&ItemId=5%3A1&LongId=x%2Fy&Occurrence=2026&AttachmentName=a%20b";
  assert.deepEqual(parseQuery(query), {
    command: "SmartReply",
    user: "EXAMPLE\\anna",
    deviceId: "A1",
    deviceType: "iPhone",
    version: undefined,
    policyKey: undefined,
    collectionId: "5",
    itemId: "5:1",
    longId: "x/y",
    attachmentName: "a b",
    occurrence: "2026",
    saveInSent: true,
    acceptMultiPart: false,
  });
});

test("parseQuery() takes SaveInSent=F and a repeated equal parameter for what they are", () => {
  const query = parseQuery("?Cmd=SendMail&Cmd=SendMail&SaveInSent=F");
  assert.equal(query.command, "SendMail");
  assert.equal(query.saveInSent, false);
});

test("parseQuery() reads every field of the base64 encoding", () => {
  const guid = [...Array(16).keys()].map((byte) => 0xf0 + byte);
  const query = pack(
    ...[161, 19, 7, 4, 16, ...guid, 4, 0xef, 0xbe, 0xad, 0xde, 2, "WP"],
    ...[0, 3, "a:b", 1, 2, "12", 3, 4, "12:7", 4, 1, "L", 6, 1, "O", 7, 1, 3, 8, 4, "anna"],
    ...[5, 1, "P", 99, 0],
  );
  assert.deepEqual(parseQuery(`?${query}`), {
    command: "ItemOperations",
    user: "anna",
    deviceId: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    deviceType: "WP",
    version: "16.1",
    policyKey: 0xdeadbeef,
    collectionId: "12",
    itemId: "12:7",
    longId: "L",
    attachmentName: "a:b",
    occurrence: "O",
    saveInSent: true,
    acceptMultiPart: true,
  });
});

test("parseQuery() tells the two bits of Options apart", () => {
  const query = (bits: number) => parseQuery(pack(141, 1, 9, 4, 1, "A", 0, 1, "B", 7, 1, bits));
  assert.deepEqual([query(1).saveInSent, query(1).acceptMultiPart], [true, false]);
  assert.deepEqual([query(2).saveInSent, query(2).acceptMultiPart], [false, true]);
});

test("parseQuery() knows the code of every command", () => {
  const codes: Record<number, string> = {
    0: "Sync",
    1: "SendMail",
    2: "SmartForward",
    3: "SmartReply",
    4: "GetAttachment",
    9: "FolderSync",
    10: "FolderCreate",
    11: "FolderDelete",
    12: "FolderUpdate",
    13: "MoveItems",
    14: "GetItemEstimate",
    15: "MeetingResponse",
    16: "Search",
    17: "Settings",
    18: "Ping",
    19: "ItemOperations",
    20: "Provision",
    21: "ResolveRecipients",
    22: "ValidateCert",
    23: "Find",
    5: "#5",
    255: "#255",
  };
  for (const [code, name] of Object.entries(codes)) {
    assert.equal(parseQuery(pack(121, Number(code), 0, 0, 1, "A", 0, 1, "B")).command, name);
  }
});

test("parseQuery() accepts the URL-safe alphabet, percent-encoding and missing padding", () => {
  // Id bytes that need both `+` and `/`, and a length that needs padding.
  const standard = pack(140, 18, 9, 4, 5, 0, 0xfb, 0xef, 0xff, 0xff, 0, 2, "WP");
  assert.match(standard, /\+.*\/.*=$/);
  const expected = parseQuery(standard);
  assert.equal(expected.deviceId, "00fbefffff");
  for (
    const variant of [
      standard.replace(/=+$/, ""),
      standard.replaceAll("+", "-").replaceAll("/", "_"),
      encodeURIComponent(standard),
    ]
  ) {
    assert.deepEqual(parseQuery(variant), expected);
  }
});

test("parseQuery() reads the version of the base64 encoding, spoken here or not", () => {
  const version = (byte: number) => parseQuery(pack(byte, 18, 0, 0, 1, "A", 0, 1, "B")).version;
  assert.deepEqual([25, 121, 140, 141, 160, 161, 170].map(version), [
    "2.5",
    "12.1",
    "14.0",
    "14.1",
    "16.0",
    "16.1",
    "17.0",
  ]);
});

test("parseQuery() refuses a base64 query wherever it is cut", () => {
  const bytes = [141, 1, 9, 4, 2, "AB", 4, 1, 2, 3, 4, 1, "B", 1, 2, "12"] as const;
  const whole = atob(pack(...bytes));
  assert.equal(parseQuery(btoa(whole)).collectionId, "12");
  // Between the device type and the parameters, and after each of those, it may end.
  const ends = [14, whole.length];
  for (let length = 1; length <= whole.length; length++) {
    const read = () => parseQuery(btoa(whole.slice(0, length)));
    if (ends.includes(length)) read();
    else assert.throws(read, SyntaxError, `${length} bytes`);
  }
});

test("parseQuery() refuses what is no query", () => {
  const wrong: [string, typeof SyntaxError | typeof RangeError][] = [
    ["", SyntaxError],
    ["?", SyntaxError],
    ["?Cmd=", SyntaxError],
    ["?User=anna&DeviceId=A", SyntaxError],
    ["?Cmd=Sync&Cmd=Ping", SyntaxError],
    ["?Cmd=Sync&DeviceId=A&deviceid=B", SyntaxError],
    ["?AAAAA", SyntaxError],
    [`?Cmd=Sync&User=${"x".repeat(5000)}`, RangeError],
    [pack(141, 1, 9, 4, 1, "A", 3, 1, 2, 3, 1, "B"), RangeError],
    [pack(141, 1, 9, 4, 1, "A", 0, 1, "B", 1, 1, "1", 1, 1, "2"), SyntaxError],
  ];
  for (const [query, error] of wrong) assert.throws(() => parseQuery(query), error, query);
});
