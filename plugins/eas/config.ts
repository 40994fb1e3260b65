// What an operator can set in `[eas]`.
import * as v from "valibot";
import { parseClientCeiling } from "./ceiling.ts";
import { versions } from "./versions.ts";

const seconds = (least: number, most: number, description: string) =>
  v.pipe(
    v.number("a number of seconds"),
    v.integer("a whole number of seconds"),
    v.minValue(least, `at least ${least} seconds`),
    v.maxValue(most, `at most ${most} seconds`),
    v.description(description),
  );

const bytes = (least: number, description: string) =>
  v.pipe(
    v.number("a number of bytes"),
    v.integer("a whole number of bytes"),
    v.minValue(least, `at least ${least} bytes`),
    v.description(description),
  );

// MS-ASCMD 2.2.3.79.1: 60 to 3540 s. Less than 60 s costs batteries, more than an hour dies in proxies.
const heartbeat = v.pipe(
  v.strictObject({
    min: v.optional(seconds(1, 3540, "Shortest time a waiting device may ask for, in seconds"), 60),
    max: v.optional(
      seconds(60, 3540, "Longest time; proxies in front must wait longer, in seconds"),
      3540,
    ),
  }),
  v.check(({ min, max }) => min <= max, "min that is not above max"),
  v.description("How long Ping and Sync may wait for changes"),
);

/** The section `[eas]`. */
export const config = v.strictObject({
  strict: v.optional(
    v.pipe(
      v.boolean("true or false"),
      v.description(
        "Follow the letter of the specification where real clients deviate from it: for testing clients",
      ),
    ),
    false,
  ),
  maxVersion: v.optional(
    v.pipe(
      v.picklist(versions, `one of ${versions.join(", ")}`),
      v.description("Newest protocol version that is offered to devices"),
    ),
    "16.1",
  ),
  forward: v.optional(
    v.pipe(
      v.picklist(["inline", "attached"], '"inline" or "attached"'),
      v.description(
        "How a forwarded message goes along that the phone leaves to the server: below the new text, or as a file",
      ),
    ),
    "inline",
  ),
  clientVersions: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string("a text"),
          v.check(
            (text) => parseClientCeiling(text) !== undefined,
            `a pattern and one of ${versions.join(", ")}, for example "WindowsMail* 14.0"`,
          ),
        ),
      ),
      v.description(
        "Newest version for kinds of clients: a pattern for their DeviceType or User-Agent, and the version",
      ),
      v.examples([["WindowsMail* 14.0", "Android-Mail/* 14.1"]]),
    ),
    [],
  ),
  maxRequestSize: v.optional(
    bytes(
      1024 * 1024,
      "Largest request that carries a message, in bytes; attachments grow by 37 % on their way",
    ),
    72 * 1024 * 1024,
  ),
  maxDocumentSize: v.optional(
    bytes(64 * 1024, "Largest request of all other commands, in bytes"),
    1024 * 1024,
  ),
  heartbeat: v.optional(heartbeat, { min: 60, max: 3540 }),
  maxFolders: v.optional(
    v.pipe(
      v.number("a number"),
      v.integer("a whole number"),
      v.minValue(1, "at least 1"),
      v.maxValue(1000, "at most 1000"),
      v.description("How many folders a device may sync or wait for in one request"),
    ),
    300,
  ),
  maxAlikeAdds: v.optional(
    v.pipe(
      v.number("a number"),
      v.integer("a whole number"),
      v.minValue(1, "at least 1"),
      v.description(
        "How many items that are alike a device may add to a folder within ten minutes; with more the folder pauses for it",
      ),
    ),
    200,
  ),
});

export type EasConfig = v.InferOutput<typeof config>;
