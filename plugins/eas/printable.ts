// What a device or a message says, made fit for a terminal.

/** Without control characters: what others say must not move the cursor of a terminal. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, " ");
