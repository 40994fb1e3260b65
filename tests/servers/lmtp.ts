// Delivers mail by LMTP (RFC 2033), as the mail transport in front of a mail server does.
import { createTransport } from "nodemailer";

/** Delivers one message, as it is, to each of `to`; rejects with the server's words where it refuses. */
export async function deliverByLmtp(
  port: number,
  to: string | readonly string[],
  mime: string | Uint8Array,
  from = "",
): Promise<void> {
  const transport = createTransport({
    host: "127.0.0.1",
    port,
    lmtp: true,
    secure: false,
    ignoreTLS: true,
    name: "localhost",
  });
  const recipients = [to].flat();
  try {
    const { rejected, rejectedErrors = [] } = await transport.sendMail({
      envelope: { from, to: recipients },
      raw: typeof mime === "string" ? mime : Buffer.from(mime),
    });
    if (rejected?.length) {
      const words = rejectedErrors.map(({ message }) => message).join(", ");
      throw new Error(`Cannot deliver to ${rejected.join(", ")}: ${words}`);
    }
  } finally {
    transport.close();
  }
}
