// Decides for Postfix over senders, recipients and messages, by its policy delegation protocol.
import { createServer, type Server } from "node:net";

/** What Postfix asks; SMTPD_POLICY_README of Postfix has all the names. */
export interface PolicyRequest {
  /** "RCPT" before the message has come, "END-OF-MESSAGE" after it. */
  readonly stage: "RCPT" | "END-OF-MESSAGE";
  readonly sender: string;
  /** At the end of a message only where it has one recipient. */
  readonly recipient: string;
  /** Who has logged in; empty: nobody. */
  readonly login: string;
  /** Bytes; at RCPT what the client has announced, or 0. */
  readonly size: number;
  /** How often the same was asked before: greylisting refuses the first time. */
  readonly before: number;
}

/** The answer to the client, such as `450 4.7.1 Come back later`; undefined lets it pass. */
export type Policy = (request: PolicyRequest) => string | undefined;

/** A running policy service; it asks `decide` each time. */
export async function startPolicy(decide: Policy): Promise<{ port: number; stop(): void }> {
  const seen = new Map<string, number>();
  const server: Server = createServer((socket) => {
    let text = "";
    socket.setEncoding("utf8").on("error", () => {}).on("data", (data) => {
      text += data;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const answer = decide(requestOf(text.slice(0, end), seen));
        text = text.slice(end + 2);
        socket.write(`action=${answer ?? "DUNNO"}\n\n`);
      }
    });
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const sockets = new Set<{ destroy(): void }>();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    stop() {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

function requestOf(text: string, seen: Map<string, number>): PolicyRequest {
  const facts = new Map(
    text.split("\n").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const fact = (name: string) => facts.get(name) ?? "";
  const stage = fact("protocol_state") === "RCPT" ? "RCPT" : "END-OF-MESSAGE";
  const key = [stage, fact("sender"), fact("recipient")].join("\n");
  const before = seen.get(key) ?? 0;
  seen.set(key, before + 1);
  return {
    stage,
    sender: fact("sender"),
    recipient: fact("recipient"),
    login: fact("sasl_username"),
    size: Number(fact("size")),
    before,
  };
}
