// Queries in both encodings, against examples of the specification.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseQuery } from "../query.ts";
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

describe("the server", () => {
  test("reads from both encodings what the client wrote", () => {
    const parameters = {
      collectionId: "5",
      itemId: "5:1",
      longId: "a/b+c=",
      attachmentName: "größe & co.pdf",
      occurrence: "2026-03-01T12:00:00.000Z",
      saveInSent: true,
    };
    const asked = { ...sync, command: "SmartReply", policyKey: 4294967295, parameters };
    const plain = parseQuery(plainQuery(asked));
    const base64 = parseQuery(base64Query(asked));
    for (const read of [plain, base64]) {
      assert.equal(read.command, "SmartReply");
      assert.equal(read.deviceType, "SmartPhone");
      const { collectionId, itemId, longId, attachmentName, occurrence, saveInSent } = read;
      assert.deepEqual(
        { collectionId, itemId, longId, attachmentName, occurrence, saveInSent },
        parameters,
      );
    }
    assert.equal(plain.deviceId, "v140Device");
    assert.equal(base64.version, "14.0");
    assert.equal(base64.policyKey, 4294967295);
  });
});
