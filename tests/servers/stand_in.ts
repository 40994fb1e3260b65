// A submission server for machines where Postfix cannot run: no product, a stand-in made for tests.
import { ImapFlow } from "imapflow";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import { certificate } from "./certificate.ts";
import { deliverByLmtp } from "./lmtp.ts";
import type { PolicyRequest } from "./policy.ts";
import type { Behind, SubmissionOptions } from "./postfix_config.ts";
import { freePorts } from "./processes.ts";
import type { Submission } from "./submission.ts";

/**
 * Starts it in front of a mail server, within the process of the test. What differs from Postfix: it
 * has no queue, so that mail is delivered, or refused, before the client is answered.
 */
export async function startStandIn(
  behind: Behind,
  options: SubmissionOptions = {},
): Promise<Submission> {
  const made = options.tls ? await certificate() : undefined;
  const [port, tlsPort] = await freePorts(2) as [number, number];
  const seen = new Map<string, number>();
  const check = (request: Omit<PolicyRequest, "before">) => {
    const key = [request.stage, request.sender, request.recipient].join("\n");
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    const refusal = standIn.policy({ ...request, before });
    if (refusal) throw refused(refusal);
  };
  const make = (secure: boolean) => smtpServer(behind, options, { made, secure, check });
  let servers: SMTPServer[] = [];
  const start = async () => {
    servers = [make(false), ...(made ? [make(true)] : [])];
    await Promise.all(servers.map((server, index) => listen(server, index === 0 ? port : tlsPort)));
  };
  const kill = async () => {
    const ending = servers;
    servers = [];
    await Promise.all(ending.map((server) => new Promise<void>((done) => server.close(done))));
  };
  const standIn: Submission = {
    product: "stand-in",
    host: "127.0.0.1",
    port,
    tlsPort,
    certificate: made,
    policy: () => undefined,
    processes: () => [],
    kill,
    async restart() {
      await kill();
      await start();
    },
    stop: kill,
  };
  await start();
  return standIn;
}

interface Parts {
  readonly made: Awaited<ReturnType<typeof certificate>> | undefined;
  readonly secure: boolean;
  readonly check: (request: Omit<PolicyRequest, "before">) => void;
}

function smtpServer(behind: Behind, options: SubmissionOptions, parts: Parts): SMTPServer {
  const { made, secure, check } = parts;
  const domains = options.domains ?? ["example.test"];
  const size = options.sizeLimit ?? 10 * 1024 * 1024;
  const login = ({ user }: SMTPServerSession) => String(user ?? "");
  const sender = ({ envelope }: SMTPServerSession) =>
    envelope.mailFrom ? envelope.mailFrom.address : "";
  return new SMTPServer({
    secure,
    ...(made ? { key: made.key, cert: made.cert } : { disabledCommands: ["STARTTLS"] }),
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 1,
    size,
    onAuth({ username, password }, _session, done) {
      const user = username ?? "";
      logIn(behind, user, password ?? "").then(
        () => done(null, { user }),
        () => done(refused("535 5.7.8 Authentication failed")),
      );
    },
    onMailFrom({ address }, session, done) {
      const own = address === login(session);
      done(own ? null : refused("553 5.7.1 Sender address rejected: not owned by user"));
    },
    onRcptTo({ address }, session, done) {
      const asked = { stage: "RCPT" as const, sender: sender(session), recipient: address };
      attempt(() => check({ ...asked, login: login(session), size: 0 }), done);
    },
    onData(stream, session, done) {
      const chunks: Uint8Array[] = [];
      stream.on("data", (chunk: Uint8Array) => chunks.push(chunk)).once("end", () => {
        if (stream.sizeExceeded) return done(refused("552 5.3.4 Message too big"));
        const how = session.secure ? "ESMTPSA" : "ESMTPA";
        const trace =
          `Received: from localhost (localhost [127.0.0.1]) by localhost with ${how}\r\n`;
        const mime = Buffer.concat([Buffer.from(trace), ...chunks]);
        const to = session.envelope.rcptTo.map(({ address }) => address);
        const asked = { stage: "END-OF-MESSAGE" as const, sender: sender(session) };
        const recipient = to.length === 1 ? to[0]! : "";
        attempt(async () => {
          check({ ...asked, recipient, login: login(session), size: mime.length });
          const here = to.filter((address) => domains.includes(address.split("@")[1]!));
          if (here.length > 0) await deliverByLmtp(behind.lmtpPort, here, mime, sender(session));
        }, done);
      });
    },
  });
}

function attempt(work: () => void | Promise<void>, done: (error?: Error | null) => void): void {
  Promise.resolve().then(work).then(() => done(), (error) => done(error));
}

/** An error that the client is told as it is. */
function refused(answer: string): Error {
  const [, code, words] = /^(\d{3}) (.*)$/.exec(answer)!;
  return Object.assign(new Error(words), { responseCode: Number(code) });
}

async function logIn({ host, port }: Behind, user: string, pass: string): Promise<void> {
  const auth = { user, pass };
  const imap = new ImapFlow({ host, port, secure: false, doSTARTTLS: false, auth, logger: false });
  await imap.connect();
  await imap.logout();
}

function listen(server: SMTPServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      // A client that goes away in the middle is no fault of the server.
      server.on("error", () => {});
      resolve();
    });
  });
}
