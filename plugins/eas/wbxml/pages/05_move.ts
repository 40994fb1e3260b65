// Code page 5: Move (MS-ASWBXML 2.1.2.1.6).
import { page } from "../page.ts";

export const move = page(5, "Move", {
  MoveItems: { token: 0x05 },
  Move: { token: 0x06 },
  SrcMsgId: { token: 0x07 },
  SrcFldId: { token: 0x08 },
  DstFldId: { token: 0x09 },
  Response: { token: 0x0a },
  Status: { token: 0x0b },
  DstMsgId: { token: 0x0c },
});
