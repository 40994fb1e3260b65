// Tests of which folders are shown, how they are called, and what they are for.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Listed } from "./folder_list.ts";
import type { Namespaces } from "./namespaces.ts";
import { arrange, type Shown, type Wanted } from "./tree.ts";

const none = { drafts: "", sent: "", trash: "", junk: "", archive: "" };
const usual: Wanted = { subscribed: false, shared: true, folders: none };
const plain: Namespaces = { personal: [{ prefix: "", delimiter: "/" }], foreign: [] };

/** `path \flag \flag [rights]` */
function listed(line: string, delimiter = "/"): Listed {
  const [path = "", ...more] = line.split(/ (?=\\|\[)/);
  const rights = more.find((word) => word.startsWith("["))?.slice(1, -1);
  const flags = new Set(more.filter((word) => word.startsWith("\\")));
  return { path, delimiter, flags, ...(rights !== undefined && { rights }) };
}

function show(
  lines: string[],
  { delimiter = "/", namespaces = plain, ...wanted }: Partial<Wanted> & {
    delimiter?: string;
    namespaces?: Namespaces;
  } = {},
  held = new Map(),
): Shown[] {
  const all = lines.map((line) => listed(line, delimiter));
  return arrange(all, namespaces, { ...usual, ...wanted }, held);
}

const roles = (shown: Shown[]) =>
  Object.fromEntries(shown.flatMap(({ role, listed }) => role ? [[role, listed.path]] : []));

test("levels become names and parents", () => {
  const shown = show(["INBOX", "Work", "Work/2026/March", "Work/2026", "INBOX/Lists"]);
  assert.deepEqual(shown.map(({ name, parent }) => [parent, name]), [
    [undefined, "Inbox"],
    [undefined, "Work"],
    ["Work/2026", "March"],
    ["Work", "2026"],
    ["INBOX", "Lists"],
  ]);
});

test("a prefix of personal folders is no folder", () => {
  const namespaces: Namespaces = {
    personal: [{ prefix: "INBOX.", delimiter: "." }],
    foreign: [{ prefix: "user.", delimiter: "." }],
  };
  const shown = show(["INBOX", "INBOX.Sent", "INBOX.Work.Old", "user.bob.Team"], {
    namespaces,
    delimiter: ".",
  });
  assert.deepEqual(shown.map(({ name, parent, selectable }) => [parent, name, selectable]), [
    [undefined, "Inbox", true],
    [undefined, "Sent", true],
    ["INBOX.Work", "Old", true],
    ["user.bob", "Team", true],
    [undefined, "Work", false],
    ["user", "bob", false],
    [undefined, "user", false],
  ]);
});

test("what cannot be opened is shown for the sake of what is in it", () => {
  const shown = show(["A \\noselect", "A/b", "C \\noselect", "D \\nonexistent", "D/e \\noselect"]);
  assert.deepEqual(shown.map(({ listed }) => listed.path), ["A", "A/b"]);
  assert.deepEqual(shown.map(({ selectable }) => selectable), [false, true]);
});

test("the folders of others are shown as far as one may see and read them", () => {
  const namespaces: Namespaces = { ...plain, foreign: [{ prefix: "Public/", delimiter: "/" }] };
  const lines = [
    "INBOX",
    "Public \\noselect",
    "Public/All [lrs]",
    "Public/Board [rs]",
    "Public/Box [lp]",
    "Public/Staff [l]",
    "Public/Staff/News [lr]",
  ];
  const paths = (shown: Shown[]) => shown.map(({ listed }) => listed.path);
  const shown = show(lines, { namespaces });
  assert.deepEqual(paths(shown), [
    "INBOX",
    "Public",
    "Public/All",
    "Public/Staff",
    "Public/Staff/News",
  ]);
  assert.deepEqual(shown.map(({ selectable }) => selectable), [true, false, true, false, true]);
  assert.deepEqual(paths(show(lines, { namespaces, shared: false })), ["INBOX"]);
});

test("only subscribed ones where that is wanted, with the way to them", () => {
  const lines = ["INBOX", "A", "A/b \\subscribed", "C", "D \\subscribed \\nonexistent"];
  const shown = show(lines, { subscribed: true });
  assert.deepEqual(shown.map(({ listed }) => listed.path), ["INBOX", "A", "A/b"]);
});

test("roles are as configured, else as the server says, else as folders are called", () => {
  const lines = ["INBOX", "Sent \\sent", "Gesendet", "Entwürfe", "Papierkorb", "Old mail", "Junk"];
  assert.deepEqual(roles(show(lines)), {
    inbox: "INBOX",
    sent: "Sent",
    drafts: "Entwürfe",
    trash: "Papierkorb",
    junk: "Junk",
  });
  assert.deepEqual(
    roles(show(lines, { folders: { ...none, sent: "Gesendet", archive: "Old mail" } })),
    {
      inbox: "INBOX",
      sent: "Gesendet",
      drafts: "Entwürfe",
      trash: "Papierkorb",
      junk: "Junk",
      archive: "Old mail",
    },
  );
});

test("no role twice: the top one is taken, unless another has it already", () => {
  assert.deepEqual(roles(show(["Archive", "Archive/Sent", "Sent", "Sent Items"])), {
    sent: "Sent",
    archive: "Archive",
  });
  const held = new Map([["Gesendet", "sent"]]);
  assert.deepEqual(roles(show(["Enviados", "Gesendet"], {}, held)), { sent: "Gesendet" });
});

test("folders of others, and such as cannot be opened, have no role", () => {
  const namespaces: Namespaces = { ...plain, foreign: [{ prefix: "shared/", delimiter: "/" }] };
  const lines = ["INBOX", "shared/bob/Sent \\sent [lrs]", "Trash \\noselect", "Trash/x", "Sent"];
  assert.deepEqual(roles(show(lines, { namespaces })), { inbox: "INBOX", sent: "Sent" });
});
