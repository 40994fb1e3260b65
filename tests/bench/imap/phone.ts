// What a phone has to understand before it can sync its inbox.
import { el, type Element } from "../../../plugins/eas/api.ts";
import { decode } from "../../../plugins/eas/wbxml/mod.ts";

export function documentOf(answer: Uint8Array): Element {
  return decode(answer);
}

/** The folders of an account. Type 2 is the inbox (MS-ASCMD 2.2.3.186.2). */
export async function folderIds(
  folderSync: (body: Element) => Promise<Element>,
): Promise<{ inbox: string }> {
  const body = el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", 0));
  const answer = await folderSync(body);
  const changes = answer.child("FolderHierarchy:Changes");
  const inbox = changes?.all("FolderHierarchy:Add")
    .find((add) => add.textOf("FolderHierarchy:Type") === "2");
  if (!inbox) throw new Error("Cannot find the inbox");
  return { inbox: inbox.textOf("FolderHierarchy:ServerId")! };
}
