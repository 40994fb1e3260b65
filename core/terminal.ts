// The person at the terminal, or the script that stands in: what is printed and asked.
import { Buffer } from "node:buffer";
import process from "node:process";

export interface Terminal {
  /** Writes text to standard output, as it is. */
  out(text: string): void;
  /** Writes text to standard error, as it is. */
  err(text: string): void;
  /** A person reads standard error. */
  readonly errIsTerminal: boolean;
  /** A person can be asked. */
  readonly asks: boolean;
  /** All of standard input as text. */
  stdin(): Promise<string>;
  /** Asks for one line; with `secret` it is not shown. Undefined: they gave up (Ctrl-C, Ctrl-D). */
  ask(question: string, options?: { readonly secret?: boolean }): Promise<string | undefined>;
  /** Calls `run` at SIGINT and SIGTERM; returns what ends that. */
  onSignal(run: (name: string) => void): () => void;
  /** Resolves when everything that was written is out. */
  flush(): Promise<void>;
  /** Ends the process now. */
  exit(code: number): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // Whoever read us has gone (`navette … | head`): what is left to say is said to nobody, and a
  // server goes on serving.
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    errIsTerminal: stderr.isTTY === true,
    asks: stdin.isTTY === true && stderr.isTTY === true,
    async stdin() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stdin) chunks.push(chunk);
      return Buffer.concat(chunks).toString("utf8");
    },
    ask,
    onSignal(run) {
      const names = ["SIGINT", "SIGTERM"] as const;
      for (const name of names) process.on(name, run);
      return () => {
        for (const name of names) process.off(name, run);
      };
    },
    async flush() {
      for (const stream of [stdout, stderr]) {
        await new Promise<void>((resolve) => void stream.write("", () => resolve()));
      }
    },
    exit: (code) => process.exit(code),
  };
}

function ask(question: string, { secret = false } = {}): Promise<string | undefined> {
  const { stdin, stderr } = process;
  return new Promise((resolve) => {
    // Raw, so that what is typed is not shown; therefore the line is edited here. Before the
    // question: who answers quickly must not be shown either.
    stdin.setRawMode(true);
    stdin.resume();
    stderr.write(question);
    let typed: string[] = [];
    const finish = (answer: string | undefined) => {
      stdin.off("data", read);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      resolve(answer);
    };
    const read = (bytes: Uint8Array) => {
      const text = Buffer.from(bytes).toString("utf8");
      if (text.startsWith("\u001b")) return; // arrows and the like
      for (const char of text) {
        if (char === "\r" || char === "\n") return finish(typed.join(""));
        if (char === "\u0003" || char === "\u0004") return finish(undefined);
        if (char === "\u007f" || char === "\b") {
          if (typed.length > 0 && !secret) stderr.write("\b \b");
          typed = typed.slice(0, -1);
        } else {
          typed.push(char);
          if (!secret) stderr.write(char);
        }
      }
    };
    stdin.on("data", read);
  });
}
