// GetHierarchy: the folders of mail, all of them each time. Only devices of before FolderSync ask so.
import { type Command, el, type View } from "../api.ts";
import { hierarchyChanges, type ShownFolder } from "./hierarchy.ts";

/** A device of which nothing is known: it is told everything. */
const nobody: View = {
  held: () => Promise.resolve(new Map()),
  heldBefore: () => Promise.resolve([]),
};

/** It has no request, no place for a status, and touches nothing that FolderSync remembers. */
// MS-ASCMD 2.2.1.8
export const getHierarchy: Command<void, readonly ShownFolder[]> = {
  name: "GetHierarchy",
  until: "12.1",
  read() {},
  run: async (_, { mailbox }) => (await hierarchyChanges(nobody, mailbox, undefined)).shown,
  write: (folders) =>
    el(
      "FolderHierarchy:Folders",
      ...folders.map(({ id, parent, name, type }) =>
        el(
          "FolderHierarchy:Folder",
          el("FolderHierarchy:DisplayName", name),
          el("FolderHierarchy:ServerId", id),
          el("FolderHierarchy:Type", type),
          el("FolderHierarchy:ParentId", parent),
        )
      ),
    ),
};
