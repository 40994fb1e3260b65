// Commands of the fake server about the connection: login, capabilities, waiting.
import type { Handler } from "./session.ts";
import type { Session } from "./session.ts";

function logIn(session: Session, name: string, password: string): string {
  const { accounts, loggedIn, maxConnections, tooMany } = session.world;
  const account = accounts.get(name);
  if (!account || account.password !== password) {
    return "NO [AUTHENTICATIONFAILED] Wrong name or password";
  }
  if (loggedIn.filter((other) => other === account).length >= maxConnections) return tooMany;
  loggedIn.push(account);
  session.account = account;
  return "OK Welcome";
}

export const accountCommands: Readonly<Record<string, Handler>> = {
  CAPABILITY(session) {
    session.say(`CAPABILITY ${["IMAP4rev1", ...session.world.capabilities].join(" ")}`);
    return "OK Done";
  },

  LOGIN: (session, [name, password]) => logIn(session, String(name), String(password)),

  async AUTHENTICATE(session, [mechanism, initial]) {
    if (!/^PLAIN$/i.test(String(mechanism))) return "NO Unknown mechanism";
    const answer = initial === undefined ? await session.ask("") : String(initial);
    if (answer === "*") return "BAD Cancelled";
    const [, name = "", password = ""] = Buffer.from(answer, "base64").toString().split("\0");
    return logIn(session, name, password);
  },

  ENABLE(session, words) {
    const known = words.map(String).filter((word) => session.offers(word.toUpperCase()));
    session.say(`ENABLED ${known.join(" ")}`.trim());
    return "OK Done";
  },

  ID(session) {
    session.say('ID ("name" "Fake")');
    return "OK Done";
  },

  NOOP: () => "OK Done",
  CHECK: () => "OK Done",

  async IDLE(session) {
    if (!session.offers("IDLE")) return "BAD Unknown command";
    await session.idle();
    return "OK Done";
  },

  LOGOUT(session) {
    session.say("BYE Farewell");
    session.over = true;
    return "OK Done";
  },
};
