// ResolveRecipients: nobody, one, several, too many; and what is asked besides the address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin } from "../../../core/mod.ts";
import { documentOf, type EasApp, easApp, shown } from "../../../tests/kit_eas.ts";
import { type Directory, directory, el, type Element } from "../api.ts";

const rr = (name: string) => `ResolveRecipients:${name}` as Element["tag"];
const to = (name: string) => el(rr("To"), name);
const options = (...parts: Element[]) => el(rr("Options"), ...parts);
const availability = (start: string, end?: string) =>
  el(
    rr("Availability"),
    el(rr("StartTime"), start),
    end === undefined ? undefined : el(rr("EndTime"), end),
  );

/** A directory in which everybody whose address begins with the text is found. */
const people: Directory = {
  find: async (text, limit) =>
    ["bert@example.org", "berta@example.org", "bertram@example.org", "carla@example.org"]
      .filter((address) => address.startsWith(text.toLowerCase())).slice(0, limit)
      .map((address) => ({ displayName: address.split("@")[0]!, address })),
};
const withPeople = (one: Directory = people) =>
  easApp({
    plugins: [definePlugin({
      id: "people",
      summary: "People",
      needs: ["eas"],
      contributes: () => [directory.of(one)],
    })],
  });

async function ask(app: EasApp, parts: readonly Element[], version = "16.1"): Promise<string> {
  const body = el(rr("ResolveRecipients"), ...parts);
  return shown(await documentOf(await app.ask("ResolveRecipients", { body, version })));
}

test("without any directory, nobody is found, and each name hears so", async () => {
  const app = await easApp();
  assert.equal(
    await ask(app, [to("bert"), to("anna@example.org")]),
    `ResolveRecipients:ResolveRecipients
  ResolveRecipients:Status 1
  ResolveRecipients:Response
    ResolveRecipients:To bert
    ResolveRecipients:Status 4
    ResolveRecipients:RecipientCount 0
  ResolveRecipients:Response
    ResolveRecipients:To anna@example.org
    ResolveRecipients:Status 4
    ResolveRecipients:RecipientCount 0
`,
  );
  await app.stop();
});

test("one person is resolved, by a beginning that is unique or by the whole address", async () => {
  const app = await withPeople();
  const found = (name: string, address: string) =>
    `ResolveRecipients:ResolveRecipients
  ResolveRecipients:Status 1
  ResolveRecipients:Response
    ResolveRecipients:To ${name}
    ResolveRecipients:Status 1
    ResolveRecipients:RecipientCount 1
    ResolveRecipients:Recipient
      ResolveRecipients:Type 1
      ResolveRecipients:DisplayName ${address.split("@")[0]}
      ResolveRecipients:EmailAddress ${address}
`;
  assert.equal(await ask(app, [to("carl")]), found("carl", "carla@example.org"));
  const whole = "Bert@example.org";
  assert.equal(await ask(app, [to(whole)]), found(whole, "bert@example.org"));
  await app.stop();
});

test("a name of several is ambiguous, and partly told where not all fit", async () => {
  const app = await withPeople();
  const shape = async (...parts: Element[]) => {
    const body = el(rr("ResolveRecipients"), to("bert"), ...parts);
    const answer = await documentOf(await app.ask("ResolveRecipients", { body }));
    const response = answer.child(rr("Response"))!;
    return [response.textOf(rr("Status")), response.all(rr("Recipient")).length];
  };
  assert.deepEqual(await shape(), ["2", 3]);
  const most = (count: number) => options(el(rr("MaxAmbiguousRecipients"), count));
  assert.deepEqual(await shape(most(3)), ["2", 3]);
  assert.deepEqual(await shape(most(2)), ["3", 2]);
  assert.deepEqual(await shape(most(0)), ["3", 0]);
  await app.stop();
});

test("free times, certificates and a picture are answered with their status, by version", async () => {
  const app = await withPeople();
  const all = options(
    el(rr("CertificateRetrieval"), 2),
    availability("2026-03-01T00:00:00.000Z", "2026-03-08T00:00:00.000Z"),
    el(rr("Picture")),
  );
  const inner = async (version: string) => {
    const text = await ask(app, [to("carla"), all], version);
    return text.slice(text.indexOf("carla@example.org") + "carla@example.org\n".length);
  };
  const certificates = `      ResolveRecipients:Certificates
        ResolveRecipients:Status 7
        ResolveRecipients:CertificateCount 0
`;
  const times = `      ResolveRecipients:Availability
        ResolveRecipients:Status 163
`;
  const picture = `      ResolveRecipients:Picture
        ResolveRecipients:Status 173
`;
  assert.equal(await inner("12.1"), certificates);
  assert.equal(await inner("14.0"), times + certificates);
  assert.equal(await inner("14.1"), times + certificates + picture);
  await app.stop();
});

const start = "2026-03-01T00:00:00.000Z";
const wrong: readonly (readonly [string, readonly Element[]])[] = [
  ["nobody", []],
  ["101 names", Array.from({ length: 101 }, (_, index) => to(`n${index}`))],
  ["a name of 257 characters", [to("x".repeat(257))]],
  ["a retrieval that there is not", [to("x"), options(el(rr("CertificateRetrieval"), 4))]],
  ["too many suggestions", [to("x"), options(el(rr("MaxAmbiguousRecipients"), 10_000))]],
  ["free times from nowhere", [to("x"), options(el(rr("Availability")))]],
  ["free times that end before", [
    to("x"),
    options(availability(start, "2026-02-01T00:00:00.000Z")),
  ]],
  ["free times over 42 days", [to("x"), options(availability(start, "2026-04-13T00:00:00.000Z"))]],
];
for (const [what, parts] of wrong) {
  test(`${what} is status 5`, async () => {
    const app = await withPeople();
    assert.equal(
      await ask(app, parts),
      "ResolveRecipients:ResolveRecipients\n  ResolveRecipients:Status 5\n",
    );
    await app.stop();
  });
}

test("100 names, and free times of exactly 42 days or without an end, are within bounds", async () => {
  const app = await withPeople();
  const hundred = Array.from({ length: 100 }, (_, index) => to(`n${index}`));
  for (const end of ["2026-04-12T00:00:00.000Z", undefined]) {
    const answer = await ask(app, [...hundred, options(availability(start, end))]);
    assert.match(answer, /^ResolveRecipients:ResolveRecipients\n {2}ResolveRecipients:Status 1\n/);
  }
  await app.stop();
});

test("a directory that fails is status 6, and a request without a document 101", async () => {
  const app = await withPeople({ find: () => Promise.reject(new Error("down")) });
  assert.match(await ask(app, [to("x")]), /Status 6\n$/);
  const empty = await documentOf(await app.ask("ResolveRecipients"));
  assert.match(shown(empty), /Status 101\n$/);
  await app.stop();
});
