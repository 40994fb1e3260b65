// Requests that lean on the last one: an empty body, and Partial.
import type { SyncState } from "../../sync_state.ts";
import type { DeviceRef } from "../../api.ts";
import type { AskedCollection, CachedRequest, Refusal, SyncRequest } from "./request.ts";

const name = "sync";

/** A request with nothing left to look up. */
export interface FullRequest extends SyncRequest {
  /**
   * Collections that come from the last request. The device did not repeat their keys: where an answer
   * was on its way since, nobody knows what it has, and it is asked for a full request.
   */
  readonly assumed: ReadonlySet<string>;
  /** What `keepRequest` found, so that it writes only what is new. */
  readonly kept: string | undefined;
}

/** Completes a request by the last one. Status 13: there is none, send everything. */
// MS-ASCMD 2.2.1.21.1
export async function completed(
  request: SyncRequest,
  state: SyncState,
  device: DeviceRef,
): Promise<FullRequest | Refusal> {
  const kept = await state.recall(device, name);
  if (!request.cached) return { ...request, assumed: new Set(), kept };
  if (kept === undefined) return { status: 13 };
  const last = JSON.parse(kept) as CachedRequest;
  const listed = new Set(request.collections.map(({ id }) => id));
  const assumed = last.collections.filter(({ id }) => !listed.has(id))
    .map((collection): AskedCollection => ({ ...collection, commands: [] }));
  const patience = request.patience ?? last.patience;
  return {
    collections: [...request.collections, ...assumed],
    window: request.collections.length > 0 ? request.window : last.window,
    cached: true,
    assumed: new Set(assumed.map(({ id }) => id)),
    kept,
    ...(patience && { patience }),
  };
}

/**
 * Forgets what was kept where nothing can lean on this request, as all its keys have moved on. A
 * request before it that knows one of its folders has an old key there, and is not believed in any
 * more; one that knows none of them would be taken for this one.
 */
export async function forgetRequest(
  { collections, kept }: FullRequest,
  state: SyncState,
  device: DeviceRef,
): Promise<void> {
  if (kept === undefined) return;
  const last = JSON.parse(kept) as CachedRequest;
  const ids = new Set(collections.map(({ id }) => id));
  if (!last.collections.some(({ id }) => ids.has(id))) {
    await state.remember(device, name, undefined);
  }
}

/** Keeps a request for those that will lean on it; writes only where it is another one. */
export async function keepRequest(
  { collections, patience, window, kept }: FullRequest,
  state: SyncState,
  device: DeviceRef,
): Promise<void> {
  const lasting = collections.map(({ commands: _, malformed: __, ...collection }) => collection);
  const cached: CachedRequest = {
    collections: lasting,
    window,
    ...(patience && { patience }),
  };
  const text = JSON.stringify(cached);
  if (text !== kept) await state.remember(device, name, text);
}
