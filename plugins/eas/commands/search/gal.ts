// People for Search and Find: what the directories know, as the elements of code page Gal.
import { type Host, Unavailable } from "../../../../core/mod.ts";
import { directory, type DirectoryEntry, type EasCall, el, type Element } from "../../api.ts";
import { clean } from "../../schema/text.ts";
import type { Range } from "./range.ts";

/** Results of one search that can be looked through. */
const mostPeople = 1000;

/** What was found, or that a directory does not answer. */
export type People =
  | { readonly found: readonly DirectoryEntry[]; readonly total: number }
  | { readonly failed: "unreachable" | "error" };

/** Asks all directories; who is in several of them comes once. Sorted by name. */
export async function findPeople(
  host: Host,
  text: string,
  { from, to }: Range,
  call: EasCall,
): Promise<People> {
  const limit = Math.min(mostPeople, to + 2);
  try {
    const lists = await Promise.all(
      host.all(directory).map((each) => each.find(text.trim(), limit, call.account)),
    );
    const people = new Map(lists.flat().map((one) => [one.address.toLowerCase(), one]));
    const sorted = [...people.values()].sort((a, b) => order.compare(nameOf(a), nameOf(b)));
    return { found: sorted.slice(from, to + 1), total: sorted.length };
  } catch (error) {
    call.log.error({ err: error }, "a directory failed");
    return { failed: error instanceof Unavailable ? "unreachable" : "error" };
  }
}

const order = new Intl.Collator("en");
const nameOf = ({ displayName, address }: DirectoryEntry) => displayName || address;

/** Fields in the order of the schema; those that a directory may fill go by these names. */
const fields = [
  "Phone",
  "Office",
  "Title",
  "Company",
  "Alias",
  "FirstName",
  "LastName",
  "HomePhone",
  "MobilePhone",
] as const;

/** MS-ASCMD 2.2.3.130: there is no photo. */
const noPhoto = 173;

/** The properties of one person; empty ones are left out. */
// MS-ASCMD 2.2.3.137.2
export function personFields(person: DirectoryEntry, withPicture: boolean): Element[] {
  const known: Readonly<Record<string, string>> = person.fields ?? {};
  const more = fields.flatMap((name) => {
    const text = clean(known[name] ?? "").trim();
    // Nokia's Mail for Exchange wants a FirstName, be it an empty one.
    return text || name === "FirstName" ? [el(`Gal:${name}`, text)] : [];
  });
  return [
    el("Gal:DisplayName", clean(nameOf(person))),
    ...more,
    el("Gal:EmailAddress", clean(person.address)),
    ...(withPicture ? [el("Gal:Picture", el("Gal:Status", noPhoto))] : []),
  ];
}
