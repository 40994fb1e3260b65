// What tests of the IMAP backend share: accounts, servers as configured.
import * as v from "valibot";
import type { Account } from "../../../../core/mod.ts";
import { type Server, serverConfig } from "./servers/server.ts";

let accounts = 0;

/** An account of its own. */
export function testAccount(address: string): Account {
  return { id: ++accounts, address, name: "", aliases: [], admin: false, disabled: false };
}

/** A server on this machine, without TLS. */
export function testServer(config: v.InferInput<typeof serverConfig>): Server {
  return { name: "test", config: v.parse(serverConfig, { security: "none", ...config }) };
}
