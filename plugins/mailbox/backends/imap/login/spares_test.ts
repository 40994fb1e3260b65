// Connections on which a password was checked, and who gets them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImapFlow } from "imapflow";
import { fakeClock } from "../../../../../tests/kit.ts";
import type { Server } from "../servers/server.ts";
import { Spares } from "./spares.ts";

const at = (name: string, user = "") => ({ name, config: { master: { user } } }) as Server;
const server = at("work");
const anna = "anna@example.test";

function connection() {
  const client = {
    usable: true,
    isClosed: false,
    ended: 0,
    logout: () => Promise.resolve(client.ended++),
    close: () => void (client.isClosed = true),
  };
  return { client, flow: client as unknown as ImapFlow };
}

test("a spare connection is handed over once, to its account alone", async () => {
  const clock = fakeClock();
  const spares = new Spares(clock);
  const { client, flow } = connection();
  spares.put(server, anna, flow);
  assert.equal(spares.take(server, "bert@example.test"), undefined);
  assert.equal(spares.take(at("home"), anna), undefined);
  assert.equal(spares.take(server, anna), flow);
  assert.equal(spares.take(server, anna), undefined);
  await clock.tick(60_000);
  spares.close();
  assert.equal(client.ended, 0, "it is not ours any more");
  assert.equal(clock.pending, 0);
});

test("what nobody takes is ended: after a moment, by the next one, and in the end", async () => {
  const clock = fakeClock();
  const spares = new Spares(clock);
  const all = [connection(), connection(), connection()];
  spares.put(server, anna, all[0]!.flow);
  spares.put(server, anna, all[1]!.flow);
  assert.deepEqual(all.map(({ client }) => client.ended), [1, 0, 0]);
  await clock.tick(5000);
  assert.deepEqual(all.map(({ client }) => client.ended), [1, 1, 0]);
  assert.equal(spares.take(server, anna), undefined);
  spares.put(server, anna, all[2]!.flow);
  spares.close();
  assert.deepEqual(all.map(({ client }) => client.ended), [1, 1, 1]);
  assert.equal(clock.pending, 0);
});

test("nothing waits that nobody will take: beside a master user, or after the end", () => {
  const clock = fakeClock();
  const spares = new Spares(clock);
  const [beside, late] = [connection(), connection()];
  spares.put(at("work", "master"), anna, beside.flow);
  assert.equal(beside.client.ended, 1);
  spares.close();
  spares.put(server, anna, late.flow);
  assert.equal(late.client.ended, 1);
  assert.equal(clock.pending, 0);
});

test("a connection that broke meanwhile is not handed over", () => {
  const spares = new Spares(fakeClock());
  const { client, flow } = connection();
  spares.put(server, anna, flow);
  client.usable = false;
  assert.equal(spares.take(server, anna), undefined);
  assert.equal(client.ended, 1);
});
