// What a server's capabilities mean for the people behind the phones.
import type { Finding } from "../../../../../core/mod.ts";
import type { ServerConfig } from "./server.ts";

/** What is told of them, by topic. `check` names the server. */
export function abilityFindings(
  check: string,
  capabilities: ReadonlySet<string>,
  { push: wanted, sweep }: Pick<ServerConfig, "push" | "sweep">,
): Finding[] {
  const has = (name: string) => capabilities.has(name);
  return [
    push((name) => has(name) && (wanted === "notify" || name !== "NOTIFY"), sweep),
    speed(has),
    moving(has),
    listing(has),
  ]
    .map(({ topic, ...finding }) => ({ check: `${check}, ${topic}`, ...finding }));
}

type Has = (name: string) => boolean;
type Told = Omit<Finding, "check"> & { readonly topic: string };

function push(has: Has, sweep: number): Told {
  const topic = "push";
  if (has("NOTIFY")) {
    return { topic, level: "ok", detail: "NOTIFY: news of every folder come at once" };
  }
  const others = has("LIST-STATUS") ? "in one command (LIST-STATUS)" : "folder by folder";
  if (has("IDLE")) {
    const detail = `IDLE: news of the inbox come at once; other folders are looked at every ` +
      `${sweep} s, ${others}`;
    return { topic, level: "ok", detail };
  }
  return {
    topic,
    level: "warning",
    detail: `neither NOTIFY nor IDLE: all news wait for the next look, every ${sweep} s`,
    fix: "update the mail server, or lower sweep",
  };
}

function speed(has: Has): Told {
  const topic = "speed";
  const order = has("SORT") ? "; SORT: folders are listed by the server" : "";
  if (has("QRESYNC")) {
    const detail = `QRESYNC: changes and deletions come in one answer${order}`;
    return { topic, level: "ok", detail };
  }
  if (has("CONDSTORE")) {
    const detail = "CONDSTORE without QRESYNC: changes come in one answer, for deletions the " +
      `numbers of the messages are compared${order}`;
    return { topic, level: "ok", detail };
  }
  return {
    topic,
    level: "warning",
    detail: "neither QRESYNC nor CONDSTORE: whether something has changed is found by comparing " +
      "the flags of all messages, which takes time in large folders",
    fix: "switch CONDSTORE and QRESYNC on in the mail server, if it has them",
  };
}

function moving(has: Has): Told {
  const topic = "moving and saving";
  const missing = ["UIDPLUS", "MOVE"].filter((name) => !has(name));
  if (missing.length === 0) {
    return { topic, level: "ok", detail: "MOVE and UIDPLUS: moved mail is known at once" };
  }
  if (has("UIDPLUS")) {
    return { topic, level: "ok", detail: "no MOVE: mail is copied and then removed" };
  }
  return {
    topic,
    level: "warning",
    detail: `no ${missing.join(", no ")}: what was moved or saved is searched for afterwards`,
    fix: "update the mail server",
  };
}

function listing(has: Has): Told {
  const detail = [
    has("SPECIAL-USE")
      ? "SPECIAL-USE: the server says which folder is for what"
      : "no SPECIAL-USE: folders are known by their names, or by the section `folders`",
    has("OBJECTID")
      ? "OBJECTID: renamed folders are known by their ids"
      : "no OBJECTID: renamed folders are known by what is in them",
    ...(has("ESEARCH") ? [] : ["no ESEARCH: long answers to searches"]),
  ].join("; ");
  return { topic: "folders", level: "ok", detail };
}
