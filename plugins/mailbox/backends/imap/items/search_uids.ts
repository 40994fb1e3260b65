// SEARCH for messages by what few properties are needed here: their UIDs as ranges.
import type { ImapFlow, SearchObject } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import { UidRanges } from "./uid_ranges.ts";

/** The UIDs of messages in the open folder; by ESEARCH in a line, where the server knows it. */
export async function search(client: ImapFlow, query: SearchObject): Promise<UidRanges> {
  const found = await client.search(query, { uid: true, returnOptions: ["ALL"] });
  if (!found) throw new Unavailable("Cannot search: the server refuses it");
  return Array.isArray(found) ? UidRanges.of(found) : UidRanges.parse(found.all ?? "");
}
