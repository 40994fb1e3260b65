// MoveItems. MS-ASCMD 2.2.1.12
import { el } from "../wbxml/mod.ts";
import type { EasClient } from "./client.ts";

export interface MoveOrder {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export interface Moved {
  /** The id before the move. */
  readonly id: string | undefined;
  /** 3 is success. */
  readonly status: number;
  readonly newId: string | undefined;
}

export async function moveItems(
  client: EasClient,
  orders: readonly MoveOrder[],
): Promise<Moved[]> {
  const moves = orders.map(({ id, from, to }) =>
    el("Move:Move", el("Move:SrcMsgId", id), el("Move:SrcFldId", from), el("Move:DstFldId", to))
  );
  const reply = await client.command("MoveItems", el("Move:MoveItems", ...moves));
  return (reply.document?.all("Move:Response") ?? []).map((response) => ({
    id: response.textOf("Move:SrcMsgId"),
    status: Number(response.textOf("Move:Status")),
    newId: response.textOf("Move:DstMsgId"),
  }));
}
