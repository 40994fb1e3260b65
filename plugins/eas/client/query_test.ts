// Queries in both encodings, against examples of the specification.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { base64Query, plainQuery } from "./query.ts";

const sync = {
  command: "Sync",
  user: "ada",
  deviceId: "v140Device",
  deviceType: "SmartPhone",
  version: "14.0",
  policyKey: undefined,
  parameters: {},
} as const;

function bytesOf(base64: string): number[] {
  return Array.from(atob(base64), (character) => character.charCodeAt(0));
}

describe("base64Query()", () => {
  test("writes the example of MS-ASHTTP", () => {
    assert.equal(base64Query(sync), "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l");
  });

  test("writes the policy key as four bytes, lowest first", () => {
    const bytes = bytesOf(base64Query({ ...sync, policyKey: 0xfedcba98 }));
    assert.deepEqual(bytes.slice(15, 20), [4, 0x98, 0xba, 0xdc, 0xfe]);
  });

  test("writes parameters by tag, and flags in one byte", () => {
    const parameters = {
      collectionId: "5",
      attachmentName: "ä",
      saveInSent: true,
      acceptMultiPart: true,
    };
    const bytes = bytesOf(base64Query({ ...sync, parameters }));
    assert.deepEqual(bytes.slice(27), [0, 2, 0xc3, 0xa4, 1, 1, 0x35, 7, 1, 3]);
  });

  test("refuses a command without a code", () => {
    assert.throws(() => base64Query({ ...sync, command: "GetHierarchy" }), RangeError);
  });
});

describe("plainQuery()", () => {
  test("names everything, escaped", () => {
    const query = plainQuery({
      ...sync,
      user: "ex\\ada & co",
      parameters: { saveInSent: true, collectionId: "5", acceptMultiPart: true },
    });
    assert.deepEqual([...new URLSearchParams(query)], [
      ["Cmd", "Sync"],
      ["User", "ex\\ada & co"],
      ["DeviceId", "v140Device"],
      ["DeviceType", "SmartPhone"],
      ["CollectionId", "5"],
      ["SaveInSent", "T"],
    ]);
  });
});
