// The commands of the sync engine: they share its memory, its locks and its waits.
import type { Host } from "../../../core/mod.ts";
import type { AnyCommand } from "../api.ts";
import type { EasConfig } from "../config.ts";
import { folderCreate } from "./folder_create.ts";
import { folderDelete } from "./folder_delete.ts";
import { folderSync } from "./folder_sync.ts";
import { folderUpdate } from "./folder_update.ts";
import { getItemEstimate } from "./get_item_estimate.ts";
import { moveItems } from "./move_items.ts";
import { ping } from "./ping.ts";
import { sync } from "./sync/mod.ts";
import { type BrakeKind, syncWork } from "./work.ts";

export function syncCommands(
  host: Host<EasConfig>,
  braked: (kind: BrakeKind) => void,
): readonly AnyCommand[] {
  const work = syncWork(host, braked);
  return [
    folderSync(work),
    folderCreate(work),
    folderUpdate(work),
    folderDelete(work),
    sync(work),
    moveItems(work),
    getItemEstimate(work),
    ping(work),
  ];
}
